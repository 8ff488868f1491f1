"""Paths that are almost those of a route, and routes that clients ask for besides the main ones."""

from typing import Any

import pytest

from darkroom.app import handle
from darkroom.blob import BytesBlob
from darkroom.events import Finished, Picture
from darkroom.http import Reply
from darkroom.image import ImageFile
from tests.support.fakes import PNG, FakeProvider, gateway, json_of, request

HELD = Finished((Picture(file=ImageFile(data=BytesBlob(PNG))),))


async def ask(method: str, path: str, body: object = None, **headers: str) -> Reply:
    named = {name.replace("_", "-"): value for name, value in headers.items()}
    gate = gateway(FakeProvider([[HELD]]))
    return await handle(request(method, path, body, named), gate, lambda entry: None)


async def get(path: str, **headers: str) -> Any:
    reply = await ask("GET", path, **headers)
    assert reply.status == 200, path
    return await json_of(reply)


@pytest.mark.parametrize(
    "path",
    ["//v1/images/generations", "/v1//images/generations", "///v1/images//generations",
     "/v1/images/generations//"],
)  # fmt: skip
async def test_doubled_slashes_are_one(path: str) -> None:
    reply = await ask("POST", path, {"prompt": "a cat"})
    assert reply.status == 200


@pytest.mark.parametrize("path", ["//v1/models/z-image-turbo?x=//y", "/v1/models//z-image-turbo"])
async def test_doubled_slashes_before_a_name_are_one(path: str) -> None:
    assert (await get(path))["id"] == "z-image-turbo"


@pytest.mark.parametrize(
    ("path", "meant"),
    [
        ("/images/generations", "/v1/images/generations"),
        ("/v1/v1/images/generations", "/v1/images/generations"),
        ("/v1/v1/models", "/v1/models"),
        ("/models", "/v1/models"),
        ("/api/v1/images/edits", "/v1/images/edits"),
        ("/openai/v1/chat/completions", "/v1/chat/completions"),
        ("/chat/completions", "/v1/chat/completions"),
        ("/responses", "/v1/responses"),
        ("/v1/image/generations", "/v1/images/generations"),
        ("/v1/images/generation", "/v1/images/generations"),
        ("/v2/v2/image/flux/generate", "/v2/image/flux/generate"),
        ("/image/flux/generate", "/v2/image/flux/generate"),
        ("/txt2img", "/sdapi/v1/txt2img"),
        ("/v1/sdapi/v1/txt2img", "/sdapi/v1/txt2img"),
        ("/v1/health", "/health"),
        ("/generate", "/api/generate"),
    ],
)
async def test_a_path_that_is_none_is_answered_with_the_likely_one(path: str, meant: str) -> None:
    reply = await ask("GET", path)
    assert reply.status == 404
    assert f"Did you mean {meant}?" in str(await json_of(reply))


@pytest.mark.parametrize(
    "path", ["/", "/x", "/favicon.png", "/" + "a" * 5000, "/%2F%2F", "/v1/\x7f"]
)
async def test_a_path_like_nothing_here_gets_no_advice(path: str) -> None:
    reply = await ask("GET", path)
    assert reply.status == 404
    assert "Did you mean" not in str(await json_of(reply))


@pytest.mark.parametrize("header", ["x_goog_api_client", "x_goog_api_key"])
async def test_googles_client_gets_googles_list(header: str) -> None:
    key = {"x_goog_api_key": "AIza" + "x" * 30, "x_goog_api_client": "google-genai-sdk/3.4.0"}
    named = {header: key[header]}
    assert (await get("/v1/models", **named))["models"][0]["name"].startswith("models/")
    assert (await get("/v1/models/z-image-turbo", **named))["name"] == "models/z-image-turbo"
    assert (await get("/v1/models"))["object"] == "list"


@pytest.mark.parametrize("prefix", ["/v1beta", "/v1"])
async def test_googles_client_may_count_tokens(prefix: str) -> None:
    parts = [
        {"text": "a lighthouse at dusk"},
        {"inlineData": {"mimeType": "image/png", "data": "x"}},
    ]
    body = {"contents": [{"role": "user", "parts": parts}]}
    for sent in (body, {"generateContentRequest": body}):
        reply = await ask("POST", f"{prefix}/models/z-image-turbo:countTokens", sent)
        answer = await json_of(reply)
        assert reply.status == 200
        words, pictures = (entry["tokenCount"] for entry in answer["promptTokensDetails"])
        assert (answer["totalTokens"], pictures) == (words + 258, 258)
        assert 3 <= words <= 6


async def test_the_relays_client_gets_what_it_asks_for() -> None:
    health = await get("/v2/health")
    assert (health["status"], set(health)) == ("ok", {"status", "version", "commit"})
    assert await get("/v2/pricing") == {"pricing": [], "media_storage": None}
    assert await get("/v2/tiers") == {"tiers": []}


async def test_a_small_flux_takes_prompt_for_inputs() -> None:
    for name in ("inputs", "prompt"):
        reply = await ask("POST", "/v2/image/flux-1/generate", {name: "a cat"})
        assert reply.status == 200
    reply = await ask("POST", "/v2/image/flux-1/generate", {"seed": 1})
    assert (await json_of(reply))["detail"][0]["loc"] == ["body", "inputs"]


@pytest.mark.parametrize(
    ("path", "field"), [("model_list", "model_list"), ("module_list", "module_list"),
                        ("version", "version")],
)  # fmt: skip
async def test_webuis_clients_may_ask_for_controlnet(path: str, field: str) -> None:
    assert field in await get(f"/controlnet/{path}")


SAMPLERS = (
    "euler", "euler_a", "heun", "dpm2", "dpm++2s_a", "dpm++2m", "dpm++2mv2", "ipndm", "ipndm_v",
    "lcm", "ddim_trailing", "tcd", "res_multistep", "res_2s", "er_sde", "euler_ancestral",
    "dpmpp_2m", "dpmpp_sde", "dpmpp_2m_sde", "uni_pc", "k_dpmpp_2m", "Euler A", "DPM++ 2M Karras",
    "DPM++ SDE", "dpm_2_ancestral", "Euler",
)  # fmt: skip


@pytest.mark.parametrize("name", SAMPLERS)
@pytest.mark.parametrize("field", ["sampler_name", "sampler_index"])
async def test_samplers_go_by_the_names_of_other_servers_too(field: str, name: str) -> None:
    reply = await ask("POST", "/sdapi/v1/txt2img", {"prompt": "a cat", field: name})
    assert reply.status == 200


async def test_a_sampler_that_is_none_is_refused() -> None:
    reply = await ask("POST", "/sdapi/v1/txt2img", {"prompt": "a cat", "sampler_name": "magic"})
    assert reply.status in (400, 404)
