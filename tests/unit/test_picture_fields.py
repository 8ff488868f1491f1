"""The shapes in which clients put a picture, and what stands for no picture, in every dialect."""

import base64
import io
from collections.abc import Callable, Mapping
from dataclasses import replace
from typing import Any

import pytest
from PIL import Image

from darkroom.app import handle
from darkroom.blob import BytesBlob
from darkroom.events import Finished, Picture
from darkroom.http import Request
from darkroom.image import ImageFile
from darkroom.job import ImageJob, Operation
from tests.support.fakes import (
    FakeClock,
    FakeHttp,
    FakeProvider,
    body_of,
    engine,
    gateway,
    json_of,
    request,
)
from tests.support.forms import BOUNDARY
from tests.support.pictures import picture
from tests.support.places import EDITOR, PLACES

PNG = picture(size=(64, 48))
BASE64 = base64.b64encode(PNG).decode()
DATA_URL = f"data:image/png;base64,{BASE64}"
ADDRESS = "https://files.example.com/a.png"
HELD = Finished((Picture(file=ImageFile(data=BytesBlob(PNG))),))
EDITS = "/v1/images/edits"
NOTHING: list[Any] = [None, "", "  ", "null", "undefined", "None", [], [""], [None], {}, {"url": ""}, [{"url": None}],
                      {"type": "image_url", "image_url": {"url": ""}}]  # fmt: skip


async def jobs_of(requested: Request) -> list[ImageJob]:
    provider = FakeProvider([[HELD]])
    reply = await handle(requested, gateway(provider), lambda entry: None)
    assert provider.calls, await body_of(reply)
    return [job for job, _ in provider.calls]


async def job_of(path: str, body: Mapping[str, Any]) -> ImageJob:
    return (await jobs_of(request("POST", path, body)))[0]


async def refused(path: str, body: Mapping[str, Any]) -> tuple[int, Any]:
    provider = FakeProvider([[HELD]])
    reply = await handle(request("POST", path, body), gateway(provider), lambda entry: None)
    assert not provider.calls
    return reply.status, await json_of(reply)


async def content_of(image: ImageFile) -> bytes:
    content = await image.to_bytes()
    return content.head(content.size)


ENVELOPES: list[Any] = [
    {"base64": BASE64},
    {"b64_json": BASE64},
    {"url": DATA_URL},
    {"image_url": DATA_URL},
    {"image_url": {"url": DATA_URL, "detail": "high"}},
    {"type": "input_image", "image_url": DATA_URL},
    {"type": "image_url", "image_url": {"url": DATA_URL}},
    {"type": "image", "source": {"type": "base64", "media_type": "image/png", "data": BASE64}},
    {"type": "image", "source": {"type": "url", "url": DATA_URL}},
    {"inlineData": {"mimeType": "image/png", "data": BASE64}},
    {"inline_data": {"mime_type": "image/png", "data": BASE64}},
    {"fileData": {"fileUri": DATA_URL}},
    {"bytesBase64Encoded": BASE64, "mimeType": "image/png"},
    {"imageBytes": BASE64, "mimeType": "image/png"},
    {"type": "image", "image": BASE64},
    {"type": "file", "mediaType": "image/png", "data": BASE64},
    {"type": "file", "mediaType": "image/png", "url": DATA_URL},
    {"type": "file", "file": {"filename": "a.png", "file_data": DATA_URL}},
    {"data": BASE64, "name": "a.png"},
    {"src": DATA_URL},
    {"dataUrl": DATA_URL},
    {"path": None, "url": DATA_URL, "orig_name": "a.png", "meta": {"_type": "gradio.FileData"}},
    {"url": "", "b64_json": BASE64},
    {"url": None, "data": DATA_URL, "size": 99},
]


@pytest.mark.parametrize("envelope", ENVELOPES, ids=str)
async def test_an_object_that_holds_a_picture_is_one(envelope: dict[str, Any]) -> None:
    for value in (envelope, [envelope]):
        job = await job_of(EDITS, {"model": EDITOR, "prompt": "a", "image": value})
        assert await content_of(job.images[0]) == PNG


@pytest.mark.parametrize("envelope", ENVELOPES, ids=str)
@pytest.mark.parametrize("path", ["/v2/image/qwen/edit", "/sdapi/v1/img2img"])
async def test_other_dialects_read_the_same_objects(path: str, envelope: dict[str, Any]) -> None:
    job = await job_of(path, PLACES[path](envelope))
    assert await content_of(job.images[0]) == PNG


@pytest.mark.parametrize(
    "part",
    [
        {"type": "image_url", "image_url": {"url": DATA_URL}},
        {"type": "image_url", "image_url": DATA_URL},
        {"type": "input_image", "image_url": DATA_URL},
        {"type": "image", "image": DATA_URL},
        {"type": "image", "source": {"type": "base64", "media_type": "image/png", "data": BASE64}},
        {"type": "file", "mediaType": "image/png", "data": BASE64},
        {"type": "file", "file": {"filename": "a.png", "file_data": DATA_URL}},
        {"inlineData": {"mimeType": "image/png", "data": BASE64}},
    ],
    ids=str,
)
@pytest.mark.parametrize("path", ["/v1/chat/completions", "/v1/responses"])
async def test_a_part_of_a_message_that_holds_a_picture_is_one(
    path: str, part: dict[str, Any]
) -> None:
    content = [{"type": "text", "text": "make it blue"}, part]
    field = "messages" if "chat" in path else "input"
    job = await job_of(path, {"model": EDITOR, field: [{"role": "user", "content": content}]})
    assert (job.prompt, await content_of(job.images[0])) == ("make it blue", PNG)


NAMES = [
    "image", "images", "image_url", "imageUrl", "image_urls", "input_image", "input_images",
    "init_image", "source_image", "reference_images", "image_base64", "imageBase64", "image2",
    "input_image_2",
]  # fmt: skip


@pytest.mark.parametrize("name", NAMES)
async def test_a_picture_goes_by_the_names_that_clients_have_for_it(name: str) -> None:
    job = await job_of(EDITS, {"model": EDITOR, "prompt": "a", name: BASE64})
    assert await content_of(job.images[0]) == PNG


async def test_pictures_of_several_fields_come_together_in_their_order() -> None:
    others = {name: base64.b64encode(picture(colour)).decode()
              for name, colour in (("image", "red"), ("image2", "lime"), ("image3", "blue"))}  # fmt: skip
    job = await job_of(EDITS, {"model": EDITOR, "prompt": "a", **others})
    sent = [base64.b64encode(await content_of(image)).decode() for image in job.images]
    assert sent == list(others.values())


@pytest.mark.parametrize("value", NOTHING, ids=str)
async def test_an_empty_picture_field_is_absent_in_openais_dialect(value: object) -> None:
    job = await job_of("/v1/images/generations", {"prompt": "a", "image": value, "mask": value})
    assert (job.operation, job.images, job.mask) == (Operation.GENERATE, (), None)
    job = await job_of(EDITS, {"model": EDITOR, "prompt": "a", "image": BASE64, "mask": value})
    assert (len(job.images), job.mask) == (1, None)


@pytest.mark.parametrize("value", NOTHING, ids=str)
async def test_an_empty_picture_field_is_absent_at_the_relay(value: object) -> None:
    job = await job_of("/v2/image/flux/generate", {"prompt": "a", "input_image": value})
    assert job.images == ()
    body = {"prompt": "a", "image": BASE64, "mask": value}
    assert (await job_of("/v2/image/gpt-image/edit", body)).mask is None


@pytest.mark.parametrize("value", NOTHING, ids=str)
async def test_an_empty_picture_field_is_absent_for_automatic1111(value: object) -> None:
    body = {"model": EDITOR, "prompt": "a", "init_images": [BASE64], "mask": value}
    assert (await job_of("/sdapi/v1/img2img", body)).mask is None
    status, error = await refused("/sdapi/v1/img2img", {**body, "init_images": value})
    assert (status, error["detail"]) == (404, "Init image not found")
    status, error = await refused("/sdapi/v1/extra-single-image", {"image": value})
    assert (status, error["detail"]) == (404, "Image not found")
    status, error = await refused("/sdapi/v1/interrogate", {"image": value})
    assert status == 404


@pytest.mark.parametrize("value", NOTHING, ids=str)
async def test_an_empty_picture_field_is_absent_for_google(value: object) -> None:
    parts = [{"text": "a cat"}, {"inlineData": value}, {"inlineData": {"data": value}}]
    if value and not isinstance(value, dict):
        parts.pop(1)
    job = await job_of(
        "/v1beta/models/z-image-turbo:generateContent",
        {"contents": [{"role": "user", "parts": parts}]},
    )
    assert job.images == ()
    instance = {"prompt": "a cat", "image": value}
    job = await job_of("/v1beta/models/z-image-turbo:predict", {"instances": [instance]})
    assert job.images == ()


@pytest.mark.parametrize("value", NOTHING, ids=str)
async def test_an_empty_picture_field_is_absent_in_conversations(value: object) -> None:
    parts = [{"type": "text", "text": "a cat"}, {"type": "image_url", "image_url": value}]
    message = {"role": "user", "content": parts, "images": value}
    job = await job_of("/v1/chat/completions", {"model": "z-image-turbo", "messages": [message]})
    assert job.images == ()
    job = await job_of("/v1/responses", {"model": "z-image-turbo", "input": [message]})
    assert job.images == ()


@pytest.mark.parametrize("value", NOTHING, ids=str)
async def test_an_empty_picture_field_is_absent_for_a_studio(value: object) -> None:
    status, error = await refused("/api/qwen-image/decompose", {"image": value, "prompt": ""})
    assert (status, error["detail"][0]["type"]) == (422, "missing")
    status, error = await refused(
        "/api/qwen-image/edit-layer", {"image": value, "instruction": "a"}
    )
    assert (status, error["detail"][0]["type"]) == (422, "missing")


def form(*parts: tuple[str, bytes]) -> Request:
    """A form of parts whose heads are written out."""
    body = b"".join(
        f"--{BOUNDARY}\r\n{head}\r\n\r\n".encode() + content + b"\r\n" for head, content in parts
    )
    kind = {"content-type": f"multipart/form-data; boundary={BOUNDARY}"}
    return request("POST", EDITS, body + f"--{BOUNDARY}--\r\n".encode(), kind)


def part(name: str, *more: str) -> str:
    return "\r\n".join([f'Content-Disposition: form-data; name="{name}"{more[0]}', *more[1:]])


FIELDS = ((part("model", ""), EDITOR.encode()), (part("prompt", ""), b"make it blue"))


@pytest.mark.parametrize(
    "head",
    [
        part("image", "", "Content-Type: image/png"),
        part("image", "", "content-type: IMAGE/PNG; charset=binary"),
        part("image", "", "Content-Type: application/octet-stream"),
        part("image", '; filename="a.png"'),
        part("image", '; filename=""', "Content-Type: image/png"),
        part("image", "; filename=blob"),
        part("image[]", "; filename*=UTF-8''b%C3%A4r.png"),
    ],
)
async def test_a_part_of_a_form_with_a_files_name_or_type_is_a_file(head: str) -> None:
    job = (await jobs_of(form(*FIELDS, (head, PNG))))[0]
    assert await content_of(job.images[0]) == PNG


@pytest.mark.parametrize("kind", ["", "text/plain"])
async def test_a_part_of_a_form_that_is_text_may_be_base64(kind: str) -> None:
    head = part("image", "", f"Content-Type: {kind}") if kind else part("image", "")
    job = (await jobs_of(form(*FIELDS, (head, DATA_URL.encode()))))[0]
    assert await content_of(job.images[0]) == PNG


@pytest.mark.parametrize(
    "head",
    [
        part("mask", '; filename=""', "Content-Type: application/octet-stream"),
        part("mask", '; filename="a.png"', "Content-Type: image/png"),
        part("mask", "", "Content-Type: image/png"),
        part("mask", ""),
    ],
)
async def test_an_empty_file_of_a_form_is_absent(head: str) -> None:
    file = (part("image", '; filename="a.png"'), PNG)
    job = (await jobs_of(form(*FIELDS, file, (head, b""))))[0]
    assert (len(job.images), job.mask) == (1, None)


@pytest.mark.parametrize("content", [b"null", b"undefined", b" "])
async def test_a_null_text_of_a_form_is_absent(content: bytes) -> None:
    file = (part("image", '; filename="a.png"'), PNG)
    job = (await jobs_of(form(*FIELDS, file, (part("mask", ""), content))))[0]
    assert (len(job.images), job.mask) == (1, None)


async def test_a_number_of_a_form_that_is_null_is_absent() -> None:
    nulls = [(part(name, ""), b"null") for name in ("seed", "steps", "size", "n", "quality")]
    file = (part("image", '; filename="a.png"'), PNG)
    assert (await jobs_of(form(*FIELDS, *nulls, file)))[0].steps == 4


def turned_jpeg() -> str:
    """A JPEG that is stored as 400x300, and is to be seen as 300x400."""
    file, exif = io.BytesIO(), Image.Exif()
    exif[0x0112] = 6
    Image.new("RGB", (400, 300), "red").save(file, "JPEG", exif=exif)
    return base64.b64encode(file.getvalue()).decode()


def mask(size: tuple[int, int]) -> str:
    file = io.BytesIO()
    Image.new("RGBA", size, (0, 0, 0, 0)).save(file, "PNG")
    return base64.b64encode(file.getvalue()).decode()


MASKER = "openai/gpt-image-1.5"


async def test_a_mask_fits_a_photograph_as_a_person_sees_it() -> None:
    body = {"model": MASKER, "prompt": "a", "image": turned_jpeg()}
    headers = {"authorization": "Bearer openai:sk-1"}
    provider = FakeProvider([[HELD]])
    gate = replace(gateway(), engine=engine({"openai": provider}, FakeHttp({}), FakeClock()))
    for size, status in (((300, 400), 200), ((400, 300), 400)):
        asked = request("POST", EDITS, {**body, "mask": mask(size)}, headers)
        reply = await handle(asked, gate, lambda entry: None)
        assert reply.status == status
    assert (await json_of(reply))["error"]["param"] == "mask"
    assert len(provider.calls) == 1


async def test_an_edit_has_the_shape_of_a_photograph_as_a_person_sees_it() -> None:
    size = (await job_of(EDITS, {"model": EDITOR, "prompt": "a", "image": turned_jpeg()})).size
    assert size.width < size.height


HEIC = b"\0\0\0\x18ftypheic\0\0\0\0mif1heic" + b"\0" * 64
EMPTY_PNG = PNG[:16] + (8).to_bytes(4, "big") + (0).to_bytes(4, "big") + PNG[24:]


@pytest.mark.parametrize("path", PLACES)
@pytest.mark.parametrize(
    ("file", "words"),
    [(HEIC, "HEIC"), (EMPTY_PNG, "8x0"), (b"%PDF-1.7 and more", "PDF"), (b"II*\0" * 9, "TIFF")],
)
async def test_a_file_that_no_model_reads_is_refused_with_what_to_do(
    path: str, file: bytes, words: str
) -> None:
    text = base64.b64encode(file).decode()
    if "hf-inference" in path and words != "8x0":
        text = f"data:image/heic;base64,{text}"
    status, error = await refused(path, PLACES[path](text))
    assert status in (400, 422)
    assert words in str(error)


@pytest.mark.parametrize("wrap", [lambda v: {"url": v}, lambda v: [v], lambda v: {"x": v}])
async def test_a_deeply_nested_picture_field_is_refused(wrap: Callable[[Any], Any]) -> None:
    nested: Any = None
    for _ in range(60):
        nested = wrap(nested)
    status, error = await refused(EDITS, {"model": EDITOR, "prompt": "a", "image": nested})
    assert (status, error["error"]["param"]) == (400, "image")
