"""JSON whose large strings never enter Python's heap, written and read."""

import json
import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from darkroom.blob import Blob
from darkroom.http import Part

# Below this Python reads the whole: looking for strings costs more than it spares.
LIFT_FROM_BYTES = 256 * 1024
LIFTED_STRING_BYTES = 64 * 1024

MAX_DEPTH = 100  # levels of lists and objects, far more than anybody's fields have

# A string, ended or not, or a bracket: no other place of a document can hold one.
_TOKENS = re.compile(rb'"[^"\\]*(?:\\.[^"\\]*)*"?|[\[\]{}]', re.DOTALL)
_QUOTE, _BACKSLASH = ord('"'), ord("\\")
_LONGEST_RUN_OF_BACKSLASHES = 64
_MARK = "\x00lifted "


class NestedTooDeeply(ValueError):
    """A document has more than `MAX_DEPTH` levels."""

    def __init__(self) -> None:
        self.msg = f"It is nested more than {MAX_DEPTH} levels deep"
        super().__init__(self.msg)


@dataclass(frozen=True, slots=True)
class TextBlob:
    """A JSON string whose text is `prefix` and then `content`, which needs no escaping."""

    content: Blob
    prefix: str = ""


@dataclass(frozen=True, slots=True)
class JoinedText:
    """A JSON string in pieces that need no escaping."""

    parts: Sequence[Part]


@dataclass(frozen=True, slots=True)
class JsonBlob:
    """A JSON object that is written already, without space around it.

    `fields` are put before its own.
    """

    content: Blob
    fields: Mapping[str, object] = field(default_factory=dict)


def json_parts(value: object) -> list[Part]:
    """The JSON of a value in which `TextBlob`s, `JoinedText`s and `JsonBlob`s may stand.

    Neighbouring bytes are joined.
    """
    try:
        return [json.dumps(value, separators=(",", ":")).encode()]  # where none of them does
    except TypeError:
        pass
    parts: list[Part] = []
    for piece in _pieces(value):
        if isinstance(piece, bytes) and parts and isinstance(parts[-1], bytes):
            parts[-1] += piece
        else:
            parts.append(piece)
    return parts


def parse_json(body: Blob) -> Any:
    """Read a document; in a large one, long strings become `TextBlob`s where they lie.

    Raises `ValueError` for what is not JSON, `NestedTooDeeply` among them.
    """
    if body.size < LIFT_FROM_BYTES:
        return _parse(body.head(body.size))
    rest, lifted = _lift_strings(body)
    marked: list[Blob] = []
    answer = _put_back(_parse(rest), lifted, marked)
    if marked == lifted:
        return answer
    return _parse(body.head(body.size))  # somebody else writes such marks too


def _parse(text: bytes) -> Any:
    """Read a document whose depth is looked at first: what reads it recurses."""
    if text.count(b"[") + text.count(b"{") > MAX_DEPTH:
        _check_depth(text)
    return json.loads(text.decode("utf-8-sig", "surrogatepass"))  # no other encoding is JSON's


def _check_depth(text: bytes) -> None:
    depth = 0
    for token in _TOKENS.finditer(text):
        first = text[token.start()]
        if first in b"[{":
            depth += 1
            if depth > MAX_DEPTH:
                raise NestedTooDeeply
        elif first in b"]}":
            depth -= 1


def _lift_strings(body: Blob) -> tuple[bytes, list[Blob]]:
    """The document with a mark in the place of each long string, and those strings."""
    kept: list[bytes] = []
    lifted: list[Blob] = []
    since = position = 0
    while (opening := body.find(_QUOTE, position)) >= 0:
        closing = _closing_quote(body, opening)
        if closing < 0:
            break
        position = closing + 1
        if closing - opening <= LIFTED_STRING_BYTES:
            continue
        text = body.slice(opening + 1, closing)
        if text.find(_BACKSLASH) < 0:  # what is escaped is not the text itself
            kept.append(_bytes(body, since, opening + 1))
            kept.append(json.dumps(f"{_MARK}{len(lifted)}")[1:-1].encode())
            lifted.append(text)
            since = closing
    kept.append(_bytes(body, since, body.size))
    return b"".join(kept), lifted


def _closing_quote(body: Blob, opening: int) -> int:
    position = opening + 1
    while (quote := body.find(_QUOTE, position)) >= 0:
        start = max(position, quote - _LONGEST_RUN_OF_BACKSLASHES)
        before = _bytes(body, start, quote)
        if (len(before) - len(before.rstrip(b"\\"))) % 2 == 0:
            return quote
        position = quote + 1
    return -1


def _put_back(value: Any, lifted: Sequence[Blob], marked: list[Blob]) -> Any:
    """The value with its marks replaced in order; `marked` collects what they stood for."""
    if isinstance(value, str) and value.startswith(_MARK):
        number = value.removeprefix(_MARK)
        if number.isdecimal() and int(number) < len(lifted):
            marked.append(lifted[int(number)])
            return TextBlob(marked[-1])
    if isinstance(value, dict):
        return {key: _put_back(item, lifted, marked) for key, item in value.items()}
    if isinstance(value, list):
        return [_put_back(item, lifted, marked) for item in value]
    return value


def _bytes(body: Blob, start: int, end: int) -> bytes:
    return body.slice(start, end).head(end - start)


def _pieces(value: object) -> Iterator[Part]:
    if isinstance(value, JoinedText):
        yield from (b'"', *value.parts, b'"')
        return
    if isinstance(value, TextBlob):
        yield b'"' + json.dumps(value.prefix).encode()[1:-1]
        yield value.content
        yield b'"'
    elif isinstance(value, JsonBlob):
        yield from _with_fields(value)
    elif isinstance(value, Mapping):
        for index, (key, item) in enumerate(value.items()):
            yield (b"," if index else b"{") + json.dumps(key).encode() + b":"
            yield from _pieces(item)
        yield b"}" if value else b"{}"
    elif isinstance(value, Sequence) and not isinstance(value, str):
        for index, item in enumerate(value):
            yield b"," if index else b"["
            yield from _pieces(item)
        yield b"]" if value else b"[]"
    else:
        yield json.dumps(value).encode()


def _with_fields(value: JsonBlob) -> Iterator[Part]:
    if not value.fields:
        yield value.content
        return
    for index, (key, item) in enumerate(value.fields.items()):
        yield (b"," if index else b"{") + json.dumps(key).encode() + b":"
        yield from _pieces(item)
    rest = value.content.slice(1, value.content.size)
    if rest.head(1) != b"}":
        yield b","
    yield rest
