"""Edits and variations, in all the ways that clients send them."""

import base64
import json
from typing import Any

import pytest

from darkroom.app import handle
from darkroom.blob import BytesBlob
from darkroom.events import Finished, Picture, Preview
from darkroom.http import Reply, Request
from darkroom.image import ImageFile
from darkroom.job import ImageJob, Operation
from darkroom.sse import EventReader
from tests.support.fakes import PNG, WEBP, FakeProvider, body_of, gateway, json_of, request
from tests.support.forms import edit_form, form_request

HELD = Finished((Picture(file=ImageFile(data=BytesBlob(PNG))),))
BASE64 = base64.b64encode(PNG).decode()
DATA_URL = f"data:image/png;base64,{BASE64}"


async def painted(requested: Request) -> tuple[Reply, list[ImageJob]]:
    provider = FakeProvider([[HELD]])
    reply = await handle(requested, gateway(provider), lambda entry: None)
    return reply, [job for job, _ in provider.calls]


async def job_for(requested: Request) -> ImageJob:
    reply, jobs = await painted(requested)
    assert reply.status == 200, await body_of(reply)
    return jobs[0]


async def refusal_of(requested: Request) -> dict[str, Any]:
    reply, jobs = await painted(requested)
    assert not jobs
    assert reply.status in (400, 415)
    error: dict[str, Any] = (await json_of(reply))["error"]
    return error


async def files_of(job: ImageJob) -> list[bytes]:
    blobs = [await image.to_bytes() for image in job.images]
    return [blob.head(blob.size) for blob in blobs]


def edit_json(**body: Any) -> Request:
    whole = {"model": "qwen-image-edit", "prompt": "make it blue", **body}
    return request("POST", "/v1/images/edits", whole, {"content-type": "application/json"})


@pytest.mark.parametrize("name", ["image", "image[]", "image[0]", "images", "images[]"])
async def test_a_picture_in_a_form_goes_by_many_names(name: str) -> None:
    job = await job_for(edit_form(images=[(name, PNG)]))
    assert (job.operation, job.prompt) == (Operation.EDIT, "make it blue")
    assert await files_of(job) == [PNG]


@pytest.mark.parametrize(
    "names",
    [("image", "image"), ("image[]", "image[]"), ("image[0]", "image[1]"), ("image", "image[]")],
)
async def test_several_pictures_keep_their_order(names: tuple[str, str]) -> None:
    job = await job_for(edit_form(images=[(names[0], PNG), (names[1], WEBP)]))
    assert await files_of(job) == [PNG, WEBP]


@pytest.mark.parametrize(
    "body",
    [
        {"images": [{"image_url": DATA_URL}]},
        {"images": [{"image_url": {"url": DATA_URL}}]},
        {"images": [{"url": DATA_URL}]},
        {"images": [DATA_URL]},
        {"images": DATA_URL},
        {"image": DATA_URL},
        {"image": BASE64},
        {"image": [BASE64]},
        {"image_url": DATA_URL},
        {"imageUrls": [DATA_URL]},
        {"input_image": BASE64},
    ],
)
async def test_a_picture_in_json_goes_by_many_names(body: dict[str, Any]) -> None:
    assert await files_of(await job_for(edit_json(**body))) == [PNG]


async def test_a_forms_numbers_and_booleans_are_text() -> None:
    form = edit_form(("n", "2"), ("seed", "7"), ("steps", "6"), ("stream", "false"))
    reply, jobs = await painted(form)
    assert sorted((job.seed, job.steps) for job in jobs) == [(7, 6), (8, 6)]
    assert len((await json_of(reply))["data"]) == 2


async def test_a_form_may_ask_for_a_stream_whose_events_are_edits() -> None:
    provider = FakeProvider([[Preview(HELD.pictures[0]), HELD]])
    form = edit_form(("stream", "true"), ("partial_images", "1"))
    reply = await handle(form, gateway(provider), lambda entry: None)
    assert reply.headers["content-type"].startswith("text/event-stream")
    events = [json.loads(e.data) for e in EventReader().feed(await body_of(reply))]
    assert [event["type"] for event in events] == [
        "image_edit.partial_image",
        "image_edit.completed",
    ]
    for event in events:
        assert base64.b64decode(event["b64_json"]) == PNG
        assert {"created_at", "size", "quality", "background", "output_format"} <= set(event)


@pytest.mark.parametrize("model", [None, "", "gpt-image-1", "dall-e-2"])
async def test_a_caller_who_names_no_model_gets_one_that_edits(model: str | None) -> None:
    assert (await job_for(edit_json(image=BASE64, model=model))).model == "qwen-image-edit"


async def test_a_generation_with_a_picture_is_an_edit_too() -> None:
    requested = request("POST", "/v1/images/generations", {"prompt": "bluer", "image": DATA_URL})
    assert (await job_for(requested)).operation is Operation.EDIT


@pytest.mark.parametrize(
    ("requested", "param", "says"),
    [
        (edit_json(), "image", "works on a picture"),
        (edit_json(image=[]), "image", "works on a picture"),
        (edit_json(image=BASE64, model="flux-1-schnell"), "image", "paints from words alone"),
        (edit_json(images=[{"file_id": "file-1"}]), "images", "file_id names none"),
        (edit_json(image="not a picture"), "image", "not a PNG"),
        (edit_json(image=base64.b64encode(b"%PDF-1.7 " * 9).decode()), "image", "this is PDF"),
        (edit_json(image=5), "image", "must be a file"),
        (edit_json(image=[BASE64] * 17), "image", "at most 16"),
        (edit_json(image=[BASE64] * 4), "image", "takes 3 at the most"),
        (edit_json(image=BASE64, mask=BASE64), "mask", "takes no mask"),
        (edit_json(image=BASE64, mask=[BASE64, BASE64]), "mask", "only one"),
        (edit_json(image=BASE64, prompt=""), "prompt", "say what"),
        (edit_json(image=BASE64, background="transparent", output_format="jpeg"), "background", "cannot be transparent"),
        (edit_form(images=[("image", b"GIF")]), "image", "not a PNG"),
        (edit_form(images=[]), "image", "works on a picture"),
    ],
)  # fmt: skip
async def test_an_invalid_edit_is_refused_with_its_parameter(
    requested: Request, param: str, says: str
) -> None:
    error = await refusal_of(requested)
    assert error["param"] == param
    assert says in error["message"]


async def test_a_body_of_another_kind_is_refused() -> None:
    kind = {"content-type": "text/plain"}
    error = await refusal_of(request("POST", "/v1/images/edits", b"prompt=a+cat", kind))
    assert error["code"] == "unsupported_media_type"
    broken = {"content-type": "multipart/form-data; boundary=b"}
    error = await refusal_of(request("POST", "/v1/images/edits", b"--c--", broken))
    assert error["code"] == "invalid_form"


async def test_json_that_curl_calls_a_form_is_read() -> None:
    kind = {"content-type": "application/x-www-form-urlencoded"}
    body = json.dumps({"prompt": "bluer", "image": DATA_URL}).encode()
    assert (await job_for(request("POST", "/v1/images/edits", body, kind))).prompt == "bluer"


async def test_a_variation_needs_no_prompt() -> None:
    form = form_request("/v1/images/variations", [("image", PNG), ("n", "2"), ("size", "512x512")])
    reply, jobs = await painted(form)
    assert reply.status == 200
    assert len(jobs) == 2
    assert "variation" in jobs[0].prompt
    assert jobs[0].operation is Operation.EDIT


async def test_a_variation_by_a_model_that_cannot_edit_is_refused() -> None:
    fields: list[tuple[str, str | bytes]] = [("image", PNG), ("model", "flux-1-schnell")]
    error = await refusal_of(form_request("/v1/images/variations", fields))
    assert "paints from words alone" in error["message"]
