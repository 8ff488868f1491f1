"""An image file, as bytes or as base64, and the one reader of pictures in text."""

import binascii
import re
from dataclasses import dataclass, field
from urllib.parse import unquote_to_bytes

from darkroom.blob import PLAIN_ALPHABET, Blob, BytesBlob, unescape_base64
from darkroom.image_header import FORMAT_BYTES, Dimensions, image_format, read_dimensions

_DATA_URL_HEAD_BYTES = 1024
_MAX_DATA_URLS = 4  # one within the other, as clients make them that prefix twice
_MAX_ESCAPED_BYTES = 1024 * 1024  # of percent-encoded text, which is unpacked in Python's memory
_MAX_TAIL_BYTES = 64  # of padding and space at the end of a text
_PERCENT, _BACKSLASH = b"%", b"\\"
_ESCAPE_BYTES = 4  # of base64 with every third byte escaped, for one of a file's; `\u002b` is rare
_MARKS = b"-_ "  # what shows that a base64 text is not canonical, beside its length
_SPACE = b" \t\r\n\f\v"

# Some leave the scheme out.
_DATA_URL = re.compile(rb"data:|image/[\w.+-]{1,20}; ?base64 ?,", re.IGNORECASE)
_IS_BASE64 = re.compile(rb"; ?base64 ?,", re.IGNORECASE)
_BASE64 = re.compile(rb"[A-Za-z0-9+/]+")


class NotAnImage(ValueError):
    """The bytes or the text are not of a format that Darkroom knows."""


@dataclass(frozen=True, slots=True)
class ImageFile:
    """A picture as the bytes of its file or as base64 text, exactly one of which is set.

    Each form is turned into the other only when it is asked for, so that what comes as text and
    goes on as text is never decoded. `escaped` text has a JSON string's escapes still in it.
    """

    data: Blob | None = field(default=None, repr=False)
    base64: Blob | None = field(default=None, repr=False)
    escaped: bool = False

    @property
    def format(self) -> str:
        """`png`, `jpeg`, `webp`, `gif` or `avif`, by the first bytes; raises `NotAnImage`."""
        kind = image_format(self.read(0, FORMAT_BYTES))
        if kind is None:
            raise NotAnImage
        return kind

    @property
    def media_type(self) -> str:
        """The format as a media type, such as `image/png`; raises `NotAnImage`."""
        return f"image/{self.format}"

    @property
    def dimensions(self) -> Dimensions | None:
        """Width and height in pixels as a person sees them, where the file's header has them."""
        return read_dimensions(self.read)

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
            text = await self.base64.unescape() if self.escaped else self.base64
            return await _without_padding(text).from_base64()
        except ValueError:
            raise NotAnImage from None

    async def to_base64(self) -> Blob:
        """The file as base64 text."""
        if self.base64 is not None and not self.escaped:
            return self.base64
        return await (await self.to_bytes()).to_base64()

    async def canonical(self) -> "ImageFile":
        """The same, with its text, if it came as one, in canonical base64 (RFC 4648, section 4).

        Google's SDK for Python sends the alphabet for addresses, others leave the padding out.
        Raises `NotAnImage` when the text is not base64.
        """
        if self.base64 is None or (not self.escaped and _is_canonical(self.base64)):
            return self
        return ImageFile(data=await self.to_bytes())

    def read(self, start: int, count: int) -> bytes:
        """Up to `count` bytes of the file from `start`; none where the text is not base64."""
        if self.data is not None:
            return self.data.slice(start, min(self.data.size, start + count)).head(count)
        text = self.base64 or BytesBlob(b"")
        if self.escaped and start > _MAX_ESCAPED_BYTES:
            return b""
        if self.escaped:
            text = BytesBlob(_without_escapes(text.head(_ESCAPE_BYTES * (start + count))))
        first, end = start // 3 * 4, min(text.size, -(-(start + count) // 3) * 4)
        if end <= first:
            return b""
        piece = (text.slice(first, end) if first else text).head(end - first)
        piece = piece.translate(PLAIN_ALPHABET, _SPACE).rstrip(b"=")
        try:
            decoded = binascii.a2b_base64(_padded(piece))
        except binascii.Error:
            return b""
        return decoded[start % 3 :][:count]


def read_image_text(text: str | Blob) -> ImageFile:
    """A picture from a data URL (RFC 2397) or from bare base64.

    Parameters of the media type are passed over, prefixes that were put twice are peeled off,
    missing padding is added. Raises `NotAnImage` for a text that is neither; a blob's text must
    need no escaping in JSON.
    """
    blob: Blob = BytesBlob(text.encode("utf-8", "replace")) if isinstance(text, str) else text
    for _ in range(_MAX_DATA_URLS):
        blob = _without_space(blob)
        head = blob.head(_DATA_URL_HEAD_BYTES)
        if not _DATA_URL.match(head):
            break
        marked = _IS_BASE64.search(head)
        if marked is None:
            escaped = blob.slice(head.find(b",") + 1, blob.size)
            return ImageFile(data=BytesBlob(_unescaped(escaped)))
        blob = blob.slice(marked.end(), blob.size)
    blob = _without_space(blob)
    # Of a long text that is percent-encoded, each piece is.
    if blob.slice(0, _MAX_ESCAPED_BYTES + 1).find(_PERCENT) >= 0:
        blob = BytesBlob(_unescaped(blob))
    if isinstance(text, str):
        return ImageFile(base64=_tidy(blob))
    return ImageFile(base64=blob, escaped=blob.find(_BACKSLASH) >= 0)


def _without_escapes(text: bytes) -> bytes:
    """Base64 without a JSON string's escapes, the last of which may be cut; none if it is none."""
    try:
        return unescape_base64(text[: text.rfind(b"\\", -6)] if b"\\" in text[-6:] else text)
    except ValueError:
        return b""


def _without_space(blob: Blob) -> Blob:
    head = blob.head(_DATA_URL_HEAD_BYTES)
    return blob.slice(len(head) - len(head.lstrip(_SPACE)), blob.size)


def _unescaped(blob: Blob) -> bytes:
    if blob.size > _MAX_ESCAPED_BYTES:
        raise NotAnImage
    return unquote_to_bytes(blob.head(blob.size))


def _tidy(blob: Blob) -> Blob:
    """A short text in canonical base64; raises `NotAnImage` if it is not base64."""
    plain = blob.head(blob.size).translate(PLAIN_ALPHABET, _SPACE).rstrip(b"=")
    if not _BASE64.fullmatch(plain) or len(plain) % 4 == 1:
        raise NotAnImage
    return BytesBlob(_padded(plain))


def _is_canonical(text: Blob) -> bool:
    if text.size % 4 or text.find(_MARKS) >= 0:
        return False
    return 0 < text.size and not text.slice(text.size - 4, text.size).head(4).startswith(b"==", 1)


def _without_padding(text: Blob) -> Blob:
    """A text without the padding at its end, of which some write too much."""
    tail = text.slice(max(0, text.size - _MAX_TAIL_BYTES), text.size).head(_MAX_TAIL_BYTES)
    return text.slice(0, text.size - len(tail) + len(tail.rstrip(b"=" + _SPACE)))


def _padded(text: bytes) -> bytes:
    return text + b"=" * (-len(text) % 4)
