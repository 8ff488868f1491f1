"""JSON whose large strings stay outside Python's heap, written (see `json_reader` for reading)."""

import json
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field

from darkroom.blob import Blob
from darkroom.http import Part


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
