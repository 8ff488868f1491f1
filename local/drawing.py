"""Shapes, light and noise on a square sheet, for `local.examples` and `local.styles`."""

import numpy as np
import numpy.typing as npt
from PIL import Image, ImageDraw

SIDE = 384
Array = npt.NDArray[np.float64]
Point = tuple[float, float]

X, Y = np.meshgrid((np.arange(SIDE) + 0.5) / SIDE, (np.arange(SIDE) + 0.5) / SIDE)


def ink(colour: str) -> Array:
    """A colour such as `ffb454`, as three numbers from 0 to 1."""
    return np.array([int(colour[at : at + 2], 16) / 255 for at in (0, 2, 4)])


def smooth(low: float, high: float, value: Array) -> Array:
    """A step from 0 at `low` to 1 at `high`, without corners."""
    t = np.clip((value - low) / (high - low), 0, 1)
    return t * t * (3 - 2 * t)


def soft(distance: Array, blur: float = 1 / SIDE) -> Array:
    """A mask of where a signed distance is negative, with an edge of `blur`."""
    return np.clip(0.5 - distance / (2 * blur), 0, 1)


def noise(cells: int, seed: int, octaves: int = 4, stretch: float = 1) -> Array:
    """Value noise from 0 to 1; `stretch` draws it out sideways."""
    total, weight = np.zeros((SIDE, SIDE)), 0.0
    random = np.random.default_rng(seed)
    for octave in range(octaves):
        count = cells * 2**octave
        grid = random.random((count + 2, count + 2))
        x, y = X * count / stretch, Y * count
        left, top = x.astype(int), y.astype(int)
        u, v = smooth(0, 1, x - left), smooth(0, 1, y - top)
        upper = grid[top, left] * (1 - u) + grid[top, left + 1] * u
        lower = grid[top + 1, left] * (1 - u) + grid[top + 1, left + 1] * u
        total += (upper * (1 - v) + lower * v) / 2**octave
        weight += 1 / 2**octave
    return total / weight


def circle(x: float, y: float, radius: float, blur: float = 1 / SIDE, flat: float = 1) -> Array:
    """A disc's mask; `flat` is its height by its width."""
    return soft(np.hypot(X - x, (Y - y) / flat) - radius, blur)


def polygon(*points: Point) -> Array:
    """A mask of straight sides, drawn four times as large for its edges."""
    left, top, right, bottom = (
        int(np.clip(edge, 0, SIDE))
        for edge in (
            min(x for x, _ in points) * SIDE,
            min(y for _, y in points) * SIDE,
            max(x for x, _ in points) * SIDE + 1,
            max(y for _, y in points) * SIDE + 1,
        )
    )
    mask = np.zeros((SIDE, SIDE))
    if right > left and bottom > top:
        large = Image.new("L", ((right - left) * 4, (bottom - top) * 4))
        corners = [((x * SIDE - left) * 4, (y * SIDE - top) * 4) for x, y in points]
        ImageDraw.Draw(large).polygon(corners, fill=255)
        small = large.resize((right - left, bottom - top), Image.Resampling.BOX)
        mask[top:bottom, left:right] = np.asarray(small) / 255
    return mask


def box(left: float, top: float, right: float, bottom: float) -> Array:
    """A rectangle's mask."""
    return polygon((left, top), (right, top), (right, bottom), (left, bottom))


class Sheet:
    """A picture that is being drawn, from the far to the near."""

    def __init__(self, *stops: str, along: Array = Y) -> None:
        places = np.linspace(0, 1, len(stops))
        colours = np.array([ink(stop) for stop in stops])
        self.light = np.stack([np.interp(along, places, colours[:, at]) for at in range(3)], -1)

    def lay(self, mask: Array, colour: str, strength: float = 1) -> None:
        """Cover what the mask says with a colour."""
        part = (mask * strength)[..., None]
        self.light = self.light * (1 - part) + ink(colour) * part

    def glow(self, x: float, y: float, radius: float, colour: str, strength: float = 1) -> None:
        """Let light fall on what is there."""
        halo = np.exp(-((X - x) ** 2 + (Y - y) ** 2) / radius**2)[..., None]
        self.light = 1 - (1 - self.light) * (1 - ink(colour) * halo * strength)

    def shade(self, amount: Array) -> None:
        """Darken by factors, of each place."""
        self.light = self.light * amount[..., None]

    def mirror(self, horizon: float, dim: float, ripple: float, seed: int) -> None:
        """Fill what is below the horizon with the reflection of what is above, on water."""
        rows = np.arange(SIDE)
        line = int(horizon * SIDE)
        source = np.clip(2 * line - rows, 0, SIDE - 1)
        waves = (noise(24, seed, 2, 6) - 0.5) * ripple * SIDE * smooth(horizon, 1, Y)
        columns = np.clip(np.arange(SIDE)[None, :] + waves.astype(int), 0, SIDE - 1)
        image = self.light[source[:, None], columns]
        below = (rows > line)[:, None, None]
        self.light = np.where(below, image * dim, self.light)

    def finish(self, grain: float = 0.012, seed: int = 1) -> Image.Image:
        """Give it the grain and the darker corners of a print."""
        vignette = 1 - 0.22 * smooth(0.45, 0.85, np.hypot(X - 0.5, Y - 0.5))
        random = np.random.default_rng(seed)
        rough = random.normal(0, grain, (SIDE, SIDE, 1))
        pixels = np.clip(self.light * vignette[..., None] + rough, 0, 1)
        return Image.fromarray((pixels * 255).round().astype(np.uint8))


def ridge(height: float, rough: float, seed: int, cells: int = 3) -> Array:
    """A mask of hills: all that is below a wandering line, `height` from the top."""
    line = noise(cells, seed, 5)[SIDE // 2]
    return soft(height - (line - 0.5) * rough - Y)
