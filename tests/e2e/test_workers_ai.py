"""Every model of Cloudflare's in workerd, by the binding and by REST, and what is given of it."""

import base64
import io
from collections import Counter
from collections.abc import Mapping
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import httpx
import pytest
from PIL import Image

from darkroom.catalog.catalog import load_catalog
from darkroom.catalog.model import Model
from darkroom.job import Operation
from tests.e2e.stack import ADMIN_KEY, Stack
from tests.support.slow import SLOW

ACCOUNT = "0123456789abcdef0123456789abcdef"
WAYS = {"binding": ADMIN_KEY, "REST": f"cf:{ACCOUNT}:good-account"}
ROWS = [model for model in load_catalog().models if model.provider.id == "cloudflare"]
BY_BINDING = f"/accounts/{'0' * 32}/"


def is_like_others(model: Model) -> bool:
    """Whether little but its name tells a model's row from one that is painted in every run."""
    if set(model.upstreams[0].options) == {"unified"}:
        return model.id != "cloudflare/openai/gpt-image-2"
    return model.id.endswith(("-klein-9b", "-lightning", "-lcm"))


def picture(width: int, height: int, colour: str = "teal") -> str:
    buffer = io.BytesIO()
    Image.new("RGB", (width, height), colour).save(buffer, "PNG")
    return f"data:image/png;base64,{base64.b64encode(buffer.getvalue()).decode()}"


def paint(stack: Stack, bearer: str = "", **body: Any) -> httpx.Response:
    headers = {"authorization": f"Bearer {bearer}"} if bearer else {}
    asked = {"prompt": "a lighthouse", "response_format": "b64_json", "seed": 7, **body}
    url = f"{stack.url}/v1/images/generations"
    return httpx.post(url, json=asked, headers=headers, timeout=100)


def opened(reply: httpx.Response) -> Image.Image:
    assert reply.status_code == 200, reply.text[:500]
    return Image.open(io.BytesIO(base64.b64decode(reply.json()["data"][0]["b64_json"])))


def sources_of(model: Model) -> dict[str, Any]:
    """What an edit by a model needs."""
    if Operation.EDIT not in model.operations:
        return {}
    mask = {"mask": picture(512, 512, "white")} if model.mask else {}
    return {"image": picture(512, 512), **mask}


def sent(stack: Stack) -> list[Mapping[str, Any]]:
    log: list[Mapping[str, Any]] = httpx.get(f"{stack.apis['cloudflare']}/_log", timeout=30).json()
    return [entry for entry in log if entry["method"] == "POST"]


@pytest.mark.parametrize("way", WAYS)
@pytest.mark.parametrize(
    "model",
    [
        pytest.param(model, id=model.id, marks=SLOW if is_like_others(model) else ())
        for model in ROWS
    ],
)
def test_every_model_paints_and_edits(stack: Stack, model: Model, way: str) -> None:
    httpx.delete(f"{stack.apis['cloudflare']}/_log", timeout=30)
    sources = sources_of(model)
    wanted: list[dict[str, Any]] = [{}] if Operation.GENERATE in model.operations else []
    wanted += [sources] if sources else []
    for body in wanted:
        reply = paint(stack, WAYS[way], model=model.id, **body)
        image = opened(reply)
        assert image.size == tuple(map(int, reply.json()["size"].split("x")))
        assert reply.json()["data"][0]["seed"] == (7 if model.seed else None)
        assert reply.headers["x-darkroom-attempts"] == "1"
    entries = sent(stack)
    assert len(entries) == len(wanted)
    assert {BY_BINDING in entry["path"] for entry in entries} == {way == "binding"}


@pytest.mark.parametrize("way", WAYS)
def test_a_model_without_a_row_is_taken_by_its_name(stack: Stack, way: str) -> None:
    image = opened(paint(stack, WAYS[way], model="cloudflare/krea/krea-2-large", seed=None))
    assert image.size == (1024, 1024)
    entry = sent(stack)[-1]
    assert entry["body"] == {"model": "krea/krea-2-large", "input": {"prompt": "a lighthouse"}}
    assert entry["headers"]["cf-aig-gateway-id"] == "default"


@pytest.mark.parametrize("way", WAYS)
def test_a_large_picture_is_scaled_down_for_flux_2_and_the_answer_says_so(
    stack: Stack, way: str
) -> None:
    model, image = "cloudflare/flux-2-dev", picture(1024, 768)
    reply = paint(stack, WAYS[way], model=model, image=image)
    assert opened(reply)
    assert reply.json()["adjusted"]["image"] == "511x383"


@pytest.mark.parametrize("way", WAYS)
@pytest.mark.parametrize(
    ("directive", "status", "code"),
    [
        ("[[multipart]]", 400, "invalid_value"),
        ("[[refuse]]", 400, "moderation_blocked"),
        ("[[none]]", 502, "no_image"),
    ],
)
def test_a_fault_is_told_the_same_by_both_ways(
    stack: Stack, way: str, directive: str, status: int, code: str
) -> None:
    reply = paint(stack, WAYS[way], model="cloudflare/flux-1-schnell", prompt=f"a cat {directive}")
    assert (reply.status_code, reply.json()["error"]["code"]) == (status, code), reply.text


def test_an_account_whose_day_is_used_up_rests_until_midnight(stack: Stack) -> None:
    tokens = f"cf:{ACCOUNT}:good-spent"
    body = {"model": "cloudflare/dreamshaper-8-lcm", "prompt": "a cat [[allocation]]"}
    reply = paint(stack, tokens, **body)
    assert (reply.status_code, reply.json()["error"]["code"]) == (429, "insufficient_quota")
    assert "00:00:00 UTC" in reply.json()["error"]["message"]


def test_a_model_without_capacity_gives_way_at_once(stack: Stack) -> None:
    models = ["cloudflare/dreamshaper-8-lcm", "z-image-turbo"]
    for bearer in WAYS.values():
        reply = paint(stack, bearer, model=models, prompt="a cat [[busy]]")
        assert reply.status_code == 200, reply.text
        assert reply.headers["x-darkroom-provider"] == "huggingface"
        alone = paint(stack, bearer, model=models[0], prompt="a cat [[busy]]")
        assert alone.headers["x-darkroom-provider"] == "cloudflare", "it waits where nobody follows"


@pytest.mark.parametrize("way", WAYS)
def test_a_text_model_answers_whole_and_streamed(stack: Stack, way: str) -> None:
    body = {
        "model": "cloudflare/@cf/meta/llama-3.1-8b-instruct",
        "messages": [{"role": "user", "content": "hello"}],
    }
    headers = {"authorization": f"Bearer {WAYS[way]}"}
    url = f"{stack.url}/v1/chat/completions"
    reply = httpx.post(url, json=body, headers=headers, timeout=60)
    assert "You said: hello" in reply.json()["choices"][0]["message"]["content"], reply.text
    streamed = httpx.post(url, json={**body, "stream": True}, headers=headers, timeout=60)
    assert streamed.headers["content-type"].startswith("text/event-stream")
    assert "hello" in streamed.text
    assert streamed.text.rstrip().endswith("data: [DONE]")


def free_neurons(stack: Stack) -> Mapping[str, Any]:
    rows = httpx.get(f"{stack.url}/v1/providers", timeout=30).json()["data"]
    told: Mapping[str, Any] = next(row for row in rows if row["id"] == "cloudflare")["free_neurons"]
    return told


@pytest.mark.parametrize("model", ["cloudflare/openai/gpt-image-2", "cloudflare/flux-2-klein-4b"])
def test_what_has_no_known_price_needs_a_key(stack: Stack, model: str) -> None:
    reply = paint(stack, model=model)
    assert (reply.status_code, reply.json()["error"]["code"]) == (401, "missing_api_key")


def test_of_two_hundred_at_once_those_without_a_key_paint_what_the_day_holds(stack: Stack) -> None:
    before = free_neurons(stack)
    assert before["a_day"] == 9000
    cost, model = 4 * 527.28 + 25 * 10, "cloudflare/phoenix-1.0"
    affordable = int(before["left"] // cost)
    assert affordable >= 1
    with ThreadPoolExecutor(40) as pool:
        replies = list(pool.map(lambda _: paint(stack, model=model), range(200)))
    statuses = Counter(reply.status_code for reply in replies)
    assert statuses == {200: affordable, 429: 200 - affordable}
    refused = next(reply for reply in replies if reply.status_code == 429)
    assert "neurons" in refused.json()["error"]["message"]
    assert int(refused.headers["retry-after"]) > 0
    assert free_neurons(stack)["left"] == pytest.approx(before["left"] - affordable * cost)
    assert paint(stack, ADMIN_KEY, model=model).status_code == 200, "a key has no such limit"


def test_a_picture_that_is_refused_costs_nothing(stack: Stack) -> None:
    before = free_neurons(stack)["left"]
    reply = paint(stack, model="cloudflare/flux-1-schnell", prompt="[[refuse]]")
    assert reply.status_code == 400
    assert free_neurons(stack)["left"] == before
