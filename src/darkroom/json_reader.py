"""The one reader of JSON from outside: callers' bodies, upstreams' answers, events, configurations.

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
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Any

from darkroom.blob import Blob
from darkroom.json_body import TextBlob

MAX_DEPTH = 100  # levels of lists and objects, far more than anybody's fields have
MAX_DIGITS = 40  # of a whole number
LIFT_FROM_BYTES = 256 * 1024
LIFTED_STRING_BYTES = 64 * 1024

# A string, ended or not, or a character that stands for another level or another value.
_TOKENS = re.compile(rb'"[^"\\]*+(?:\\.[^"\\]*+)*+"?|[\[\]{},]', re.DOTALL)
# As many whole strings, and what stands between them, as there are.
_WHOLE_STRINGS = re.compile(rb'(?:[^"]*+"[^"\\]*+(?:\\.[^"\\]*+)*+")*+', re.DOTALL)
_STRING = re.compile(rb'"[^"\\]*+(?:\\.[^"\\]*+)*+"', re.DOTALL)
_ODD = object()  # in the place of a number that is not read
_QUOTE, _BACKSLASH = ord('"'), ord("\\")


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
    """How much of a document is read.

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
ANSWER = JsonLimits(1024 * 1024, odd_numbers=True)
EVENT = JsonLimits(12 * 1024 * 1024, odd_numbers=True)
CONFIG = JsonLimits(2 * 1024 * 1024, values=60_000, odd_numbers=True)


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
    """Read a document that is in Python's memory already; raises as `parse_json`."""
    if len(text) > limits.text_bytes:
        raise TooMuchText(limits.text_bytes)
    opened = text.count(b"[") + text.count(b"{")
    if opened > MAX_DEPTH or opened + text.count(b",") > limits.values:
        _count(text, limits.values)
    odd: list[str] = []

    def set_aside(digits: str) -> object:
        odd.append(digits)
        return None if limits.odd_numbers else _ODD

    def parse_float(digits: str) -> object:
        value = float(digits)
        return value if math.isfinite(value) else set_aside(digits)

    value = json.loads(
        text.decode("utf-8-sig", "surrogatepass"),  # no other encoding is JSON's
        parse_int=lambda digits: int(digits) if len(digits) <= MAX_DIGITS else set_aside(digits),
        parse_float=parse_float,
        parse_constant=set_aside,
    )
    if odd and not limits.odd_numbers:
        raise NoSuchNumber(next(_places_of_odd(value, ""), ""))
    return value


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


def _count(text: bytes, most_values: int) -> None:
    """Count levels and values exactly, what stands in strings left out; raises `UnreadableJson`."""
    depth, values = 0, 1
    for number, token in enumerate(_TOKENS.finditer(text)):
        first = text[token.start()]
        if first in b"[{":
            depth += 1
            values += 1
            if depth > MAX_DEPTH:
                raise NestedTooDeeply
        elif first in b"]}":
            depth -= 1
        else:
            values += first == ord(",")
        # Of no document that can be read are there more strings and brackets than this.
        if values > most_values or number > 4 * most_values:
            raise TooManyValues(most_values)


def _lift_strings(body: Blob, text_bytes: int) -> tuple[list[bytes], list[Blob]]:
    """The document's pieces, between any two of which a long string was, and those strings.

    Windows of `LIFTED_STRING_BYTES` are copied into Python, each of which begins outside a string:
    a string that ends in its window is a short one. Raises `TooMuchText` as soon as the pieces have
    more than `text_bytes`.
    """
    pieces: list[bytes] = [b""]
    lifted: list[Blob] = []
    held = position = 0
    while position < body.size:
        text = _bytes(body, position, LIFTED_STRING_BYTES)
        whole = _WHOLE_STRINGS.match(text)
        opening = text.find(b'"', whole.end() if whole else 0)
        if opening == 0 and (long := _plain_string(body, position)) is not None:
            lifted.append(long)
            pieces.append(b"")
            position += long.size + 2
            continue
        if opening > 0:
            text = text[:opening]
        elif opening == 0:
            text = _escaped_string(body, position, text_bytes - held)
        pieces[-1] += text
        position += len(text)
        held += len(text)
        if held > text_bytes:
            raise TooMuchText(text_bytes)
    return pieces, lifted


def _plain_string(body: Blob, opening: int) -> Blob | None:
    """What stands in the string that begins at `opening`; None if any of it is escaped."""
    closing = body.find(_QUOTE, opening + 1)
    content = body.slice(opening + 1, closing) if closing > opening else None
    return content if content is not None and content.find(_BACKSLASH) < 0 else None


def _escaped_string(body: Blob, opening: int, most_bytes: int) -> bytes:
    """The string that begins at `opening`, quotes included, read into Python."""
    text = _bytes(body, opening, most_bytes + 1)
    match = _STRING.match(text)
    if match is None and len(text) > most_bytes:
        raise TooMuchText(most_bytes)
    if match is None:
        raise UnreadableJson("A string does not end")
    return match[0]


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
