"""Effects that make a small picture look like a style: `name:amount:colour`.

Each effect is a function of the picture's light (side, side, 3, from 0 to 1), its amount, a colour,
and of the motif's heights and parts at each place. All are the same in every run.
"""

from collections.abc import Callable
from typing import Any

import numpy as np
import numpy.typing as npt
from PIL import Image, ImageFilter

from local.drawing import Array, ink, smooth

SIDE = 128
X, Y = np.meshgrid((np.arange(SIDE) + 0.5) / SIDE, (np.arange(SIDE) + 0.5) / SIDE)
ROWS, COLUMNS = np.indices((SIDE, SIDE))


def apply(effect: str, light: Array, height: Array, label: Array) -> Array:
    """The picture after an effect, such as `outline:2:1e1d1b`; an unknown one is a KeyError."""
    name, amount, *more = effect.split(":")
    colour = ink(more[0] if more else "000000")
    if name in _OF_PARTS:
        return _OF_PARTS[name](light, float(amount), colour, height, label)
    return _EFFECTS[name](light, float(amount), colour)


def _random(seed: int = 1) -> np.random.Generator:
    return np.random.default_rng(seed)


def _cloud(cells: int, seed: int = 1) -> Array:
    """Noise from 0 to 1 without grain."""
    grid = _random(seed).integers(0, 255, (cells + 1, cells + 1)).astype(np.uint8)
    large = Image.fromarray(grid).resize((SIDE, SIDE), Image.Resampling.BICUBIC)
    return np.asarray(large) / 255


def _filtered(light: Array, kind: ImageFilter.Filter) -> Array:
    picture = Image.fromarray((np.clip(light, 0, 1) * 255).astype(np.uint8)).filter(kind)
    return np.asarray(picture) / 255


def _mix(light: Array, colour: Array, mask: npt.NDArray[Any]) -> Array:
    mixed: Array = light + (colour - light) * np.clip(mask, 0, 1)[..., None]
    return mixed


def _grey(light: Array) -> Array:
    grey: Array = light @ np.array([0.3, 0.59, 0.11])
    return grey


def _mono(light: Array, amount: float, _: Array) -> Array:
    return light + (_grey(light)[..., None] - light) * amount / 100


def _contrast(light: Array, amount: float, _: Array) -> Array:
    return 0.5 + (light - 0.5) * amount / 100


def _bright(light: Array, amount: float, _: Array) -> Array:
    return light * amount / 100


def _tint(light: Array, amount: float, colour: Array) -> Array:
    return light + (colour - light) * amount / 100


def _grain(light: Array, amount: float, _: Array) -> Array:
    return light + _random().normal(0, amount / 100, (SIDE, SIDE, 1))


def _paper(light: Array, amount: float, _: Array) -> Array:
    rough = (_cloud(40) + _cloud(18, 2)) / 2 - 0.5
    return light + rough[..., None] * amount / 50


def _wash(light: Array, amount: float, _: Array) -> Array:
    """Water that ran: edges wander, and pigment gathers."""
    return _paper(_warp(_blur(light, 1, _), amount / 2, _), 9, _)


def _warp(light: Array, amount: float, _: Array) -> Array:
    down = np.clip(ROWS + (_cloud(12, 3) - 0.5) * amount * 2, 0, SIDE - 1).astype(int)
    across = np.clip(COLUMNS + (_cloud(12, 4) - 0.5) * amount * 2, 0, SIDE - 1).astype(int)
    moved: Array = light[down, across]
    return moved


def _brush(light: Array, amount: float, _: Array) -> Array:
    """Strokes of one colour each."""
    return _filtered(_warp(_grain(light, 7, _), amount / 2, _), ImageFilter.ModeFilter(int(amount)))


def _blur(light: Array, amount: float, _: Array) -> Array:
    return _filtered(light, ImageFilter.GaussianBlur(amount))


def _tilt(light: Array, amount: float, _: Array) -> Array:
    away = smooth(0.12, 0.4, np.abs(Y - 0.6))[..., None]
    return light * (1 - away) + _blur(light, amount, _) * away


def _glow(light: Array, amount: float, _: Array) -> Array:
    bright = _blur(np.clip(light - 0.45, 0, 1) * 1.8, 7, _)
    return 1 - (1 - light) * (1 - bright * amount / 100)


def _spot(light: Array, amount: float, colour: Array) -> Array:
    """Light from the door and the window."""
    halo = np.exp(-((X - 0.56) ** 2 + (Y - 0.62) ** 2) / 0.05) * amount / 100
    return 1 - (1 - light) * (1 - colour * halo[..., None])


def _vignette(light: Array, amount: float, _: Array) -> Array:
    return light * (1 - smooth(0.3, 0.75, np.hypot(X - 0.5, Y - 0.5)) * amount / 100)[..., None]


def _posterize(light: Array, amount: float, _: Array) -> Array:
    return np.round(np.clip(light, 0, 1) * amount) / amount


def _pixel(light: Array, amount: float, _: Array) -> Array:
    step = int(amount)
    at = np.clip(np.arange(SIDE) // step * step + step // 2, 0, SIDE - 1)
    large: Array = light[at][:, at]
    return large


def _halftone(light: Array, amount: float, colour: Array) -> Array:
    u, v = (X + Y) * SIDE / amount, (X - Y) * SIDE / amount
    dots = (np.cos(u * np.pi) * np.cos(v * np.pi) + 1) / 2
    return _mix(light, colour, 0.8 * (dots > _grey(light) * 1.1))


def _hatch(light: Array, amount: float, colour: Array) -> Array:
    dark = 1 - _grey(light)
    for turn, limit in ((1, 0.35), (-1, 0.6)):
        lines = np.sin((X + turn * Y) * SIDE / amount * np.pi) > 0.3
        light = _mix(light, colour, 0.8 * lines * (dark > limit))
    return light


def _grid(light: Array, amount: float, colour: Array) -> Array:
    lines = (ROWS % int(amount) == 0) | (COLUMNS % int(amount) == 0)
    return _mix(light, colour, 0.5 * lines)


def _scan(light: Array, amount: float, _: Array) -> Array:
    return light * (1 - amount / 100 * (ROWS // 2 % 2))[..., None]


def _blinds(light: Array, amount: float, colour: Array) -> Array:
    return _mix(light, colour, 0.85 * (np.sin((Y + X * 0.25) * amount * np.pi) > 0.1))


def _rain(light: Array, amount: float, colour: Array) -> Array:
    streaks = _random(5).random((SIDE, SIDE)) > 1 - amount / 1000
    for by in range(1, 12):
        streaks = streaks | np.roll(streaks, (1, -1 if by % 4 == 0 else 0), (0, 1))
    return _mix(light, colour, 0.45 * streaks)


def _dots(light: Array, amount: float, colour: Array) -> Array:
    """Snow, stars or sparks."""
    random = _random(6)
    for _ in range(int(amount)):
        x, y, radius = random.random(), random.random(), 0.004 + random.random() * 0.012
        light = _mix(light, colour, (radius - np.hypot(X - x, Y - y)) * SIDE + 0.5)
    return light


def _shift(light: Array, amount: float, _: Array) -> Array:
    """Inks that do not meet."""
    by = int(amount)
    red, green, blue = np.moveaxis(light, -1, 0)
    return np.stack([np.roll(red, by, 1), green, np.roll(blue, (by // 2, -by), (0, 1))], -1)


def _tear(light: Array, amount: float, _: Array) -> Array:
    torn = light.copy()
    random = _random(9)
    for _row in range(7):
        top, deep = int(random.integers(0, SIDE - 12)), int(random.integers(3, 12))
        torn[top : top + deep] = np.roll(torn[top : top + deep], int(random.normal(0, amount)), 1)
    return torn


def _cells(light: Array, count: float, gap: Array | None) -> Array:
    """The picture as stones around random points, with gaps of a colour between them."""
    number = int(count)
    spread = (
        np.indices((number, number)).reshape(2, -1).T + _random(7).random((number**2, 2))
    ) / number
    distance = np.hypot(Y[..., None] - spread[:, 0], X[..., None] - spread[:, 1])
    nearest = distance.argmin(-1)
    places = np.clip(spread * SIDE, 0, SIDE - 1).astype(int)
    stones: Array = light[places[:, 0], places[:, 1]][nearest]
    if gap is None:
        return stones
    two = np.partition(distance, 1, -1)
    return _mix(stones, gap, (two[..., 1] - two[..., 0]) < 0.2 / number)


def _mosaic(light: Array, amount: float, colour: Array) -> Array:
    return _cells(light, amount, colour)


def _facets(light: Array, amount: float, _: Array) -> Array:
    shade = _cells(np.repeat(_random(8).random((SIDE, SIDE, 1)), 3, -1), amount, None)
    return _cells(light, amount, None) * (0.8 + 0.4 * shade)


def _rays(light: Array, amount: float, colour: Array) -> Array:
    angle = np.arctan2(Y - 0.26, X - 0.74)
    return _mix(light, colour, 0.55 * (np.sin(angle * amount) > 0) * (Y < 0.66))


def _border(light: Array, amount: float, colour: Array) -> Array:
    edge = np.minimum(np.minimum(X, 1 - X), np.minimum(Y, 1 - Y))
    return _mix(light, colour, edge < amount / 100)


def _round(light: Array, amount: float, colour: Array) -> Array:
    return _mix(light, colour, (np.hypot(X - 0.5, Y - 0.5) - amount / 100) * SIDE)


def _print(light: Array, _: float, colour: Array) -> Array:
    """A small print with more margin at its foot."""
    frame = (X < 0.1) | (X > 0.9) | (Y < 0.1) | (Y > 0.78)
    return _mix(light, colour, frame)


def _repeat(light: Array, amount: float, _: Array) -> Array:
    """Several of it, each in other colours."""
    times = int(amount)
    small: Array = light[::times, ::times]
    rows = [
        np.concatenate([np.roll(small, at + down, -1) for at in range(times)], 1)
        for down in range(times)
    ]
    return np.concatenate(rows, 0)[:SIDE, :SIDE]


def _views(light: Array, _: float, colour: Array) -> Array:
    """The same three times on a sheet."""
    sheet = np.broadcast_to(colour, light.shape).copy()
    for left in (2, 44, 86):
        sheet[36:92, left : left + 40] = light[8:120:2, 24:104:2]
    return sheet


def _zoom(light: Array, amount: float, _: Array) -> Array:
    """Nearer, around the door."""
    scale = 100 / amount
    down = np.clip((0.56 + (Y - 0.5) * scale) * SIDE, 0, SIDE - 1).astype(int)
    across = np.clip((0.5 + (X - 0.5) * scale) * SIDE, 0, SIDE - 1).astype(int)
    near: Array = light[down, across]
    return near


def _flip(light: Array, amount: float, _: Array) -> Array:
    """A second picture over it: itself, upside down."""
    return light + (light[::-1, ::-1] - light) * amount / 100


def _words(light: Array, amount: float, colour: Array) -> Array:
    """Bars, as lines of type are from afar."""
    for line in range(int(amount)):
        top, right = 0.08 + line * 0.13, (0.92, 0.7, 0.84, 0.6)[line % 4]
        light = _mix(light, colour, (top < Y) & (top + 0.07 > Y) & (X > 0.08) & (right > X))
    return light


def _lens(light: Array, amount: float, colour: Array) -> Array:
    """Rings of light, or of sound."""
    far = np.hypot(X - 0.5, Y - 0.55)
    return _mix(light, colour, 0.6 * (np.sin(far * amount) > 0.6))


def _lean(light: Array, amount: float, _: Array) -> Array:
    """Seen from the side."""
    across = np.clip(COLUMNS + (ROWS - SIDE / 2) * amount / 100, 0, SIDE - 1).astype(int)
    leaning: Array = light[ROWS, across]
    return leaning


def _outline(light: Array, amount: float, colour: Array, _: Array, label: Array) -> Array:
    edge = np.zeros((SIDE, SIDE), bool)
    for axis in (0, 1):
        edge |= label != np.roll(label, 1, axis)
    edge[0] = edge[:, 0] = False
    line = Image.fromarray((edge * 255).astype(np.uint8)).filter(
        ImageFilter.MaxFilter(2 * int(amount) + 1)
    )
    return _mix(light, colour, np.asarray(line) / 255)


def _relief(light: Array, amount: float, _: Array, height: Array, _label: Array) -> Array:
    """Light from the upper left on what stands out, and its shadow."""
    soft = _filtered(np.repeat(height[..., None], 3, -1), ImageFilter.GaussianBlur(2.5))[..., 0]
    down, across = np.gradient(soft)
    shadow = np.clip(np.roll(soft, (5, 5), (0, 1)) - soft, 0, 1)
    return light * (1 + (down + across) * amount / 8 - shadow * amount / 160)[..., None]


def _solid(light: Array, _: float, colour: Array, height: Array, label: Array) -> Array:
    """One material for all but the sky."""
    return _mix(light, colour, label > 0)


_EFFECTS: dict[str, Callable[[Array, float, Array], Array]] = {
    "mono": _mono, "contrast": _contrast, "bright": _bright, "tint": _tint, "grain": _grain,
    "paper": _paper, "wash": _wash, "warp": _warp, "brush": _brush, "blur": _blur, "tilt": _tilt,
    "glow": _glow, "spot": _spot, "vignette": _vignette, "posterize": _posterize, "pixel": _pixel,
    "halftone": _halftone, "hatch": _hatch, "grid": _grid, "scan": _scan, "blinds": _blinds,
    "rain": _rain, "dots": _dots, "shift": _shift, "tear": _tear, "mosaic": _mosaic,
    "facets": _facets, "rays": _rays, "border": _border, "round": _round, "print": _print,
    "repeat": _repeat, "views": _views, "zoom": _zoom, "flip": _flip, "words": _words,
    "lens": _lens, "lean": _lean,
}  # fmt: skip
_OF_PARTS: dict[str, Callable[[Array, float, Array, Array, Array], Array]] = {
    "outline": _outline, "relief": _relief, "solid": _solid,
}  # fmt: skip
