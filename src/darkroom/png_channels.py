"""The colour channels of PNG rows, whichever kind of PNG it is."""

from darkroom.mask_levels import LevelReader, brightness_of, by_table, transparency_of
from darkroom.png import Colours, Png


def channels_of(png: Png) -> tuple[LevelReader, ...]:
    """The readers of red, green and blue in a PNG like this, and of opacity where it has any.

    Each gives 8 bits a sample: of 16 bits the upper 8.
    """
    transparency = transparency_of(png)
    return (*_colours_of(png), *([transparency.inverted()] if transparency else []))


def _colours_of(png: Png) -> tuple[LevelReader, ...]:
    header = png.header
    if header.colours is Colours.PALETTE:
        return tuple(by_table(png, png.palette[channel::3]) for channel in range(3))
    if header.colours in (Colours.GREY, Colours.GREY_ALPHA):
        return (brightness_of(png),) * 3
    sample = header.depth // 8
    return tuple(LevelReader((sample * channel,), lambda row: row[0]) for channel in range(3))
