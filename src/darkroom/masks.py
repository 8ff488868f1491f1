"""Masks in every convention, converted: transparent or white where a picture may change.

OpenAI and those who copy it say it by transparency (reference/wire-formats.md B3.2), most others by
brightness (B5, A7). A PNG in which any pixel is not quite opaque is read by its alpha, any other by
its brightness (A8). What is between is kept: half transparent is grey.
"""

import asyncio
import zlib
from collections.abc import AsyncGenerator
from contextlib import aclosing
from enum import StrEnum

from darkroom.blob import Blob, BytesBlob
from darkroom.errors import InvalidRequest
from darkroom.image import ImageFile, NotAnImage
from darkroom.image_header import image_format
from darkroom.mask_levels import INVERTED, LevelReader, brightness_of, transparency_of
from darkroom.pauses import TooMuchWork, WorkMeter
from darkroom.png import HEADER_BYTES, Colours, Header, Png, read_header, read_png, write_png

MAX_MASK_BYTES = 4 * 1024 * 1024  # of the file, as at OpenAI
MAX_MASK_SIDE = 4096  # pixels
MAX_MASK_PIXELS = 4096 * 2048  # more than the largest picture of any model, 3840x2160
MAX_MASK_STEPS = 6_000_000  # about 2 s in workerd; all of 2048x2048 may be a gradient
_LEVEL = 3  # of deflate: flat rows are small at any
_DEFLATED_PIXELS_A_STEP = 4


class Convention(StrEnum):
    """The convention of a mask: which pixels may change."""

    TRANSPARENT = "transparent"  # or white, where it is opaque all over
    WHITE = "white"  # or, where any pixel is not quite opaque, opaque
    BLACK = "black"  # or, where any pixel is not quite opaque, transparent


_NOTHING_CHANGES = {
    Convention.TRANSPARENT: "it is black all over; paint white, or erase, what may change.",
    Convention.WHITE: "it is black all over; paint white what may change.",
    Convention.BLACK: "it is white all over; paint black what may change.",
}


class Mask:
    """A mask as it came. It is converted when a provider asks for it, and once for all of them.

    `WHITE` and `BLACK` are AUTOMATIC1111's conventions, without and with its
    `inpainting_mask_invert` (`create_binary_mask` in its modules/processing.py).
    """

    def __init__(self, file: ImageFile, convention: Convention = Convention.TRANSPARENT) -> None:
        self.file = file
        self.convention = convention
        self._converted: dict[Colours, Blob | InvalidRequest] = {}
        self._lock = asyncio.Lock()

    def check(self, image: ImageFile) -> None:
        """Raise `InvalidRequest` for one that cannot be read, or has another size than its image.

        It looks at the files' headers alone: what is behind them is found out by the conversion.
        """
        header = _header_of(self.file)
        size = image.dimensions
        if size is not None and size != (header.width, header.height):
            raise _unfit(
                f"it is {header.width}x{header.height} and the image {size[0]}x{size[1]}; both "
                "must have the same size."
            )

    async def to_black_and_white(self) -> Blob:
        """A PNG in 8 bits of grey, white where the picture may change.

        One that is that already is handed back as it is. Raises `InvalidRequest` for a file that
        cannot be read, is too large, or is too much work.
        """
        return await self._once(Colours.GREY)

    async def to_alpha(self) -> Blob:
        """A PNG in 8 bits of red, green, blue and alpha, transparent where it may change.

        One that is that already is handed back as it is. Raises `InvalidRequest` as
        `to_black_and_white` does, and for a mask that lets nothing change: what is opaque all over
        says nothing in this convention, and would be read by its brightness.
        """
        return await self._once(Colours.RGBA)

    async def _once(self, colours: Colours) -> Blob:
        """The conversion, or its failure, remembered: pictures and attempts share one mask."""
        async with self._lock:
            converted = self._converted.get(colours)
            if converted is None:
                try:
                    converted = await _convert(self.file, self.convention, colours)
                except InvalidRequest as failure:
                    converted = failure
                self._converted[colours] = converted
        if isinstance(converted, InvalidRequest):
            raise converted.with_traceback(None)
        return converted


async def _convert(file: ImageFile, convention: Convention, colours: Colours) -> Blob:
    """The mask in 8 bits of grey, or of red, green, blue and alpha."""
    _header_of(file)
    meter = WorkMeter(MAX_MASK_STEPS)
    try:
        content = await file.to_bytes()
        if content.size > MAX_MASK_BYTES:
            raise _unfit(f"the file is larger than {MAX_MASK_BYTES // 2**20} MiB.")
        png = read_png(content.head(content.size))
        by_alpha = await _by_alpha(png, convention, meter)
        turned = convention is (Convention.WHITE if by_alpha else Convention.BLACK)
        header = Header(png.header.width, png.header.height, 8, colours)
        expected_colours = Colours.RGBA if by_alpha else Colours.GREY
        if png.header == header and colours is expected_colours and not turned:
            return content
        reading = by_alpha or brightness_of(png)
        made, lets_change = await _write(
            png, reading.inverted() if turned else reading, header, meter
        )
    except TooMuchWork:
        raise _unfit(
            "there is too much fine detail in it, such as noise or dithering. Paint it with flat "
            "areas and soft edges, save it without dithering, or send it smaller."
        ) from None
    except (NotAnImage, ValueError, zlib.error):
        raise _unreadable() from None
    if colours is Colours.RGBA and not lets_change:
        raise _unfit(_NOTHING_CHANGES[convention])
    return made


def _header_of(mask: ImageFile) -> Header:
    head = mask.read(0, HEADER_BYTES)
    kind = image_format(head)
    if kind != "png":
        raise _unfit(f"send a PNG{f', not {kind.upper()}' if kind else ''}.")
    try:
        header = read_header(head)
    except ValueError:
        raise _unreadable() from None
    if header.interlaced:
        raise _unfit("save the PNG without interlacing.")
    size = f"{header.width}x{header.height}"
    if max(header.width, header.height) > MAX_MASK_SIDE:
        raise _unfit(f"{size} has sides of more than {MAX_MASK_SIDE}.")
    if header.width * header.height > MAX_MASK_PIXELS:
        raise _unfit(f"{size} has more than {MAX_MASK_PIXELS} pixels.")
    return header


async def _by_alpha(png: Png, convention: Convention, meter: WorkMeter) -> LevelReader | None:
    """A reader of the mask by its transparency; None where brightness counts."""
    if convention is not Convention.TRANSPARENT and png.header.colours is not Colours.RGBA:
        return None
    reading = transparency_of(png)
    if reading is None:
        return None
    nothing = bytes(png.header.width)
    async with aclosing(_levels(png, reading, meter)) as rows:
        async for levels in rows:
            if levels != nothing:
                return reading
    return None


async def _write(
    png: Png, reading: LevelReader, header: Header, meter: WorkMeter
) -> tuple[Blob, bool]:
    """The mask anew, in grey or by alpha as the header says; and whether anything may change."""
    form = _erased if header.colours is Colours.RGBA else bytes
    deflate, above, nothing = zlib.compressobj(_LEVEL), b"", bytes(header.width)
    again = b"\2" + bytes(header.row_bytes)  # filtered by the row above
    packed: list[bytes] = []
    lets_change = False
    async with aclosing(_levels(png, reading, meter)) as rows:
        async for levels in rows:
            if levels == above:
                packed.append(deflate.compress(again))
                continue
            above = levels
            lets_change = lets_change or levels != nothing
            meter.add(header.width // _DEFLATED_PIXELS_A_STEP)
            packed.append(deflate.compress(b"\0" + form(levels)))
    return BytesBlob(write_png(header, b"".join(packed) + deflate.flush())), lets_change


def _erased(levels: bytes) -> bytes:
    """Pixels in black, as transparent as they may change."""
    pixels = bytearray(4 * len(levels))
    pixels[3::4] = levels.translate(INVERTED)
    return bytes(pixels)


async def _levels(png: Png, reading: LevelReader, meter: WorkMeter) -> AsyncGenerator[bytes]:
    """The levels of each row, the host being given a turn now and then."""
    before: tuple[bytes, ...] | None = None
    levels = b""
    for row in png.rows(reading.offsets, meter):
        if row != before:
            before, levels = row, reading.levels(row)
        yield levels
        await meter.pause()


def _unreadable() -> InvalidRequest:
    return _unfit("this PNG is broken; export it anew.")


def _unfit(why: str) -> InvalidRequest:
    return InvalidRequest(
        f"mask: {why} A mask is a PNG, transparent where the picture may change, or white there "
        "and opaque all over.",
        param="mask",
        code="invalid_image_file",
    )
