"""JSON whose large strings never enter Python's heap."""

import json
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass

from darkroom.blob import Blob
from darkroom.http import Part


@dataclass(frozen=True, slots=True)
class TextBlob:
    """A JSON string whose text is `prefix` and then `content`, which needs no escaping."""

    content: Blob
    prefix: str = ""


def json_parts(value: object) -> list[Part]:
    """The JSON of a value in which `TextBlob`s may stand; neighbouring bytes are joined."""
    parts: list[Part] = []
    for piece in _pieces(value):
        if isinstance(piece, bytes) and parts and isinstance(parts[-1], bytes):
            parts[-1] += piece
        else:
            parts.append(piece)
    return parts


def _pieces(value: object) -> Iterator[Part]:
    if isinstance(value, TextBlob):
        yield b'"' + json.dumps(value.prefix).encode()[1:-1]
        yield value.content
        yield b'"'
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
