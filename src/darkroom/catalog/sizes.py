"""Sizes: what a caller may write, and what a model can paint."""

import math
import re
from dataclasses import dataclass
from typing import Protocol

from darkroom.errors import InvalidRequest
from darkroom.job import Size

_PIXELS = re.compile(r"(\d{1,5})\s*[x×*]\s*(\d{1,5})", re.IGNORECASE)
_RATIO = re.compile(r"(\d{1,3}(?:\.\d{1,3})?):(\d{1,3}(?:\.\d{1,3})?)")


@dataclass(frozen=True, slots=True)
class Ratio:
    """Width to height, as `16:9`."""

    text: str
    value: float


@dataclass(frozen=True, slots=True)
class ChosenSize:
    """The pixels that a picture will have, and the model's name of their ratio if it has one."""

    size: Size
    aspect_ratio: str | None = None


def parse_size(text: str, param: str = "size") -> Size | Ratio | None:
    """Read `1024x768` (also `X`, `*`, `×`), a ratio as `16:9`, or `auto`, which is None.

    Raises `InvalidRequest` for anything else.
    """
    text = text.strip()
    if text.lower() in ("", "auto"):
        return None
    if match := _PIXELS.fullmatch(text):
        size = Size(int(match[1]), int(match[2]))
        if size.width and size.height:
            return size
    elif match := _RATIO.fullmatch(text):
        width, height = float(match[1]), float(match[2])
        if width and height:
            return Ratio(text, width / height)
    raise InvalidRequest(
        f"{param}: {text[:40]!r} is not a size. Write pixels such as '1024x1024', "
        "a ratio such as '16:9', or 'auto'.",
        param=param,
    )


class SizePolicy(Protocol):
    """Which sizes a model can paint."""

    def choose(self, asked: Size | Ratio | None, param: str) -> ChosenSize:
        """The size to paint for what was asked; raises `InvalidRequest` naming the choices."""
        ...

    def describe(self) -> dict[str, object]:
        """The policy in the words of `/v1/models`."""
        ...


@dataclass(frozen=True, slots=True)
class FreeSizes:
    """Any width and height between two bounds, in pixels, rounded to a multiple."""

    minimum: int
    maximum: int
    multiple: int
    default: Size

    def choose(self, asked: Size | Ratio | None, param: str) -> ChosenSize:
        """The size asked for, rounded; a ratio becomes a size with the default's area."""
        if asked is None:
            return ChosenSize(self.default)
        wanted = self._of_ratio(asked) if isinstance(asked, Ratio) else asked
        if not (self._allows(wanted.width) and self._allows(wanted.height)):
            raise InvalidRequest(
                f"{param}: width and height must each be between {self.minimum} and "
                f"{self.maximum} pixels for this model; {wanted} is not.",
                param=param,
            )
        return ChosenSize(Size(self._round(wanted.width), self._round(wanted.height)))

    def describe(self) -> dict[str, object]:
        """The bounds, the multiple and the default."""
        return {
            "policy": "free",
            "minimum": self.minimum,
            "maximum": self.maximum,
            "multiple": self.multiple,
            "default": str(self.default),
        }

    def _of_ratio(self, ratio: Ratio) -> Size:
        area = self.default.width * self.default.height
        width, height = math.sqrt(area * ratio.value), math.sqrt(area / ratio.value)
        shrink = min(1.0, self.maximum / max(width, height))
        return Size(round(width * shrink), round(height * shrink))

    def _allows(self, pixels: int) -> bool:
        return self.minimum <= pixels <= self.maximum

    def _round(self, pixels: int) -> int:
        rounded = self.multiple * max(1, round(pixels / self.multiple))
        return min(self.maximum, max(self.minimum, rounded))


@dataclass(frozen=True, slots=True)
class RatioSizes:
    """A fixed list of aspect ratios, each with its pixels."""

    sizes: dict[str, Size]
    default: str

    def choose(self, asked: Size | Ratio | None, param: str) -> ChosenSize:
        """The ratio asked for, or the one nearest to the pixels asked for."""
        if asked is None:
            name = self.default
        elif isinstance(asked, Size):
            name = self._nearest(asked.width / asked.height)
        else:
            name = asked.text if asked.text in self.sizes else self._same(asked, param)
        return ChosenSize(self.sizes[name], name)

    def describe(self) -> dict[str, object]:
        """The ratios with their pixels, and the default."""
        return {
            "policy": "ratio",
            "ratios": {ratio: str(size) for ratio, size in self.sizes.items()},
            "default": self.default,
        }

    def _nearest(self, value: float) -> str:
        return min(
            self.sizes,
            key=lambda name: abs(
                math.log(self.sizes[name].width / self.sizes[name].height / value)
            ),
        )

    def _same(self, ratio: Ratio, param: str) -> str:
        for name in self.sizes:
            parsed = parse_size(name)
            if isinstance(parsed, Ratio) and math.isclose(parsed.value, ratio.value):
                return name
        raise InvalidRequest(
            f"{param}: this model paints the ratios {', '.join(self.sizes)}; "
            f"{ratio.text} is none of them.",
            param=param,
        )
