"""Large JSON whose long strings stay where they are."""

import base64
import io
import json
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from PIL import Image

from darkroom.blob import BytesBlob
from darkroom.image import ImageFile, NotAnImage, read_image_text
from darkroom.json_reader import EVENT, LIFT_FROM_BYTES, parse_json
from darkroom.json_writer import TextBlob, json_parts

LONG = base64.b64encode(bytes(range(256)) * 1024).decode()


def text_of(value: object) -> object:
    if isinstance(value, TextBlob):
        return value.prefix + value.content.head(value.content.size).decode()
    if isinstance(value, dict):
        return {key: text_of(item) for key, item in value.items()}
    if isinstance(value, list):
        return [text_of(item) for item in value]
    return value


def test_a_long_string_is_left_outside_and_the_rest_is_read() -> None:
    answer = parse_json(BytesBlob(json.dumps({"data": [{"b64_json": LONG}], "n": 1}).encode()))
    lifted = answer["data"][0]["b64_json"]
    assert isinstance(lifted, TextBlob)
    assert answer["n"] == 1
    assert text_of(answer) == {"data": [{"b64_json": LONG}], "n": 1}


def test_a_small_document_is_read_as_it_is() -> None:
    assert parse_json(BytesBlob(b'{"a": "x"}')) == {"a": "x"}


def test_a_string_that_is_escaped_is_not_its_own_text() -> None:
    text = 'a "cat"\n' * (len(LONG) // 9)
    read = parse_json(BytesBlob(json.dumps({"pad": LONG, "a": text}).encode()))
    assert read["a"] == text


def test_base64_stays_outside_with_its_escapes() -> None:
    escaped = json.dumps({"a": LONG.replace("A", "/")}).replace("/", "\\/").encode()
    assert isinstance(parse_json(BytesBlob(escaped))["a"], TextBlob)


@pytest.mark.parametrize("raw", [b"{" * LIFT_FROM_BYTES, b'{"a": "' + b"x" * LIFT_FROM_BYTES])
def test_large_nonsense_is_refused(raw: bytes) -> None:
    with pytest.raises((ValueError, RecursionError)):
        parse_json(BytesBlob(raw))


json_values = st.recursive(
    st.none() | st.booleans() | st.integers() | st.text(max_size=30) | st.just(LONG)
    | st.just("0" * 64) | st.just('"\\' * 9),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=5), inner, max_size=3),
    max_leaves=8,
)  # fmt: skip


@given(json_values)
def test_any_json_value_is_read_back_unchanged(value: Any) -> None:
    document = {"pad": LONG, "value": value}
    written = json.dumps(document).encode()
    read = parse_json(BytesBlob(written), EVENT)
    assert text_of(read) == document
    again = b"".join(p if isinstance(p, bytes) else p.head(p.size) for p in json_parts(read))
    assert json.loads(again)["pad"] == LONG


def dimensions_of(file: bytes) -> tuple[int, int] | None:
    return ImageFile(data=BytesBlob(file)).dimensions


@pytest.mark.parametrize(
    ("kind", "options"),
    [("png", {}), ("jpeg", {}), ("webp", {}), ("webp", {"lossless": True}), ("gif", {})],
)
def test_a_pictures_size_is_read_from_its_header(kind: str, options: dict[str, Any]) -> None:
    buffer = io.BytesIO()
    Image.new("RGB", (123, 77)).save(buffer, kind, **options)
    assert dimensions_of(buffer.getvalue()) == (123, 77)
    text = f"data:image/{kind};base64,{base64.b64encode(buffer.getvalue()).decode()}"
    image = read_image_text(text)
    assert (image.format, image.dimensions) == (kind, (123, 77))


@pytest.mark.parametrize(
    "head", [b"", b"\xff\xd8\xff", b"RIFF0000WEBPVP8X", b"\x89PNG\r\n\x1a\n", b"x" * 99]
)
def test_a_header_that_is_cut_short_tells_nothing(head: bytes) -> None:
    assert dimensions_of(head) is None


@pytest.mark.parametrize(("segments", "size"), [(400, (77, 123)), (10_000, None)])
def test_a_jpeg_of_countless_segments_has_no_size(
    segments: int, size: tuple[int, int] | None
) -> None:
    frame = bytes.fromhex("ffc0 0011 08 007b 004d")
    assert dimensions_of(b"\xff\xd8" + b"\xff\xe1\0\2" * segments + frame) == size


@pytest.mark.parametrize("text", ["", "not base64!", 'data:image/png;base64,"oops"'])
def test_text_that_is_no_picture_is_refused(text: str) -> None:
    with pytest.raises(NotAnImage):
        _ = read_image_text(text).format


def written(value: object) -> bytes:
    return b"".join(p if isinstance(p, bytes) else p.head(p.size) for p in json_parts(value))


def test_a_text_that_looks_like_a_mark_stays_a_text() -> None:
    blob = TextBlob(BytesBlob(b"AAAA"), "data:")
    value = {"blob": "blob", "list": ["blob", blob, '"blob"', blob]}
    plain = {"blob": "blob", "list": ["blob", "data:AAAA", '"blob"', "data:AAAA"]}
    assert json.loads(written(value)) == plain


def test_many_values_beside_a_picture_are_written_in_three_parts() -> None:
    value = {"image": TextBlob(BytesBlob(b"A" * 10)), "rest": [{"a": n} for n in range(20_000)]}
    parts = json_parts(value)
    assert [type(part) for part in parts] == [bytes, BytesBlob, bytes]
    assert json.loads(written(value))["rest"] == value["rest"]
