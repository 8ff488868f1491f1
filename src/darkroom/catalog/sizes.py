"""Size policies of models."""

import math
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Protocol

from darkroom.catalog.requested_size import TIERS, Like, Ratio, RequestedSize, Tier, parse_size
from darkroom.errors import InvalidRequest
from darkroom.job import Size


@dataclass(frozen=True, slots=True)
class ChosenSize:
    """The pixels that a picture will have, and the model's names of their ratio and tier."""

    size: Size
    aspect_ratio: str | None = None
    tier: str | None = None


class SizePolicy(Protocol):
    """Which sizes a model can paint."""

    def choose(self, requested: RequestedSize, param: str) -> ChosenSize:
        """The size to paint for what was asked; raises `InvalidRequest` naming the choices."""
        ...

    def describe(self) -> dict[str, object]:
        """The policy in the words of `/v1/models`."""
        ...


@dataclass(frozen=True, slots=True)
class FreeSizes:
    """Any width and height between two bounds, in pixels, rounded to a multiple.

    `max_pixels` bounds their product, `max_ratio` the longer side by the shorter.
    """

    minimum: int
    maximum: int
    multiple: int
    default: Size
    max_pixels: int | None = None
    max_ratio: float | None = None

    def choose(self, requested: RequestedSize, param: str) -> ChosenSize:
        """The size asked for, rounded; a ratio becomes a size with the default's area."""
        if requested is None:
            return ChosenSize(self.default)
        if isinstance(requested, Tier):
            side = min(max(requested.side, self.minimum), self.maximum)
            return ChosenSize(self._fit(Size(side, side)))
        if isinstance(requested, Like):
            return ChosenSize(self._fit(self._of_ratio(self._moderate(requested.value))))
        wanted = (
            self._of_ratio(requested.value, requested.tier)
            if isinstance(requested, Ratio)
            else requested
        )
        if not (self._allows(wanted.width) and self._allows(wanted.height)):
            raise InvalidRequest(
                f"{param}: width and height must each be between {self.minimum} and "
                f"{self.maximum} pixels for this model; {wanted} is not.",
                param=param,
            )
        self._check_shape(wanted, param)
        return ChosenSize(self._fit(wanted))

    def choose_nearest(self, requested: Size) -> ChosenSize:
        """The size asked for, or the one that comes nearest to it in shape and then in area."""
        ratio = self._moderate(requested.width / requested.height)
        area = requested.width * requested.height
        width, height = math.sqrt(area * ratio), math.sqrt(area / ratio)
        scale = max(1.0, self.minimum / min(width, height))
        scale = min(scale, self.maximum / max(width, height))
        if self.max_pixels:
            scale = min(scale, math.sqrt(self.max_pixels / area))
        return ChosenSize(self._fit(Size(round(width * scale), round(height * scale))))

    def describe(self) -> dict[str, object]:
        """The bounds, the multiple and the default."""
        words: dict[str, object] = {
            "policy": "free",
            "minimum": self.minimum,
            "maximum": self.maximum,
            "multiple": self.multiple,
            "default": str(self.default),
        }
        if self.max_pixels:
            words["max_pixels"] = self.max_pixels
        if self.max_ratio:
            words["max_ratio"] = self.max_ratio
        return words

    def _moderate(self, ratio: float) -> float:
        """The nearest ratio that the model can paint at all."""
        widest = min(self.maximum / self.minimum, self.max_ratio or math.inf)
        return min(widest, max(1 / widest, ratio))

    def _of_ratio(self, ratio: float, tier: Tier | None = None) -> Size:
        area = tier.side**2 if tier else self.default.width * self.default.height
        area = min(area, self.max_pixels or area)
        width, height = math.sqrt(area * ratio), math.sqrt(area / ratio)
        shrink = min(1.0, self.maximum / max(width, height))
        return Size(round(width * shrink), round(height * shrink))

    def _check_shape(self, wanted: Size, param: str) -> None:
        if self.max_pixels and wanted.width * wanted.height > self.max_pixels:
            raise InvalidRequest(
                f"{param}: this model paints at most {self.max_pixels} pixels; {wanted} has more.",
                param=param,
            )
        longer, shorter = max(wanted.width, wanted.height), min(wanted.width, wanted.height)
        if self.max_ratio and longer > self.max_ratio * shorter:
            raise InvalidRequest(
                f"{param}: for this model one side may be {self.max_ratio:g} times the other at "
                f"the most; {wanted} is narrower.",
                param=param,
            )

    def _allows(self, pixels: int) -> bool:
        return self.minimum <= pixels <= self.maximum

    def _fit(self, wanted: Size) -> Size:
        """The size rounded to the multiple, a little smaller where that would be too many."""
        size = Size(self._round(wanted.width), self._round(wanted.height))
        while self._is_too_much(size):
            if size.width >= size.height:
                size = Size(size.width - self.multiple, size.height)
            else:
                size = Size(size.width, size.height - self.multiple)
        return size

    def _is_too_much(self, size: Size) -> bool:
        """Whether rounding has gone beyond the area or the ratio that is allowed."""
        longer, shorter = max(size.width, size.height), min(size.width, size.height)
        return (self.max_pixels is not None and longer * shorter > self.max_pixels) or (
            self.max_ratio is not None and longer > self.max_ratio * shorter
        )

    def _round(self, pixels: int) -> int:
        rounded = self.multiple * max(1, round(pixels / self.multiple))
        lowest = math.ceil(self.minimum / self.multiple) * self.multiple
        highest = max(lowest, self.maximum // self.multiple * self.multiple)
        return min(highest, max(lowest, rounded))


@dataclass(frozen=True, slots=True)
class ListSizes:
    """A fixed list of sizes in pixels."""

    sizes: tuple[Size, ...]
    default: Size

    def choose(self, requested: RequestedSize, param: str) -> ChosenSize:
        """The listed size of the ratio nearest to what was asked, then of the nearest area."""
        if requested is None:
            return ChosenSize(self.default)
        if isinstance(requested, Tier):
            requested = Size(requested.side, requested.side)
        value = (
            requested.value
            if isinstance(requested, Ratio | Like)
            else requested.width / requested.height
        )
        like = self.default if isinstance(requested, Ratio | Like) else requested
        area = like.width * like.height
        if isinstance(requested, Ratio) and requested.tier:
            area = requested.tier.side**2

        def distance(size: Size) -> tuple[float, float]:
            return (
                round(abs(math.log(size.width / size.height / value)), 6),
                abs(math.log(size.width * size.height / area)),
            )

        return ChosenSize(min(self.sizes, key=distance))

    def describe(self) -> dict[str, object]:
        """The sizes and the default."""
        return {
            "policy": "list",
            "sizes": [str(size) for size in self.sizes],
            "default": str(self.default),
        }


@dataclass(frozen=True, slots=True)
class RatioSizes:
    """A fixed list of aspect ratios, each with its pixels."""

    sizes: Mapping[str, Size]
    default: str

    def choose(self, requested: RequestedSize, param: str) -> ChosenSize:
        """The ratio asked for, or the one nearest to the pixels asked for."""
        name = _name_of(requested, self.sizes, self.default, param)
        return ChosenSize(self.sizes[name], name)

    def describe(self) -> dict[str, object]:
        """The ratios with their pixels, and the default."""
        return {
            "policy": "ratio",
            "ratios": {ratio: str(size) for ratio, size in self.sizes.items()},
            "default": self.default,
        }


@dataclass(frozen=True, slots=True)
class TierSizes:
    """A fixed list of aspect ratios, each in several tiers.

    `sizes` are the pixels of each ratio in the tier of 1024; the other tiers multiply them.
    """

    sizes: Mapping[str, Size]
    tiers: tuple[str, ...]
    default: str

    def choose(self, requested: RequestedSize, param: str) -> ChosenSize:
        """The ratio asked for or the nearest, in the tier whose longer side is nearest."""
        name = _name_of(requested, self.sizes, self.default, param)
        base = self.sizes[name]
        side = 1024.0
        if isinstance(requested, Tier):
            side = requested.side
        elif isinstance(requested, Ratio) and requested.tier:
            side = requested.tier.side
        elif isinstance(requested, Size):
            side = 1024 * max(requested.width, requested.height) / max(base.width, base.height)
        tier = min(self.tiers, key=lambda tier: abs(math.log(TIERS[tier] / side)))
        scale = TIERS[tier] / 1024
        return ChosenSize(Size(int(base.width * scale), int(base.height * scale)), name, tier)

    def describe(self) -> dict[str, object]:
        """The ratios with their pixels in the tier of 1024, the tiers, and the default."""
        return {
            "policy": "tier",
            "ratios": {ratio: str(size) for ratio, size in self.sizes.items()},
            "tiers": list(self.tiers),
            "default": self.default,
        }


def shrunk(size: Size, longest: int) -> Size:
    """A size in the same shape whose longer side is `longest` pixels."""
    scale = longest / max(size.width, size.height)
    return Size(max(1, round(size.width * scale)), max(1, round(size.height * scale)))


def _name_of(requested: RequestedSize, sizes: Mapping[str, Size], default: str, param: str) -> str:
    """The ratio that is meant; raises `InvalidRequest` for one that is not listed."""
    if isinstance(requested, Size | Like):
        value = (
            requested.value if isinstance(requested, Like) else requested.width / requested.height
        )
        return min(sizes, key=lambda name: abs(math.log(_ratio_of(sizes[name]) / value)))
    if not isinstance(requested, Ratio):
        return default
    if requested.text in sizes:
        return requested.text
    for name in sizes:
        parsed = parse_size(name)
        if isinstance(parsed, Ratio) and math.isclose(parsed.value, requested.value):
            return name
    raise _no_such_ratio(requested, sizes, param)


def _no_such_ratio(requested: Ratio, names: Iterable[str], param: str) -> InvalidRequest:
    return InvalidRequest(
        f"{param}: this model paints the ratios {', '.join(names)}; "
        f"{requested.text} is none of them.",
        param=param,
    )


def _ratio_of(size: Size) -> float:
    return size.width / size.height
