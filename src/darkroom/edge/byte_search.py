"""A search for bytes in arrays of JavaScript's."""

from collections.abc import Iterable
from functools import cache
from typing import Any

from js import Array, Function, String, TextDecoder

from darkroom.blob import first_of

NEAR_BYTES = 4 * 1024  # that are searched in Python
# As a text, at a time: more and more, so that what is near costs little.
FIRST_SEARCHED_BYTES, SEARCHED_BYTES = 64 * 1024, 1024 * 1024
ASKED_LATER = b'"\\-_ '  # of base64 in JSON: whether it ends, is escaped, and in which alphabet


def search(array: Any, these: bytes, start: int, end: int) -> tuple[int, frozenset[int]]:
    """The index of the first of these bytes between two places, -1 where there is none.

    With it come bytes that are not before it, of these and of those that are `ASKED_LATER`.

    `indexOf` of a `Uint8Array` looks at one byte after the other, 0.5 ns each. To make a text of
    them and to search that takes a fifth, and a tenth for five bytes, where none of them is near.
    """
    near = min(end, start + NEAR_BYTES)
    head = bytes(array.subarray(start, near).to_bytes())
    if (index := first_of(head, these)) >= 0:
        return start + index, frozenset()
    absent = {byte for byte in these + ASKED_LATER if byte not in head}
    first, size = near, FIRST_SEARCHED_BYTES
    while first < end:
        piece = array.subarray(first, min(end, first + size))
        places = _places(piece, absent)
        if found := {place: byte for byte, place in places.items() if byte in these}:
            index = min(found)
            if piece.at(index) != found[index]:  # it stands behind bytes that are no text
                index = first_of(bytes(piece.to_bytes()), these)
            if others := [byte for byte in places if byte not in these]:
                absent -= _places(piece.subarray(0, index), others).keys()
            return first + index, frozenset(absent)
        absent -= places.keys()
        first, size = first + size, min(2 * size, SEARCHED_BYTES)
    return -1, frozenset(absent)


def _places(array: Any, these: Iterable[int]) -> dict[int, int]:
    """The places of the first of each of these bytes in an array, as far as it is ASCII.

    The text stays in JavaScript, where one function hands it to the other.
    """
    decoder = TextDecoder.new()
    texts = Array.from_(Array.new(1), decoder.decode.bind(decoder, array))
    index_of = _index_of()
    found = ((byte, texts.toSpliced(0, 0, chr(byte)).reduceRight(index_of)) for byte in these)
    return {byte: int(place) for byte, place in found if place >= 0}


@cache
def _index_of() -> Any:
    """`String.prototype.indexOf` as a function of a text, what to look for, and from where."""
    return Function.prototype.call.bind(String.prototype.indexOf)
