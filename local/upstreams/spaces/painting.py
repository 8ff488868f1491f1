"""Pictures without a model: the same prompt, seed and size always give the same pixels."""

import base64
import hashlib
import io
from typing import Any

import numpy as np
from PIL import Image, ImageDraw

MAX_SEED = int(np.iinfo(np.int32).max)
MIN_SIDE_PX = 8
MAX_CAPTION_CHARS = 60
BLOTCHES = (5, 5, 3)
DISCS = 6
EFFORT = {"compress_level": 1, "method": 0}  # of PNG and of WebP; other formats take no notice


def paint(prompt: str, seed: int, width: float, height: float) -> Image.Image:
    """A smooth gradient with a few discs on it, and the prompt and seed in a corner."""
    width, height = max(MIN_SIDE_PX, int(width)), max(MIN_SIDE_PX, int(height))
    digest = hashlib.sha256(f"{prompt}|{seed}".encode()).digest()
    random = np.random.default_rng(int.from_bytes(digest[:8], "big"))
    blotches = random.integers(0, 256, BLOTCHES, dtype=np.uint8)
    image = Image.fromarray(blotches).resize((width, height), Image.Resampling.BICUBIC)
    draw = ImageDraw.Draw(image)
    for _ in range(DISCS):
        x, y = int(random.integers(0, width)), int(random.integers(0, height))
        radius = int(random.integers(2, max(3, min(width, height) // 5)))
        red, green, blue = (int(value) for value in random.integers(0, 256, 3))
        box = (x - radius, y - radius, x + radius, y + radius)
        draw.ellipse(box, outline=(red, green, blue), width=3)
    draw.text((8, 8), f"{prompt[:MAX_CAPTION_CHARS]}\nseed {seed}", fill="white")
    return image


def encode_quickly() -> None:
    """Let Pillow write PNG and WebP with little effort: most of a stand-in's time went there.

    The pixels of a PNG stay the same, and a WebP of a gradient looks the same.
    """
    save = Image.Image.save

    def save_quickly(self: Image.Image, *arguments: Any, **options: Any) -> None:
        save(self, *arguments, **{**EFFORT, **options})

    Image.Image.save = save_quickly  # type: ignore[method-assign]


def data_url(image: Image.Image) -> str:
    """`data:image/png;base64,...`"""
    buffer = io.BytesIO()
    image.save(buffer, "PNG")
    return "data:image/png;base64," + base64.b64encode(buffer.getvalue()).decode()
