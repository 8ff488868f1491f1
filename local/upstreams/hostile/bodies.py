"""Bodies that attack whoever reads them: JSON, compressed bytes, pictures."""

import gzip
import io
import itertools
import json
import struct
import zlib
from collections.abc import Mapping
from functools import lru_cache
from typing import Any

from ..apis.painting import paint
from .directives import Directives

MEGABYTE = 1_000_000
SIDE_PX = 64
PNG_END = 12
# The fields whose texts are meant for people.
TEXTS = frozenset("content detail desc error log message revised_prompt text title".split())
NUMBER = "\x00number"
OPENING, CLOSING = "\x00opening", "\x00closing"
SURROGATE = "half a pair: \ud800"


def write_json(
    value: Mapping[str, Any], directives: Directives, headers: Mapping[str, str]
) -> bytes:
    """An honest value as JSON, with the misbehaviours of the body that are asked for.

    `headers` are those of the request, for who asks for their echo.
    """
    whole = _whole(directives)
    if whole is not None:
        return whole
    text = _nested(json.dumps(_change(value, directives, headers)), directives.number("nested"))
    for number in itertools.cycle(_numbers(directives)):
        if (marked := json.dumps(NUMBER)) not in text:
            break
        text = text.replace(marked, number, 1)
    return _with_padding(text, directives).encode()


def _whole(directives: Directives) -> bytes | None:
    """The body that replaces the whole JSON; None where no misbehaviour replaces it."""
    if "null" in directives:
        return b"null"
    if "text" in directives:
        return b"Service temporarily overloaded: {["
    if "unclosed" in directives:
        return b"[" * directives.number("unclosed")
    if "objects" in directives:
        return nested_objects(directives.number("objects")).encode()
    return nested_lists(directives.number("deep")).encode() if "deep" in directives else None


def nested_lists(depth: int) -> str:
    """`[[[…]]]`; an empty list at the least."""
    return "[" * max(1, depth) + "]" * max(1, depth)


def nested_objects(depth: int) -> str:
    """`{"a":{"a":…}}`"""
    return '{"a":' * (depth - 1) + "{}" + "}" * (depth - 1)


def nestable(value: Any) -> dict[str, Any]:
    """A value that `write_json` puts into as many lists as `nested` says."""
    return {OPENING: value, CLOSING: None}


def _nested(text: str, depth: int) -> str:
    """JSON with the brackets that `json.dumps` would have to recurse for."""
    opening, closing = f"{{{json.dumps(OPENING)}: ", f", {json.dumps(CLOSING)}: null}}"
    return text.replace(opening, "[" * depth).replace(closing, "]" * depth)


def _with_padding(text: str, directives: Directives) -> str:
    """An object's JSON with the fields more that are asked for."""
    fields = []
    if "field" in directives:
        fields.append(f'"padding":{nested_lists(directives.number("field"))}')
    for name, item in {"many": "{}", "strings": '""'}.items():
        if name in directives:
            fields.append(f'"{name}":[{",".join([item] * directives.number(name))}]')
    fields += [f'"k{number}":1' for number in range(directives.number("keys"))]
    return ",".join([text[:-1], *fields]) + "}" if fields else text


def _numbers(directives: Directives) -> list[str]:
    if "huge" in directives:
        return ["9" * directives.number("huge")]
    return ["1e400"] if "exponent" in directives else ["NaN", "Infinity", "-Infinity"]


def _change(value: Any, directives: Directives, headers: Mapping[str, str], name: str = "") -> Any:
    """The value with other numbers and other texts for people."""
    if isinstance(value, Mapping):
        return {key: _change(item, directives, headers, key) for key, item in value.items()}
    if isinstance(value, list):
        return [_change(item, directives, headers, name) for item in value]
    if isinstance(value, int | float) and not isinstance(value, bool):
        return NUMBER if {"nan", "huge", "exponent"} & {each.name for each in directives} else value
    if isinstance(value, str) and name in TEXTS:
        return f"{value}{_words(directives, headers)}"
    return value


def _words(directives: Directives, headers: Mapping[str, str]) -> str:
    """Text to append to messages and titles: lone surrogates, many words, many spaces, an echo."""
    words = SURROGATE if "surrogates" in directives else ""
    words += "word " * (directives.number("wordy") // 5)
    words += f"a{' ' * directives.number('spaces')}b" if "spaces" in directives else ""
    return words + (json.dumps(dict(headers)) if "echo" in directives else "")


@lru_cache(maxsize=8)
def gzip_bomb(megabytes: int) -> bytes:
    """So many MB of spaces, compressed."""
    buffer = io.BytesIO()
    with gzip.GzipFile(fileobj=buffer, mode="wb", mtime=0) as file:
        for _ in range(megabytes):
            file.write(b" " * MEGABYTE)
    return buffer.getvalue()


@lru_cache(maxsize=8)
def picture(megabytes: int = 0) -> bytes:
    """A PNG, of so many MB more than it would have."""
    small = paint("hostile", 1, SIDE_PX, SIDE_PX)
    if not megabytes:
        return small
    body = b"prVt" + bytes(megabytes * MEGABYTE)
    chunk = struct.pack(">I", len(body) - 4) + body + struct.pack(">I", zlib.crc32(body))
    return small[:-PNG_END] + chunk + small[-PNG_END:]
