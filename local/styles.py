"""Draws one small picture for each style into one file, `public/examples/styles.webp`.

    python -m local.styles

All show the same house on a hill, in the manner of the style: its colours and what is done to the
picture are a row of `local/styles.toml`. `public/words/pictured.json` lists the styles as they
stand in the file, row by row. The pictures hint at a style; no model has painted them.
"""

import json
import sys
import tomllib
from pathlib import Path

import numpy as np
from PIL import Image

from local.drawing import Array, X, Y, circle, ink, polygon, ridge, soft
from local.style_effects import SIDE, apply

PUBLIC = Path(__file__).parents[1] / "public"
PICTURE = PUBLIC / "examples/styles.webp"
LIST = PUBLIC / "words/pictured.json"
TILE = 56  # pixels of a picture's side
COLUMNS = 10

ROWS: dict[str, list[str]] = tomllib.loads(Path(__file__).with_suffix(".toml").read_text("utf-8"))

# The motif, from the far to the near, and how high each part stands for a light from the side.
_TREE = (circle(0.17, 0.5, 0.14), polygon((0.15, 0.6), (0.19, 0.6), (0.19, 0.8), (0.15, 0.8)))
_OPENINGS = (
    polygon((0.46, 0.62), (0.55, 0.62), (0.55, 0.8), (0.46, 0.8)),
    polygon((0.57, 0.52), (0.63, 0.52), (0.63, 0.59), (0.57, 0.59)),
)
_SHAPES: list[tuple[Array, float]] = [
    (circle(0.74, 0.26, 0.13), 0.15),
    (ridge(0.62, 0.3, 8, 3), 0.2),
    (soft(0.74 - 0.1 * np.sin(np.pi * X) - Y), 0.35),
    (polygon((0.34, 0.46), (0.66, 0.46), (0.66, 0.8), (0.34, 0.8)), 0.6),
    (polygon((0.27, 0.48), (0.5, 0.24), (0.73, 0.48)), 0.75),
    (np.maximum(*_TREE), 0.7),
    (np.maximum(*_OPENINGS), 0.5),
]
_STEP = len(X) // SIDE
_MASKS = [(mask.reshape(SIDE, _STEP, SIDE, _STEP).mean((1, 3)), height) for mask, height in _SHAPES]
_UP = Y.reshape(SIDE, _STEP, SIDE, _STEP).mean((1, 3))


def draw(name: str) -> Image.Image:
    """The picture of a style, a square of `TILE` pixels."""
    colours, effects = ROWS[name]
    top, bottom, *parts = (ink(colour) for colour in colours.split())
    light = top + (bottom - top) * np.clip(_UP / 0.62, 0, 1)[..., None]
    height, label = np.zeros((SIDE, SIDE)), np.zeros((SIDE, SIDE))
    for number, ((mask, high), colour) in enumerate(zip(_MASKS, parts, strict=True), 1):
        light = light + (colour - light) * mask[..., None]
        height = height + (high - height) * mask
        label = np.where(mask > 0.5, number, label)
    for effect in effects.split():
        light = apply(effect, light, height, label)
    pixels = (np.clip(light, 0, 1) * 255).round().astype(np.uint8)
    return Image.fromarray(pixels).resize((TILE, TILE), Image.Resampling.LANCZOS)


def sheet() -> Image.Image:
    """All pictures, row by row."""
    rows = -(-len(ROWS) // COLUMNS)
    whole = Image.new("RGB", (COLUMNS * TILE, rows * TILE))
    for at, name in enumerate(ROWS):
        whole.paste(draw(name), (at % COLUMNS * TILE, at // COLUMNS * TILE))
    return whole


def main() -> int:
    """Write the pictures, and the list of them."""
    sheet().save(PICTURE, quality=50, method=6)
    LIST.write_text(json.dumps(list(ROWS), indent=0) + "\n", "utf-8")
    return 0


if __name__ == "__main__":
    sys.exit(main())
