"""Two pictures put together where a mask says: every kind of PNG, and its pixels."""

import zlib

import pytest
from PIL import Image, ImageDraw, ImageFilter

from darkroom.composite import composite, read_levels
from darkroom.job import Size
from darkroom.pauses import TooMuchWork, WorkMeter
from darkroom.png import Colours
from tests.support.masks import busy_png, encode_png
from tests.support.pictures import difference, file_of, opened, photo

SIDE = (61, 47)
PAINTED = photo(SIDE, seed=2)


def circle(size: tuple[int, int] = SIDE, blur: float = 0) -> Image.Image:
    mask = Image.new("L", size)
    width, height = size
    ImageDraw.Draw(mask).ellipse((width // 4, height // 4, width * 3 // 4, height * 3 // 4), 255)
    return mask.filter(ImageFilter.GaussianBlur(blur)) if blur else mask


async def put_together(
    painted: bytes,
    source: bytes,
    mask: Image.Image,
    size: tuple[int, int] = SIDE,
    steps: int = 10**7,
) -> Image.Image:
    meter = WorkMeter(steps)
    levels = await read_levels(file_of(mask), Size(*size), meter)
    return opened(await composite(painted, source, levels, Size(*size), meter))


PHOTO = photo(SIDE)
KINDS = {
    "grey": PHOTO.convert("L"),
    "colours": PHOTO,
    "a palette": PHOTO.quantize(64),
    "a small palette": PHOTO.quantize(4),
    "black and white": PHOTO.convert("1"),
}


@pytest.mark.parametrize("source", KINDS.values(), ids=KINDS)
async def test_the_source_is_kept_to_the_pixel_and_the_rest_is_painted(source: Image.Image) -> None:
    made = await put_together(file_of(PAINTED), file_of(source), circle())
    assert difference(made, Image.composite(PAINTED, source.convert("RGB"), circle())) == 0


@pytest.mark.parametrize("source", KINDS.values(), ids=KINDS)
async def test_any_kind_of_png_may_be_painted(source: Image.Image) -> None:
    made = await put_together(file_of(source), file_of(PAINTED), circle())
    assert difference(made, Image.composite(source.convert("RGB"), PAINTED, circle())) == 0


async def test_of_sixteen_bits_the_upper_eight_are_kept() -> None:
    source = encode_png(
        61, 47, Colours.RGB, lambda number, size: bytes((0, *[number, 200] * (size // 2))), 16
    )
    made = await put_together(file_of(PAINTED), source, circle())
    assert [made.getpixel((0, y)) for y in (0, 46)] == [(0, 0, 0), (46, 46, 46)]
    assert made.getpixel((30, 23)) == PAINTED.getpixel((30, 23))


DITHERED = Image.frombytes("L", SIDE, bytes([0, 128, 255, 128, 0, 64] * 478)[: 61 * 47])


@pytest.mark.parametrize("mask", [circle(blur=5), DITHERED], ids=["a circle", "dithering"])
async def test_a_soft_edge_blends(mask: Image.Image) -> None:
    made = await put_together(file_of(PAINTED), file_of(PHOTO), mask)
    assert difference(made, Image.composite(PAINTED, PHOTO, mask)) <= 1


def transparent(picture: Image.Image) -> Image.Image:
    picture = picture.copy()
    picture.putalpha(Image.linear_gradient("L").resize(SIDE))
    return picture


ERASED = {
    "a channel": transparent(PHOTO),
    "grey with a channel": transparent(PHOTO.convert("L")),
}


@pytest.mark.parametrize("source", ERASED.values(), ids=ERASED)
async def test_transparent_pixels_of_the_source_stay_transparent(source: Image.Image) -> None:
    made = await put_together(file_of(PAINTED), file_of(source), circle())
    expected = Image.composite(PAINTED.convert("RGBA"), source.convert("RGBA"), circle())
    assert difference(made, expected) == 0


async def test_transparent_pixels_do_not_tint_a_soft_edge() -> None:
    hole = Image.new("RGBA", SIDE, (255, 0, 0, 0))
    white = Image.new("RGB", SIDE, "white")
    made = await put_together(file_of(white), file_of(hole), circle(blur=5))
    colours = {made.getpixel((x, 23))[:3] for x in range(20, 40)}  # type: ignore[index]
    assert colours == {(255, 255, 255)}


async def test_a_colour_that_stands_for_nothing_is_transparent() -> None:
    source = Image.new("RGB", SIDE, (1, 2, 3))
    made = await put_together(file_of(PAINTED), file_of(source, transparency=(1, 2, 3)), circle())
    assert made.getpixel((0, 0)) == (1, 2, 3, 0)


async def test_all_are_stretched_to_the_size() -> None:
    source, mask = photo((121, 91)), circle((17, 13))
    made = await put_together(file_of(photo((31, 21), 2)), file_of(source), mask)
    expected = Image.composite(
        photo((31, 21), 2).resize(SIDE, Image.Resampling.NEAREST),
        source.resize(SIDE, Image.Resampling.NEAREST),
        mask.resize(SIDE, Image.Resampling.NEAREST),
    )
    assert difference(made, expected) == 0


@pytest.mark.parametrize("level", [0, 255], ids=["kept", "painted"])
async def test_a_mask_of_one_colour_needs_one_of_the_pictures_alone(level: int) -> None:
    files = [file_of(PAINTED), b"".join((file_of(PHOTO)[:33], bytes(12)))]
    below, above = files if level else reversed(files)
    made = await put_together(below, above, Image.new("L", SIDE, level))
    assert difference(made, PAINTED) == 0


INTERLACED = file_of(PHOTO)[:28] + b"\1" + file_of(PHOTO)[29:]


@pytest.mark.parametrize(
    "source", [INTERLACED, file_of(PHOTO)[:600], b"GIF89a", file_of(PHOTO)[:60]],
    ids=["interlaced", "cut", "no PNG", "without pixels"],
)  # fmt: skip
async def test_an_unreadable_png_is_an_error(source: bytes) -> None:
    with pytest.raises((ValueError, zlib.error)):
        await put_together(file_of(PAINTED), source, circle())
    with pytest.raises((ValueError, zlib.error)):
        await put_together(source, file_of(PAINTED), circle())


async def test_a_small_file_of_much_work_is_given_up() -> None:
    busy = busy_png(1024, 1024, 4, Colours.RGBA)
    with pytest.raises(TooMuchWork):
        await put_together(busy, busy, circle((1024, 1024)), (1024, 1024), 10**5)


async def test_a_photograph_under_a_mask_that_is_soft_all_over_stays_within_its_steps() -> None:
    size, steps = (256, 256), 24 * 256 * 256
    noise = [Image.effect_noise(size, 90) for _ in range(4)]
    picture = file_of(Image.merge("RGBA", noise))
    mask = Image.linear_gradient("L")
    made = await put_together(picture, picture, mask, size, steps)
    assert made.size == size
