"""Every provider, through real sockets, against the stand-in that speaks its protocol."""

import base64
import io
from collections.abc import AsyncIterator, Mapping
from dataclasses import dataclass, replace
from typing import Any

import httpx
import pytest
from PIL import Image

from darkroom.app import handle
from darkroom.catalog.catalog import Catalog, load_catalog
from darkroom.catalog.channels import configure
from darkroom.catalog.model import Upstream
from darkroom.catalog.rows import ProviderFile
from darkroom.gateway import Gateway
from darkroom.http import Reply
from darkroom.job import Operation
from darkroom.settings import Settings
from tests.support.apis import Apis
from tests.support.fakes import json_of, request
from tests.support.gateways import real_gateway
from tests.support.network import HttpxHttp

GENERATIONS = "/v1/images/generations"
FAST: dict[str, Any] = {"poll_delays_s": (0.02,), "public_providers": ("a1111", "studio")}
SHORT_S = 0.5

# Provider: a model of it, and how its tokens are sent.
PAINTERS = {
    "gitee": ("gitee/z-image-turbo", "gitee:{}"),
    "modelscope": ("ms/z-image-turbo", "ms:{}"),
    "a4f": ("a4f/provider-4/imagen-4", "a4f:{}"),
    "siliconflow": ("siliconflow/Kwai-Kolors/Kolors", "siliconflow:{}"),
    "openai": ("openai/gpt-image-2", "openai:{}"),
    "bfl": ("bfl/flux-2-pro", "bfl:{}"),
    "gemini": ("gemini/gemini-3-pro-image", "gemini:{}"),
    "imagen": ("gemini/imagen-4", "gemini:{}"),
    "qwen": ("qwen/qwen-image-plus", "qwen:{}"),
    "qwen by task": ("qwen/qwen-image", "qwen:{}"),
    "a1111": ("a1111/default", "a1111:user:{}"),
    "studio": ("studio/z-image-turbo", "studio:{}"),
    "pollinations": ("pollinations/flux", "pollinations:{}"),
    "hf-inference": ("hf-inference/black-forest-labs/FLUX.1-schnell", "hf:{}"),
    "cloudflare": ("cloudflare/phoenix-1.0", "cf:0123456789abcdef0123456789abcdef:{}"),
    "cloudflare's catalog": (
        "cloudflare/openai/gpt-image-2",
        "cf:0123456789abcdef0123456789abcdef:{}",
    ),
}


@dataclass(frozen=True, slots=True)
class Caller:
    """Somebody who asks a fresh gateway for pictures."""

    http: HttpxHttp
    catalog: Catalog

    def gateway(self, **settings: Any) -> Gateway:
        return real_gateway(self.catalog, self.http, Settings(**{**FAST, **settings}))

    async def ask(
        self, body: Mapping[str, Any], bearer: str = "", gateway: Gateway | None = None
    ) -> tuple[Reply, dict[str, Any]]:
        headers = {"authorization": f"Bearer {bearer}"} if bearer else {}
        requested = request("POST", GENERATIONS, {"prompt": "a lighthouse", **body}, headers)
        log: list[Mapping[str, object]] = []
        reply = await handle(requested, gateway or self.gateway(), log.append)
        answer: dict[str, Any] = await json_of(reply)
        assert "traceback" not in log[-1], log[-1]["traceback"]
        return reply, answer


@pytest.fixture
async def caller(apis: Apis) -> AsyncIterator[Caller]:
    async with httpx.AsyncClient(timeout=None) as client:
        catalog = configure(load_catalog(), dict(apis.settings)).catalog
        yield Caller(HttpxHttp(client), catalog)


def picture_in(answer: Mapping[str, Any]) -> Image.Image:
    return Image.open(io.BytesIO(base64.b64decode(answer["data"][0]["b64_json"])))


def data_url(width: int = 320, height: int = 256, colour: str = "teal") -> str:
    buffer = io.BytesIO()
    Image.new("RGB", (width, height), colour).save(buffer, "PNG")
    return f"data:image/png;base64,{base64.b64encode(buffer.getvalue()).decode()}"


@pytest.mark.parametrize("provider", PAINTERS)
async def test_a_good_token_gets_a_picture(caller: Caller, provider: str) -> None:
    model, bearer = PAINTERS[provider]
    body = {"model": model, "response_format": "b64_json", "seed": 7}
    reply, answer = await caller.ask(body, bearer.format(f"good-{provider[:3]}"))
    assert reply.status == 200, answer
    assert picture_in(answer).size == tuple(map(int, answer["size"].split("x")))
    assert answer["model"] == caller.catalog.resolve(model, "").models[0].id
    assert answer["data"][0]["seed"] in (7, None)
    assert reply.headers["x-darkroom-attempts"] == "1"
    assert reply.headers["x-darkroom-tried"].endswith("=ok")


# Token, expected status, code.
TOKENS = {
    "quota": (429, "insufficient_quota"),
    "limited": (429, "rate_limit_exceeded"),
    "bad": (401, "invalid_api_key"),
    "slow": (504, "deadline_exceeded"),
    "html": (502, "upstream_error"),
}
# Directive: expected statuses and codes.
WORDS = {
    "[[refuse]]": {(400, "moderation_blocked")},
    # Unavailable is who hands on the failure of a server behind it.
    "[[fail]]": {
        (502, "generation_failed"),
        (502, "upstream_error"),
        (503, "upstream_unavailable"),
    },
    "[[stall]]": {(504, "deadline_exceeded")},
    "[[words]]": {(502, "no_image"), (400, "no_image")},
    "[[none]]": {(502, "no_image")},
    "[[error:out of paint]]": {(400, "invalid_value")},
    "[[dead]]": {(503, "upstream_unavailable")},
}


def failing_tokens() -> list[tuple[str, str]]:
    """Each provider with each token that fails, but for those that need none."""
    unneeded = {"quota", "limited", "bad"}
    pairs = [(provider, token) for provider in PAINTERS for token in TOKENS]
    return [pair for pair in pairs if pair[0] != "pollinations" or pair[1] not in unneeded]


@pytest.mark.parametrize("token", ["quota", "limited", "bad"])
async def test_a_failing_token_is_dropped_where_none_is_needed(caller: Caller, token: str) -> None:
    model, bearer = PAINTERS["pollinations"]
    reply, answer = await caller.ask({"model": model}, bearer.format(f"{token}-secret-pol"))
    assert reply.status == 200, answer
    assert answer["tried"][0].endswith(f"#1={TOKENS[token][1]}")
    assert "#" not in answer["tried"][1]
    assert answer["tried"][1].endswith("=ok")


@pytest.mark.parametrize(("provider", "token"), failing_tokens())
async def test_a_token_that_fails_is_reported_as_what_it_is(
    caller: Caller, provider: str, token: str
) -> None:
    model, bearer = PAINTERS[provider]
    secret = f"{token}-secret-{provider[:3]}"
    gateway = caller.gateway(request_timeout_s=SHORT_S if token == "slow" else 30)
    reply, answer = await caller.ask({"model": model}, bearer.format(secret), gateway)
    assert (reply.status, answer["error"]["code"]) == TOKENS[token]
    assert secret not in str(answer) + str(reply.headers)
    if token == "limited":
        assert 0 < int(reply.headers["retry-after"]) <= 2
    if token == "quota":
        assert int(reply.headers["retry-after"]) > 0
        assert "until 20" in answer["error"]["message"], "it says until when"


@pytest.mark.parametrize("provider", PAINTERS)
async def test_a_503_is_tried_once_more(caller: Caller, provider: str) -> None:
    model, bearer = PAINTERS[provider]
    reply, answer = await caller.ask(
        {"model": model}, bearer.format(f"flaky-{provider}".replace(" ", "-"))
    )
    assert reply.status == 200, answer
    assert reply.headers["x-darkroom-attempts"] == "2"


@pytest.mark.parametrize("provider", PAINTERS)
@pytest.mark.parametrize("words", WORDS)
async def test_a_job_that_fails_is_reported_as_what_it_is(
    caller: Caller, provider: str, words: str
) -> None:
    model, bearer = PAINTERS[provider]
    gateway = caller.gateway(request_timeout_s=SHORT_S if "stall" in words else 30)
    body = {"model": model, "prompt": f"a cat {words}"}
    reply, answer = await caller.ask(body, bearer.format("good-one"), gateway)
    assert (reply.status, answer["error"]["code"]) in WORDS[words], answer
    assert "http" not in answer["error"]["message"]


def api_models() -> list[str]:
    return [model.id for model in load_catalog().models if model.provider.id != "huggingface"]


@pytest.mark.parametrize("name", api_models())
async def test_every_model_does_all_that_its_row_says(caller: Caller, name: str) -> None:
    model = caller.catalog.resolve(name, "").models[0]
    bearer = f"{model.provider.token_prefix}:good-all"
    if model.provider.id == "a1111":
        bearer = "a1111:user:good-all"
    if model.provider.id == "cloudflare":
        bearer = f"cf:{'0' * 32}:good-all"
    for operation in model.operations:
        if operation is Operation.DECOMPOSE:
            continue  # see test_layers.py
        body: dict[str, Any] = {"model": name, "response_format": "b64_json"}
        if operation is Operation.EDIT:
            body["image"] = [data_url()]
        if operation is Operation.EDIT and model.mask:
            body["mask"] = data_url(colour="white")
        reply, answer = await caller.ask(body, bearer)
        assert reply.status == 200, (operation, answer)
        assert picture_in(answer).size[0] > 0
        if operation is Operation.GENERATE:
            for painted, reported in zip(
                picture_in(answer).size, map(int, answer["size"].split("x")), strict=True
            ):
                assert painted == pytest.approx(reported, rel=0.02)


# What each provider is sent for the same wish, field by field.
REQUEST = {
    "prompt": "a fox",
    "seed": 42,
    "steps": 7,
    "negative_prompt": "blur",
    "size": "1024x1024",
}
SENT: dict[str, tuple[str, str, dict[str, Any]]] = {
    "gitee": ("gitee/z-image-turbo", "/v1/images/generations", {
        "model": "z-image-turbo", "prompt": "a fox", "width": 1024, "height": 1024, "seed": 42,
        "num_inference_steps": 7, "negative_prompt": "blur", "response_format": "url"}),
    "modelscope": ("ms/flux-2", "/v1/images/generations", {
        "model": "black-forest-labs/FLUX.2-dev", "prompt": "a fox", "size": "1024x1024",
        "seed": 42, "steps": 7, "guidance": 3.5, "negative_prompt": "blur"}),
    "a4f": ("a4f/provider-4/imagen-3.5", "/v1/images/generations", {
        "model": "provider-4/imagen-3.5", "prompt": "a fox", "n": 1, "size": "1024x1024",
        "response_format": "url"}),
    "siliconflow": ("siliconflow/Kwai-Kolors/Kolors", "/v1/images/generations", {
        "model": "Kwai-Kolors/Kolors", "prompt": "a fox", "image_size": "1024x1024", "seed": 42,
        "num_inference_steps": 7, "guidance_scale": 7.5, "negative_prompt": "blur",
        "batch_size": 1}),
    "openai": ("openai/gpt-image-2", "/v1/images/generations", {
        "model": "gpt-image-2", "prompt": "a fox", "n": 1, "size": "1024x1024", "stream": True,
        "partial_images": 0}),
    "bfl": ("bfl/flux-2-flex", "/v1/flux-2-flex", {
        "prompt": "a fox", "width": 1024, "height": 1024, "seed": 42, "output_format": "png",
        "steps": 7, "guidance": 5.0, "prompt_upsampling": True}),
    "gemini": ("gemini/gemini-3-pro-image", "/v1beta/models/gemini-3-pro-image:generateContent", {
        "contents": [{"role": "user", "parts": [{"text": "a fox"}]}],
        "generationConfig": {"responseModalities": ["TEXT", "IMAGE"], "seed": 42,
                             "imageConfig": {"aspectRatio": "1:1", "imageSize": "1K"}}}),
    "qwen": ("qwen/qwen-image-plus", "/api/v1/services/aigc/multimodal-generation/generation", {
        "model": "qwen-image-plus",
        "input": {"messages": [{"role": "user", "content": [{"text": "a fox"}]}]},
        "parameters": {"size": "1328*1328", "n": 1, "seed": 42, "negative_prompt": "blur",
                       "prompt_extend": True, "watermark": False}}),
    "a1111": ("a1111/default", "/sdapi/v1/txt2img", {
        "prompt": "a fox", "negative_prompt": "blur", "width": 1024, "height": 1024, "steps": 7,
        "cfg_scale": 7.0, "seed": 42, "batch_size": 1, "n_iter": 1}),
    "studio": ("studio/z-image-turbo", "/api/generate", {
        "prompt": "a fox", "width": 1024, "height": 1024, "steps": 7, "seed": 42,
        "guidance_scale": 0.0}),
    "pollinations": ("pollinations/flux", "/v1/images/generations", {
        "model": "flux", "prompt": "a fox", "size": "1024x1024", "seed": 42, "n": 1,
        "enhance": False, "response_format": "b64_json"}),
    "hf_inference": ("hf-inference/stabilityai/stable-diffusion-xl-base-1.0",
        "/hf-inference/models/stabilityai/stable-diffusion-xl-base-1.0", {
        "inputs": "a fox",
        "parameters": {"width": 1024, "height": 1024, "num_inference_steps": 7,
                       "guidance_scale": 7.0, "negative_prompt": "blur", "seed": 42}}),
}  # fmt: skip
TOKEN_HEADERS = {"bfl": ("x-key", "{}"), "gemini": ("x-goog-api-key", "{}")}


@pytest.mark.parametrize("provider", SENT)
async def test_the_upstream_is_sent_these_fields_and_no_others(
    caller: Caller, apis: Apis, provider: str
) -> None:
    model, path, body = SENT[provider]
    apis.forget(provider)
    prefix = caller.catalog.resolve(model, "").models[0].provider.token_prefix
    token = "user:good-sent" if provider == "a1111" else "good-sent"
    reply, answer = await caller.ask({**REQUEST, "model": model}, f"{prefix}:{token}")
    assert reply.status == 200, answer
    (entry,) = [entry for entry in apis.log(provider) if entry["path"] == path]
    assert entry["body"] == body
    name, form = TOKEN_HEADERS.get(provider, ("authorization", "Bearer {}"))
    expected = form.format(token)
    if provider == "a1111":
        expected = f"Basic {base64.b64encode(token.encode()).decode()}"
    assert entry["headers"][name] == expected


async def test_exhausted_tokens_give_way_and_are_not_tried_again(
    caller: Caller, apis: Apis
) -> None:
    gateway = caller.gateway()
    bearer = "gitee:quota-one,quota-two,good-three"
    body = {"model": "gitee/z-image-turbo", "response_format": "url"}
    apis.forget("gitee")
    reply, answer = await caller.ask(body, bearer, gateway)
    assert reply.status == 200
    assert [attempt.rpartition(":")[2] for attempt in answer["tried"]] == [
        "z-image-turbo#1=insufficient_quota",
        "z-image-turbo#2=insufficient_quota",
        "z-image-turbo=ok",
    ]
    first = len(apis.log("gitee"))
    reply, answer = await caller.ask(body, bearer, gateway)
    assert reply.status == 200
    assert reply.headers["x-darkroom-attempts"] == "1"
    assert answer["tried"][0].endswith("#1=resting_quota")
    assert len(apis.log("gitee")) - first == 1, "one request, for the one good token"


async def test_a_refused_token_is_skipped_and_reported(caller: Caller) -> None:
    bearer = "gitee:bad-one,good-two"
    reply, answer = await caller.ask({"model": "gitee/z-image-turbo"}, bearer)
    assert reply.status == 200
    assert "gitee:z-image-turbo#1=invalid_api_key" in answer["tried"]


async def test_a_dead_route_and_an_exhausted_one_lead_to_a_third(caller: Caller) -> None:
    body = {
        "model": ["modelscope-is-not-a-prefix", "x"],
    }
    reply, _ = await caller.ask(body)
    assert reply.status == 404
    body = {"model": ["ms/z-image-turbo", "gitee/z-image-turbo", "a4f/provider-8/z-image"]}
    bearer = "ms:html-dead,gitee:quota-gone,a4f:good-third"
    reply, answer = await caller.ask(body, bearer)
    assert reply.status == 200, answer
    assert (answer["model"], answer["provider"]) == ("a4f/provider-8/z-image", "a4f")
    assert reply.headers["x-darkroom-provider"] == "a4f"
    assert reply.headers["x-darkroom-attempts"] == "3"
    assert reply.headers["x-darkroom-tried"] == (
        "modelscope:Tongyi-MAI/Z-Image-Turbo#1=upstream_error, "
        "gitee:z-image-turbo#1=insufficient_quota, a4f:provider-8/z-image=ok"
    )


async def test_five_failures_open_the_circuit_and_health_shows_it(caller: Caller) -> None:
    gateway = caller.gateway()
    for number in range(5):
        reply, _ = await caller.ask({"model": "gitee/GLM-Image"}, f"gitee:html-{number}", gateway)
        assert reply.status == 502
    reply, answer = await caller.ask({"model": "gitee/GLM-Image"}, "gitee:good-now", gateway)
    assert (reply.status, answer["error"]["code"]) == (503, "upstream_unavailable")
    assert int(reply.headers["retry-after"]) <= 10
    assert reply.headers["x-darkroom-tried"] == "gitee:GLM-Image#1=circuit_open"
    health = await json_of(await handle(request("GET", "/health"), gateway, lambda _: None))
    assert health["breakers"]["gitee/GLM-Image"]["state"] == "open"
    assert "good-now" not in str(health)


# Prefix: the provider that tells whether a token of it is good; None where only a job does.
CHECKS = {
    "openai": "openai",
    "deepseek": "deepseek",
    "siliconflow": "siliconflow",
    "qwen": "qwen",
    "gemini": "gemini",
    "bfl": "bfl",
    "pollinations": "pollinations",
    "hf": "huggingface",
    "gitee": None,
    "ms": None,
    "a4f": None,
}


@pytest.mark.parametrize("prefix", CHECKS)
async def test_a_provider_is_requested_whether_it_takes_a_token(
    caller: Caller, prefix: str
) -> None:
    headers = {"authorization": f"Bearer {prefix}:good-check,bad-secret-check"}
    requested = request("GET", f"/v1/providers?check={prefix}", headers=headers)
    rows = (await json_of(await handle(requested, caller.gateway(), lambda _: None)))["data"]
    reported = {row["id"]: row["check"] for row in rows if row.get("check")}
    if CHECKS[prefix] is None:
        assert reported == {}
        return
    ((provider, (good, bad)),) = reported.items()
    assert provider == CHECKS[prefix]
    assert good == {"credential": 1, "ok": True}
    assert (bad["credential"], bad["ok"]) == (2, False)
    assert bad["status"] in (400, 401, 403)
    assert "does not accept the token" in bad["error"]
    assert "bad-secret" not in str(rows)


async def test_an_edit_keeps_to_models_that_edit(caller: Caller) -> None:
    body = {"model": ["gitee/z-image-turbo", "bfl/kontext"], "image": data_url()}
    reply, answer = await caller.ask(body, "gitee:good-a,bfl:good-b")
    assert reply.status == 200, answer
    assert answer["model"] == "bfl/flux-kontext-pro"
    reply, answer = await caller.ask({**body, "model": "gitee/z-image-turbo"}, "gitee:good-a")
    assert (reply.status, answer["error"]["param"]) == (400, "image")


async def test_a_polling_address_elsewhere_is_not_followed(caller: Caller) -> None:
    body = {"model": "bfl/flux-2-pro", "prompt": "a cat [[elsewhere]]"}
    reply, answer = await caller.ask(body, "bfl:good-key")
    assert (reply.status, answer["error"]["code"]) == (502, "upstream_error")


async def test_one_bad_poll_does_not_lose_the_job(caller: Caller) -> None:
    body = {"model": "ms/z-image-turbo", "prompt": "a cat [[badpoll]]"}
    reply, answer = await caller.ask(body, "ms:good-key")
    assert reply.status == 200, answer


async def test_without_a_token_pollinations_paints_by_its_old_host(
    caller: Caller, apis: Apis
) -> None:
    apis.forget("pollinations")
    reply, answer = await caller.ask({"model": "pollinations/flux", "prompt": "a fox"})
    assert reply.status == 200, answer
    (entry,) = [e for e in apis.log("pollinations") if e["path"].startswith("/prompt/")]
    assert "authorization" not in entry["headers"]
    reply, answer = await caller.ask({"model": "pollinations/flux", "prompt": "[[notice]]"})
    assert answer["error"]["code"] == "upstream_notice"


def by_task(catalog: Catalog) -> Catalog:
    """The catalog with Gitee's models going by its task routes."""
    files = []
    for file in catalog.files:
        models = tuple(
            replace(
                model,
                upstreams=tuple(
                    Upstream(u.id, {**u.options, "task": True}) for u in model.upstreams
                ),
            )
            for model in file.models
        )
        files.append(ProviderFile(file.provider, models) if file.provider.id == "gitee" else file)
    return Catalog(files, catalog.aliases, pools=tuple(catalog.pools.values()))


@pytest.mark.parametrize("body", [{}, {"image": data_url()}])
async def test_gitees_task_routes_serve_where_they_are_the_only_ones(
    caller: Caller, body: dict[str, Any]
) -> None:
    there = Caller(caller.http, by_task(caller.catalog))
    model = "gitee/Qwen-Image-Edit" if body else "gitee/z-image-turbo"
    reply, answer = await there.ask({"model": model, **body}, "gitee:good-task")
    assert reply.status == 200, answer
    reply, answer = await there.ask(
        {"model": model, "prompt": "[[fail]]", **body}, "gitee:good-task"
    )
    assert (reply.status, answer["error"]["code"]) == (502, "generation_failed")


async def test_a_task_that_takes_too_long_is_taken_back(caller: Caller, apis: Apis) -> None:
    there = Caller(caller.http, by_task(caller.catalog))
    apis.forget("gitee")
    body = {"model": "gitee/z-image-turbo", "prompt": "[[stall]]"}
    gateway = there.gateway(request_timeout_s=SHORT_S)
    reply, _ = await there.ask(body, "gitee:good-task", gateway)
    assert reply.status == 504
    assert [e["method"] for e in apis.log("gitee") if e["path"].endswith("/cancel")] == ["POST"]


async def test_a_model_of_a_provider_that_is_not_set_up_says_so(caller: Caller) -> None:
    there = Caller(caller.http, load_catalog())
    reply, answer = await there.ask({"model": "a1111/default"})
    assert (reply.status, answer["error"]["code"]) == (503, "provider_not_configured")
