"""Masks that are much work: counted, interrupted by pauses, and refused beyond a limit."""

import asyncio
import io
import struct
import zlib
from collections.abc import Callable
from itertools import product
from typing import Any

import pytest
from PIL import Image, ImageDraw, ImageFilter

from darkroom.alpha import put_alpha
from darkroom.blob import BytesBlob
from darkroom.errors import InvalidRequest
from darkroom.image import ImageFile
from darkroom.masks import MAX_MASK_STEPS, Convention, Mask
from darkroom.pauses import STEPS_A_TURN, TooMuchWork, WorkMeter
from darkroom.png import HEADER_BYTES, Colours
from tests.support.masks import busy_png, encode_png
from tests.support.slow import slow, slow_but

# The pause comes after a row, and the longest is 4096 pixels of six samples.
MAX_STEPS_A_TURN = STEPS_A_TURN + 6 * 4096 * 3


class Turns(WorkMeter):
    """A meter that remembers the turns between its pauses."""

    all: list["Turns"]

    def __init__(self, limit_steps: int) -> None:
        super().__init__(limit_steps)
        self.turns = [0]
        Turns.all.append(self)

    def add(self, steps: int) -> bool:
        self.turns[-1] += steps
        return super().add(steps)

    @property
    def total(self) -> int:
        return sum(self.turns)


@pytest.fixture(autouse=True)
def turns(monkeypatch: pytest.MonkeyPatch) -> list[Turns]:
    """Every meter of the test, whose pauses are noted and take no time."""

    async def note_pause() -> None:
        Turns.all[-1].turns.append(0)

    Turns.all = []
    monkeypatch.setattr("darkroom.pauses.yield_to_host", note_pause)
    monkeypatch.setattr("darkroom.masks.WorkMeter", Turns)
    monkeypatch.setattr("darkroom.alpha.WorkMeter", Turns)
    return Turns.all


def mask_of(content: bytes, convention: Convention = Convention.TRANSPARENT) -> Mask:
    return Mask(ImageFile(data=BytesBlob(content)), convention)


def saved(image: Image.Image) -> bytes:
    file = io.BytesIO()
    image.save(file, "PNG")
    return file.getvalue()


def photo(size: tuple[int, int]) -> Image.Image:
    bands = [Image.effect_noise(size, 40 + 20 * band) for band in range(3)]
    return Image.merge("RGB", bands).filter(ImageFilter.GaussianBlur(2))


@pytest.mark.parametrize("kind", [*slow(1, 3), 4], ids=["sub", "average", "paeth"])
@pytest.mark.parametrize("form", ["to_alpha", "to_black_and_white"])
async def test_a_small_file_of_much_work_is_refused_within_the_limit(
    kind: int, form: str, turns: list[Turns]
) -> None:
    mask = mask_of(busy_png(2048, 4096, kind, Colours.RGB))
    with pytest.raises(InvalidRequest, match="too much fine detail") as caught:
        await getattr(mask, form)()
    assert caught.value.param == "mask"
    (meter,) = turns
    assert meter.total <= MAX_MASK_STEPS + MAX_STEPS_A_TURN
    assert max(meter.turns) <= MAX_STEPS_A_TURN
    assert len(meter.turns) > 100


def test_the_attack_of_4096_by_4096_is_refused_by_its_header() -> None:
    content = busy_png(4096, 4096, 4)
    assert len(content) < 2_000_000
    with pytest.raises(InvalidRequest, match="4096x4096 has more than 8388608 pixels"):
        mask_of(content).check(ImageFile(data=BytesBlob(content)))


@pytest.mark.parametrize("kind", range(5))
async def test_the_host_has_a_turn_between_the_rows_of_every_filter(
    kind: int, turns: list[Turns]
) -> None:
    await mask_of(busy_png(1024, 1024, kind, Colours.GREY)).to_alpha()
    (meter,) = turns
    assert max(meter.turns) <= MAX_STEPS_A_TURN
    assert len(meter.turns) >= meter.total // MAX_STEPS_A_TURN


async def test_both_passes_of_a_mask_share_one_limit(turns: list[Turns]) -> None:
    content = busy_png(1000, 1000, 4, Colours.RGB)
    await mask_of(content).to_alpha()
    (once,) = turns
    colour = b"tRNS" + bytes(6)  # which none of its pixels has
    chunk = struct.pack(">I", 6) + colour + struct.pack(">I", zlib.crc32(colour))
    with pytest.raises(InvalidRequest, match="too much fine detail"):
        await mask_of(content[:HEADER_BYTES] + chunk + content[HEADER_BYTES:]).to_alpha()
    assert once.total < MAX_MASK_STEPS < turns[-1].total < 2 * once.total + MAX_STEPS_A_TURN


def soft_brush() -> Image.Image:
    mask = Image.new("L", (2048, 2048))
    draw = ImageDraw.Draw(mask)
    for x in range(300, 1700, 20):
        draw.ellipse((x, x - 200, x + 400, x + 200), fill=255)
    return mask.filter(ImageFilter.GaussianBlur(40))


def erased_photo() -> Image.Image:
    alpha = Image.new("L", (2048, 2048), 255)
    ImageDraw.Draw(alpha).ellipse((400, 400, 1600, 1500), fill=0)
    image = Image.radial_gradient("L").resize((2048, 2048)).convert("RGBA")
    image.putalpha(alpha.filter(ImageFilter.GaussianBlur(20)))
    return image


def black_and_white(level: int) -> int:
    return 255 * (level > 99)


HONEST: dict[str, Callable[[], Image.Image]] = {
    "soft brush": soft_brush,
    "soft brush in colour": lambda: soft_brush().convert("RGB"),
    "gradient everywhere": lambda: Image.radial_gradient("L").resize((2048, 2048)),
    "erased from a picture": erased_photo,
    "shapes in 4K": lambda: soft_brush().resize((3840, 2160)).point(black_and_white),
    "dithered": lambda: Image.linear_gradient("L").resize((2048, 2048)).convert("1"),
    "a photo in grey": lambda: photo((1024, 1024)).convert("L"),
    "a photo": lambda: photo((1024, 1024)),
}


USUAL = [
    ("soft brush", "to_alpha"),
    ("erased from a picture", "to_black_and_white"),
    ("a photo", "to_alpha"),
]


@pytest.mark.parametrize(
    ("name", "form"), slow_but(USUAL, product(HONEST, ("to_alpha", "to_black_and_white")))
)
async def test_masks_that_people_paint_are_taken(name: str, form: str) -> None:
    image = HONEST[name]()
    made = await getattr(mask_of(saved(image)), form)()
    assert Image.open(io.BytesIO(made.head(made.size))).size == image.size


@pytest.mark.parametrize("size", [64, 2896], ids=["converted", "refused"])
async def test_ten_pictures_and_their_attempts_convert_a_mask_once(
    size: int, turns: list[Turns]
) -> None:
    mask = mask_of(busy_png(size, size, 4))
    made = await asyncio.gather(*[mask.to_alpha() for _ in range(10)], return_exceptions=True)
    made.append((await asyncio.gather(mask.to_alpha(), return_exceptions=True))[0])
    assert len(turns) == 1
    assert len({id(each) for each in made}) == 1


async def test_a_conversion_that_is_broken_off_leaves_the_mask_to_the_others(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    paused, go_on = asyncio.Event(), asyncio.Event()

    async def wait() -> None:
        paused.set()
        await go_on.wait()

    monkeypatch.setattr("darkroom.pauses.yield_to_host", wait)
    mask = mask_of(busy_png(512, 512, 4, Colours.GREY))
    first, second = (asyncio.ensure_future(mask.to_alpha()) for _ in range(2))
    await paused.wait()
    first.cancel()
    go_on.set()
    assert (await second).size
    assert first.cancelled()


FLAT = encode_png(64, 64, Colours.GREY, lambda _, size: b"\0" + b"\xff" * (size - 1))


def with_data(packed: bytes) -> bytes:
    """A picture of 64 by 64 pixels that are this deflated data."""
    chunk = struct.pack(">I4s", len(packed), b"IDAT") + packed + struct.pack(">I", 0)
    return FLAT[:HEADER_BYTES] + chunk


def empty_blocks(count: int) -> bytes:
    """So many deflated blocks that hold nothing, each flushed (RFC 1951, section 3.2.4)."""
    return b"\x00\x00\x00\xff\xff" * count


async def test_data_after_the_last_row_is_not_inflated(monkeypatch: pytest.MonkeyPatch) -> None:
    inflated = 0
    make = zlib.decompressobj

    class Inflate:
        def __init__(self) -> None:
            self._inflate = make()

        def __getattr__(self, name: str) -> Any:
            return getattr(self._inflate, name)

        def decompress(self, data: bytes, most: int) -> bytes:
            nonlocal inflated
            piece = self._inflate.decompress(data, most)
            inflated += len(piece)
            return piece

    monkeypatch.setattr("darkroom.png.zlib.decompressobj", Inflate)
    deflate = zlib.compressobj()
    rows = (b"\0" + b"\xff" * 64) * 64
    bomb = [deflate.compress(rows)] + [deflate.compress(bytes(2**20)) for _ in range(200)]
    await mask_of(with_data(b"".join(bomb) + deflate.flush())).to_alpha()
    assert inflated <= 512 * 1024


async def test_deflated_data_of_which_no_pixels_come_is_refused() -> None:
    deflate = zlib.compressobj()
    rows = deflate.compress((b"\0" + b"\xff" * 64) * 64) + deflate.flush(zlib.Z_FULL_FLUSH)
    head, rest = rows[:2], rows[2:]
    await mask_of(with_data(head + empty_blocks(100) + rest)).to_alpha()
    with pytest.raises(InvalidRequest, match="broken"):
        await mask_of(with_data(head + empty_blocks(50_000) + rest)).to_alpha()


async def test_a_file_of_countless_chunks_is_refused() -> None:
    empty = struct.pack(">I4sI", 0, b"tEXt", zlib.crc32(b"tEXt"))
    await mask_of(FLAT[:HEADER_BYTES] + empty * 5_000 + FLAT[HEADER_BYTES:]).to_alpha()
    with pytest.raises(InvalidRequest, match="broken"):
        await mask_of(FLAT[:HEADER_BYTES] + empty * 300_000 + FLAT[HEADER_BYTES:]).to_alpha()


async def test_a_palette_without_any_transparency_is_read_once(turns: list[Turns]) -> None:
    image = photo((512, 512)).convert("P")
    file = io.BytesIO()
    image.save(file, "PNG", transparency=b"\xff" * 256)
    await mask_of(file.getvalue()).to_black_and_white()
    await mask_of(saved(image)).to_black_and_white()
    assert turns[0].total == turns[1].total


@pytest.mark.parametrize(
    ("convention", "colour", "words"),
    [
        (Convention.TRANSPARENT, 0, "black all over; paint white, or erase"),
        (Convention.WHITE, 0, "black all over; paint white"),
        (Convention.BLACK, 255, "white all over; paint black"),
    ],
)
async def test_a_mask_that_lets_nothing_change_is_refused_in_its_own_words(
    convention: Convention, colour: int, words: str
) -> None:
    content = saved(Image.new("L", (8, 8), colour))
    with pytest.raises(InvalidRequest, match=words):
        await mask_of(content, convention).to_alpha()


@pytest.mark.parametrize("kind", [3, 4], ids=["average", "paeth"])
async def test_a_layer_of_much_work_is_refused_within_the_limit(
    kind: int, turns: list[Turns], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("darkroom.alpha.MAX_ALPHA_STEPS", 500_000)
    with pytest.raises(TooMuchWork):
        await put_alpha(busy_png(1024, 1024, kind, Colours.RGB), busy_png(1024, 1024, kind))
    (meter,) = turns
    assert meter.total <= 500_000 + MAX_STEPS_A_TURN
    assert max(meter.turns) <= MAX_STEPS_A_TURN


async def test_the_rows_of_a_tall_layer_that_are_passed_over_are_no_turn_without_a_pause(
    turns: list[Turns],
) -> None:
    await put_alpha(busy_png(8, 1, 0, Colours.RGB), busy_png(512, 2048, 4))
    (meter,) = turns
    assert max(meter.turns) <= MAX_STEPS_A_TURN


@pytest.mark.parametrize("size", [(4097, 1), (1, 4097), (4096, 2049)])
async def test_pictures_and_layers_larger_than_any_mask_are_refused(size: tuple[int, int]) -> None:
    large = encode_png(*size, Colours.RGBA, lambda _, count: bytes(count))
    small = busy_png(8, 8, 0)
    for picture, layer in ((large, small), (small, large)):
        with pytest.raises(ValueError, match="too"):
            await put_alpha(picture, layer)


async def test_transparency_of_a_large_gradient_is_put_back() -> None:
    layer = Image.radial_gradient("L").resize((1024, 1024)).convert("RGBA")
    layer.putalpha(Image.radial_gradient("L").resize((1024, 1024)))
    made = await put_alpha(saved(photo((1536, 1024))), saved(layer))
    assert Image.open(io.BytesIO(made)).mode == "RGBA"
