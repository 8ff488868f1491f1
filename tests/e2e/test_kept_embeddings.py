"""Embeddings, and pictures that resemble others, in workerd before the stand-ins."""

import base64
import io
import json
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field
from typing import Any

import httpx
import pytest
from PIL import Image
from safetensors.numpy import load

from local.upstreams.apis.hidden_states import DIM, states
from local.upstreams.apis.studio.vision import name_of
from tests.e2e.stack import Stack
from tests.support.slow import slow
from tests.support.spaces import eventually

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


@pytest.mark.parametrize("words", ["A cat sleeping", "猫 " * 300, *slow("word " * 1300)])
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


def test_a_picture_is_reported_in_words_where_the_studio_falls_over(stack: Stack) -> None:
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


def test_an_id_of_a_studio_that_paints_nothing_like_it_is_served_in_words(stack: Stack) -> None:
    """As at the original's newest: it embeds, and falls over every picture."""
    source = base64.b64encode(picture()).decode()
    kept = call(stack, "POST", "/api/vl/extract", {"image": source, "hidden_layer": -6})
    assert kept.headers["x-vl-emulated"] == "false"
    paint = {"prompt": "a cat [[head]]", "vl_embeddings_id": kept.json()["embeddings_id"],
             "steps": 2, "width": 256, "height": 256}  # fmt: skip
    painted = call(stack, "POST", "/api/vl/generate", paint)
    assert painted.status_code == 200, painted.text
    assert Image.open(io.BytesIO(painted.content)).size == (256, 256)
    assert painted.headers["x-vl-emulated"] == "true"
    requested = [entry["body"] for entry in seen_by(stack, "studio")[-3:]]
    assert [sorted({"vl_embeddings_id", "vl_image"} & body.keys()) for body in requested] == [
        ["vl_embeddings_id"], ["vl_image"], [],
    ]  # fmt: skip
    assert requested[1]["vl_hidden_layer"] == -6


def test_an_id_that_the_studio_forgot_is_served_there_by_its_picture(stack: Stack) -> None:
    body = {"image": base64.b64encode(picture()).decode()}
    name = call(stack, "POST", "/api/vl/extract", body).json()["embeddings_id"]
    httpx.delete(f"{stack.apis['studio']}/api/vl/cache/{name}", timeout=30).raise_for_status()
    paint = {"prompt": "a cat", "vl_embeddings_id": name, "width": 256, "height": 256}
    painted = call(stack, "POST", "/api/vl/generate", paint)
    assert (painted.status_code, painted.headers["x-vl-emulated"]) == (200, "false")
    tried = painted.headers["x-darkroom-tried"]
    assert tried == "studio:vl/generate=upstream_error, studio:vl/generate=ok"


def test_a_conditioned_picture_is_in_its_callers_history(stack: Stack) -> None:
    who = {"authorization": "Bearer hf:hf_dora"}
    paint = {"prompt": "a cat", "image": base64.b64encode(picture()).decode(), "alpha": 0.4,
             "width": 256, "height": 256}  # fmt: skip
    replies = [
        call(stack, "POST", "/api/vl/generate", {**paint, "prompt": prompt}, who)
        for prompt in ("a cat", "a cat [[head]]")
    ]
    listed = eventually(
        lambda: (
            len(found := call(stack, "GET", "/api/history", who=who).json()["history"]) == 2
            and found
        )
    )
    items = {item["id"]: item for item in listed}
    for reply, prompt in zip(replies, ("a cat", "a cat [[head]]"), strict=True):
        item = items[int(reply.headers["x-history-id"])]
        assert (item["prompt"], item["vl_alpha"], item["provider"]) == (prompt, 0.4, "studio")
        assert base64.b64decode(item["image_b64"]) == reply.content


def test_a_made_up_key_is_no_key_to_what_another_address_has_kept(stack: Stack) -> None:
    def client(address: str) -> httpx.Client:
        return httpx.Client(
            base_url=stack.url,
            headers={"authorization": "Bearer not-needed"},
            transport=httpx.HTTPTransport(local_address=address),
            timeout=60,
        )

    with client("127.0.0.1") as here, client("127.0.0.2") as there:
        saved = here.post("/api/save-embeddings", json={"prompt": "a secret"}).json()
        body = {"image": base64.b64encode(picture((64, 64))).decode()}
        name = here.post("/api/vl/extract", json=body).json()["embeddings_id"]
        assert there.get(saved["url"]).status_code == 404
        assert there.delete(f"/api/vl/cache/{name}").status_code == 404
        assert there.get("/api/vl/status").json()["cached_embeddings"] == []
        assert here.get(saved["url"]).status_code == 200
        assert here.delete(f"/api/vl/cache/{name}").status_code == 200


def test_two_callers_at_once_reach_nothing_of_each_other(stack: Stack) -> None:
    """With the same prompts and pictures, and so with the same names."""
    callers = [Neighbour(stack, name) for name in ("hf:hf_emil", "hf:hf_frida")]
    with ThreadPoolExecutor(8) as pool:
        rounds = [
            pool.submit(caller.work, number) for number in range(ROUNDS) for caller in callers
        ]
        for done in rounds:
            done.result()
    emil, frida = callers
    assert emil.files.keys() == frida.files.keys()
    assert emil.kept == frida.kept
    assert {caller.status() == sorted(caller.kept) for caller in callers} == {True}
    for url in emil.files:
        his, hers = (load(caller.fetch(url).content)["embeddings"] for caller in callers)
        assert his.tobytes() != hers.tobytes()
    emil.forget_all()
    assert (emil.status(), frida.status()) == ([], sorted(frida.kept))
    for name in frida.kept:
        assert emil.paint(name).status_code == emil.forget(name).status_code == 404
        assert frida.paint(name).status_code == 200
        assert frida.forget(name).status_code == 200
    only_emils = emil.save("of emil alone")
    assert frida.fetch(only_emils["url"]).status_code == 404
    assert frida.fetch(only_emils["facts_url"]).status_code == 404


ROUNDS = 6
SHARED = [picture((64, 64)) for _ in range(ROUNDS)]


@dataclass
class Neighbour:
    """A caller who keeps what another does, too, each under a template of their own."""

    stack: Stack
    token: str
    files: dict[str, str] = field(default_factory=dict)
    kept: set[str] = field(default_factory=set)

    def call(self, method: str, path: str, body: object = None) -> httpx.Response:
        who = {"authorization": f"Bearer {self.token}"}
        return call(self.stack, method, path, body, who)

    def work(self, number: int) -> None:
        """Keep, use, list and forget; whatever is read must be this caller's own."""
        saved = self.save(f"harbour {number}")
        facts = self.fetch(saved["facts_url"]).json()
        assert facts["system_prompt"] == self.token, "another's"
        assert self.fetch(saved["url"]).status_code == 200
        self.files[saved["url"]] = facts["prompt"]
        passing, name = self.extract(number, "passing"), self.extract(number, "the noise")
        self.kept.add(name)
        assert self.paint(name).status_code == 200
        assert name in self.status()
        assert self.forget(passing).json() == {"deleted": passing}
        assert self.forget(passing).status_code == 404
        assert self.paint(passing).status_code == 404

    def save(self, prompt: str) -> dict[str, Any]:
        fields = {"prompt": prompt, "system_prompt": self.token}
        saved: dict[str, Any] = self.call("POST", "/api/save-embeddings", fields).json()
        return saved

    def fetch(self, url: str) -> httpx.Response:
        return self.call("GET", url)

    def extract(self, number: int, text: str) -> str:
        fields = {"image": base64.b64encode(SHARED[number]).decode(), "text": text}
        return str(self.call("POST", "/api/vl/extract", fields).json()["embeddings_id"])

    def paint(self, name: str) -> httpx.Response:
        fields = {"prompt": "a cat", "vl_embeddings_id": name, "steps": 1, "width": 256,
                  "height": 256}  # fmt: skip
        return self.call("POST", "/api/vl/generate", fields)

    def forget(self, name: str) -> httpx.Response:
        return self.call("DELETE", f"/api/vl/cache/{name}")

    def forget_all(self) -> None:
        assert self.call("DELETE", "/api/vl/cache").json() == {"cleared": len(self.kept)}

    def status(self) -> list[str]:
        return sorted(self.call("GET", "/api/vl/status").json()["cached_embeddings"])


def test_kept_embeddings_can_be_deleted(stack: Stack) -> None:
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


def test_a_mistake_is_reported_in_the_studios_shape(stack: Stack) -> None:
    for path in ("/api/encode", "/api/save-embeddings", "/api/vl/extract", "/api/vl/generate"):
        reply = call(stack, "POST", path, {})
        assert reply.status_code == 422
        assert json.loads(reply.content)["detail"][0]["loc"][0] == "body"
