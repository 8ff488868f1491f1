"""Odd JSON, bytes and answers, drawn from a seed: what is honest, changed in any way.

Nothing here needs more than Python, so that it runs inside an isolate too.
"""

import json
import re
from base64 import b64encode
from collections.abc import Callable, Sequence
from functools import cache
from pathlib import Path
from random import Random
from typing import Any

import darkroom
from tests.support.fakes import PNG

SRC = Path(darkroom.__file__).parent
MAX_DEPTH = 4
DEEP, MANY, LONG = (99, 101, 2_000, 50_000), 12_000, 300_000
_WORD = re.compile(r"""["']([A-Za-z_][\w.:/-]{0,30})["']""")
BASE64 = b64encode(PNG).decode()
TEXTS: Sequence[str] = (
    "", " ", "null", "NaN", "a cat", "\x00", "\ud800", "\u202e", "é" * 50, "0", "-1", "1e999", "true",
    "[]", "{}", "%s", "../../etc/passwd", "a" * 2_000, "<html>", "data:", "data:image/png;base64,",
    f"data:image/png;base64,{BASE64}", BASE64, "http://127.0.0.1/x.png", "http://[::1", "//x", "file:///x",
    "https://files.example.com/a.png", "https://user:pw@files.example.com/a.png", "ftp://x/y",
    "https://" + "a" * 300 + ".example", "2026-13-45T99:99:99Z", "task 1", "id/../x", "🙂" * 20,
)  # fmt: skip
NUMBERS: Sequence[object] = (
    0, -1, 1, 0.5, -0.0, 1e-320, 1e308, 2**31, 2**53 + 1, 10**30, -(10**30), 10**60, float("nan"),
    float("inf"), float("-inf"), True, False,
)  # fmt: skip
STATUSES = (
    200, 200, 200, 200, 201, 202, 204, 206, 300, 302, 304, 400, 401, 402, 403, 404, 405, 408, 409, 410,
    413, 415, 422, 425, 429, 451, 499, 500, 501, 502, 503, 504, 520, 530, 599,
)  # fmt: skip
TYPES = (
    "application/json", "application/json", "application/json; charset=latin-1", "text/html",
    "text/event-stream", "image/png", "image/webp", "text/plain", "application/problem+json", "", "/",
)  # fmt: skip
HEADERS = ("retry-after", "x-ratelimit-reset", "location", "content-length", "x-seed", "x-error-type",
           "x-proxied-replica", "content-encoding", "x-request-id")  # fmt: skip


@cache
def words(*rooms: str) -> Sequence[str]:
    """The short texts in the source of some rooms: names of fields and words of states."""
    files = [path for room in rooms for path in sorted((SRC / room).rglob("*.py"))]
    found = [word for path in files for word in _WORD.findall(path.read_text("utf-8"))]
    return sorted(set(found))


class Odd:
    """Draws what is odd; `names` are fields and words that the reader knows."""

    def __init__(self, random: Random, names: Sequence[str]) -> None:
        self.random = random
        self._names = names

    def value(self, depth: int = 0) -> Any:
        """Any value of JSON."""
        draw = self.random.random()
        if depth < MAX_DEPTH and draw < 0.3:
            return {
                self.value_name(): self.value(depth + 1) for _ in range(self.random.randrange(4))
            }
        if depth < MAX_DEPTH and draw < 0.5:
            return [self.value(depth + 1) for _ in range(self.random.randrange(4))]
        if draw < 0.7:
            return self.random.choice(NUMBERS)
        if draw < 0.8:
            return self.value_name()
        return self.random.choice((None, *TEXTS))

    def changed(self, value: Any) -> Any:
        """A value of JSON with one or two changes, wherever in it."""
        for _ in range(self.random.choice((1, 1, 2))):
            value = self._changed(value)
        return value

    def text(self, value: Any) -> bytes:
        """A value as JSON; at times as what is nearly JSON."""
        written = json.dumps(value, ensure_ascii=self.random.random() < 0.8).encode(
            "utf-8", "surrogatepass"
        )
        return self.broken(written) if self.random.random() < 0.2 else written

    def broken(self, data: bytes) -> bytes:
        """Bytes that were cut, changed or swollen somewhere."""
        at = self.random.randrange(len(data) + 1)
        match self.random.randrange(8):
            case 0:
                return data[:at]
            case 1:
                return data[at:]
            case 2:
                return data[:at] + self.random.randbytes(4) + data[at + 4 :]
            case 3:
                return (
                    data[:at]
                    + self.random.choice(b'[]{}",:\\\n\x00').to_bytes(1, "big")
                    + data[at:]
                )
            case 4:
                return data[:at] + b"[" * self.random.choice(DEEP) + data[at:]
            case 5:
                return data + data
            case 6:
                return b"\xef\xbb\xbf" + data
            case _:
                return b"[" + b"{}," * MANY + b"0]"

    def status_and_type(self, kind: str) -> tuple[int, dict[str, str]]:
        """A status and headers: in half of all cases those of an honest answer of that type."""
        if self.random.random() < 0.5:
            return 200, {"content-type": kind}
        kind = self.random.choice((kind, kind, *TYPES))
        headers = {"content-type": kind} if kind else {}
        if self.random.random() < 0.3:
            headers[self.random.choice(HEADERS)] = self.random.choice((*TEXTS, "0.001", "1e9"))
        return self.random.choice(STATUSES), headers

    def pieces(self, data: bytes) -> list[bytes | Exception]:
        """Bytes as they come off a network, which may break off."""
        found: list[bytes | Exception] = []
        while len(data) > 1 and len(found) < 3 and self.random.random() < 0.5:
            at = self.random.randrange(1, len(data))
            found.append(data[:at])
            data = data[at:]
        if self.random.random() < 0.05:
            return [*found, ConnectionError("broke off")]
        return [*found, data]

    def value_name(self) -> str:
        return self.random.choice(self._names)

    def _changed(self, value: Any, depth: int = 0) -> Any:
        if isinstance(value, dict) and value and (depth == 0 or self.random.random() < 0.7):
            name = self.random.choice(sorted(value))
            match self.random.randrange(8):
                case 0:
                    return {key: other for key, other in value.items() if key != name}
                case 1:
                    return {**value, self.value_name(): self.value()}
                case _:
                    return {**value, name: self._changed(value[name], depth + 1)}
        if isinstance(value, list) and value and self.random.random() < 0.7:
            place = self.random.randrange(len(value))
            changed = [*value[:place], self._changed(value[place], depth + 1), *value[place + 1 :]]
            return changed * self.random.choice((1, 1, 1, 2, 50)) if depth < 2 else changed
        replacements: Sequence[Callable[[], Any]] = (
            self.value, self.value, lambda: [value], lambda: {self.value_name(): value}, lambda: None,
            lambda: str(value), lambda: _nested(value, self.random.choice(DEEP[:2])),
            lambda: "x" * LONG if self.random.random() < 0.1 else "",
        )  # fmt: skip
        return self.random.choice(replacements)()


def _nested(value: Any, depth: int) -> Any:
    for _ in range(depth):
        value = [value]
    return value
