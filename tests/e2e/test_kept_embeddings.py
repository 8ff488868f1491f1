"""Embeddings, and pictures that resemble others, in workerd before the stand-ins."""

import base64
import io
import json
from typing import Any

import httpx
import pytest
from PIL import Image
from safetensors.numpy import load

from local.upstreams.apis.hidden_states import DIM, states
from local.upstreams.apis.studio.vision import name_of
from tests.e2e.stack import Stack

ANNA, BERT = {"authorization": "Bearer hf:hf_anna"}, {"authorization": "Bearer hf:hf_bert"}


def call(
    stack: Stack, method: str, path: str, body: object = None, who: dict[str, str] = ANNA
) -> httpx.Response:
    url = path if path.startswith("http") else f"{stack.url}{path}"
    return httpx.request(method, url, json=body, headers=who, timeout=120)


def picture(size: tuple[int, int] = (640, 512)) -> bytes:
    buffer = io.BytesIO()
    Image.effect_noise(size, 90).convert("RGB").save(buffer, "PNG")
    return buffer.getvalue()


def seen_by(stack: Stack, name: str) -> list[dict[str, Any]]:
    entries: list[dict[str, Any]] = httpx.get(f"{stack.apis[name]}/_log", timeout=30).json()
    return entries


def test_a_prompt_is_encoded(stack: Stack) -> None:
    reply = call(stack, "POST", "/api/encode", {"prompt": "A cat sleeping"})
    assert reply.status_code == 200, reply.text
    answer = reply.json()
    assert answer["shape"] == [answer["token_count"], DIM]
    assert answer["formatted_prompt"].startswith("<|im_start|>user\nA cat sleeping<|im_end|>")
    assert reply.headers["x-darkroom-provider"] == "hidden-states"


def test_a_prompt_that_nobody_can_encode_is_a_502(stack: Stack) -> None:
    reply = call(stack, "POST", "/api/encode", {"prompt": "a cat [[fail]]"})
    assert (reply.status_code, list(reply.json())) == (502, ["detail"])
    tried = [entry.partition(":")[0] for entry in reply.headers["x-darkroom-tried"].split(", ")]
    assert tried == ["hidden-states", "studio"]


@pytest.mark.parametrize("words", ["A cat sleeping", "猫 " * 300, "word " * 1300])
def test_the_real_package_reads_what_is_kept(stack: Stack, words: str) -> None:
    reply = call(stack, "POST", "/api/save-embeddings", {"prompt": words})
    assert reply.status_code == 200, reply.text
    saved = reply.json()
    tokens, dim = saved["shape"]
    file = call(stack, "GET", saved["url"])
    assert file.status_code == 200, file.text
    tensor = load(file.content)["embeddings"]
    facts = call(stack, "GET", saved["facts_url"]).json()
    formatted = call(stack, "POST", "/api/encode", {"prompt": words}).json()["formatted_prompt"]
    assert tensor.shape == (tokens, dim) == (facts["sequence_length"], facts["embedding_dim"])
    assert tensor.tobytes() == states(formatted, tokens)
    assert facts["prompt"] == words
    assert call(stack, "GET", saved["url"], who=BERT).status_code == 404


def test_a_picture_is_kept_by_the_studio_and_resembled_there(stack: Stack) -> None:
    source = picture()
    body = {"image": base64.b64encode(source).decode(), "text": "the noise"}
    reply = call(stack, "POST", "/api/vl/extract", body)
    assert reply.status_code == 200, reply.text
    kept = reply.json()
    assert kept["embeddings_id"] == name_of(source, "the noise", -2)
    assert kept["emulated"] is False
    paint = {"prompt": "a cat", "vl_embeddings_id": kept["embeddings_id"], "seed": 7,
             "width": 256, "height": 256}  # fmt: skip
    painted = call(stack, "POST", "/api/vl/generate", paint)
    assert painted.status_code == 200, painted.text
    assert Image.open(io.BytesIO(painted.content)).size == (256, 256)
    headers = painted.headers
    assert (headers["content-type"], headers["x-seed"]) == ("image/png", "7")
    assert (headers["x-vl-emulated"], headers["x-vl-alpha"]) == ("false", "0.3")
    assert call(stack, "POST", "/api/vl/generate", paint, BERT).status_code == 404


def test_a_picture_is_told_in_words_where_the_studio_falls_over(stack: Stack) -> None:
    """As the original always does over `image_tokens_only`."""
    source = picture()
    body = {"image": base64.b64encode(source).decode(), "image_tokens_only": True}
    reply = call(stack, "POST", "/api/vl/extract", body)
    assert reply.status_code == 200, reply.text
    kept = reply.json()
    assert (kept["emulated"], kept["model"]) == (True, "pollinations/openai")
    assert kept["embeddings_id"] == name_of(source, None, -2)
    paint = {"prompt": "a cat", "vl_embeddings_id": kept["embeddings_id"], "vl_alpha": 0.8,
             "seed": 0, "width": 512, "height": 512}  # fmt: skip
    painted = call(stack, "POST", "/api/vl/generate", paint)
    assert painted.status_code == 200, painted.text
    assert Image.open(io.BytesIO(painted.content)).size == (512, 512)
    assert (painted.headers["x-vl-emulated"], painted.headers["x-seed"]) == ("true", "0")
    sent = [entry for entry in seen_by(stack, "studio") if entry["path"] == "/api/generate"]
    first_words = kept["caption"].split(",")[0].split(". ")[0]
    assert first_words in json.dumps(sent[-1])


def test_what_is_kept_is_forgotten(stack: Stack) -> None:
    who = {"authorization": "Bearer hf:hf_clara"}
    names = []
    for text in ("a", "b"):
        body = {"image": base64.b64encode(picture((64, 64))).decode(), "text": text}
        names.append(call(stack, "POST", "/api/vl/extract", body, who).json()["embeddings_id"])
    status = call(stack, "GET", "/api/vl/status", who=who).json()
    assert status["available"]
    assert sorted(status["cached_embeddings"]) == sorted(names)
    path = f"/api/vl/cache/{names[0]}"
    assert call(stack, "DELETE", path, who=BERT).status_code == 404
    assert call(stack, "DELETE", path, who=who).json() == {"deleted": names[0]}
    assert call(stack, "DELETE", path, who=who).status_code == 404
    assert call(stack, "DELETE", "/api/vl/cache", who=who).json() == {"cleared": 1}


def test_a_mistake_is_told_in_the_studios_shape(stack: Stack) -> None:
    for path in ("/api/encode", "/api/save-embeddings", "/api/vl/extract", "/api/vl/generate"):
        reply = call(stack, "POST", path, {})
        assert reply.status_code == 422
        assert json.loads(reply.content)["detail"][0]["loc"][0] == "body"
