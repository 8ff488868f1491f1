"""A writer of ZIP archives whose files stay outside Python's heap (APPNOTE 6.3, section 4.3).

The runtime packs and sums up each file by making a gzip file of it: that holds the deflated bytes
between its header and its trailer, and in the trailer the checksum that an archive needs.
"""

import base64
import struct
from collections.abc import AsyncGenerator, Iterable

from darkroom.blob import Blob
from darkroom.http import Part

_GZIP_HEADER_BYTES, _GZIP_TRAILER_BYTES = 10, 8
_VERSION = 20  # of the format, 2.0: deflated files
_UTF8_NAME = 0x800
_DEFLATED = 8
_LOCAL, _CENTRAL, _END = b"PK\3\4", b"PK\1\2", b"PK\5\6"
_FIRST_OF_1980 = (0, 0x21)  # time and date: the same files make the same archive
_TRIPLE = 3  # bytes that become four characters of base64


async def zip_parts(files: Iterable[tuple[str, Blob]]) -> AsyncGenerator[Part]:
    """The archive of files by their names, in parts, one file packed after the other."""
    directory, count, position = b"", 0, 0
    for name, content in files:
        packed = await content.gzip()
        data = packed.slice(_GZIP_HEADER_BYTES, packed.size - _GZIP_TRAILER_BYTES)
        trailer = packed.slice(packed.size - _GZIP_TRAILER_BYTES, packed.size)
        checksum, size = struct.unpack("<II", trailer.head(_GZIP_TRAILER_BYTES))
        entry = struct.pack(
            "<HHHHHIIIHH",
            _VERSION, _UTF8_NAME, _DEFLATED, *_FIRST_OF_1980, checksum, data.size, size,
            len(name.encode()), 0,
        )  # fmt: skip
        header = _LOCAL + entry + name.encode()
        yield header
        yield data
        place = struct.pack("<HHHII", 0, 0, 0, 0, position)  # no comment, first disk, attributes
        directory += _CENTRAL + struct.pack("<H", _VERSION) + entry + place + name.encode()
        position += len(header) + data.size
        count += 1
    yield directory
    yield _END + struct.pack("<HHHHIIH", 0, 0, count, count, len(directory), position, 0)


async def base64_parts(parts: AsyncGenerator[Part]) -> list[Part]:
    """The base64 text of parts that follow each other, those outside Python's heap left there.

    What does not fill three bytes at the end of a part goes before the next.
    """
    text: list[Part] = []
    rest = b""
    async for part in parts:
        if isinstance(part, bytes):
            rest += part
            whole = len(rest) // _TRIPLE * _TRIPLE
            text.append(base64.b64encode(rest[:whole]))
            rest = rest[whole:]
            continue
        missing = -len(rest) % _TRIPLE if rest else 0
        begun = min(missing, part.size)
        rest += part.slice(0, begun).head(begun)
        end = part.size - (part.size - begun) % _TRIPLE
        if end > begun:
            text.append(base64.b64encode(rest))
            text.append(await part.slice(begun, end).to_base64())
            rest = b""
        rest += part.slice(end, part.size).head(part.size - end)
    return [*text, base64.b64encode(rest)]
