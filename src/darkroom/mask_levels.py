"""Mask levels of PNG rows: by transparency, or by brightness."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from functools import reduce
from operator import and_

from darkroom.png import Colours, Png

INVERTED = bytes(range(255, -1, -1))
_RED = bytes((level * 299 + 500) // 1000 for level in range(256))
_BLUE = bytes((level * 114 + 500) // 1000 for level in range(256))
_GREEN = bytes(level - _RED[level] - _BLUE[level] for level in range(256))  # so that grey is itself


@dataclass(frozen=True, slots=True)
class LevelReader:
    """A reader of mask levels from the rows of one kind of PNG.

    `offsets` are the bytes of a pixel that are looked at; `levels` takes a row's, one string for
    each offset, and gives a byte for each pixel, from 0 (keep) to 255 (may change).
    """

    offsets: tuple[int, ...]
    levels: Callable[[Sequence[bytes]], bytes]

    def inverted(self) -> "LevelReader":
        """The same with 255 for what is to be kept."""
        levels = self.levels
        return replace(self, levels=lambda row: levels(row).translate(INVERTED))


def transparency_of(png: Png) -> LevelReader | None:
    """A reader of transparency in a PNG like this; None where it has none."""
    header, step = png.header, png.header.pixel_bytes
    if header.colours in (Colours.GREY_ALPHA, Colours.RGBA):
        at = step - header.depth // 8  # of 16 bits the upper 8 will do
        return LevelReader((at,), lambda row: row[0].translate(INVERTED))
    if not png.transparency:
        return None
    if header.colours == Colours.PALETTE:
        opaque = not png.transparency.strip(b"\xff")
        return None if opaque else by_table(png, png.transparency.translate(INVERTED))
    # The one colour that is transparent, each sample in two bytes.
    colour = png.transparency
    if header.depth < 8:
        return by_table(png, bytes(int.from_bytes(colour[:2], "big") & 255) + b"\xff")
    wanted = colour[:step] if header.depth == 16 else colour[1::2][:step]
    tables = [bytes(value) + b"\xff" + bytes(255 - value) for value in wanted]

    def levels(row: Sequence[bytes]) -> bytes:
        alike = (
            int.from_bytes(part.translate(table), "little")
            for part, table in zip(row, tables, strict=True)
        )
        return reduce(and_, alike).to_bytes(header.width, "little")

    return LevelReader(tuple(range(step)), levels)


def brightness_of(png: Png) -> LevelReader:
    """A reader of brightness in a PNG like this."""
    header = png.header
    if header.colours == Colours.PALETTE:
        return by_table(png, _brightness([png.palette[colour::3] for colour in range(3)]))
    if header.depth < 8:
        most = 2**header.depth - 1
        return by_table(png, bytes(level * 255 // most for level in range(most + 1)))
    if header.colours in (Colours.GREY, Colours.GREY_ALPHA):
        return LevelReader((0,), lambda row: row[0])
    sample = header.depth // 8
    return LevelReader((0, sample, 2 * sample), _brightness)


def _brightness(row: Sequence[bytes]) -> bytes:
    """Red, green and blue as grey (ITU-R BT.601)."""
    red, green, blue = row
    parts = red.translate(_RED), green.translate(_GREEN), blue.translate(_BLUE)
    total = sum(int.from_bytes(part, "little") for part in parts)  # no byte's sum exceeds 255
    return total.to_bytes(len(red), "little")


def by_table(png: Png, table: bytes) -> LevelReader:
    """A reader of samples of 8 bits or fewer that each stand for a level of the table."""
    depth, width, table = png.header.depth, png.header.width, table.ljust(256, b"\0")
    if depth == 8:
        return LevelReader((0,), lambda row: row[0].translate(table))
    shifts, most = range(8 - depth, -1, -depth), 2**depth - 1
    tables = [bytes(table[byte >> shift & most] for byte in range(256)) for shift in shifts]

    def levels(row: Sequence[bytes]) -> bytes:
        unpacked = bytearray(len(row[0]) * len(tables))
        for place, part in enumerate(tables):
            unpacked[place :: len(tables)] = row[0].translate(part)
        return bytes(unpacked[:width])

    return LevelReader((0,), levels)
