"""Masks in either language: transparent where a picture may change, or white where it may.

OpenAI and those who copy it say it by transparency (reference/wire-formats.md B3.2), most others by
brightness (B5, A7). A PNG in which any pixel is not quite opaque is read by its alpha, any other by
its brightness (A8). What is between is kept: half transparent is grey.
"""

import asyncio
import zlib
from collections.abc import AsyncGenerator, Callable, Sequence
from contextlib import aclosing
from dataclasses import dataclass
from functools import reduce
from operator import and_

from darkroom.blob import Blob, BytesBlob
from darkroom.errors import InvalidRequest
from darkroom.image import ImageFile, NotAnImage, image_format
from darkroom.png import HEADER_BYTES, Colours, Header, Png, read_header, read_png, write_png

MAX_MASK_BYTES = 4 * 1024 * 1024  # of the file, as at OpenAI
MAX_MASK_SIDE = 4096  # pixels
_PIXELS_A_TURN = 16 * 1024
_LEVEL = 3  # of deflate: flat rows are small at any
INVERTED = bytes(range(255, -1, -1))
_RED = bytes((level * 299 + 500) // 1000 for level in range(256))
_BLUE = bytes((level * 114 + 500) // 1000 for level in range(256))
_GREEN = bytes(level - _RED[level] - _BLUE[level] for level in range(256))  # so that grey is itself


@dataclass(frozen=True, slots=True)
class Reading:
    """How a row tells what may change.

    `offsets` are the bytes of a pixel that are looked at; `levels` takes a row's, one string for
    each offset, and gives a byte for each pixel, from 0 (keep) to 255 (may change).
    """

    offsets: tuple[int, ...]
    levels: Callable[[Sequence[bytes]], bytes]


def check_mask(mask: ImageFile, image: ImageFile) -> None:
    """Raise `InvalidRequest` for a mask that cannot be read, or has another size than its image.

    It looks at the files' headers alone: what is behind them is found out when it is converted.
    """
    header = _header_of(mask)
    size = image.dimensions
    if size is not None and size != (header.width, header.height):
        raise _unfit(
            f"it is {header.width}x{header.height} and the image {size[0]}x{size[1]}; both must "
            "have the same size."
        )


async def to_black_and_white(mask: ImageFile) -> Blob:
    """The mask as a PNG in 8 bits of grey, white where the picture may change.

    One that is that already is handed back as it is. Raises `InvalidRequest` for a file that cannot
    be read, or is too large.
    """
    content, png = await _open(mask)
    by_alpha = await _by_alpha(png)
    if by_alpha is None and (png.header.colours, png.header.depth) == (Colours.GREY, 8):
        return content
    header = Header(png.header.width, png.header.height, 8, Colours.GREY)
    return await _convert(png, by_alpha or _by_brightness(png), header, bytes)


async def to_repainting(mask: ImageFile, *, inverted: bool = False) -> ImageFile:
    """A mask of AUTOMATIC1111's as one of brightness: white where the picture may change.

    There white says so, or in red, green, blue and alpha of which any pixel is not quite opaque,
    opaqueness; `inverted` turns either around (`create_binary_mask` in its modules/processing.py).
    Raises `InvalidRequest` for a file that cannot be read, or is too large.
    """
    _, png = await _open(mask)
    by_alpha = await _by_alpha(png) if png.header.colours is Colours.RGBA else None
    header = Header(png.header.width, png.header.height, 8, Colours.GREY)
    turned = inverted != (by_alpha is not None)

    def row(levels: bytes) -> bytes:
        return levels.translate(INVERTED) if turned else levels

    return ImageFile(data=await _convert(png, by_alpha or _by_brightness(png), header, row))


async def to_alpha(mask: ImageFile) -> Blob:
    """The mask as a PNG in 8 bits of red, green, blue and alpha, transparent where it may change.

    One that is that already is handed back as it is. Raises `InvalidRequest` for a file that cannot
    be read, is too large, or lets nothing change: what is opaque all over says nothing in this
    language, and would be read by its brightness.
    """
    content, png = await _open(mask)
    by_alpha = await _by_alpha(png)
    if by_alpha and (png.header.colours, png.header.depth) == (Colours.RGBA, 8):
        return content
    reading = by_alpha or _by_brightness(png)
    if not by_alpha and not await _lets_change(png, reading):
        raise _unfit("it is black all over; paint white, or erase, what may change.")

    def row(levels: bytes) -> bytes:
        pixels = bytearray(4 * len(levels))
        pixels[3::4] = levels.translate(INVERTED)
        return bytes(pixels)

    header = Header(png.header.width, png.header.height, 8, Colours.RGBA)
    return await _convert(png, reading, header, row)


async def _open(mask: ImageFile) -> tuple[Blob, Png]:
    """The mask's file, whole and taken apart; raises `InvalidRequest`."""
    _header_of(mask)
    try:
        content = await mask.to_bytes()
        if content.size > MAX_MASK_BYTES:
            raise _unfit(f"the file is larger than {MAX_MASK_BYTES // 2**20} MiB.")
        return content, read_png(content.head(content.size))
    except (NotAnImage, ValueError):
        raise _unreadable() from None


def _header_of(mask: ImageFile) -> Header:
    head = mask.head(HEADER_BYTES)
    kind = image_format(head)
    if kind != "png":
        raise _unfit(f"send a PNG{f', not {kind.upper()}' if kind else ''}.")
    try:
        header = read_header(head)
    except ValueError:
        raise _unreadable() from None
    if header.interlaced:
        raise _unfit("save the PNG without interlacing.")
    if max(header.width, header.height) > MAX_MASK_SIDE:
        raise _unfit(f"{header.width}x{header.height} has sides of more than {MAX_MASK_SIDE}.")
    return header


async def _by_alpha(png: Png) -> Reading | None:
    """How to read the mask by its transparency; None where all of it is opaque."""
    reading = transparency_of(png)
    return reading if reading and await _lets_change(png, reading) else None


async def _lets_change(png: Png, reading: Reading) -> bool:
    nothing = bytes(png.header.width)
    async with aclosing(_levels(png, reading)) as rows:
        async for levels in rows:
            if levels != nothing:
                return True
    return False


async def _convert(
    png: Png, reading: Reading, header: Header, form: Callable[[bytes], bytes]
) -> Blob:
    """The mask anew, each row written as `form` makes it of its levels."""
    deflate, above = zlib.compressobj(_LEVEL), b""
    again = b"\2" + bytes(header.row_bytes)  # filtered by the row above
    packed: list[bytes] = []
    async with aclosing(_levels(png, reading)) as rows:
        async for levels in rows:
            packed.append(deflate.compress(again if levels == above else b"\0" + form(levels)))
            above = levels
    return BytesBlob(write_png(header, b"".join(packed) + deflate.flush()))


async def _levels(png: Png, reading: Reading) -> AsyncGenerator[bytes]:
    """The levels of each row, others being given a turn now and then."""
    rows_a_turn = max(1, _PIXELS_A_TURN // png.header.width)
    before: tuple[bytes, ...] | None = None
    levels = b""
    try:
        for number, row in enumerate(png.rows(reading.offsets), 1):
            if row != before:
                before, levels = row, reading.levels(row)
            yield levels
            if number % rows_a_turn == 0:
                await asyncio.sleep(0)
    except (ValueError, zlib.error):
        raise _unreadable() from None


def transparency_of(png: Png) -> Reading | None:
    """How transparency is told in a PNG like this; None where it cannot be."""
    header, step = png.header, png.header.pixel_bytes
    if header.colours in (Colours.GREY_ALPHA, Colours.RGBA):
        at = step - header.depth // 8  # of 16 bits the upper 8 will do
        return Reading((at,), lambda row: row[0].translate(INVERTED))
    if not png.transparency:
        return None
    if header.colours == Colours.PALETTE:
        return _by_table(png, png.transparency.translate(INVERTED))
    # The one colour that is transparent, each sample in two bytes.
    colour = png.transparency
    if header.depth < 8:
        return _by_table(png, bytes(int.from_bytes(colour[:2], "big") & 255) + b"\xff")
    wanted = colour[:step] if header.depth == 16 else colour[1::2][:step]
    tables = [bytes(value) + b"\xff" + bytes(255 - value) for value in wanted]

    def levels(row: Sequence[bytes]) -> bytes:
        alike = (
            int.from_bytes(part.translate(table), "little")
            for part, table in zip(row, tables, strict=True)
        )
        return reduce(and_, alike).to_bytes(header.width, "little")

    return Reading(tuple(range(step)), levels)


def _by_brightness(png: Png) -> Reading:
    header = png.header
    if header.colours == Colours.PALETTE:
        return _by_table(png, _brightness([png.palette[colour::3] for colour in range(3)]))
    if header.depth < 8:
        most = 2**header.depth - 1
        return _by_table(png, bytes(level * 255 // most for level in range(most + 1)))
    if header.colours in (Colours.GREY, Colours.GREY_ALPHA):
        return Reading((0,), lambda row: row[0])
    sample = header.depth // 8
    return Reading((0, sample, 2 * sample), _brightness)


def _brightness(row: Sequence[bytes]) -> bytes:
    """Red, green and blue as grey (ITU-R BT.601)."""
    red, green, blue = row
    parts = red.translate(_RED), green.translate(_GREEN), blue.translate(_BLUE)
    total = sum(int.from_bytes(part, "little") for part in parts)  # no byte's sum exceeds 255
    return total.to_bytes(len(red), "little")


def _by_table(png: Png, table: bytes) -> Reading:
    """How to read samples of 8 bits or fewer that each stand for a level."""
    depth, width, table = png.header.depth, png.header.width, table.ljust(256, b"\0")
    if depth == 8:
        return Reading((0,), lambda row: row[0].translate(table))
    shifts, most = range(8 - depth, -1, -depth), 2**depth - 1
    unpacked = [bytes(table[byte >> shift & most] for shift in shifts) for byte in range(256)]
    return Reading((0,), lambda row: b"".join([unpacked[byte] for byte in row[0]])[:width])


def _unreadable() -> InvalidRequest:
    return _unfit("this PNG is broken; export it anew.")


def _unfit(why: str) -> InvalidRequest:
    return InvalidRequest(
        f"mask: {why} A mask is a PNG, transparent where the picture may change, or white there "
        "and opaque all over.",
        param="mask",
        code="invalid_image_file",
    )
