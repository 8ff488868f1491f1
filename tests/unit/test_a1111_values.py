"""Small values of AUTOMATIC1111's API: credentials, lines of text, texts in pictures."""

import base64
import io
import zlib

import pytest
from hypothesis import given
from hypothesis import strategies as st
from PIL import Image, PngImagePlugin

from darkroom.blob import BytesBlob
from darkroom.catalog.catalog import load_catalog
from darkroom.dialects.a1111.credentials import bearer_of
from darkroom.dialects.a1111.infotext import parse_infotext, read_infotext, write_infotext
from darkroom.dialects.a1111.png_text import read_texts, with_text
from darkroom.image import ImageFile
from darkroom.json_writer import TextBlob

PROVIDERS = load_catalog().providers
WRITABLE = st.characters(codec="utf-8", exclude_characters="\0")


def basic(pair: str) -> str:
    return f"Basic {base64.b64encode(pair.encode()).decode()}"


@pytest.mark.parametrize(
    ("pair", "credentials"),
    [
        # the key as password, as user, alone
        ("me:dk_key", "dk_key"), (":dk_key", "dk_key"), ("dk_key:", "dk_key"), ("dk_key:x", "dk_key"),
        ("me:plain", "plain"), ("plain:", "plain"), (":", ""), ("", ""),
        # a token that is known for what it is
        ("hf_mine:x", "hf_mine"), ("me:hf_mine", "hf_mine"),
        # with prefixes, in either half
        ("me:gitee:tok", "gitee:tok"), ("gitee:tok", "gitee:tok"), ("gitee:tok:", "gitee:tok"),
        ("gitee:tok:x", "gitee:tok"), ("GITEE:tok:x", "GITEE:tok"), (":gitee:tok", "gitee:tok"),
        # lists
        ("me:gitee:a,b,ms:c", "gitee:a,b,ms:c"), ("gitee:a,b,ms:c", "gitee:a,b,ms:c"),
        ("gitee:a,b,ms:c:x", "gitee:a,b,ms:c"), ("dk_key,gitee:a:x", "dk_key,gitee:a"),
        ("dk_key:hf_mine", "dk_key,hf_mine"),
        # a server of the operator's own takes a user and a password of its own
        ("me:a1111:user:pass", "a1111:user:pass"), ("a1111:user:pass", "a1111:user:pass"),
    ],
)  # fmt: skip
def test_a_key_may_be_in_either_half(pair: str, credentials: str) -> None:
    expected = f"Bearer {credentials}" if credentials else None
    assert bearer_of(basic(pair), PROVIDERS) == expected


@pytest.mark.parametrize("header", ["Basic", "Basic ", "Basic !!!", "basic //79"])
def test_a_malformed_basic_header_holds_no_credential(header: str) -> None:
    assert bearer_of(header, PROVIDERS) is None


@pytest.mark.parametrize("header", [None, "", "Bearer hf:x", "Digest a=b"])
def test_other_headers_stay_as_they_are(header: str | None) -> None:
    assert bearer_of(header, PROVIDERS) == header


@given(st.text())
def test_any_basic_credentials_are_read_without_an_error(pair: str) -> None:
    bearer_of(basic(pair.encode("utf-8", "replace").decode()), PROVIDERS)


def test_lines_are_read_as_they_were_written() -> None:
    text = write_infotext(
        "a cat\non a wall",
        "a dog",
        {"Steps": 9, "Model": 'one, "two": x', "None": None, "Size": "8x9"},
    )
    assert (
        text
        == 'a cat\non a wall\nNegative prompt: a dog\nSteps: 9, Model: "one, \\"two\\": x", Size: 8x9'
    )
    assert parse_infotext(text) == {
        "Prompt": "a cat\non a wall", "Negative prompt": "a dog", "Steps": "9",
        "Model": 'one, "two": x', "Size-1": "8", "Size-2": "9",
    }  # fmt: skip


def test_a_prompt_alone_is_a_prompt() -> None:
    assert read_infotext("a cat, a dog: both") == {"prompt": "a cat, a dog: both"}
    assert read_infotext(" \n") == {}


@given(st.text())
def test_no_text_breaks_the_reading_of_lines(text: str) -> None:
    read_infotext(text)


def encoded(data: bytes) -> TextBlob:
    return TextBlob(BytesBlob(base64.b64encode(data)))


def decoded(text: TextBlob) -> bytes:
    content = text.content.head(text.content.size).decode()
    return base64.b64decode(text.prefix + content, validate=True)


def picture(**texts: str) -> bytes:
    info = PngImagePlugin.PngInfo()
    for keyword, text in texts.items():
        info.add_text(keyword, text)
    buffer = io.BytesIO()
    Image.new("RGB", (3, 2), "red").save(buffer, "PNG", pnginfo=info)
    return buffer.getvalue()


@given(st.text(WRITABLE))
def test_a_text_is_found_by_pillow_and_the_pixels_stay(text: str) -> None:
    image = Image.open(io.BytesIO(decoded(with_text(encoded(picture()), "parameters", text))))
    image.load()
    assert image.info["parameters"].rstrip(" ") == text.rstrip(" ")
    assert image.getpixel((2, 1)) == (255, 0, 0)


@given(st.text(WRITABLE, min_size=1))
async def test_a_text_of_pillows_is_found(text: str) -> None:
    assert await read_texts(ImageFile(data=BytesBlob(picture(parameters=text)))) == {
        "parameters": text
    }


async def test_packed_texts_are_found_and_endless_ones_are_not() -> None:
    info = PngImagePlugin.PngInfo()
    info.add_text("short", "packed", zip=True)
    info.add_itxt("far", "从远方", zip=True)
    info.add_text("endless", "x" * 10**6, zip=True)
    buffer = io.BytesIO()
    Image.new("RGB", (3, 2)).save(buffer, "PNG", pnginfo=info)
    texts = await read_texts(ImageFile(data=BytesBlob(buffer.getvalue())))
    assert texts == {"short": "packed", "far": "从远方"}


@pytest.mark.parametrize(
    "data", [b"\x89PNG\r\n\x1a\n", picture()[:40], b"\xff\xd8\xff", b"x" * 60], ids=range(4)
)
async def test_data_that_is_not_a_whole_png_gets_no_text(data: bytes) -> None:
    assert await read_texts(ImageFile(data=BytesBlob(data))) == {}
    if not data.startswith(picture()[:33]):
        assert with_text(encoded(data), "a", "b") == encoded(data)


async def test_broken_texts_are_passed_over() -> None:
    chunk = b"zTXt" + b"key\0\0" + b"not packed"
    broken = (len(chunk) - 4).to_bytes(4, "big") + chunk + zlib.crc32(chunk).to_bytes(4, "big")
    data = picture()[:33] + broken + picture(fine="yes")[33:]
    assert await read_texts(ImageFile(data=BytesBlob(data))) == {"fine": "yes"}
