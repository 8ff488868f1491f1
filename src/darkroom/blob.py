"""Bytes that Python does not have to look at."""

import base64
import binascii
import gzip
import hashlib
from dataclasses import dataclass, field
from typing import Protocol

# What writers of JSON escape in base64: slashes, as PHP does, the plus, and breaks of lines.
_ESCAPES = (
    (rb"\/", b"/"), (rb"\n", b"\n"), (rb"\r", b"\r"), (rb"\t", b"\t"),
    (rb"\u002b", b"+"), (rb"\u002B", b"+"), (rb"\u003d", b"="), (rb"\u003D", b"="),
    (rb"\u002f", b"/"), (rb"\u002F", b"/"),
)  # fmt: skip
# From the alphabet for addresses and file names to the common one.
PLAIN_ALPHABET = bytes.maketrans(b"-_", b"+/")


def is_url_safe(text: "Blob") -> bool:
    """Whether base64 text is in the alphabet for addresses and file names (RFC 4648, section 5)."""
    return text.find(b"-_") >= 0


def unescape_base64(text: bytes) -> bytes:
    """The base64 of a JSON string without its quotes; raises `ValueError` for other escapes."""
    for escape, plain in _ESCAPES:
        text = text.replace(escape, plain)
    if b"\\" in text:
        raise ValueError("not base64")
    return text


def first_of(data: bytes, these: bytes, start: int = 0) -> int:
    """The index of the first of some bytes at or behind `start`; -1 where there is none."""
    best, end = -1, len(data)
    for byte in these:
        if (index := data.find(byte, start, end)) >= 0:
            best = end = index  # nobody looks further than what was found
    return best


class Blob(Protocol):
    """Immutable bytes that may live outside Python's heap.

    An isolate's Wasm memory never shrinks, so pictures stay on the JavaScript side wherever
    nobody has to look at them.
    """

    @property
    def size(self) -> int:
        """The number of bytes."""
        ...

    def head(self, count: int) -> bytes:
        """The first `count` bytes, or all if there are fewer."""
        ...

    def find(self, these: bytes, start: int = 0) -> int:
        """The index of the first of these bytes at or behind `start`; -1 where there is none.

        They are below 128.
        """
        ...

    def slice(self, start: int, end: int) -> "Blob":
        """The bytes from `start` to before `end`, without copying them where that can be had."""
        ...

    async def to_base64(self) -> "Blob":
        """The same bytes as base64 text (ASCII, padded, no line breaks)."""
        ...

    async def from_base64(self) -> "Blob":
        """The bytes that this base64 text stands for, in either alphabet of RFC 4648.

        Padding may be missing. Raises `ValueError` if it is none.
        """
        ...

    async def unescape(self) -> "Blob":
        """The text of a JSON string whose quotes these bytes stand between.

        Raises `ValueError` if it is none.
        """
        ...

    async def sha256(self) -> str:
        """The SHA-256 digest in hexadecimal."""
        ...

    async def gzip(self) -> "Blob":
        """The same bytes as a gzip file without a name (RFC 1952): a header of 10 bytes."""
        ...


@dataclass(frozen=True, slots=True)
class BytesBlob:
    """A `Blob` in Python's own memory."""

    data: bytes = field(repr=False)

    @property
    def size(self) -> int:
        """The number of bytes."""
        return len(self.data)

    def head(self, count: int) -> bytes:
        """The first `count` bytes."""
        return self.data[:count]

    def find(self, these: bytes, start: int = 0) -> int:
        """The index of the first of these bytes at or behind `start`; -1 where there is none."""
        return first_of(self.data, these, start)

    def slice(self, start: int, end: int) -> Blob:
        """The bytes from `start` to before `end`."""
        return BytesBlob(self.data[start:end])

    async def to_base64(self) -> Blob:
        """The same bytes as base64 text."""
        return BytesBlob(base64.b64encode(self.data))

    async def from_base64(self) -> Blob:
        """The bytes that this base64 text stands for."""
        text = b"".join(self.data.translate(PLAIN_ALPHABET).split())
        text += b"=" * (-len(text) % 4)
        try:
            return BytesBlob(base64.b64decode(text, validate=True))
        except binascii.Error as error:
            raise ValueError("not base64") from error

    async def unescape(self) -> Blob:
        """The text of a JSON string whose quotes these bytes stand between."""
        return BytesBlob(unescape_base64(self.data))

    async def sha256(self) -> str:
        """The SHA-256 digest in hexadecimal."""
        return hashlib.sha256(self.data).hexdigest()

    async def gzip(self) -> Blob:
        """The same bytes as a gzip file."""
        return BytesBlob(gzip.compress(self.data, mtime=0))
