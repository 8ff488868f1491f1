"""Two PNGs put together where a mask says, row by row.

Rows are combined as long numbers; Python looks at single bytes only where the mask is between its
two ends, where the pictures are blended.
"""

import re
import zlib
from collections.abc import AsyncGenerator, Sequence
from contextlib import aclosing
from operator import itemgetter

from darkroom.job import Size
from darkroom.mask_levels import LevelReader, brightness_of
from darkroom.pauses import WorkMeter
from darkroom.png import Colours, Header, Png, read_png, write_png
from darkroom.png_channels import channels_of
from darkroom.png_filters import filtered

KEEP, CHANGE = b"\x00", b"\xff"  # levels of a mask
_COLOURS = 3  # channels of a pixel without that of its opacity
_FILTER = 3  # the mean of two neighbours: nearly the best for photographs, and quick to compute
_LEVEL = 3  # of deflate
_WRITTEN_BYTES_A_STEP = 4
_SAMPLED_BYTES_A_STEP = 2
_BLENDED_STEPS = 2  # for one byte of a pixel
_RUN_STEPS = 16
# Runs of levels between the two ends; those with few others between them are one.
# `|(?!)`: python/cpython#106052, as in `json_reader`.
_BETWEEN = re.compile(rb"[^\x00\xff]++(?:[\x00\xff]{1,16}+[^\x00\xff]++|(?!))*+")
_OPAQUE = b"\xff"
_CHANGES = bytes(255) + CHANGE  # what is between is blended afterwards

Row = tuple[bytes, ...]


async def composite(
    painted: bytes, source: bytes, levels: Sequence[bytes], size: Size, meter: WorkMeter
) -> bytes:
    """A PNG of `painted` where a mask's levels are white, and of `source` where they are black.

    Both are PNGs, and are stretched to the size of the mask. Raises `ValueError` or `zlib.error`
    for files that are interlaced or broken, `TooMuchWork` beyond the meter's limit.
    """
    below, above = read_png(painted), read_png(source)
    changing, kept = channels_of(below), channels_of(above)
    has_opacity = max(len(changing), len(kept)) > _COLOURS
    header = Header(size.width, size.height, 8, Colours.RGBA if has_opacity else Colours.RGB)
    changing_rows = 1 + max((y for y, row in enumerate(levels) if row.strip(KEEP)), default=-1)
    kept_rows = 1 + max((y for y, row in enumerate(levels) if row.strip(CHANGE)), default=-1)
    writer = _Writer(header, meter)
    async with (
        aclosing(_sampled(below, changing, size, changing_rows, meter)) as new_rows,
        aclosing(_sampled(above, kept, size, kept_rows, meter)) as old_rows,
    ):
        for y, row in enumerate(levels):
            new = await anext(new_rows) if y < changing_rows else ()
            old = await anext(old_rows) if y < kept_rows else ()
            writer.add(_combined(new, old, row, header.pixel_bytes, meter))
            await meter.pause()
    return writer.file()


async def read_levels(mask: bytes, size: Size, meter: WorkMeter) -> list[bytes]:
    """The rows of a mask in grey, stretched to a size; raises as `composite` does.

    Rows that are like those above them are held once.
    """
    png = read_png(mask)
    rows: list[bytes] = []
    async with aclosing(_sampled(png, [brightness_of(png)], size, size.height, meter)) as sampled:
        async for (levels,) in sampled:
            rows.append(rows[-1] if rows and rows[-1] == levels else levels)
    return rows


async def _sampled(
    png: Png, readers: Sequence[LevelReader], size: Size, rows: int, meter: WorkMeter
) -> AsyncGenerator[Row]:
    """The channels of the first rows of a picture that is stretched to a size."""
    own = png.header
    columns = itemgetter(*(_nearest(x, size.width, own.width) for x in range(size.width)), 0)
    offsets = tuple(dict.fromkeys(offset for reader in readers for offset in reader.offsets))
    lines = png.rows(offsets, meter)
    taken = -1
    row: Row = ()
    for y in range(rows):
        wanted = _nearest(y, size.height, own.height)
        while taken < wanted:
            line = dict(zip(offsets, next(lines), strict=True))
            taken += 1
            await meter.pause()
            if taken == wanted:
                row = tuple(
                    reader.levels([line[at] for at in reader.offsets]) for reader in readers
                )
                if own.width != size.width:
                    meter.add(size.width * len(row) // _SAMPLED_BYTES_A_STEP)
                    row = tuple(bytes(columns(channel)[:-1]) for channel in row)
        yield row


def _nearest(index: int, count: int, own: int) -> int:
    """The pixel of a line of `own` whose middle is nearest to that of one of `count`."""
    return (2 * index + 1) * own // (2 * count)


def _combined(new: Row, old: Row, levels: bytes, channels: int, meter: WorkMeter) -> Row:
    """One row: the new one where it may change, the old one where it is kept."""
    if not levels.strip(KEEP):
        return _with_opacity(old, channels)
    if not levels.strip(CHANGE):
        return _with_opacity(new, channels)
    new, old = _with_opacity(new, channels), _with_opacity(old, channels)
    which = int.from_bytes(levels.translate(_CHANGES), "little")
    row = [_chosen(one, other, which) for one, other in zip(new, old, strict=True)]
    for run in _BETWEEN.finditer(levels):
        part = slice(*run.span())
        meter.add(_RUN_STEPS + _BLENDED_STEPS * channels * (part.stop - part.start))
        pieces = _blended([c[part] for c in new], [c[part] for c in old], levels[part])
        for channel, piece in zip(row, pieces, strict=True):
            channel[part] = piece
    return tuple(bytes(channel) for channel in row)


def _chosen(new: bytes, old: bytes, which: int) -> bytearray:
    """The new bytes where those of `which` are 255, the old ones where they are 0."""
    kept = int.from_bytes(old, "little")
    chosen = kept ^ ((kept ^ int.from_bytes(new, "little")) & which)
    return bytearray(chosen.to_bytes(len(old), "little"))


def _blended(new: Sequence[bytes], old: Sequence[bytes], levels: bytes) -> list[bytes]:
    """A stretch of a row, blended by its levels; what is transparent has no colour to give."""
    if len(new) == _COLOURS:
        shares = [(level, 255 - level) for level in levels]
        return [_weighted(one, other, shares) for one, other in zip(new, old, strict=True)]
    shares = [
        (level * one, (255 - level) * other)
        for level, one, other in zip(levels, new[-1], old[-1], strict=True)
    ]
    opacity = bytes([(one + other + 127) // 255 for one, other in shares])
    colours = zip(new[:-1], old[:-1], strict=True)
    return [*(_weighted(one, other, shares) for one, other in colours), opacity]


def _weighted(new: bytes, old: bytes, shares: Sequence[tuple[int, int]]) -> bytes:
    return bytes(
        [
            (one * more + other * less + (more + less) // 2) // (more + less or 1)
            for one, other, (more, less) in zip(new, old, shares, strict=True)
        ]
    )


def _with_opacity(row: Row, channels: int) -> Row:
    return row if len(row) == channels else (*row, _OPAQUE * len(row[0]))


class _Writer:
    """Writes a PNG row by row."""

    def __init__(self, header: Header, meter: WorkMeter) -> None:
        self._header, self._meter = header, meter
        self._deflate = zlib.compressobj(_LEVEL)
        self._packed: list[bytes] = []
        self._above: Row = (bytes(header.width),) * header.pixel_bytes

    def add(self, row: Row) -> None:
        """Add a row of channels."""
        step = self._header.pixel_bytes
        line = bytearray(1 + self._header.row_bytes)
        line[0] = _FILTER
        for number, (channel, above) in enumerate(zip(row, self._above, strict=True)):
            line[1 + number :: step] = filtered(_FILTER, channel, above, self._meter)
        self._meter.add(len(line) // _WRITTEN_BYTES_A_STEP)
        self._packed.append(self._deflate.compress(bytes(line)))
        self._above = row

    def file(self) -> bytes:
        """The file of all rows."""
        return write_png(self._header, b"".join(self._packed) + self._deflate.flush())
