"""Every model of the Spaces, good and bad, on real Gradio 6, 5 and 4."""

import asyncio
import base64
import io
from collections.abc import AsyncGenerator
from typing import Any

import httpx
import pytest
from PIL import Image

from darkroom.catalog.catalog import load_catalog
from darkroom.job import Operation
from tests.integration.conftest import Caller
from tests.support.slow import slow
from tests.support.spaces import Spaces, eventually

FLUX = "black-forest-labs-flux-1-schnell"
TURBO = ("mrfakename-z-image-turbo", "luca115-z-image-turbo")
MODELS = [
    model.id
    for model in load_catalog().models
    if model.provider.id == "huggingface" and Operation.GENERATE in model.operations
]


def picture(item: dict[str, Any]) -> Image.Image:
    return Image.open(io.BytesIO(base64.b64decode(item["b64_json"])))


@pytest.mark.parametrize("model", MODELS)
async def test_every_model_paints_a_picture_of_the_size_it_says(
    caller: Caller, spaces: Spaces, model: str
) -> None:
    spaces.forget()
    answer = await caller.answer(
        model=model, size="16:9", steps=4, seed=11, response_format="b64_json"
    )
    (item,) = answer["data"]
    width, height = (int(side) for side in answer["size"].split("x"))
    assert picture(item).size == (width, height)
    assert width > height
    assert item["seed"] == 11
    assert 11 in spaces.log("/queue/join")[-1]["body"]["data"]
    assert answer["model"] == model


@pytest.mark.parametrize("model", ["flux-1-schnell", *slow(*MODELS)])
async def test_the_same_seed_paints_the_same_picture(caller: Caller, model: str) -> None:
    body = {"model": model, "size": "auto", "steps": 4, "response_format": "b64_json"}
    first = await caller.answer(seed=5, **body)
    again = await caller.answer(seed=5, **body)
    other = await caller.answer(seed=6, **body)
    assert first["data"] == again["data"]
    assert first["data"][0]["b64_json"] != other["data"][0]["b64_json"]


@pytest.mark.every_gradio
async def test_an_address_leads_to_the_picture(caller: Caller) -> None:
    answer = await caller.answer(size="640x512")
    reply = httpx.get(answer["data"][0]["url"], timeout=30)
    assert reply.headers["content-type"] == "image/webp"
    assert Image.open(io.BytesIO(reply.content)).size == (640, 512)


@pytest.mark.parametrize(
    ("requested", "size"),
    [("1:1", "1328x1328"), ("16:9", "1664x928"), ("9:16", "928x1664"), ("4:3", "1472x1140"),
     ("3:4", "1140x1472"), ("3:2", "1584x1056"), ("2:3", "1056x1584")],
)  # fmt: skip
async def test_qwen_image_paints_each_of_its_seven_ratios(
    caller: Caller, requested: str, size: str
) -> None:
    answer = await caller.answer(
        model="Qwen/Qwen-Image", size=requested, steps=2, response_format="b64_json"
    )
    assert answer["size"] == size
    assert str(picture(answer["data"][0]).size) == str(tuple(map(int, size.split("x"))))


async def test_qwen_image_enhances_the_prompt_unless_disabled(caller: Caller) -> None:
    body = {
        "model": "Qwen/Qwen-Image",
        "seed": 3,
        "steps": 2,
        "response_format": "b64_json",
        "size": "1:1",
    }
    enhanced = await caller.answer(**body)
    plain = await caller.answer(prompt_enhance=False, **body)
    assert enhanced["data"] != plain["data"]


@pytest.mark.every_gradio
async def test_the_inputs_go_out_by_position(caller: Caller, spaces: Spaces) -> None:
    spaces.forget()
    await caller.answer(
        model="z-image", prompt="a fox", negative_prompt="fog", seed=9, guidance_scale=6.5, steps=3,
        size="512x768",
    )  # fmt: skip
    (join,) = spaces.log("/queue/join")
    assert join["space"] == "mrfakename-z-image"
    assert join["body"]["data"] == ["a fox", "fog", 768, 512, 3, 6.5, 9, False]


@pytest.mark.every_gradio
async def test_a_stream_tells_of_the_queue_of_each_step_and_of_the_end(caller: Caller) -> None:
    events = await caller.stream(prompt="slow [[steps:50]]")
    stages = [fields.get("stage") for _, fields in events]
    assert stages[0] == "queued"
    assert events[0][1]["queue_position"] == 0
    steps = [fields["step"] for _, fields in events[:-1] if fields["step"] is not None]
    assert steps == sorted(steps)
    assert steps
    kind, done = events[-1]
    assert kind == "image_generation.completed"
    assert picture(done).size == (512, 512)


async def test_several_pictures_are_painted_with_their_own_seeds(caller: Caller) -> None:
    answer = await caller.answer(n=4, seed=20, steps=2, response_format="b64_json")
    assert [item["seed"] for item in answer["data"]] == [20, 21, 22, 23]
    assert len({item["b64_json"] for item in answer["data"]}) == 4


@pytest.mark.every_gradio
@pytest.mark.parametrize(
    ("prompt", "status", "code", "says"),
    [
        ("[[quota]]", 429, "insufficient_quota", "Try again in 17:25:53"),
        ("[[runs]]", 429, "insufficient_quota", "runs limit"),
        ("[[nogpu]]", 503, "upstream_unavailable", "No GPU was free"),
        ("[[duration]]", 502, "generation_failed", "larger than the maximum"),
        ("[[worker:OutOfMemoryError]]", 502, "generation_failed", "OutOfMemoryError"),
        ("[[raise:secret insides]]", 502, "generation_failed", "did not say why"),
        ("[[error:the model is not loaded]]", 502, "generation_failed", "the model is not loaded"),
        ("[[refuse]]", 400, "moderation_blocked", "refused the prompt"),
        ("[[late:NSFW content detected]]", 400, "moderation_blocked", "NSFW"),
        ("[[fail]]", 502, "generation_failed", "failed"),
        ("[[none]]", 502, "no_image", "without a picture"),
        ("[[words]]", 502, "no_image", "without a picture"),
    ],
)
async def test_a_space_that_refuses_is_reported_in_its_own_words(
    caller: Caller, prompt: str, status: int, code: str, says: str
) -> None:
    got, error, _ = await caller.error(prompt=f"a cat {prompt}")
    assert (got, error["code"]) == (status, code)
    assert says in error["message"]
    assert "secret insides" not in error["message"]


@pytest.mark.every_gradio
async def test_the_wait_for_quota_is_reported_in_seconds(caller: Caller) -> None:
    _, _, reply = await caller.error(prompt="[[quota:1 day, 3:00:00]]")
    assert reply.headers["retry-after"] == "97200"
    assert reply.headers["x-should-retry"] == "false"


async def test_an_expired_permit_is_tried_once_more(caller: Caller) -> None:
    status, error, reply = await caller.error(prompt="[[badtoken]]")
    assert (status, error["code"]) == (503, "upstream_unavailable")
    assert reply.headers["x-darkroom-attempts"] == "2"


@pytest.mark.every_gradio
async def test_waiting_for_a_gpu_is_reported(caller: Caller) -> None:
    events = await caller.stream(prompt="[[gpuqueue:0.05]]")
    messages = [fields.get("message") for _, fields in events]
    assert "Waiting for a GPU to become available" in messages


@pytest.mark.every_gradio
@pytest.mark.parametrize(
    ("mode", "status", "says"),
    [
        ("error", 503, "in error"),
        ("sleeping", 503, "asleep or starting"),
        ("missing", 503, "no Space"),
        ("rate", 429, "too many requests"),
        ("full", 503, "Queue is full"),
        ("cut", 502, "ended before the picture came"),
        ("vanish", 502, "no longer knew it"),
    ],
)
async def test_a_space_that_is_down_is_reported_as_what_it_is(
    caller: Caller, spaces: Spaces, mode: str, status: int, says: str
) -> None:
    with spaces.mode(FLUX, mode):
        got, error, _ = await caller.within(8).error()
    assert got == status, error
    said, _, advice = error["message"].partition(" A token of your own")
    assert says in said
    assert "http" not in said
    assert bool(advice) == (mode == "rate")


@pytest.mark.parametrize("mode", ["error", "sleeping", "missing", "rate", "full"])
async def test_the_second_space_serves_when_the_first_is_down(
    caller: Caller, spaces: Spaces, mode: str
) -> None:
    with spaces.mode(TURBO[0], mode):
        reply = await caller.generate(model="z-image-turbo", stream=True)
        assert reply.status == 200
        assert reply.headers["x-darkroom-attempts"] == "2"
        assert isinstance(reply.body, AsyncGenerator)
        async for _ in reply.body:
            pass
    assert spaces.log("/queue/data")[-1]["space"] == TURBO[1]


@pytest.mark.every_gradio
async def test_a_lost_job_is_not_started_anew_elsewhere(caller: Caller, spaces: Spaces) -> None:
    spaces.forget()
    with spaces.mode(TURBO[0], "cut"):
        status, error, reply = await caller.error(model="z-image-turbo")
    assert (status, error["code"]) == (502, "generation_lost")
    assert reply.headers["x-should-retry"] == "false"
    assert len(spaces.log("/queue/join")) == 1


@pytest.mark.every_gradio
async def test_everything_after_the_join_goes_to_the_replica_that_took_it(
    caller: Caller, spaces: Spaces
) -> None:
    with spaces.mode(FLUX, "replicas"):
        answer = await caller.answer(response_format="b64_json")
        addressed = await caller.answer()
        assert "/--replicas/" in addressed["data"][0]["url"]
        assert httpx.get(addressed["data"][0]["url"], timeout=30).status_code == 200
    assert picture(answer["data"][0]).size == (512, 512)


@pytest.mark.parametrize(
    ("token", "result"),
    [
        ("quota-1234", "insufficient_quota"),
        ("limited-1234", "rate_limit_exceeded"),
        ("bad-1234", "invalid_api_key"),
    ],
)
async def test_a_token_that_does_not_work_gives_way_to_none_and_the_caller_sees_it(
    caller: Caller, token: str, result: str
) -> None:
    space = "huggingface:black-forest-labs/FLUX.1-schnell"
    answer = await caller.answer(token=token)
    assert answer["tried"] == [f"{space}#1={result}", f"{space}=ok"]


async def test_a_space_that_fails_is_not_called_again_without_the_token(caller: Caller) -> None:
    status, error, reply = await caller.error(token="html-1234")
    assert (status, error["code"]) == (503, "upstream_unavailable")
    assert reply.headers["x-darkroom-attempts"] == "1"
    assert "html-1234" not in error["message"]


async def test_a_wait_that_a_space_names_is_reported_where_nothing_else_helps(
    caller: Caller, spaces: Spaces
) -> None:
    with spaces.mode("black-forest-labs-flux-1-schnell", "rate"):
        status, error, reply = await caller.error(token="limited-1234")
    assert (status, error["code"]) == (429, "rate_limit_exceeded")
    assert "limited-1234" not in error["message"]
    assert 0 < int(reply.headers["retry-after"]) <= 60


@pytest.mark.every_gradio
async def test_the_token_goes_on_every_hop(caller: Caller, spaces: Spaces) -> None:
    spaces.forget()
    await caller.answer(token="good-1234", response_format="b64_json")
    seen = spaces.log()
    assert {entry["path"].split("/")[-1].split("=")[0] for entry in seen} >= {
        "config",
        "join",
        "data",
    }
    assert any("file=" in entry["path"] for entry in seen)
    assert {entry["headers"].get("x-hf-authorization") for entry in seen} == {"Bearer good-1234"}
    assert not [entry for entry in seen if "authorization" in entry["headers"]]


@pytest.mark.every_gradio
async def test_no_forwarding_header_and_no_range_is_sent(caller: Caller, spaces: Spaces) -> None:
    """Gradio builds addresses from the first and echoes secrets for the second (gradio.md 7)."""
    spaces.forget()
    await caller.answer(response_format="b64_json")
    for entry in spaces.log():
        assert not {"x-forwarded-host", "x-forwarded-proto", "range"} & set(entry["headers"])


@pytest.mark.every_gradio
async def test_the_configuration_is_fetched_once_for_many_jobs(
    caller: Caller, spaces: Spaces
) -> None:
    await caller.answer(response_format="url")
    spaces.forget()
    await caller.answer(response_format="url")
    assert [entry["path"].rpartition("/")[2] for entry in spaces.log()] == ["join", "data"]


@pytest.mark.every_gradio
async def test_a_caller_who_leaves_a_running_job_cancels_it(caller: Caller, spaces: Spaces) -> None:
    spaces.forget()
    reply = await caller.generate(stream=True, prompt="slow [[sleep:1]]")
    assert isinstance(reply.body, AsyncGenerator)
    async for part in reply.body:
        if isinstance(part, bytes) and b'"running"' in part:
            break
    await reply.body.aclose()
    (join,) = spaces.log("/queue/join")
    (cancel,) = spaces.log("/cancel")
    assert cancel["body"]["session_hash"] == join["body"]["session_hash"]
    await asyncio.to_thread(eventually, lambda: spaces.log("/queue/data", disconnected=True))


@pytest.mark.every_gradio
async def test_a_caller_who_leaves_the_queue_frees_the_place(
    caller: Caller, spaces: Spaces
) -> None:
    """The stand-in runs four at a time: the fifth waits, leaves, and is never run."""
    running = [
        asyncio.ensure_future(caller.answer(prompt=f"[[sleep:0.6]] {number}"))
        for number in range(4)
    ]
    await asyncio.to_thread(
        eventually, lambda: len(spaces.log("/queue/data", disconnected=None)) >= 4
    )
    reply = await caller.generate(stream=True, prompt="never painted")
    assert isinstance(reply.body, AsyncGenerator)
    first = await anext(reply.body)
    assert b'"queued"' in bytes(first)
    spaces.forget()
    await reply.body.aclose()
    assert len(spaces.log("/cancel")) == 1
    await asyncio.gather(*running)
    assert await caller.answer(prompt="after all")
