"""Masks turned from transparency to white on black."""

import io
import random

import pytest
from PIL import Image, ImageDraw

from darkroom.blob import BytesBlob
from darkroom.errors import InvalidRequest
from darkroom.image import ImageFile
from darkroom.providers.masks import MAX_MASK_BYTES, to_black_and_white


def file_of(image: Image.Image, **options: object) -> ImageFile:
    buffer = io.BytesIO()
    image.save(buffer, "PNG", **options)
    return ImageFile(data=BytesBlob(buffer.getvalue()))


async def painted(mask: ImageFile) -> Image.Image:
    blob = await to_black_and_white(mask)
    return Image.open(io.BytesIO(blob.head(blob.size)))


def noise(side: int = 61) -> Image.Image:
    draw = random.Random(1)
    return Image.frombytes("L", (side, side), bytes(draw.randrange(256) for _ in range(side**2)))


def masks() -> dict[str, Image.Image]:
    hole = Image.new("RGBA", (80, 50), (9, 9, 9, 255))
    ImageDraw.Draw(hole).ellipse((10, 10, 60, 40), fill=(0, 0, 0, 0))
    gradient = Image.radial_gradient("L").resize((96, 96))
    return {
        "a hole": hole,
        "noise": Image.merge("RGBA", [noise()] * 4),
        "a gradient": Image.merge("RGBA", [gradient, gradient.rotate(90), gradient, gradient]),
        "grey": Image.merge("LA", [gradient, gradient.rotate(90)]),
        "all transparent": Image.new("RGBA", (8, 8), (0, 0, 0, 0)),
    }


@pytest.mark.parametrize("name", masks())
async def test_what_is_transparent_becomes_white(name: str) -> None:
    mask = masks()[name]
    result = await painted(file_of(mask))
    assert (result.mode, result.size) == ("L", mask.size)
    assert result.tobytes() == bytes(255 - value for value in mask.getchannel("A").tobytes())


@pytest.mark.parametrize("level", range(0, 10, 3))
async def test_every_way_of_packing_is_undone(level: int) -> None:
    mask = Image.merge("RGBA", [noise(200)] * 4)
    result = await painted(file_of(mask, compress_level=level))
    assert result.getpixel((0, 0)) == 255 - mask.getchannel("A").tobytes()[0]
    assert result.tobytes()[-1] == 255 - mask.getchannel("A").tobytes()[-1]


GOOD = file_of(masks()["a hole"])


def head(offset: int, *values: int) -> ImageFile:
    """The good mask with other bytes in its header."""
    assert GOOD.data is not None
    raw = bytearray(GOOD.head(GOOD.data.size))
    raw[offset : offset + len(values)] = bytes(values)
    return ImageFile(data=BytesBlob(bytes(raw)))


@pytest.mark.parametrize(
    ("mask", "words"),
    [
        (file_of(Image.new("L", (8, 8))), "8 or 16 bits"),
        (file_of(Image.new("RGB", (8, 8))), "8 or 16 bits"),
        (head(28, 1), "not interlaced"),
        (head(16, 0, 0, 255, 255, 0, 0, 255, 255), "at most 4194304 pixels"),
        (head(16, 0, 0, 0, 0), "can be read"),
        (head(20, 0, 0, 0, 255), "can be read"),
        (head(60, 1, 2, 3, 4), "can be read"),
        (ImageFile(data=BytesBlob(b"\x89PNG\r\n\x1a\n")), "can be read"),
        (ImageFile(data=BytesBlob(b"GIF89a")), "can be read"),
        (ImageFile(base64=BytesBlob(b"!!!")), "can be read"),
        (ImageFile(data=BytesBlob(bytes(MAX_MASK_BYTES + 1))), "at most 4 MiB"),
    ],
)
async def test_a_mask_of_another_kind_is_refused_by_name(mask: ImageFile, words: str) -> None:
    with pytest.raises(InvalidRequest, match=words) as caught:
        await to_black_and_white(mask)
    assert caught.value.param == "mask"
    assert "alpha channel" in caught.value.message


@pytest.mark.parametrize("cut", [20, 40, 80, 120])
@pytest.mark.parametrize("more", [b"", b"\0" * 40])
async def test_a_mask_that_breaks_off_is_refused(cut: int, more: bytes) -> None:
    with pytest.raises(InvalidRequest):
        await to_black_and_white(ImageFile(data=BytesBlob(GOOD.head(cut) + more)))
