"""What layers are made of: archives of files, and transparency put on another picture."""

import base64
import io
import zipfile
import zlib
from collections.abc import AsyncGenerator, Sequence

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from PIL import Image

from darkroom.alpha import has_transparency, put_alpha
from darkroom.blob import BytesBlob
from darkroom.http import Part
from darkroom.json_writer import JoinedText, json_parts
from darkroom.pauses import WorkMeter
from darkroom.png import Colours, Header, read_png, write_png
from darkroom.png_filters import filtered
from darkroom.zip_archive import base64_parts, zip_parts


def png(image: Image.Image) -> bytes:
    file = io.BytesIO()
    image.save(file, "PNG")
    return file.getvalue()


def opened(content: bytes) -> Image.Image:
    image = Image.open(io.BytesIO(content))
    image.load()
    return image


async def joined(parts: Sequence[Part]) -> bytes:
    return b"".join(p if isinstance(p, bytes) else p.head(p.size) for p in parts)


async def archive(files: dict[str, bytes]) -> bytes:
    parts = [part async for part in zip_parts((n, BytesBlob(c)) for n, c in files.items())]
    return await joined(parts)


@pytest.mark.parametrize(
    "files",
    [
        {},
        {"composite.png": b""},
        {"composite.png": b"pixels" * 1000, "layer_1.png": b"\0" * 70_000, "Ebene_2_ä.png": b"x"},
    ],
)
async def test_an_archive_is_read_by_those_who_know_the_format(files: dict[str, bytes]) -> None:
    with zipfile.ZipFile(io.BytesIO(await archive(files))) as found:
        assert found.testzip() is None
        assert {name: found.read(name) for name in found.namelist()} == files


async def test_the_same_files_make_the_same_archive() -> None:
    files = {"a.png": b"pixels" * 100}
    assert await archive(files) == await archive(files)


@settings(max_examples=300, deadline=None)
@given(pieces=st.lists(st.tuples(st.booleans(), st.binary(max_size=9)), max_size=9))
async def test_base64_of_pieces_is_that_of_the_whole(pieces: list[tuple[bool, bytes]]) -> None:
    async def parts() -> AsyncGenerator[Part]:
        for outside, content in pieces:
            yield BytesBlob(content) if outside else content

    text = await joined(await base64_parts(parts()))
    assert text == base64.b64encode(b"".join(content for _, content in pieces))


async def test_joined_text_is_one_string_of_json() -> None:
    value = {"a": JoinedText([b"one", BytesBlob(b"two")]), "b": 3}
    assert await joined(json_parts(value)) == b'{"a":"onetwo","b":3}'


ALPHA = Image.radial_gradient("L")  # 256 by 256, flat nowhere
SHAPE = Image.new("L", (256, 256)).point(lambda _: 0)
SHAPE.paste(255, (40, 60, 200, 180))


def layer(alpha: Image.Image) -> bytes:
    image = Image.linear_gradient("L").convert("RGB")
    image.putalpha(alpha)
    return png(image)


def noisy(mode: str, size: tuple[int, int] = (256, 256)) -> Image.Image:
    bands = [Image.effect_noise(size, 60 + 20 * band) for band in range(len(mode))]
    return bands[0] if mode == "L" else Image.merge(mode, bands)


@pytest.mark.parametrize("alpha", [ALPHA, SHAPE], ids=["gradient", "shape"])
@pytest.mark.parametrize("mode", ["RGB", "RGBA", "L", "LA"])
async def test_colours_are_the_pictures_and_transparency_the_layers(
    mode: str, alpha: Image.Image
) -> None:
    picture = noisy(mode)
    made = opened(await put_alpha(png(picture), layer(alpha)))
    assert made.mode == ("RGBA" if "RGB" in mode else "LA")
    assert made.getchannel("A").tobytes() == alpha.tobytes()
    colours = picture.getbands()[: 3 if "RGB" in mode else 1]
    for band in colours:
        assert made.getchannel(band).tobytes() == picture.getchannel(band).tobytes()


@pytest.mark.parametrize("kind", range(5))
async def test_every_filter_of_the_picture_is_kept(kind: int) -> None:
    picture = noisy("RGB", (256, 256))
    raw, rows, above = picture.tobytes(), [], bytes(768)
    for start in range(0, len(raw), 768):
        row = raw[start : start + 768]
        out = bytearray(768)
        for band in range(3):
            out[band::3] = filtered(kind, row[band::3], above[band::3], WorkMeter(10**6))
        rows.append(bytes((kind,)) + out)
        above = row
    content = write_png(Header(256, 256, 8, Colours.RGB), zlib.compress(b"".join(rows)))
    assert opened(content).tobytes() == raw, "the filters are those of the format"
    made = await put_alpha(content, layer(ALPHA))
    assert opened(made).convert("RGB").tobytes() == raw
    assert opened(made).getchannel("A").tobytes() == ALPHA.tobytes()


@pytest.mark.parametrize("size", [(128, 128), (300, 200), (1, 1), (256, 100)])
async def test_transparency_is_stretched_to_the_picture(size: tuple[int, int]) -> None:
    made = opened(await put_alpha(png(noisy("RGB", size)), layer(SHAPE)))
    assert made.size == size
    wanted = SHAPE.resize(size, Image.Resampling.NEAREST)
    alpha = made.getchannel("A")
    differ = sum(a != b for a, b in zip(alpha.tobytes(), wanted.tobytes(), strict=True))
    assert differ <= 2 * sum(size), "but for the edges"


async def test_a_palette_says_what_is_transparent_too() -> None:
    image = Image.new("P", (16, 16), 1)
    image.putpalette([255, 0, 0, 0, 255, 0])
    image.paste(0, (0, 0, 8, 16))
    file = io.BytesIO()
    image.save(file, "PNG", transparency=0)
    made = opened(await put_alpha(png(noisy("RGB", (16, 16))), file.getvalue()))
    assert made.getchannel("A").getbbox() == (8, 0, 16, 16)


def test_only_a_png_that_can_be_transparent_counts_as_a_layer() -> None:
    assert has_transparency(layer(ALPHA))
    assert not has_transparency(png(noisy("RGB")))
    assert not has_transparency(b"no picture")


@pytest.mark.parametrize(
    "picture",
    [
        png(noisy("RGB").convert("P")),
        png(Image.new("I;16", (256, 256))),
        png(noisy("RGB"))[:2000],
        b"no picture",
    ],
    ids=["palette", "16 bits", "broken off", "none"],
)
async def test_a_picture_that_cannot_take_transparency_is_refused(picture: bytes) -> None:
    with pytest.raises((ValueError, zlib.error)):
        await put_alpha(picture, layer(ALPHA))


async def test_the_file_stays_small() -> None:
    picture = png(Image.linear_gradient("L").convert("RGB"))
    made = await put_alpha(picture, layer(SHAPE))
    assert len(made) < 3 * len(picture)
    assert read_png(made).header.colours is Colours.RGBA
