"""Pictures without a model: the same arguments always give the same bytes."""

import hashlib
import io
from collections.abc import Sequence
from functools import lru_cache
from random import Random

from PIL import Image, ImageDraw

GRID = (5, 5)
DISCS = 6
DISC_LINE_PX = 3
MAX_CAPTION_CHARS = 60
SOURCE_SHARE = 0.5
MEDIA_TYPES = {"png": "image/png", "jpeg": "image/jpeg", "webp": "image/webp"}


def paint(
    prompt: str,
    seed: int,
    width: int,
    height: int,
    format: str = "png",
    *,
    sources: Sequence[bytes] = (),
) -> bytes:
    """A smooth gradient with discs and a caption on it, blended with the first of `sources`.

    `format` is png, jpeg or webp. Raises `PIL.UnidentifiedImageError` when the first source is
    no picture.
    """
    return _paint(prompt, seed, width, height, format, sources=tuple(sources))


@lru_cache(maxsize=64)
def _paint(
    prompt: str, seed: int, width: int, height: int, format: str, *, sources: tuple[bytes, ...]
) -> bytes:
    sums = "|".join(hashlib.sha256(source).hexdigest() for source in sources)
    digest = hashlib.sha256(f"{prompt}|{seed}|{sums}".encode()).digest()
    random = Random(digest)
    grid = Image.frombytes("RGB", GRID, random.randbytes(GRID[0] * GRID[1] * 3))
    image = grid.resize((width, height), Image.Resampling.BICUBIC)
    if sources:
        image = Image.blend(image, _open(sources[0], image.size), SOURCE_SHARE)
    draw = ImageDraw.Draw(image)
    for _ in range(DISCS):
        _draw_disc(draw, random, width, height)
    draw.text((8, 8), f"{prompt[:MAX_CAPTION_CHARS]}\nseed {seed}", fill="white")
    return encode(image, format)


def encode(image: Image.Image, format: str) -> bytes:
    """The picture as the bytes of a file."""
    buffer = io.BytesIO()
    # A gradient compresses badly however hard one tries, and trying is what takes the time.
    effort = {"png": {"compress_level": 1}, "webp": {"method": 0}}.get(format, {})
    image.save(buffer, format.upper(), **effort)
    return buffer.getvalue()


def _open(source: bytes, size: tuple[int, int]) -> Image.Image:
    with Image.open(io.BytesIO(source)) as image:
        return image.convert("RGB").resize(size, Image.Resampling.BILINEAR)


def _draw_disc(draw: ImageDraw.ImageDraw, random: Random, width: int, height: int) -> None:
    x, y = random.randrange(width), random.randrange(height)
    radius = random.randrange(2, max(3, min(width, height) // 5))
    red, green, blue = random.randbytes(3)
    box = (x - radius, y - radius, x + radius, y + radius)
    draw.ellipse(box, outline=(red, green, blue), width=DISC_LINE_PX)


def coarsen(picture: bytes, sharpness: float, format: str) -> bytes:
    """The same picture with less detail, as a model shows it before it is done."""
    with Image.open(io.BytesIO(picture)) as image:
        width, height = image.size
        small = (max(1, int(width * sharpness)), max(1, int(height * sharpness)))
        return encode(image.convert("RGB").resize(small).resize((width, height)), format)
