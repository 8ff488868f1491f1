"""The header of an image file: its format, and its size as a person sees it.

Sizes have the orientation applied that Exif (CIPA DC-008, tag 0x0112) or an AVIF's `irot` asks for,
as browsers do. Every loop has a bound: files come from outside.
"""

import struct
from collections.abc import Callable, Iterator

FORMAT_BYTES = 64  # as many brands as an AVIF or HEIC names
# Formats that no model here reads, by name and what to do.
_HEIC = "HEIC, which the models here do not read; save it as JPEG or PNG"
_BRANDS_AVIF = (b"avif", b"avis")
_BRANDS_HEIC = (b"heic", b"heix", b"hevc", b"hevx", b"heim", b"heis", b"mif1", b"msf1")
_OTHERS = (
    (b"BM", "BMP"), (b"II*\0", "TIFF"), (b"MM\0*", "TIFF"), (b"\0\0\1\0", "ICO"), (b"%PDF-", "PDF"),
    (b"8BPS", "Photoshop's"), (b"\xff\x0a", "JPEG XL"), (b"\0\0\0\x0cJXL ", "JPEG XL"),
    (b"\0\0\0\x0cjP  ", "JPEG 2000"), (b"<svg", "SVG"), (b"<?xml", "SVG or XML"),
)  # fmt: skip

_MAX_SEGMENTS = 2_000  # of a JPEG before its frame, and chunks of other files; cameras write dozens
_MAX_FILL_BYTES = 4_096  # before one marker
_MAX_IFD_ENTRIES = 500
_MAX_META_BYTES = 64 * 1024  # of an AVIF
_WINDOW_BYTES = 4_096
_TURNED = (5, 6, 7, 8)  # orientations that exchange width and height
_ORIENTATION = 0x0112

Read = Callable[[int, int], bytes]
Dimensions = tuple[int, int]


def image_format(head: bytes) -> str | None:
    """The format by a file's first `FORMAT_BYTES`: `png`, `jpeg`, `webp`, `gif` or `avif`."""
    if head.startswith(b"\x89PNG\r\n\x1a\n"):
        return "png"
    if head.startswith(b"\xff\xd8\xff"):
        return "jpeg"
    if head[:4] == b"RIFF" and head[8:12] == b"WEBP":
        return "webp"
    if head.startswith((b"GIF87a", b"GIF89a")):
        return "gif"
    return "avif" if any(brand in _BRANDS_AVIF for brand in _brands(head)) else None


def foreign_format(head: bytes) -> str | None:
    """The name of another known format, with what to do about it; None for any other bytes."""
    if any(brand in _BRANDS_HEIC for brand in _brands(head)):
        return _HEIC
    start = head.lstrip()
    return next(
        (
            f"{name}, which the models here do not read; save it as PNG or JPEG"
            for signature, name in _OTHERS
            if head.startswith(signature) or start.startswith(signature)
        ),
        None,
    )


def read_dimensions(read: Read) -> Dimensions | None:
    """Width and height in pixels as a person sees them; None where the header does not have them.

    `read(start, count)` returns up to `count` bytes of the file from `start`.
    """
    window = _Window(read)
    try:
        match image_format(window.bytes(0, FORMAT_BYTES)):
            case "png":
                return _png(window)
            case "gif":
                return _pair("<HH", window, 6)
            case "webp":
                return _webp(window)
            case "jpeg":
                return _jpeg(window)
            case "avif":
                return _avif(window)
    except struct.error:
        pass
    return None


class _Window:
    """Bytes of a file, of which a few KiB are read at a time."""

    def __init__(self, read: Read) -> None:
        self._read = read
        self._start, self._held = 0, b""

    def bytes(self, start: int, count: int) -> bytes:
        """Up to `count` bytes from `start`."""
        offset = start - self._start
        if offset < 0 or offset + count > len(self._held):
            self._start, offset = start, 0
            self._held = self._read(start, max(count, _WINDOW_BYTES))
        return self._held[offset : offset + count]

    def unpack(self, form: str, start: int) -> tuple[int, ...]:
        """Numbers at a place; raises `struct.error` behind the end of the file."""
        return struct.unpack(form, self.bytes(start, struct.calcsize(form)))


def _pair(form: str, window: _Window, start: int) -> Dimensions:
    first, second = window.unpack(form, start)
    return first, second


def _brands(head: bytes) -> Iterator[bytes]:
    """The brands of a file of boxes (ISO/IEC 14496-12, 4.3), the major one first."""
    if head[4:8] != b"ftyp":
        return
    yield head[8:12]
    end = min(len(head), int.from_bytes(head[:4], "big"))
    for start in range(16, end - 3, 4):
        yield head[start : start + 4]


def _seen(size: Dimensions, orientation: int) -> Dimensions:
    return (size[1], size[0]) if orientation in _TURNED else size


def _orientation(window: _Window, start: int) -> int:
    """The orientation in Exif data, which may begin with `Exif`; 1 where there is none."""
    if window.bytes(start, 6) == b"Exif\0\0":
        start += 6
    order = {b"II*\0": "<", b"MM\0*": ">"}.get(window.bytes(start, 4))
    if order is None:
        return 1
    try:
        (directory,) = window.unpack(f"{order}I", start + 4)
        (entries,) = window.unpack(f"{order}H", start + directory)
        for number in range(min(entries, _MAX_IFD_ENTRIES)):
            tag, kind, _, value = window.unpack(f"{order}HHIH", start + directory + 2 + 12 * number)
            if (tag, kind) == (_ORIENTATION, 3):
                return value
    except struct.error:
        pass
    return 1


def _png(window: _Window) -> Dimensions:
    """By IHDR, and by eXIf where it stands before the pixels."""
    size = _pair(">II", window, 16)
    position = 33
    for _ in range(_MAX_SEGMENTS):
        head = window.bytes(position, 8)
        if len(head) < 8 or head[4:] in (b"IDAT", b"IEND"):
            break
        if head[4:] == b"eXIf":
            return _seen(size, _orientation(window, position + 8))
        position += 12 + int.from_bytes(head[:4], "big")
    return size


def _webp(window: _Window) -> Dimensions | None:
    """By RFC 9649, section 2: the extended, the lossless and the lossy layout."""
    head = window.bytes(0, 30)
    kind = head[12:16]
    if len(head) < 30:
        return None
    if kind == b"VP8X":
        width, height = head[24:27], head[27:30]
        size = 1 + int.from_bytes(width, "little"), 1 + int.from_bytes(height, "little")
        return _seen(size, _webp_orientation(window)) if head[20] & 0x08 else size
    if kind == b"VP8L":
        (bits,) = struct.unpack_from("<I", head, 21)
        return 1 + (bits & 0x3FFF), 1 + (bits >> 14 & 0x3FFF)
    if kind == b"VP8 " and head[23:26] == b"\x9d\x01\x2a":
        width, height = struct.unpack_from("<HH", head, 26)
        return width & 0x3FFF, height & 0x3FFF
    return None


def _webp_orientation(window: _Window) -> int:
    position = 12
    for _ in range(_MAX_SEGMENTS):
        head = window.bytes(position, 8)
        if len(head) < 8:
            break
        if head[:4] == b"EXIF":
            return _orientation(window, position + 8)
        length = int.from_bytes(head[4:], "little")
        position += 8 + length + length % 2
    return 1


def _jpeg(window: _Window) -> Dimensions | None:
    """By the first frame header (ITU T.81, B.2.2); other segments are passed over by length."""
    position, orientation = 2, 1
    for _ in range(_MAX_SEGMENTS):
        position += _fill_bytes(window, position)
        marker, length = window.unpack(">HH", position)
        if marker >> 8 != 0xFF:
            return None
        if marker == 0xFF01 or 0xFFD0 <= marker <= 0xFFD8:  # these have no length
            position += 2
            continue
        if 0xFFC0 <= marker <= 0xFFCF and marker not in (0xFFC4, 0xFFC8, 0xFFCC):
            height, width = window.unpack(">HH", position + 5)
            return _seen((width, height), orientation)
        if marker == 0xFFE1 and window.bytes(position + 4, 6) == b"Exif\0\0":
            orientation = _orientation(window, position + 4)
        position += 2 + length
    return None


def _fill_bytes(window: _Window, position: int) -> int:
    """The number of fill bytes before a marker: any number of 0xFF is allowed there."""
    count = 0
    while count < _MAX_FILL_BYTES and window.bytes(position + count, 2) == b"\xff\xff":
        count += 1
    return count


def _avif(window: _Window) -> Dimensions | None:
    """By the primary item's `ispe` and `irot` (ISO/IEC 23008-12, 6.5)."""
    position = 0
    for _ in range(_MAX_SEGMENTS):
        length, kind = window.unpack(">I4s", position)
        if kind == b"meta":  # type: ignore[comparison-overlap]
            meta = window.bytes(position + 12, min(length - 12, _MAX_META_BYTES))
            return _primary_size(dict(_boxes(meta)))
        if length < 8:
            return None
        position += length
    return None


def _primary_size(meta: dict[bytes, bytes]) -> Dimensions | None:
    inner = list(_boxes(meta.get(b"iprp", b"")))
    properties = list(_boxes(dict(inner).get(b"ipco", b"")))
    primary = _primary_item(meta.get(b"pitm", b""))
    places = [
        place
        for kind, body in inner
        if kind == b"ipma"
        for place in _property_places(body, primary)
    ]
    own = [properties[place - 1] for place in places if 0 < place <= len(properties)]
    sizes = [struct.unpack_from(">II", body, 4) for kind, body in own if kind == b"ispe"]
    if not sizes:
        return None
    turned = any(kind == b"irot" and body[:1] and body[0] & 1 for kind, body in own)
    width, height = sizes[0]
    return (height, width) if turned else (width, height)


def _boxes(data: bytes) -> Iterator[tuple[bytes, bytes]]:
    position = 0
    while position + 8 <= len(data):
        length = int.from_bytes(data[position : position + 4], "big")
        if length < 8:
            return
        yield data[position + 4 : position + 8], data[position + 8 : position + length]
        position += length


def _primary_item(body: bytes) -> int:
    return int.from_bytes(body[4 : 8 if body[:1] == b"\1" else 6], "big")


def _property_places(body: bytes, item: int) -> Iterator[int]:
    """The places of an item's properties in `ipco`, from 1 (ISO/IEC 14496-12, 8.11.14)."""
    id_bytes, wide = (4 if body[:1] >= b"\1" else 2), body[3:4] >= b"\1" and body[3] & 1
    (entries,) = struct.unpack_from(">I", body, 4)
    position, size = 8, 2 if wide else 1
    for _ in range(entries):
        if position + id_bytes >= len(body):
            return
        owner = int.from_bytes(body[position : position + id_bytes], "big")
        count = body[position + id_bytes]
        position += id_bytes + 1
        if owner == item:
            mask = 0x7FFF if wide else 0x7F
            for start in range(position, position + count * size, size):
                yield int.from_bytes(body[start : start + size], "big") & mask
        position += count * size
