"""Text chunks of PNG files (RFC 2083, sections 11 and 4.2.3), without decoding the pixels."""

import base64
import struct
import zlib
from collections.abc import Iterator
from itertools import islice

from darkroom.blob import Blob
from darkroom.image import ImageFile, NotAnImage
from darkroom.image_header import image_format
from darkroom.json_writer import TextBlob

_SIGNATURE_BYTES, _HEADER_BYTES = 8, 33  # the signature, and with it the first chunk
_HEADER_CHARS = 44  # of base64: 33 is a multiple of three, so a text can be cut there
_CHUNK_BYTES = 12  # of length, type and checksum
_MAX_TEXT_BYTES = 256 * 1024
_MAX_TEXTS = 200
_MAX_SUM_BYTES = 1024 * 1024  # of all texts of a file, unpacked
_MAX_CHUNKS = 10_000


def with_text(picture: TextBlob, keyword: str, text: str) -> TextBlob:
    """A picture in base64 with a text in it, if it is a PNG; the rest of it stays where it lies.

    The chunk is filled up with spaces, so that what follows needs no encoding anew.
    """
    head = picture.content.head(_HEADER_CHARS)
    try:
        data = base64.b64decode(head, validate=True)
    except ValueError:
        return picture
    starts_well = image_format(data) == "png" and data[8:16] == b"\0\0\0\rIHDR"
    if picture.prefix or not starts_well or len(data) != _HEADER_BYTES:
        return picture
    chunk = base64.b64encode(_text_chunk(keyword, text)).decode()
    rest = picture.content.slice(_HEADER_CHARS, picture.content.size)
    return TextBlob(rest, head.decode() + chunk)


async def read_texts(image: ImageFile) -> dict[str, str]:
    """The texts in a picture by their keywords; none in one that is no PNG.

    Of a file with more than 200 texts, or more than 1 MiB of them, the first are read.
    """
    texts: dict[str, str] = {}
    try:
        content = await image.to_bytes()
    except NotAnImage:
        return texts
    if image_format(content.head(_SIGNATURE_BYTES)) != "png":
        return texts
    left = _MAX_SUM_BYTES
    for kind, data in islice(_text_chunks(content), _MAX_TEXTS):
        keyword, _, rest = data.partition(b"\0")
        limit = min(left, _MAX_TEXT_BYTES)
        try:
            text = _decode(kind, rest, limit)
        except (ValueError, zlib.error):
            left -= limit  # broken, or longer than anybody writes: as much may have been unpacked
        else:
            left -= max(len(text), len(data))
            if left >= 0:
                texts[keyword.decode("latin-1")] = text
        if left <= 0:
            break
    return texts


def _text_chunk(keyword: str, text: str) -> bytes:
    try:
        kind, data = b"tEXt", keyword.encode("latin-1") + b"\0" + text.encode("latin-1")
    except UnicodeEncodeError:  # uncompressed, of no language
        kind, data = b"iTXt", keyword.encode("latin-1") + bytes(5) + text.encode("utf-8", "replace")
    data += b" " * (-len(data) % 3)  # the other twelve bytes are a multiple of three already
    return struct.pack(">I", len(data)) + kind + data + struct.pack(">I", zlib.crc32(kind + data))


def _text_chunks(content: Blob) -> Iterator[tuple[bytes, bytes]]:
    position = _SIGNATURE_BYTES
    for _ in range(_MAX_CHUNKS):
        head = content.slice(position, min(position + 8, content.size)).head(8)
        if len(head) < 8:
            return
        length, kind = struct.unpack(">I4s", head)
        if kind in (b"tEXt", b"zTXt", b"iTXt") and length <= _MAX_TEXT_BYTES:
            end = min(position + 8 + length, content.size)
            yield kind, content.slice(position + 8, end).head(length)
        position += length + _CHUNK_BYTES
        if position >= content.size:
            return


def _decode(kind: bytes, rest: bytes, limit: int) -> str:
    if kind == b"tEXt":
        return rest.decode("latin-1")
    if kind == b"zTXt":
        return _inflate(rest[1:], limit).decode("latin-1")
    compressed, text = rest[:1], rest[2:].partition(b"\0")[2].partition(b"\0")[2]
    return (_inflate(text, limit) if compressed == b"\1" else text).decode()


def _inflate(data: bytes, limit: int) -> bytes:
    """The text, of which no more is unpacked than `limit`; raises `ValueError` beyond that."""
    inflate = zlib.decompressobj()
    text = inflate.decompress(data, limit)
    if not inflate.eof:
        raise ValueError("too long")
    return text
