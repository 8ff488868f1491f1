"""`auto`, which paints for callers without wishes: what is free first, then the fallback."""

import asyncio
import base64
import hashlib
import json
from collections.abc import AsyncGenerator, Mapping
from dataclasses import dataclass, field, replace
from typing import Any

import pytest

from darkroom.app import handle
from darkroom.blob import BytesBlob
from darkroom.catalog.catalog import load_catalog
from darkroom.catalog.channels import configure
from darkroom.deadline import Deadline
from darkroom.engine import model_health
from darkroom.errors import (
    ContentRefused,
    Failure,
    JobLost,
    QuotaExhausted,
    RateLimited,
    UpstreamUnavailable,
)
from darkroom.events import Event, Finished, Picture
from darkroom.gateway import Gateway
from darkroom.http import Http, Reply
from darkroom.image import ImageFile
from darkroom.job import ImageJob
from darkroom.providers.provider import Route
from darkroom.settings import Secret, Settings
from tests.support.fakes import (
    FakeClock,
    FakeConverter,
    FakeHttp,
    MemoryMedia,
    engine,
    gateway,
    json_of,
    request,
)
from tests.support.pictures import left_erased, picture

KEY = "dk_" + "k" * 30
LOCKED = Settings(
    gateway_keys=(hashlib.sha256(KEY.encode()).hexdigest(),),
    tokens={"gitee": (Secret("operators-own"),), "openai": (Secret("sk-operators"),)},
)
IMAGES, EDITS = "/v1/images/generations", "/v1/images/edits"
FREE = ["z-image-turbo", "flux-1-schnell", "qwen-image", "pollinations/flux"]
SOURCE, MASK = (base64.b64encode(file).decode() for file in (picture(), left_erased()))
DOWN = UpstreamUnavailable("It is asleep.")


@dataclass
class Painter:
    """Paints with every model but those that fail; `asked` lists who was, with which token."""

    failing: Mapping[str, Failure] = field(default_factory=dict)
    silent: tuple[str, ...] = ()
    asked: list[str] = field(default_factory=list)
    tokens: list[str] = field(default_factory=list)

    async def run(
        self, job: ImageJob, route: Route, http: Http, deadline: Deadline
    ) -> AsyncGenerator[Event]:
        self.asked.append(job.model)
        self.tokens += [route.token.reveal()] if route.token else []
        if job.model in self.silent:
            await asyncio.Event().wait()
        if failure := self.failing.get(job.model):
            raise type(failure)(failure.message, retry_after_s=failure.retry_after_s)
        yield Finished((Picture(file=ImageFile(data=BytesBlob(picture()))),))


def gate(painter: Painter, settings: Settings | None = None, **parts: Any) -> Gateway:
    """A gateway at which one painter speaks every protocol, with the settings of a deployment."""
    clock = FakeClock()
    whole = gateway(settings=settings or Settings(), clock=clock, **parts)
    rows = {row.protocol: painter for row in whole.catalog.providers}
    return replace(whole, engine=engine(rows, FakeHttp({}), clock, whole.settings))


async def ask(
    gate: Gateway, path: str = IMAGES, token: str | None = None, **body: Any
) -> tuple[Reply, Any]:
    headers = {"authorization": f"Bearer {token}"} if token else {}
    reply = await handle(request("POST", path, body, headers), gate, lambda entry: None)
    return reply, await json_of(reply)


def without(*models: str) -> Painter:
    return Painter(dict.fromkeys(models, DOWN))


SAID = {"role": "user", "content": "a cat"}
DIALECTS: Mapping[str, tuple[str, dict[str, Any]]] = {
    "images": (IMAGES, {"prompt": "a cat"}),
    "chat": ("/v1/chat/completions", {"model": "auto", "messages": [SAID]}),
    "responses": ("/v1/responses", {"input": "a cat", "tools": [{"type": "image_generation"}]}),
    "a1111": ("/sdapi/v1/txt2img", {"prompt": "a cat"}),
    "relay": ("/v2/image/generate", {"prompt": "a cat"}),
    "gemini": (
        "/v1beta/models/auto:generateContent",
        {"contents": [{"role": "user", "parts": [{"text": "a cat"}]}]},
    ),
}


@pytest.mark.parametrize("dialect", DIALECTS)
async def test_a_caller_without_wishes_is_served_by_what_is_free_and_told_by_whom(
    dialect: str,
) -> None:
    path, body = DIALECTS[dialect]
    painter = without("z-image-turbo")
    reply, answer = await ask(gate(painter), path, **body)
    assert reply.status == 200, answer
    assert dict.fromkeys(painter.asked) == dict.fromkeys(FREE[:2])
    assert reply.headers["x-darkroom-model"] == "flux-1-schnell"
    assert reply.headers["x-darkroom-provider"] == "huggingface"
    named = json.loads(answer["info"]) if dialect == "a1111" else answer
    told = {"a1111": "sd_model_name", "gemini": "modelVersion"}.get(dialect, "model")
    assert named[told] == "flux-1-schnell"


async def test_hugging_faces_clients_may_ask_for_auto() -> None:
    headers = {"content-type": "application/json"}
    asked = request("POST", "/hf-inference/models/auto", {"inputs": "a cat"}, headers)
    reply = await handle(asked, gate(without("z-image-turbo")), lambda entry: None)
    assert (reply.status, reply.headers["x-darkroom-model"]) == (200, "flux-1-schnell")


async def test_tools_paint_with_auto() -> None:
    call = {"name": "generate_image", "arguments": {"prompt": "a cat", "return": "link"}}
    painter = without("z-image-turbo")
    _, answer = await ask(
        gate(painter), "/mcp", jsonrpc="2.0", id=1, method="tools/call", params=call
    )
    assert answer["result"]["structuredContent"]["model"] == "flux-1-schnell", answer


async def test_without_a_key_nobody_is_led_to_a_provider_that_needs_a_token() -> None:
    painter = without(*FREE)
    for token in (None, "none", "sk-1234"):
        reply, answer = await ask(gate(painter, LOCKED), token=token, prompt="a cat")
        assert reply.status == 503
        error = answer["error"]
        assert all(name in error["message"] for name in ("Hugging Face", "Pollinations", "asleep"))
        assert error["tried"][-1] == "pollinations:flux=upstream_unavailable"
        assert len(error["tried"]) == 5  # one of the models has two Spaces
    assert set(painter.asked) == set(FREE)
    assert painter.tokens == []


async def test_with_a_gateway_key_the_operators_tokens_come_last() -> None:
    painter = without(*FREE)
    reply, answer = await ask(gate(painter, LOCKED), token=KEY, prompt="a cat")
    assert (reply.status, answer["model"]) == (200, "gitee/z-image-turbo")
    assert painter.asked[-1] == "gitee/z-image-turbo"
    assert painter.tokens == ["operators-own"]


async def test_the_operators_channels_are_a_fallback_for_who_may_use_them() -> None:
    channel = {"id": "mine", "api_url": "https://x.example", "models": ["plain"], "auth": "none"}
    catalog = configure(load_catalog(), {"CHANNELS": json.dumps([channel])}).catalog
    public = Settings(public_providers=("mine",))
    _, answer = await ask(gate(without(*FREE), public, catalog=catalog), prompt="a cat")
    assert answer["model"] == "mine/plain"
    reply, _ = await ask(gate(without(*FREE), Settings(), catalog=catalog), prompt="a cat")
    assert reply.status == 503


async def test_the_soonest_time_to_come_again_is_told() -> None:
    waits = {"z-image-turbo": 60.0, "flux-1-schnell": 9.0, "qwen-image": 30.0}
    painter = Painter(
        {name: RateLimited("Too fast.", retry_after_s=wait_s) for name, wait_s in waits.items()}
        | {"pollinations/flux": QuotaExhausted("All used.", retry_after_s=900.0)}
    )
    reply, answer = await ask(gate(painter), prompt="a cat")
    assert (reply.status, reply.headers["retry-after"]) == (429, "9")
    assert answer["error"]["type"] == "rate_limit_error"


async def test_a_prompt_that_is_refused_is_not_tried_elsewhere() -> None:
    painter = Painter({"z-image-turbo": ContentRefused("Not this.")})
    reply, _ = await ask(gate(painter), prompt="a cat")
    assert (reply.status, painter.asked) == (400, ["z-image-turbo"])


async def test_a_job_that_is_lost_where_nobody_pays_is_begun_elsewhere() -> None:
    painter = Painter({"z-image-turbo": JobLost("It fell silent.")})
    reply, answer = await ask(gate(painter), prompt="a cat")
    assert (reply.status, answer["model"]) == (200, "flux-1-schnell")
    reply, _ = await ask(gate(painter), prompt="a cat", model="z-image-turbo")
    assert reply.status == 502


async def test_who_failed_twice_of_late_is_tried_later() -> None:
    painter = without("z-image-turbo")
    served = gate(painter)
    for _ in range(2):
        await ask(served, prompt="a cat")
    painter.asked.clear()
    _, answer = await ask(served, prompt="a cat")
    assert (answer["model"], painter.asked) == ("flux-1-schnell", ["flux-1-schnell"])
    _, answer = await ask(served, prompt="a cat", model=["qwen-image", "pollinations/flux"])
    assert answer["model"] == "qwen-image"


async def test_a_silent_model_costs_a_part_of_the_time_alone(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(model_health, "UNKNOWN_WAIT_S", 0.02)
    painter = Painter(silent=("z-image-turbo",))
    reply, answer = await ask(gate(painter), prompt="a cat")
    assert (reply.status, answer["model"]) == (200, "flux-1-schnell")
    assert "upstream_unavailable" in answer["tried"][0]


async def test_a_model_that_cannot_take_a_value_is_passed_over() -> None:
    reply, answer = await ask(gate(Painter()), prompt="a cat", steps=40)
    assert (reply.status, answer["model"]) == (200, "flux-1-schnell"), answer
    _, answer = await ask(gate(Painter()), prompt="a cat", negative_prompt="a dog")
    assert (answer["model"], answer["ignored"]) == ("z-image-turbo", ["negative_prompt"])


@pytest.mark.parametrize(
    ("fields", "keyless", "keyed"),
    [
        ({"image": SOURCE}, "qwen-image-edit", "qwen-image-edit"),
        ({"image": SOURCE, "mask": MASK}, "qwen-image-edit", "openai/gpt-image-1-mini"),
    ],
    ids=["edit", "mask"],
)
async def test_edits_and_masks_have_an_order_of_their_own(
    fields: dict[str, str], keyless: str, keyed: str
) -> None:
    for token, model in ((None, keyless), (KEY, keyed)):
        for named in ({}, {"model": "auto"}, {"model": "gpt-image-1"}):
            body = {"prompt": "a dog", **fields, **named}
            painter = Painter()
            reply, answer = await ask(
                gate(painter, LOCKED, converter=FakeConverter()), EDITS, token, **body
            )
            assert painter.asked[:1] == [model], (reply.status, answer)


async def test_a_mask_falls_back_to_editing_with_what_it_keeps_laid_over() -> None:
    painter = without("openai/gpt-image-1-mini")
    body = {"prompt": "a dog", "image": SOURCE, "mask": MASK}
    await ask(gate(painter, LOCKED, converter=FakeConverter()), EDITS, KEY, **body)
    assert painter.asked == ["openai/gpt-image-1-mini", "qwen-image-edit"]


async def test_auto_makes_pictures_larger_where_that_is_asked() -> None:
    for name in ("auto", "R-ESRGAN 4x+"):
        painter = Painter()
        body = {"image": SOURCE, "upscaler_1": name}
        reply, answer = await ask(gate(painter), "/sdapi/v1/extra-single-image", **body)
        assert (reply.status, painter.asked) == (200, ["real-esrgan"]), answer


@pytest.mark.parametrize(
    ("token", "model"),
    [("hf:abcd", "z-image-turbo"), ("siliconflow:abcd", "siliconflow/Qwen/Qwen-Image"),
     ("gitee:abcd", "gitee/z-image-turbo"), ("bfl:abcd", "bfl/flux-2-pro")],
)  # fmt: skip
async def test_a_token_keeps_to_its_own_provider(token: str, model: str) -> None:
    painter = Painter()
    await ask(gate(painter), token=token, prompt="a cat")
    assert painter.asked == [model]


async def test_tokens_of_several_providers_are_a_fallback_each() -> None:
    painter = without(*FREE, "ms/Tongyi-MAI/Z-Image-Turbo")
    _, answer = await ask(gate(painter), token="gitee:a,ms:b", prompt="a cat")
    assert answer["model"] == "gitee/z-image-turbo"
    assert painter.tokens == ["b", "a"]


async def test_the_operator_may_set_another_default() -> None:
    painter = Painter()
    settings = Settings(default_model="qwen-image", default_edit_model="gemini/gemini-3-pro-image")
    await ask(gate(painter, settings), prompt="a cat")
    await ask(gate(painter, settings), prompt="a cat", model="dall-e-3")
    assert painter.asked == ["qwen-image", "qwen-image"]


async def test_the_same_seed_is_remembered_whoever_is_tried_first_by_now() -> None:
    painter = Painter()
    served = gate(painter, media=MemoryMedia())
    body: dict[str, Any] = {"prompt": "a cat", "seed": 7}
    first, _ = await ask(served, token="hf:abcd,gitee:b", **body)
    now = served.clock.time()
    for _ in range(3):
        served.engine.health.fail("z-image-turbo", now)
    second, answer = await ask(served, token="hf:abcd,gitee:b", **body)
    assert (first.headers["x-darkroom-cache"], second.headers["x-darkroom-cache"]) == (
        "miss", "hit",
    )  # fmt: skip
    assert (answer["model"], painter.asked) == ("z-image-turbo", ["z-image-turbo"])


async def listed(gate: Gateway, path: str, token: str | None = None) -> Any:
    headers = {"authorization": f"Bearer {token}"} if token else {}
    reply = await handle(request("GET", path, None, headers), gate, lambda entry: None)
    assert reply.status == 200
    return await json_of(reply)


async def test_auto_is_the_first_of_the_models_with_what_it_can_do() -> None:
    first = (await listed(gate(Painter()), "/v1/models"))["data"][0]
    assert (first["id"], first["default"], first["type"]) == ("auto", True, "pool")
    assert set(first["operations"]) == {"generate", "edit", "upscale"}
    assert first["mask"] is True
    assert first["order"]["upscale"] == ["real-esrgan"]
    assert (await listed(gate(Painter()), "/v1/models/gpt-image-1"))["id"] == "auto"


async def test_providers_tell_the_order_of_now_and_why() -> None:
    served = gate(without("z-image-turbo"), LOCKED)
    for _ in range(3):
        await ask(served, prompt="a cat")
    auto = (await listed(served, "/v1/providers"))["auto"]
    rows = auto["generate"]
    assert [row["model"] for row in rows] == [*FREE[1:3], FREE[3], FREE[0]]
    assert [row["state"] for row in rows] == ["healthy", "healthy", "healthy", "unsteady"]
    assert rows[0]["recent"]["successes"] == pytest.approx(3.0)
    keyed = (await listed(served, "/v1/providers", KEY))["auto"]
    assert "gitee/z-image-turbo" in [row["model"] for row in keyed["generate"]]
    assert next(row["model"] for row in keyed["mask"]) == "openai/gpt-image-1-mini"


async def test_providers_tell_until_when_a_model_rests() -> None:
    served = gate(Painter())
    for upstream in load_catalog().resolve("flux-1-schnell", "").models[0].upstreams:
        breaker = served.engine.breakers.of("huggingface", upstream.id)
        for _ in range(5):
            breaker.count_failure()
    rows = {
        row["model"]: row for row in (await listed(served, "/v1/providers"))["auto"]["generate"]
    }
    assert rows["flux-1-schnell"]["state"] == "resting"
    assert rows["flux-1-schnell"]["until"].endswith("Z")
    assert "until" not in rows["qwen-image"]


async def test_an_operators_pool_is_tried_in_exactly_its_order() -> None:
    pools = {"auto": ["qwen-image", "flux-1-schnell"], "own": {"edit": ["ms/flux-2"]}}
    catalog = configure(load_catalog(), {"POOLS": json.dumps(pools)}).catalog
    painter = without("qwen-image")
    served = gate(painter, catalog=catalog)
    for _ in range(3):
        await ask(served, prompt="a cat")
    assert painter.asked == ["qwen-image", "flux-1-schnell"] * 3
    painter.asked.clear()
    await ask(served, EDITS, prompt="a dog", image=SOURCE)  # which the list says nothing of
    assert painter.asked == ["qwen-image-edit"]
