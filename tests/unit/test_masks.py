"""Masks read in either language and told in the other, with Pillow as the judge."""

import base64
import io
import struct
import zlib
from collections.abc import Sequence

import pytest
from hypothesis import given
from hypothesis import strategies as st
from PIL import Image, ImageChops, ImageDraw

from darkroom.blob import Blob, BytesBlob
from darkroom.errors import InvalidRequest
from darkroom.image import ImageFile
from darkroom.masks import MAX_MASK_BYTES, Mask
from darkroom.png import HEADER_BYTES, Colours, Header, write_png

KINDS = [
    *[("GREY", depth) for depth in (1, 2, 4, 8, 16)],
    *[("PALETTE", depth) for depth in (1, 2, 4, 8)],
    *[(name, depth) for name in ("RGB", "GREY_ALPHA", "RGBA") for depth in (8, 16)],
]


def file_of(image: Image.Image, **options: object) -> ImageFile:
    buffer = io.BytesIO()
    image.save(buffer, "PNG", **options)
    return file(buffer.getvalue())


def file(data: bytes) -> ImageFile:
    return ImageFile(data=BytesBlob(data))


def bytes_of(mask: ImageFile) -> bytes:
    assert mask.data is not None
    return mask.data.head(mask.data.size)


async def to_alpha(mask: ImageFile) -> Blob:
    return await Mask(mask).to_alpha()


async def to_black_and_white(mask: ImageFile) -> Blob:
    return await Mask(mask).to_black_and_white()


def opened(blob: Blob) -> Image.Image:
    return Image.open(io.BytesIO(blob.head(blob.size)))


async def white(mask: ImageFile) -> Image.Image:
    return opened(await to_black_and_white(mask))


async def levels_of(mask: ImageFile) -> list[int]:
    return list((await white(mask)).tobytes())


def judged(mask: ImageFile) -> Image.Image:
    """What may change, in white, as Pillow sees the file."""
    image = Image.open(io.BytesIO(bytes_of(mask)))
    if image.mode == "I;16":
        return Image.frombytes("L", image.size, image.tobytes()[1::2])
    alpha = image.convert("RGBA").getchannel("A")
    if min(alpha.tobytes()) < 255:
        return ImageChops.invert(alpha)
    return image.convert("RGBA").convert("RGB").convert("L")


def encode(
    kind: tuple[str, int],
    width: int,
    rows: Sequence[bytes],
    filters: Sequence[int],
    **chunks: bytes,
) -> ImageFile:
    """A PNG of those samples whose rows are filtered as they are told (RFC 2083, section 6)."""
    header = Header(width, len(rows), kind[1], Colours[kind[0]])
    step, above, packed = header.pixel_bytes, bytes(header.row_bytes), b""
    for row, number in zip(rows, filters, strict=True):
        packed += bytes((number,))
        for at, value in enumerate(row):
            left, corner = (row[at - step], above[at - step]) if at >= step else (0, 0)
            packed += bytes(((value - guess(number, left, above[at], corner)) % 256,))
        above = row
    plain, extra = write_png(header, zlib.compress(packed)), b""
    for name, data in chunks.items():
        named = name.encode() + data
        extra += struct.pack(">I", len(data)) + named + struct.pack(">I", zlib.crc32(named))
    return file(plain[:HEADER_BYTES] + extra + plain[HEADER_BYTES:])


def guess(number: int, left: int, up: int, corner: int) -> int:
    nearest = min((left, up, corner), key=lambda value: abs(left + up - corner - value))
    return (0, left, up, (left + up) // 2, nearest)[number]


@st.composite
def pictures(draw: st.DrawFn) -> ImageFile:
    """Small PNGs of every kind, flat and noisy, filtered in every way."""
    kind = draw(st.sampled_from(KINDS))
    width, height = draw(st.integers(1, 40)), draw(st.integers(1, 6))
    samples = st.sampled_from([b"\xff", b"\0", b"\xff\xff\xff\0", b"\0\0\0\xff"]) | st.binary(
        min_size=1, max_size=9
    )
    row_bytes = Header(width, height, kind[1], Colours[kind[0]]).row_bytes
    rows = [(draw(samples) * row_bytes)[:row_bytes] for _ in range(height)]
    noise = draw(st.none() | st.binary(min_size=row_bytes, max_size=row_bytes))
    rows = [*rows[:-1], noise] if noise else rows
    chunks = {}
    if kind[0] == "PALETTE":
        chunks["PLTE"] = draw(st.binary(min_size=768, max_size=768))[: 3 * 2 ** kind[1]]
        chunks["tRNS"] = draw(st.sampled_from([b"\xff", b"\xff\0", b"\0\x80\xff"]))[: 2 ** kind[1]]
    if kind == ("RGB", 8) and draw(st.booleans()):
        chunks["tRNS"] = b"".join(b"\0" + rows[0][at : at + 1] for at in range(3))
    filters = draw(st.lists(st.integers(0, 4), min_size=height, max_size=height))
    return encode(kind, width, rows, filters, **chunks)


@given(pictures())
async def test_the_editable_area_of_any_png_becomes_white(mask: ImageFile) -> None:
    result, expected = await white(mask), judged(mask)
    assert (result.mode, result.size) == ("L", expected.size)
    difference = ImageChops.difference(result, expected)
    assert max(difference.tobytes()) <= 2  # a weighted sum is rounded part by part


@given(pictures())
async def test_the_editable_area_of_any_png_becomes_transparent(mask: ImageFile) -> None:
    levels = await white(mask)
    if not any(levels.tobytes()):
        with pytest.raises(InvalidRequest, match="black all over"):
            await to_alpha(mask)
        return
    reported = await to_alpha(mask)
    result = opened(reported)
    assert (result.mode, result.size) == ("RGBA", levels.size)
    assert ImageChops.invert(result.getchannel("A")).tobytes() == levels.tobytes()
    assert await levels_of(ImageFile(data=reported)) == list(levels.tobytes())


@pytest.mark.parametrize("mode", ["1", "L", "LA", "P", "RGB", "RGBA", "I;16"])
@given(st.binary(min_size=7 * 5 * 4, max_size=7 * 5 * 4), st.integers(0, 9))
async def test_masks_of_every_mode_are_read_as_pillow_saves_them(
    mode: str, noise: bytes, level: int
) -> None:
    if mode == "I;16":
        image = Image.frombytes(mode, (14, 5), noise)
    else:
        image = Image.frombytes("RGBA", (7, 5), noise).convert(mode)
    mask = file_of(image, compress_level=level)
    assert max(ImageChops.difference(await white(mask), judged(mask)).tobytes()) <= 2


async def test_no_colour_is_brighter_than_white() -> None:
    colours = b"".join(bytes((255, green, 255)) for green in range(256))
    mask = file_of(Image.frombytes("RGB", (256, 1), colours))
    assert max(ImageChops.difference(await white(mask), judged(mask)).tobytes()) <= 2


@pytest.mark.parametrize(
    ("kind", "row", "transparent"),
    [
        (("GREY", 1), b"\xa0", b"\0\1"),
        (("GREY", 2), b"\x9b", b"\0\2"),
        (("GREY", 4), b"\x13\x10", b"\0\1"),
        (("GREY", 8), b"\7\1\7\1", b"\0\7"),
        (("GREY", 16), b"\1\2\1\3\1\2\2\2", b"\1\2"),
        (("RGB", 8), b"\1\2\3\3\2\1\1\2\3\1\2\2", b"\0\1\0\2\0\3"),
        (("RGB", 16), b"\1\2\3\4\5\6\1\2\3\4\5\7\1\2\3\4\5\6\0\2\3\4\5\6", b"\1\2\3\4\5\6"),
    ],
)
async def test_the_one_colour_that_is_transparent_may_change(
    kind: tuple[str, int], row: bytes, transparent: bytes
) -> None:
    mask = encode(kind, 4, [row], [0], tRNS=transparent)
    assert await levels_of(mask) == [255, 0, 255, 0]


async def test_a_transparent_colour_that_no_pixel_has_says_nothing() -> None:
    mask = encode(("GREY", 8), 3, [b"\0\xff\x80"], [0], tRNS=b"\0\7")
    assert await levels_of(mask) == [0, 255, 128]


def hole() -> Image.Image:
    """Opaque and white, but for an ellipse."""
    image = Image.new("RGBA", (80, 50), (255, 255, 255, 255))
    ImageDraw.Draw(image).ellipse((10, 10, 60, 40), fill=(0, 0, 0, 0))
    return image


GOOD = file_of(hole())
PLAIN = file_of(hole().convert("RGB"))


async def test_a_mask_with_transparency_is_read_by_alpha_and_not_brightness() -> None:
    assert (await white(GOOD)).getpixel((35, 25)) == 255
    assert (await white(GOOD)).getpixel((1, 1)) == 0


async def test_an_opaque_picture_with_an_alpha_channel_is_read_by_its_brightness() -> None:
    mask = file_of(Image.merge("RGBA", [*hole().split()[:3], Image.new("L", (80, 50), 255)]))
    assert (await white(mask)).getpixel((1, 1)) == 255
    assert opened(await to_alpha(mask)).getpixel((1, 1)) == (0, 0, 0, 0)
    assert opened(await to_alpha(mask)).getpixel((35, 25)) == (0, 0, 0, 255)


async def test_a_mask_in_the_language_that_is_wanted_is_handed_back_as_it_is() -> None:
    grey = file_of(hole().convert("L"))
    assert await to_alpha(GOOD) is GOOD.data
    assert await to_black_and_white(grey) is grey.data
    as_text = ImageFile(base64=BytesBlob(base64.b64encode(bytes_of(GOOD))))
    assert (await to_alpha(as_text)).head(9999) == bytes_of(GOOD)


def changed(mask: ImageFile, offset: int, *values: int) -> ImageFile:
    """A mask with other bytes at one place."""
    raw = bytearray(bytes_of(mask))
    raw[offset : offset + len(values)] = bytes(values)
    return file(bytes(raw))


UNFIT = [
    (changed(GOOD, 28, 1), "without interlacing"),
    (changed(GOOD, 16, 0, 0, 16, 1), "4097x50 has sides of more than 4096"),
    (changed(GOOD, 16, 0, 0, 16, 0, 0, 0, 8, 1), "4096x2049 has more than 8388608 pixels"),
    (changed(GOOD, 20, 255, 0, 0, 0), "80x4278190080 has sides of more than 4096"),
    (changed(GOOD, 16, 0, 0, 0, 0), "broken"),
    (changed(GOOD, 24, 3), "broken"),
    (changed(GOOD, 25, 5), "broken"),
    (file(b"\x89PNG\r\n\x1a\n"), "broken"),
    (file(b"GIF89a" + bytes(20)), "send a PNG, not GIF"),
    (file(b"\xff\xd8\xff" + bytes(20)), "send a PNG, not JPEG"),
    (file(b"RIFF\0\0\0\0WEBPVP8 " + bytes(20)), "send a PNG, not WEBP"),
    (file(b"what is this?"), r"send a PNG\."),
    (ImageFile(base64=BytesBlob(b"!!!")), r"send a PNG\."),
]
BROKEN = [
    encode(("RGB", 8), 1, [b"abc"], [0], tRNS=b"\0"),
    encode(("PALETTE", 8), 1, [b"\0"], [0]),
    encode(("PALETTE", 8), 1, [b"\0"], [0], PLTE=b"\0\0"),
    changed(PLAIN, 23, 200),
    changed(GOOD, 60, 1, 2, 3, 4),
]


@pytest.mark.parametrize(("mask", "words"), [*UNFIT, *[(mask, "broken") for mask in BROKEN]])
@pytest.mark.parametrize("convert", [to_alpha, to_black_and_white])
async def test_a_mask_that_cannot_be_read_is_refused_by_name(
    mask: ImageFile, words: str, convert: object
) -> None:
    with pytest.raises(InvalidRequest, match=words) as caught:
        await convert(mask)  # type: ignore[operator]
    assert (caught.value.param, caught.value.code) == ("mask", "invalid_image_file")
    assert "transparent where the picture may change, or white" in caught.value.message


@pytest.mark.parametrize(("mask", "words"), UNFIT)
def test_most_of_them_are_refused_before_anything_is_converted(mask: ImageFile, words: str) -> None:
    with pytest.raises(InvalidRequest, match=words):
        Mask(mask).check(GOOD)


async def test_a_mask_whose_file_is_too_large_is_refused() -> None:
    with pytest.raises(InvalidRequest, match="larger than 4 MiB"):
        await to_alpha(file(bytes_of(GOOD) + bytes(MAX_MASK_BYTES)))


@pytest.mark.parametrize("cut", [20, 40, 80, 120])
@pytest.mark.parametrize("more", [b"", b"\0" * 40])
async def test_a_mask_that_breaks_off_is_refused(cut: int, more: bytes) -> None:
    with pytest.raises(InvalidRequest):
        await to_black_and_white(file(bytes_of(GOOD)[:cut] + more))


@given(st.data())
async def test_a_mask_with_any_bytes_in_it_is_read_or_refused(data: st.DataObject) -> None:
    raw = bytearray(bytes_of(data.draw(pictures())))
    for at in data.draw(st.lists(st.integers(24, len(raw) - 1), max_size=4)):
        raw[at] = data.draw(st.integers(0, 255))
    for convert in (to_alpha, to_black_and_white):
        try:
            await convert(file(bytes(raw)))
        except InvalidRequest as failure:
            assert failure.param == "mask"


def test_a_mask_must_have_the_size_of_its_image() -> None:
    Mask(GOOD).check(file_of(Image.new("RGB", (80, 50))))
    with pytest.raises(InvalidRequest, match="it is 80x50 and the image 50x80") as caught:
        Mask(GOOD).check(file_of(Image.new("RGB", (50, 80))))
    assert caught.value.param == "mask"


def test_a_mask_is_not_held_against_an_image_whose_size_is_not_known() -> None:
    Mask(GOOD).check(file(b"\0\0\0\x1cftypavif" + bytes(30)))
