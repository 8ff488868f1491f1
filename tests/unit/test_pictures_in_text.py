"""Pictures that come as text: one reader, whatever the dialect and however large the body."""

import base64
import json
from collections.abc import Callable, Mapping
from typing import Any
from urllib.parse import quote

import pytest

from darkroom.app import handle
from darkroom.blob import BytesBlob
from darkroom.events import Finished, Picture
from darkroom.image import ImageFile, NotAnImage, read_image_text
from darkroom.job import ImageJob
from tests.support.fakes import FakeProvider, body_of, gateway, request
from tests.support.pictures import picture
from tests.support.places import PLACES

PNG = picture(size=(64, 48))
SMALL = PNG + b"\xff" * (4 - len(PNG) % 3)  # its base64 is padded with "=="
LARGE = SMALL + b"\xfb\xff" * 3 * 50_000  # of a body that is left outside Python
HELD = Finished((Picture(file=ImageFile(data=BytesBlob(PNG))),))


def encoded(data: bytes) -> str:
    return base64.b64encode(data).decode()


SPELLINGS: Mapping[str, Callable[[bytes], str]] = {
    "base64": encoded,
    "no padding": lambda data: encoded(data).rstrip("="),
    "too much padding": lambda data: encoded(data) + "==",
    "the alphabet for addresses": lambda data: base64.urlsafe_b64encode(data).decode(),
    "a data URL": lambda data: f"data:image/png;base64,{encoded(data)}",
    "a data URL without padding": lambda data: f"data:image/png;base64,{encoded(data).rstrip('=')}",
    "a parameter": lambda data: f"data:image/png;charset=utf-8;base64,{encoded(data)}",
    "several parameters": lambda data: (
        f"data:image/png;name=a.png;charset=x;base64,{encoded(data)}"
    ),
    "no scheme": lambda data: f"image/png;base64,{encoded(data)}",
    "no media type": lambda data: f"data:;base64,{encoded(data)}",
    "another media type": lambda data: f"data:application/octet-stream;base64,{encoded(data)}",
    "capitals": lambda data: f"DATA:IMAGE/PNG;BASE64,{encoded(data)}",
    "two prefixes": lambda data: f"data:image/png;base64,data:image/png;base64,{encoded(data)}",
    "space around": lambda data: f"  data:image/png;base64, {encoded(data)} ",
    "an escaped alphabet": lambda data: f"data:image/png;base64,{quote(encoded(data), safe='')}",
}
SHORT_SPELLINGS: Mapping[str, Callable[[bytes], str]] = {
    "lines": lambda data: base64.encodebytes(data).decode(),
    "percents": lambda data: f"data:image/png,{quote(data)}",
}

ALL = {**SPELLINGS, **SHORT_SPELLINGS}


async def job_at(path: str, body: Mapping[str, Any] | bytes) -> ImageJob:
    provider = FakeProvider([[HELD]])
    reply = await handle(request("POST", path, body), gateway(provider), lambda entry: None)
    assert provider.calls, await body_of(reply)
    return provider.calls[0][0]


async def assert_canonical(image: ImageFile, data: bytes) -> None:
    """What goes out is base64 as RFC 4648 has it, in section 4, or the file."""
    if image.base64 is not None:
        assert image.base64.head(image.base64.size) == base64.b64encode(data)
    content = await image.to_bytes()
    assert content.head(content.size) == data


@pytest.mark.parametrize("spelling", ALL)
@pytest.mark.parametrize("path", PLACES)
async def test_a_picture_is_read_however_it_is_written(path: str, spelling: str) -> None:
    job = await job_at(path, PLACES[path](ALL[spelling](SMALL)))
    await assert_canonical(job.images[0], SMALL)


@pytest.mark.parametrize("spelling", [*SPELLINGS, "lines"])
@pytest.mark.parametrize("path", ["/v1/images/edits", "/sdapi/v1/img2img", "/v2/image/qwen/edit"])
async def test_a_picture_of_a_large_body_is_read_however_it_is_written(
    path: str, spelling: str
) -> None:
    job = await job_at(path, PLACES[path](ALL[spelling](LARGE)))
    await assert_canonical(job.images[0], LARGE)


@pytest.mark.parametrize("data", [SMALL, LARGE])
@pytest.mark.parametrize("written", ["/ as \\/", "+ as \\u002B", "+ as \\u002b", "= as \\u003d"])
@pytest.mark.parametrize("prefix", ["", "data:image/png;base64,"])
async def test_escapes_of_writers_of_json_are_read(prefix: str, written: str, data: bytes) -> None:
    plain, _, escape = written.partition(" as ")
    body = json.dumps(PLACES["/v1/images/edits"](f"{prefix}{encoded(data)}"))
    head, start, text = body.partition('"image": ')
    job = await job_at("/v1/images/edits", (head + start + text.replace(plain, escape)).encode())
    await assert_canonical(job.images[0], data)


@pytest.mark.parametrize(
    "text",
    ["", "=", "====", "A", "data:", "data:,", "data:image/png;base64,", "data:image/png;base64,A",
     "%", "%%%%", "data:image/png,%zz", "data:" * 9, "\u00e9" * 9, "data:image/png;base64,\x00"],
)  # fmt: skip
def test_a_text_that_holds_no_picture_is_no_image(text: str) -> None:
    with pytest.raises(NotAnImage):
        _ = read_image_text(text).format


@pytest.mark.parametrize("spelling", SPELLINGS)
async def test_an_upstreams_picture_is_read_however_it_is_written(spelling: str) -> None:
    image = read_image_text(SPELLINGS[spelling](SMALL))
    assert (image.format, image.dimensions) == ("png", (64, 48))
    await assert_canonical(await image.canonical(), SMALL)
