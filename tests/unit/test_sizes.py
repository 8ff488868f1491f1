"""Sizes, as callers write them and as models paint them."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from darkroom.catalog.requested_size import Ratio, Tier, parse_size
from darkroom.catalog.sizes import FreeSizes, ListSizes, RatioSizes, TierSizes
from darkroom.errors import InvalidRequest
from darkroom.job import Size

FREE = FreeSizes(minimum=512, maximum=2048, multiple=64, default=Size(1024, 1024))
RATIOS = RatioSizes(
    {"1:1": Size(1328, 1328), "16:9": Size(1664, 928), "9:16": Size(928, 1664)}, "16:9"
)


@pytest.mark.parametrize("text", ["1024x768", "1024X768", "1024*768", "1024×768", " 1024 x 768 "])
def test_pixels_are_understood_in_every_spelling(text: str) -> None:
    assert parse_size(text) == Size(1024, 768)


@given(
    st.integers(1, 99_999),
    st.integers(1, 99_999),
    st.sampled_from("xX*×"),
    st.text(" \t", max_size=2),
)
def test_any_pixels_are_what_they_were_in_any_spelling(
    width: int, height: int, times: str, space: str
) -> None:
    size = Size(width, height)
    assert parse_size(str(size)) == size
    assert parse_size(f"{space}{width}{space}{times}{space}{height}{space}") == size


@given(st.integers(1, 999), st.integers(1, 999))
def test_any_ratio_is_what_it_was(width: int, height: int) -> None:
    assert parse_size(f" {width}:{height}") == Ratio(f"{width}:{height}", width / height)


@pytest.mark.parametrize("text", ["auto", "AUTO", ""])
def test_auto_is_no_requested_size(text: str) -> None:
    assert parse_size(text) is None


@pytest.mark.parametrize("text", ["16:9", "16/9", "16 : 9", "landscape_16_9", "Landscape_16_9"])
def test_a_ratio_is_understood(text: str) -> None:
    assert parse_size(text) == Ratio("16:9", 16 / 9)


def test_a_side_alone_is_a_squares() -> None:
    assert parse_size("1024") == Size(1024, 1024)


@pytest.mark.parametrize("text", ["big", "12", "x", "1024x", "0x0", "1:0", "-5x5", "1024x768x3"])
def test_anything_else_is_refused_with_the_field_named(text: str) -> None:
    with pytest.raises(InvalidRequest, match="size") as caught:
        parse_size(text)
    assert caught.value.param == "size"


@given(st.text(max_size=30))
def test_no_text_breaks_the_parser(text: str) -> None:
    try:
        parsed = parse_size(text)
    except InvalidRequest:
        return
    assert parsed is None or isinstance(parsed, Size | Ratio | Tier)


def test_free_pixels_are_rounded_to_the_models_multiple() -> None:
    assert FREE.choose(Size(1000, 700), "size").size == Size(1024, 704)


def test_no_requested_size_is_the_models_default() -> None:
    assert FREE.choose(None, "size").size == Size(1024, 1024)
    assert RATIOS.choose(None, "size").aspect_ratio == "16:9"


@pytest.mark.parametrize("size", [Size(511, 1024), Size(1024, 2049), Size(9999, 9999)])
def test_pixels_out_of_range_are_refused_with_the_range(size: Size) -> None:
    with pytest.raises(InvalidRequest, match="between 512 and 2048"):
        FREE.choose(size, "size")


@pytest.mark.parametrize(
    ("ratio", "size"),
    [("1:1", Size(1024, 1024)), ("16:9", Size(1344, 768)), ("9:16", Size(768, 1344))],
)
def test_a_ratio_becomes_pixels_of_the_defaults_area(ratio: str, size: Size) -> None:
    assert FREE.choose(parse_size(ratio), "size").size == size


@given(st.floats(0.26, 3.9), st.integers(1, 8))
def test_every_moderate_ratio_gives_pixels_that_the_model_can_paint(
    value: float, step: int
) -> None:
    policy = FreeSizes(minimum=512, maximum=2048, multiple=8 * step, default=Size(1024, 1024))
    size = policy.choose(Ratio("r", value), "size").size
    assert 512 <= size.width <= 2048
    assert 512 <= size.height <= 2048


def test_a_ratio_that_no_pixels_fit_is_refused() -> None:
    with pytest.raises(InvalidRequest, match="between 512 and 2048"):
        FREE.choose(parse_size("50:1"), "size")


@pytest.mark.parametrize(
    ("requested", "ratio"),
    [
        (Size(1024, 1024), "1:1"),
        (Size(1920, 1080), "16:9"),
        (Size(1024, 1792), "9:16"),
        (Size(1100, 1000), "1:1"),
    ],
)
def test_a_model_of_ratios_takes_the_one_nearest_to_the_pixels(requested: Size, ratio: str) -> None:
    chosen = RATIOS.choose(requested, "size")
    assert (chosen.aspect_ratio, chosen.size) == (ratio, RATIOS.sizes[ratio])


def test_a_ratio_in_other_numbers_is_the_same_ratio() -> None:
    assert RATIOS.choose(parse_size("32:18"), "size").aspect_ratio == "16:9"


def test_a_ratio_that_the_model_lacks_is_refused_with_those_it_has() -> None:
    with pytest.raises(InvalidRequest, match="1:1, 16:9, 9:16") as caught:
        RATIOS.choose(parse_size("21:9"), "aspect_ratio")
    assert caught.value.param == "aspect_ratio"


WIDE = FreeSizes(256, 3840, 16, Size(1024, 1024), max_pixels=8_294_400, max_ratio=3.0)


@given(st.integers(256, 3840), st.integers(256, 3840))
def test_a_rounded_size_stays_within_area_and_ratio(width: int, height: int) -> None:
    try:
        size = WIDE.choose(Size(width, height), "size").size
    except InvalidRequest:
        return
    assert size.width * size.height <= 8_294_400
    assert max(size.width, size.height) <= 3 * min(size.width, size.height)
    assert size.width % 16 == size.height % 16 == 0


@pytest.mark.parametrize(
    ("requested", "chosen", "tier"),
    [
        (None, Size(1024, 1024), "1K"),
        (Size(2752, 1536), Size(2752, 1536), "2K"),
        (Tier("4K", 4096), Size(4096, 4096), "4K"),
        (Size(300, 300), Size(512, 512), "512"),
    ],
)
def test_a_model_of_tiers_takes_the_nearest(
    requested: Size | Tier | None, chosen: Size, tier: str
) -> None:
    policy = TierSizes(
        {"1:1": Size(1024, 1024), "16:9": Size(1376, 768)}, ("512", "1K", "2K", "4K"), "1:1"
    )
    found = policy.choose(requested, "size")
    assert (found.size, found.tier) == (chosen, tier)


def test_a_model_of_a_list_takes_the_nearest_ratio_and_then_the_nearest_area() -> None:
    policy = ListSizes((Size(1024, 1024), Size(2048, 2048), Size(1664, 928)), Size(1024, 1024))
    assert policy.choose(Size(1900, 1900), "size").size == Size(2048, 2048)
    assert policy.choose(parse_size("16:9"), "size").size == Size(1664, 928)
    assert policy.choose(parse_size("2K"), "size").size == Size(2048, 2048)


@given(st.integers(1, 70_000), st.integers(1, 70_000))
def test_any_pixels_have_a_nearest_that_the_model_can_paint(width: int, height: int) -> None:
    policy = FreeSizes(256, 3840, 16, Size(1024, 1024), max_pixels=8_294_400, max_ratio=3.0)
    chosen = policy.choose_nearest(Size(width, height)).size
    assert policy.choose(chosen, "size").size == chosen


@pytest.mark.parametrize(
    ("requested", "size"),
    [
        (Size(512, 512), Size(512, 512)), (Size(768, 512), Size(768, 512)),
        (Size(100, 100), Size(512, 512)), (Size(8000, 4000), Size(2048, 1024)),
        (Size(100, 9000), Size(512, 2048)), (Size(300, 400), Size(512, 704)),
    ],
)  # fmt: skip
def test_the_nearest_keeps_the_shape_and_then_the_area(requested: Size, size: Size) -> None:
    policy = FreeSizes(512, 2048, 64, Size(1024, 1024))
    assert policy.choose_nearest(requested).size == size
