"""An image file, as bytes or as base64."""

import base64
import binascii
import re
import struct
from dataclasses import dataclass, field

from darkroom.blob import PLAIN_ALPHABET, Blob, BytesBlob, is_url_safe

SIGNATURE_BYTES = 16
_DIMENSIONS_WITHIN_BYTES = 32
_JPEG_DIMENSIONS_WITHIN_BYTES = 64 * 1024  # it may begin with a long profile
_MAX_JPEG_SEGMENTS = 500  # before the frame; cameras write a few dozen
_DATA_URL_HEAD_BYTES = 100
_DATA_URL = re.compile(rb"data:[\w.+/-]{0,80};base64,", re.IGNORECASE)

_BASE64 = re.compile(r"[A-Za-z0-9+/=]+")


class NotAnImage(ValueError):
    """The bytes are not of a format that Darkroom knows."""


@dataclass(frozen=True, slots=True)
class ImageFile:
    """A picture as the bytes of its file or as base64 text, exactly one of which is set.

    Each form is turned into the other only when it is asked for, so that what comes as text and
    goes on as text is never decoded.
    """

    data: Blob | None = field(default=None, repr=False)
    base64: Blob | None = field(default=None, repr=False)

    @property
    def format(self) -> str:
        """`png`, `jpeg`, `webp`, `gif` or `avif`, by the first bytes; raises `NotAnImage`."""
        kind = image_format(self.head(SIGNATURE_BYTES))
        if kind is None:
            raise NotAnImage
        return kind

    @property
    def media_type(self) -> str:
        """The format as a media type, such as `image/png`; raises `NotAnImage`."""
        return f"image/{self.format}"

    @property
    def dimensions(self) -> tuple[int, int] | None:
        """Width and height in pixels, where the file's header has them."""
        head = self.head(_DIMENSIONS_WITHIN_BYTES)
        if image_format(head) == "jpeg":
            head = self.head(_JPEG_DIMENSIONS_WITHIN_BYTES)
        return read_dimensions(head)

    @property
    def stored_bytes(self) -> int:
        """The number of bytes in the form that it came in."""
        return sum(blob.size for blob in (self.data, self.base64) if blob is not None)

    async def to_bytes(self) -> Blob:
        """The file; raises `NotAnImage` when the text is not base64."""
        if self.data is not None:
            return self.data
        assert self.base64 is not None  # noqa: S101 - one of the two is set
        try:
            return await self.base64.from_base64()
        except ValueError:
            raise NotAnImage from None

    async def to_base64(self) -> Blob:
        """The file as base64 text."""
        if self.base64 is not None:
            return self.base64
        assert self.data is not None  # noqa: S101 - one of the two is set
        return await self.data.to_base64()

    async def in_plain_alphabet(self) -> "ImageFile":
        """The same, with its text, if it came as one, in the alphabet that everybody reads.

        Google's SDK for Python sends the other. Raises `NotAnImage` when the text is not base64.
        """
        if self.base64 is None or not is_url_safe(self.base64):
            return self
        return ImageFile(data=await self.to_bytes())

    def head(self, count: int) -> bytes:
        """About the first `count` bytes of the file; none where the text is not base64."""
        if self.data is not None:
            return self.data.head(count)
        text = self.base64.head(count // 3 * 4 + 4) if self.base64 else b""
        try:
            return base64.b64decode(text[: len(text) // 4 * 4].translate(PLAIN_ALPHABET))
        except binascii.Error:
            return b""


def read_image_text(text: str | Blob) -> ImageFile:
    """A picture from a data URL or from bare base64.

    Raises `NotAnImage` for a text that is neither; a blob's text must need no escaping in JSON.
    """
    if isinstance(text, str):
        plain = "".join(text.split())
        if not _BASE64.fullmatch(plain.rpartition(",")[2]):
            raise NotAnImage
        text = BytesBlob(plain.encode())
    head = _DATA_URL.match(text.head(_DATA_URL_HEAD_BYTES))
    return ImageFile(base64=text.slice(head.end(), text.size) if head else text)


def image_format(head: bytes) -> str | None:
    """The format that a file's first bytes tell."""
    if head.startswith(b"\x89PNG\r\n\x1a\n"):
        return "png"
    if head.startswith(b"\xff\xd8\xff"):
        return "jpeg"
    if head[:4] == b"RIFF" and head[8:12] == b"WEBP":
        return "webp"
    if head.startswith((b"GIF87a", b"GIF89a")):
        return "gif"
    if head[4:12] in (b"ftypavif", b"ftypavis"):
        return "avif"
    return None


def read_dimensions(head: bytes) -> tuple[int, int] | None:
    """Width and height by the header of a PNG, GIF, WebP or JPEG; None for any other."""
    try:
        match image_format(head):
            case "png":
                return struct.unpack_from(">II", head, 16)
            case "gif":
                return struct.unpack_from("<HH", head, 6)
            case "webp":
                return _webp_dimensions(head)
            case "jpeg":
                return _jpeg_dimensions(head)
    except struct.error:
        pass
    return None


def _webp_dimensions(head: bytes) -> tuple[int, int] | None:
    """By RFC 9649, section 2: the extended, the lossless and the lossy layout."""
    kind = head[12:16]
    if len(head) < 30:
        return None
    if kind == b"VP8X":
        width, height = head[24:27], head[27:30]
        return 1 + int.from_bytes(width, "little"), 1 + int.from_bytes(height, "little")
    if kind == b"VP8L":
        (bits,) = struct.unpack_from("<I", head, 21)
        return 1 + (bits & 0x3FFF), 1 + (bits >> 14 & 0x3FFF)
    if kind == b"VP8 " and head[23:26] == b"\x9d\x01\x2a":
        width, height = struct.unpack_from("<HH", head, 26)
        return width & 0x3FFF, height & 0x3FFF
    return None


def _jpeg_dimensions(head: bytes) -> tuple[int, int] | None:
    """By the first frame header (ITU T.81, B.2.2); other segments are passed over."""
    position = 2
    for _ in range(_MAX_JPEG_SEGMENTS):
        if position + 4 > len(head):
            return None
        marker, length = struct.unpack_from(">HH", head, position)
        if marker >> 8 != 0xFF:
            return None
        if 0xFFC0 <= marker <= 0xFFCF and marker not in (0xFFC4, 0xFFC8, 0xFFCC):
            height, width = struct.unpack_from(">HH", head, position + 5)
            return width, height
        position += 2 + length
    return None
