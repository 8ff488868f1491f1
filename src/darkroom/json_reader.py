"""The one guarded reader of JSON from outside: bodies, answers, events, configurations.

What parses JSON recurses and builds a Python object for each value, and Wasm memory never shrinks:
so bytes, depth and the number of values are counted before anything is parsed. In Pyodide a
recursion of some thousands of levels ends the isolate, and `except RecursionError` does not help,
for the host's stack ends first.

In a large body, strings of more than 64 KiB without an escape (pictures in base64) are left where
they lie, as `TextBlob`s.
"""

import hashlib
import json
import math
import re
from codecs import BOM_UTF8
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Any

from darkroom.blob import Blob
from darkroom.json_writer import TextBlob

MAX_DEPTH = 100  # levels of lists and objects, far more than anybody's fields have
MAX_DIGITS = 40  # of a whole number
MAX_MARKS = 500_000  # brackets, commas, quotes and escapes, those in strings included
LIFT_FROM_BYTES = 256 * 1024
LIFTED_STRING_BYTES = 64 * 1024
_BASE64_BYTES = 256  # by which a long string is known as base64, whose escapes stay in it
_WINDOW_BYTES = 8 * 1024
_PIECE_BYTES = 256 * 1024

_STRINGS = re.compile(rb'"[^"\\]*+(?:\\.[^"\\]*+)*+"?', re.DOTALL)  # the last may not end
_NO_BRACKETS = bytes(byte for byte in range(256) if byte not in b"[]{}")
_NO_MARKS = bytes(byte for byte in range(256) if byte not in b'[]{},"\\')
# As many whole strings, and what stands between them, as there are. `|(?!)` takes back what a last
# repetition has read that fails, which Python before 3.11.5 forgets to do (python/cpython#106052).
_WHOLE_STRINGS = re.compile(rb'(?:[^"]*+"[^"\\]*+(?:\\.[^"\\]*+)*+"|(?!))*+', re.DOTALL)
_STRING = re.compile(rb'"[^"\\]*+(?:\\.[^"\\]*+)*+"', re.DOTALL)
_BASE64 = re.compile(
    rb"(?:data:[\w./+\\;=-]{0,100};base64,|(?!))?+"
    rb"(?:[A-Za-z0-9+/=_-]|\\[nrt/]|\\u00[0-9A-Fa-f]{2}|(?!))*+(?:\\[u0-9A-Fa-f]{0,5})?",
    re.IGNORECASE,
)
# What half of a surrogate pair may be written as; whole pairs are found too.
_HALF_PAIR = re.compile(rb"\\u[dD][89a-fA-F]|\xed[\xa0-\xbf]")
_ODD = object()  # in the place of a number that is not read


class UnreadableJson(ValueError):
    """A document that is more than is read; `msg` says in which way."""

    def __init__(self, msg: str) -> None:
        super().__init__(msg)
        self.msg = msg


class NestedTooDeeply(UnreadableJson):
    """A document has more than `MAX_DEPTH` levels."""

    def __init__(self) -> None:
        super().__init__(f"It is nested more than {MAX_DEPTH} levels deep")


class TooManyValues(UnreadableJson):
    """A document has more values than are read."""

    def __init__(self, limit: int) -> None:
        super().__init__(f"It has more than {limit} values")


class TooMuchText(UnreadableJson):
    """A document has more text, beside its long strings, than is read."""

    def __init__(self, limit: int) -> None:
        super().__init__(f"It has more than {limit // 1024} KiB beside its pictures")


class NoSuchNumber(UnreadableJson):
    """A document has a number that is not finite, or too long; `where` is its field."""

    def __init__(self, where: str) -> None:
        super().__init__(f"must be a finite number of at most {MAX_DIGITS} digits")
        self.where = where


@dataclass(frozen=True, slots=True)
class JsonLimits:
    """The limits of a document.

    `text_bytes` are those of the document without its lifted strings. `odd_numbers` says that
    infinities, NaN and endless digits become None instead of making the document unreadable.
    """

    text_bytes: int
    values: int = 20_000
    odd_numbers: bool = False


# What callers send: fields, and conversations for text models, which hold more words.
FIELDS = JsonLimits(256 * 1024)
CONVERSATION = JsonLimits(1024 * 1024)
# What upstreams answer: fields beside pictures, words of refusals, events that hold a picture.
ANSWER = JsonLimits(512 * 1024, values=10_000, odd_numbers=True)
EVENT = JsonLimits(12 * 1024 * 1024, values=5_000, odd_numbers=True)
CONFIG = JsonLimits(1024 * 1024, values=40_000, odd_numbers=True)


def parse_json(body: Blob, limits: JsonLimits = ANSWER) -> Any:
    """Read a document; in a large one, long strings become `TextBlob`s where they lie.

    Raises `ValueError` for what is not JSON, and `UnreadableJson`, which is one, for too much.
    """
    if body.size < LIFT_FROM_BYTES:
        return parse_json_bytes(body.head(body.size), limits)
    pieces, lifted = _lift_strings(body, limits.text_bytes)
    if not lifted:
        return parse_json_bytes(b"".join(pieces), limits)
    # Nobody can write text that holds its own hash: what is marked so was lifted.
    mark = hashlib.sha256(b"".join(pieces)).hexdigest()
    marks = [f'"{mark}{number}"'.encode() for number in range(len(lifted))]
    text = b"".join(part for pair in zip(pieces, [*marks, b""], strict=True) for part in pair)
    return _put_back(parse_json_bytes(text, limits), mark, lifted)


def parse_json_bytes(text: bytes, limits: JsonLimits = ANSWER) -> Any:
    """Read a document that is in Python's memory already; raises as `parse_json`.

    Half a surrogate pair, as a text has that JavaScript has cut, becomes U+FFFD: Python could
    neither send it on nor write it down.
    """
    if len(text) > limits.text_bytes:
        raise TooMuchText(limits.text_bytes)
    _check(text, limits)
    decoder = _LENIENT if limits.odd_numbers else _STRICT
    words = text.removeprefix(BOM_UTF8).decode("utf-8", "surrogatepass")  # JSON's only encoding
    words = words.strip(" \t\n\r")
    try:
        value, end = decoder.raw_decode(words)
        if end != len(words):
            raise json.JSONDecodeError("Extra data", words, end)
        is_odd = bool(_odd)
    finally:
        _odd.clear()
    if (b"\\u" in text or b"\xed" in text) and _HALF_PAIR.search(text):
        value = _with_whole_characters(value)
    if is_odd and not limits.odd_numbers:
        raise NoSuchNumber(next(_places_of_odd(value, ""), ""))
    return value


def _decoder(put: object) -> json.JSONDecoder:
    """A decoder that puts something in the place of each number that is set aside."""

    def set_aside(digits: str) -> object:
        _odd.append(digits)
        return put

    def parse_float(digits: str) -> object:
        value = float(digits)
        return value if math.isfinite(value) else set_aside(digits)

    return json.JSONDecoder(
        parse_int=lambda digits: int(digits) if len(digits) <= MAX_DIGITS else set_aside(digits),
        parse_float=parse_float,
        parse_constant=set_aside,
    )


_odd: list[str] = []  # numbers of the document that is being read, which nothing interrupts
_STRICT, _LENIENT = _decoder(_ODD), _decoder(None)


def _with_whole_characters(value: Any) -> Any:
    """The same value, each half of a surrogate pair in its texts and names replaced."""
    if isinstance(value, str):
        return value.encode("utf-16", "surrogatepass").decode("utf-16", "replace")
    if isinstance(value, dict):
        return {
            _with_whole_characters(name): _with_whole_characters(item)
            for name, item in value.items()
        }
    return [_with_whole_characters(item) for item in value] if isinstance(value, list) else value


def _places_of_odd(value: Any, where: str) -> Iterator[str]:
    """The fields whose numbers were set aside, such as `seed` or `contents[0].x`."""
    if value is _ODD:
        yield where
    elif isinstance(value, dict):
        for key, item in value.items():
            yield from _places_of_odd(item, f"{where}.{key}" if where else key)
    elif isinstance(value, list):
        for number, item in enumerate(value):
            yield from _places_of_odd(item, f"{where}[{number}]")


def _check(text: bytes, limits: JsonLimits) -> None:
    """Raise `UnreadableJson` for more levels, values or escapes than are read.

    Counted by how many bytes are left without some: `bytes.count` is slow where there are many.
    """
    marks = text[:_PIECE_BYTES].translate(None, _NO_MARKS)
    for start in range(_PIECE_BYTES, len(text), _PIECE_BYTES):
        marks += text[start : start + _PIECE_BYTES].translate(None, _NO_MARKS)
        if len(marks) > MAX_MARKS:
            raise TooManyValues(limits.values)
    if len(marks) <= MAX_DEPTH:
        return
    bare = marks if len(marks) == _number_of(b"[]{},", marks) else _STRINGS.sub(b"", text)
    brackets = bare.translate(None, _NO_BRACKETS)
    depth = 0
    for bracket in brackets[: 2 * limits.values]:
        depth += 1 if bracket in b"[{" else -1
        if depth > MAX_DEPTH:
            raise NestedTooDeeply
    if _number_of(b",[{", bare) > limits.values or len(brackets) > 2 * limits.values:
        raise TooManyValues(limits.values)


def _number_of(these: bytes, text: bytes) -> int:
    return len(text) - len(text.translate(None, these))


def _lift_strings(body: Blob, text_bytes: int) -> tuple[list[bytes], list[Blob]]:
    """The document's pieces, between any two of which a long string was, and those strings.

    Windows are copied into Python, each of which begins outside a string. Raises `TooMuchText` as
    soon as the pieces have more than `text_bytes`.
    """
    pieces: list[list[bytes]] = [[]]
    lifted: list[Blob] = []
    held = position = 0
    at_string = False  # whether a string begins here that did not end in the last window
    while position < body.size:
        if at_string and (long := _plain_string(body, position)) is not None:
            lifted.append(long)
            pieces.append([])
            position += long.size + 2
            at_string = False
            continue
        if at_string:
            text, at_string = _string(body, position, text_bytes - held), False
        else:
            text = _bytes(body, position, _WINDOW_BYTES)
            whole = _WHOLE_STRINGS.match(text)
            opening = text.find(b'"', whole.end() if whole else 0)
            if opening >= 0:
                text, at_string = text[:opening], True
        pieces[-1].append(text)
        position += len(text)
        held += len(text)
        if held > text_bytes:
            raise TooMuchText(text_bytes)
    return list(map(b"".join, pieces)), lifted


def _plain_string(body: Blob, opening: int) -> Blob | None:
    """The string that begins at `opening`, if it is long and has no escapes, or is base64."""
    closing = body.find(b'"\\', opening + 1)
    is_plain = closing < 0 or body.slice(closing, closing + 1).head(1) == b'"'
    if not is_plain:
        closing = body.find(b'"', closing)
    if closing - opening <= LIFTED_STRING_BYTES:
        return None
    content = body.slice(opening + 1, closing)
    if is_plain:
        return content
    ends_escaped = content.slice(content.size - 1, content.size).head(1) == b"\\"
    looks = _BASE64.fullmatch(content.head(_BASE64_BYTES))
    return content if looks and not ends_escaped else None


def _string(body: Blob, opening: int, most_bytes: int) -> bytes:
    """The string that begins at `opening`, quotes included, read into Python."""
    for size in (LIFTED_STRING_BYTES + 2, most_bytes + 1):
        text = _bytes(body, opening, size)
        if match := _STRING.match(text):
            return match[0]
    if len(text) > most_bytes:
        raise TooMuchText(most_bytes)
    raise UnreadableJson("A string does not end")


def _put_back(value: Any, mark: str, lifted: Sequence[Blob]) -> Any:
    """The value with the lifted strings in the place of their marks."""
    if isinstance(value, str) and value.startswith(mark):
        return TextBlob(lifted[int(value.removeprefix(mark))])
    if isinstance(value, dict):
        return {key: _put_back(item, mark, lifted) for key, item in value.items()}
    if isinstance(value, list):
        return [_put_back(item, mark, lifted) for item in value]
    return value


def _bytes(body: Blob, start: int, count: int) -> bytes:
    end = min(body.size, start + count)
    return body.slice(start, end).head(end - start)
