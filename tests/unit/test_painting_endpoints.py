"""Every endpoint that paints has idempotency keys and background tasks, in its dialect's words."""

import base64
import io
import json
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

import pytest
from PIL import Image

from darkroom.app import ENDPOINTS, handle
from darkroom.blob import BytesBlob
from darkroom.dialects.relay.families import FAMILIES
from darkroom.events import Finished, Picture, Started
from darkroom.gateway import Gateway
from darkroom.http import Reply
from darkroom.image import ImageFile
from tests.support.background import MemoryTasks, with_background
from tests.support.contract import CONTRACT
from tests.support.fakes import FakeHttp, FakeProvider, FakeReply, body_of, gateway, request
from tests.support.relay import LEAST

BEARER = {"authorization": "Bearer hf:hf_good"}
ADDRESS = "https://files.example.com/cat.png"
PAINTER, EDITOR = "flux-1-schnell", "qwen-image-edit"


def _png(shade: int) -> bytes:
    file = io.BytesIO()
    image = Image.new("RGBA", (64, 48), (shade, 0, 0, 255))
    image.putpixel((0, 0), (0, 0, 0, 0))
    image.save(file, "PNG")
    return file.getvalue()


SOURCE = base64.b64encode(_png(1)).decode()
CONTENTS = {"contents": [{"role": "user", "parts": [{"text": "a cat"}]}]}
CHAT = [{"role": "user", "content": "a cat"}]
BODIES: Mapping[str, Mapping[str, Any]] = {
    "/v1/images/generations": {"model": PAINTER, "prompt": "a cat"},
    "/v1/images/edits": {"model": EDITOR, "prompt": "a cat", "image": SOURCE},
    "/v1/images/variations": {"model": EDITOR, "image": SOURCE},
    "/v1/chat/completions": {"model": PAINTER, "messages": CHAT},
    "/v1/responses": {"model": PAINTER, "input": "a cat"},
    **{
        f"{prefix}{PAINTER}:{verb}": CONTENTS
        for prefix in ("/v1beta/models/", "/v1/models/")
        for verb in ("generateContent", "streamGenerateContent")
    },
    f"/v1beta/models/{PAINTER}:predict": {"instances": [{"prompt": "a cat"}]},
    f"/v1/models/{PAINTER}:predict": {"instances": [{"prompt": "a cat"}]},
    f"/hf-inference/models/{PAINTER}": {"inputs": "a cat"},
    **{family.path: LEAST[family.path.removeprefix("/v2/")] for family in FAMILIES.by_id.values()},
    "/sdapi/v1/txt2img": {"model": PAINTER, "prompt": "a cat"},
    "/sdapi/v1/img2img": {"model": EDITOR, "prompt": "a cat", "init_images": [SOURCE]},
    "/api/generate": {"model": PAINTER, "prompt": "a cat"},
    "/api/qwen-image/decompose": {"image": SOURCE, "prompt": "a cat", "layer_num": 2},
    "/api/qwen-image/edit-layer": {"layer_image": SOURCE, "instruction": "red"},
    "/api/qwen-image/edit-multi": {"images": [SOURCE, SOURCE], "instruction": "red"},
    "/api/vl/generate": {"prompt": "a cat"},
}
# Where a picture may be named by its address, a body that does so.
NAMING: Mapping[str, Mapping[str, Any]] = {
    "/v1/images/edits": {"model": EDITOR, "prompt": "a cat", "image": ADDRESS},
    "/v1/images/variations": {"model": EDITOR, "image": ADDRESS},
    "/v1/chat/completions": {
        "model": EDITOR,
        "messages": [
            {
                "role": "user",
                "content": [
                    {"type": "text", "text": "red"},
                    {"type": "image_url", "image_url": {"url": ADDRESS}},
                ],
            }
        ],
    },
    "/sdapi/v1/img2img": {"model": EDITOR, "prompt": "a cat", "init_images": [ADDRESS]},
    "/api/qwen-image/decompose": {"image": ADDRESS, "prompt": "a cat", "layer_num": 2},
    "/api/qwen-image/edit-layer": {"layer_image": ADDRESS, "instruction": "red"},
    "/api/qwen-image/edit-multi": {"images": [ADDRESS, ADDRESS], "instruction": "red"},
}


@dataclass
class Stage:
    """A gateway with a background, what paints for it, and the host of the named picture."""

    provider: FakeProvider = field(
        default_factory=lambda: FakeProvider([[Started(), _finished(7, 8)]])
    )
    http: FakeHttp = field(
        default_factory=lambda: FakeHttp(
            {"/cat.png": [FakeReply(200, {"content-type": "image/png"}, [_png(3)])]}
        )
    )

    def __post_init__(self) -> None:
        self.gate: Gateway
        self.tasks: MemoryTasks
        self.gate, self.tasks = with_background(gateway(self.provider, http=self.http))

    async def post(self, path: str, body: object, headers: Mapping[str, str]) -> Reply:
        requested = request("POST", path, body, {**BEARER, **headers})
        return await CONTRACT.hold(
            "POST", path, await handle(requested, self.gate, lambda entry: None)
        )

    async def get(self, path: str) -> Reply:
        requested = request("GET", path)
        return await CONTRACT.hold(
            "GET", path, await handle(requested, self.gate, lambda entry: None)
        )


def _finished(*shades: int) -> Finished:
    files = [ImageFile(data=BytesBlob(_png(shade))) for shade in shades]
    return Finished(tuple(Picture(file=file) for file in files), 42)


def test_the_bodies_are_for_every_endpoint_that_paints() -> None:
    paths = {
        endpoint.path + (f"{PAINTER}{endpoint.verb}" if endpoint.path.endswith("/") else "")
        for endpoint in ENDPOINTS
        for route in endpoint.routes.values()
        if route.task_shape
    }
    assert paths == set(BODIES)


@pytest.mark.parametrize("path", BODIES)
async def test_a_request_is_run_in_the_background_where_the_caller_prefers_that(path: str) -> None:
    waited = await Stage().post(path, BODIES[path], {})
    expected = await body_of(waited)
    assert waited.status == 200, expected
    stage = Stage()
    accepted = await stage.post(path, BODIES[path], {"prefer": "respond-async"})
    assert (accepted.status, accepted.headers["preference-applied"]) == (202, "respond-async")
    poll = await stage.get(f"{accepted.headers['location']}?wait=5")
    assert poll.status == 200
    reported = json.loads(await body_of(poll))
    kind = waited.headers["content-type"]
    if kind.startswith("image/"):
        assert reported["result"]["content_type"] == kind
        assert base64.b64decode(reported["result"]["b64_json"]) == expected
    else:
        result = reported.get("result") or reported.get("response") or reported
        assert _shape_of(json.loads(expected)).items() <= _shape_of(result).items()
    assert len(stage.provider.calls) == 1


@pytest.mark.parametrize("path", BODIES)
async def test_a_request_with_the_same_key_is_not_painted_twice(path: str) -> None:
    stage = Stage()
    first, again = [
        await stage.post(path, BODIES[path], {"idempotency-key": "one"}) for _ in range(2)
    ]
    assert (first.status, again.status) == (200, 200), await body_of(first)
    assert await body_of(first) == await body_of(again)
    assert "idempotency-replayed" not in first.headers
    assert again.headers["idempotency-replayed"] == "true"
    assert again.headers["content-type"] == first.headers["content-type"]
    own = {name for name in first.headers if name.startswith("x-")} - {"x-request-id"}
    assert own <= again.headers.keys()
    assert len(stage.provider.calls) == 1
    other = await stage.post(path, {**BODIES[path], "seed": 5}, {"idempotency-key": "one"})
    assert other.status in (400, 409, 422), await body_of(other)


@pytest.mark.parametrize("path", NAMING)
@pytest.mark.parametrize("headers", [{"idempotency-key": "one"}, {"prefer": "respond-async"}])
async def test_a_picture_that_is_named_by_its_address_is_fetched_once(
    path: str, headers: Mapping[str, str]
) -> None:
    stage = Stage()
    reply = await stage.post(path, NAMING[path], headers)
    assert reply.status in (200, 202), await body_of(reply)
    if reply.status == 202:
        await stage.get(f"{reply.headers['location']}?wait=5")
    assert len(stage.http.sent_to("/cat.png")) == 1
    (job, _), *others = stage.provider.calls
    assert not others
    for image in job.images:
        assert (await image.to_bytes()).head(10_000) == _png(3)


async def test_a_background_response_is_polled_and_cancelled_as_openais() -> None:
    stage = Stage(FakeProvider([[Started(), 0.05, _finished(7)]]))
    body = {**BODIES["/v1/responses"], "background": True}
    accepted = await stage.post("/v1/responses", body, {})
    queued = json.loads(await body_of(accepted))
    assert (accepted.status, queued["status"], queued["background"]) == (202, "queued", True)
    assert accepted.headers["location"] == f"/v1/responses/{queued['id']}"
    done = json.loads(await body_of(await stage.get(f"/v1/responses/{queued['id']}?wait=5")))
    assert (done["id"], done["status"], done["background"]) == (queued["id"], "completed", True)
    assert done["output"][0]["result"]

    slow = Stage(FakeProvider([[Started(), 30, _finished(7)]]))
    accepted = await slow.post("/v1/responses", body, {})
    queued = json.loads(await body_of(accepted))
    cancelled = await slow.post(f"/v1/responses/{queued['id']}/cancel", {}, {})
    assert json.loads(await body_of(cancelled))["status"] == "cancelled"


async def test_a_response_is_not_streamed_and_made_in_the_background_at_once() -> None:
    body = {**BODIES["/v1/responses"], "background": True, "stream": True}
    reply = await Stage().post("/v1/responses", body, {})
    error = json.loads(await body_of(reply))["error"]
    assert (reply.status, error["param"]) == (400, "background")


async def test_a_background_task_of_googles_is_a_long_running_operation() -> None:
    path = f"/v1beta/models/{PAINTER}:generateContent"
    stage = Stage(FakeProvider([[Started(), 30, _finished(7)]]))
    accepted = json.loads(
        await body_of(await stage.post(path, CONTENTS, {"prefer": "respond-async"}))
    )
    assert accepted["name"].startswith("operations/")
    assert not accepted["done"]
    cancelled = await stage.post(f"/v1beta/{accepted['name']}:cancel", {}, {})
    reported = json.loads(await body_of(cancelled))
    assert (reported["done"], reported["error"]["status"]) == (True, "INVALID_ARGUMENT")


def _shape_of(value: Any) -> dict[str, str]:
    """The fields of an answer by their types: ids, times and seeds differ from run to run."""
    entries = value[0] if isinstance(value, list) else value
    return {name: type(each).__name__ for name, each in entries.items()}
