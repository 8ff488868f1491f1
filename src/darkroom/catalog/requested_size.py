"""Sizes as callers write them, parsed."""

import re
from collections.abc import Mapping
from dataclasses import dataclass

from darkroom.errors import InvalidRequest
from darkroom.job import Size

_SIDE = re.compile(r"\d{3,5}")
_PIXELS = re.compile(r"(\d{1,5})\s*[x×*]\s*(\d{1,5})", re.IGNORECASE)
_RATIO = re.compile(r"(\d{1,3}(?:\.\d{1,3})?)\s*[:/]\s*(\d{1,3}(?:\.\d{1,3})?)")
# Ratios by name, as fal's and other clients have them.
RATIO_NAMES: Mapping[str, str] = {
    "square": "1:1", "square_hd": "1:1", "portrait": "3:4", "portrait_4_3": "3:4",
    "portrait_16_9": "9:16", "landscape": "4:3", "landscape_4_3": "4:3", "landscape_16_9": "16:9",
}  # fmt: skip
# The smallest is spelled both ways in the wild (reference/wire-formats.md C1, pain 11).
TIERS: Mapping[str, int] = {"512": 512, "0.5K": 512, "1K": 1024, "2K": 2048, "4K": 4096}


@dataclass(frozen=True, slots=True)
class Ratio:
    """Width to height, as `16:9`, of the class of size `tier` where one was asked for too."""

    text: str
    value: float
    tier: "Tier | None" = None


@dataclass(frozen=True, slots=True)
class Tier:
    """A class of size, as `2K`; `side` is about the length of a square's side in pixels."""

    text: str
    side: int


@dataclass(frozen=True, slots=True)
class Like:
    """The shape of a source picture, or whatever the model has that comes nearest."""

    value: float


RequestedSize = Size | Ratio | Tier | Like | None


def parse_size(text: str, param: str = "size") -> Size | Ratio | Tier | None:
    """Read `1024x768` (also `X`, `*`, `×`), a side, a ratio as `16:9`, `2K`, or `auto`, None here.

    Raises `InvalidRequest` for anything else.
    """
    text = text.strip()
    if text.lower() in ("", "auto"):
        return None
    if text.upper() in TIERS:
        return Tier(text.upper(), TIERS[text.upper()])
    text = RATIO_NAMES.get(text.lower(), text)
    if _SIDE.fullmatch(text):
        text = f"{text}x{text}"
    if match := _PIXELS.fullmatch(text):
        size = Size(int(match[1]), int(match[2]))
        if size.width and size.height:
            return size
    elif match := _RATIO.fullmatch(text):
        width, height = float(match[1]), float(match[2])
        if width and height:
            return Ratio(f"{match[1]}:{match[2]}", width / height)
    raise InvalidRequest(
        f"{param}: {text[:40]!r} is not a size. Write pixels such as '1024x1024', "
        "a ratio such as '16:9', a class such as '2K', or 'auto'.",
        param=param,
    )
