"""A writer of JSON whose large strings stay outside Python's heap."""

import hashlib
import json
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from itertools import groupby
from typing import Any

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


def compact_json(value: object) -> bytes:
    """The JSON of a value in one line without spaces."""
    return "".join(_compact(value, 0)).encode()


def _encoder(default: Callable[[object], object]) -> Callable[[object, int], Sequence[str]]:
    """A C function that encodes values without spaces, calling `default` for other types.

    `json.JSONEncoder` makes one anew for each value. No value may contain itself.
    """
    ascii_only = json.encoder.encode_basestring_ascii
    make: Any = json.encoder.c_make_encoder  # type: ignore[attr-defined]
    encode: Callable[[object, int], Sequence[str]] = make(
        None, default, ascii_only, None, ":", ",", False, False, True
    )
    return encode


_compact = _encoder(json.JSONEncoder().default)


Placed = TextBlob | JoinedText | JsonBlob


def json_parts(value: object) -> list[Part]:
    """The JSON of a value in which `TextBlob`s, `JoinedText`s and `JsonBlob`s may stand.

    All else is written in one go by C code, with marks in their places. Neighbouring bytes are
    joined.
    """
    text, placed = _marked(value, "blob")
    if not placed:
        return [text.encode()]
    mark = "blob"
    if text.count(f'"{mark}"') != len(placed):  # somebody wrote such a text: none has its own hash
        mark = hashlib.sha256(text.encode()).hexdigest()
        text, placed = _marked(value, mark)
    first, *rest = text.split(f'"{mark}"')
    pieces: list[Part] = [first.encode()]
    for item, after in zip(placed, rest, strict=True):
        pieces += [*_parts_of(item), after.encode()]
    return _joined(pieces)


def _marked(value: object, mark: str) -> tuple[str, list[Placed]]:
    """The JSON with a mark in the place of each of those, and what they are."""
    placed: list[Placed] = []

    def convert(item: object) -> object:
        if isinstance(item, Placed):
            placed.append(item)
            return mark
        if isinstance(item, Mapping):
            return dict(item)
        if isinstance(item, Sequence):
            return list(item)
        raise TypeError(f"{type(item).__name__} is not JSON")

    return "".join(_encoder(convert)(value, 0)), placed


def _parts_of(item: Placed) -> Sequence[Part]:
    match item:
        case JoinedText(parts):
            return [b'"', *parts, b'"']
        case TextBlob(content, prefix):
            return [json.dumps(prefix).encode()[:-1] if prefix else b'"', content, b'"']
        case JsonBlob(content, fields) if fields:
            *before, last = json_parts(fields)
            opened = last[:-1] if isinstance(last, bytes) else last  # without its closing brace
            rest = content.slice(1, content.size)
            return [*before, opened, b"" if rest.head(1) == b"}" else b",", rest]
        case JsonBlob(content):
            return [content]


def _joined(pieces: Sequence[Part]) -> list[Part]:
    """The pieces without empty ones, neighbouring bytes as one."""
    parts: list[Part] = []
    for is_bytes, group in groupby(pieces, key=lambda piece: isinstance(piece, bytes)):
        if is_bytes:
            whole = b"".join(piece for piece in group if isinstance(piece, bytes))
            parts += [whole] if whole else []
        else:
            parts += group
    return parts
