"""Prompts become embeddings, and files that the real package reads."""

import base64
import json
import struct
from typing import Any

import pytest
from safetensors.numpy import load

from darkroom.app import handle
from darkroom.blob import BytesBlob
from darkroom.catalog.catalog import load_catalog
from darkroom.catalog.channels import configure
from darkroom.dialects.studio.embeddings import float32_file
from darkroom.engine.breaker import FAILURES
from darkroom.errors import Misconfigured, UpstreamBroken
from darkroom.gateway import Gateway
from darkroom.http import Reply
from darkroom.prompts.template import TEMPLATES
from darkroom.providers.hidden_states import read_hidden_states
from darkroom.settings import Settings
from tests.support import fakes
from tests.support.fakes import FakeHttp, FakeReply, MemoryMedia, body_of, json_of, request

CATALOG = load_catalog()
STATES, STUDIO = "https://states.example", "https://studio.example"
ROWS = [[0.5, -1.0, 2.0], [3.25, 0.0, 1e-3]]
PACKED = struct.pack("<6f", *(number for row in ROWS for number in row))
FORMATTED = "<|im_start|>user\nA cat sleeping<|im_end|>\n<|im_start|>assistant\n"
CAT = {"prompt": "A cat sleeping"}
HERE = {"cf-connecting-ip": "203.0.113.7"}


def replied(value: object, status: int = 200) -> FakeReply:
    return FakeReply(status, pieces=[json.dumps(value).encode()])


def states(**more: Any) -> dict[str, Any]:
    encoded = base64.b64encode(PACKED).decode()
    return {"hidden_states": encoded, "shape": [2, 3], "model": "qwen3", **more}


def gateway(
    http: FakeHttp, *, media: MemoryMedia | None = None, model: str | None = None, **env: str
) -> Gateway:
    settings = Settings(public_providers=("studio", "hidden-states"), hidden_states_model=model)
    catalog = configure(CATALOG, env).catalog
    return fakes.gateway(http=http, media=media, settings=settings, catalog=catalog)


async def ask(gate: Gateway, method: str, path: str, body: object = None, **headers: str) -> Reply:
    sent = {name.replace("_", "-"): value for name, value in headers.items()} or HERE
    return await handle(request(method, path, body, sent), gate, lambda entry: None)


@pytest.mark.parametrize("answer", [states(), states(hidden_states=ROWS), states(shape=[1, 2, 3])])
async def test_hidden_states_are_read_as_base64_or_written_out(answer: object) -> None:
    found = await read_hidden_states(BytesBlob(json.dumps(answer).encode()), "Theirs")
    assert (found.shape, found.model) == ((2, 3), "qwen3")
    assert found.data is not None
    assert found.data.head(100) == PACKED


@pytest.mark.parametrize(
    "answer",
    [
        "x",
        {},
        states(shape=[2, 4]),
        states(shape=None),
        states(shape=[0, 3]),
        states(hidden_states="é"),
        states(hidden_states=[]),
        states(hidden_states=[[1.0], [1.0, 2.0]]),
        states(hidden_states=[["a"]]),
        states(hidden_states=[[1e300]]),
    ],
)
async def test_an_answer_that_is_not_a_matrix_is_an_upstream_failure(answer: object) -> None:
    with pytest.raises(UpstreamBroken):
        await read_hidden_states(BytesBlob(json.dumps(answer).encode()), "Theirs")


async def test_too_many_numbers_written_out_are_not_read() -> None:
    raw = b'{"hidden_states": [[' + b"0.5," * 2_500_000 + b"1]]}"
    with pytest.raises(UpstreamBroken, match="base64"):
        await read_hidden_states(BytesBlob(raw), "Theirs")


@pytest.mark.parametrize("rows", [1, 7, 1504])
def test_the_real_package_reads_the_file(rows: int) -> None:
    data = struct.pack("<f", 1.5) * rows * 2560
    parts = float32_file(rows, 2560, BytesBlob(data))
    raw = b"".join(part.head(part.size) for part in parts)
    (length,) = struct.unpack_from("<Q", raw)
    assert (8 + length) % 8 == 0
    tensor = load(raw)["embeddings"]
    assert (tensor.shape, str(tensor.dtype)) == ((rows, 2560), "float32")
    assert tensor.tobytes() == data


async def test_a_prompt_is_formatted_here_and_counted_there() -> None:
    http = FakeHttp({"/v1/hidden_states": [replied(states())]})
    gate = gateway(http, HIDDEN_STATES_URL=STATES, model="qwen3")
    reply = await ask(gate, "POST", "/api/encode", CAT)
    answer = await json_of(reply)
    assert answer.pop("encode_time") >= 0
    assert answer == {
        "shape": [2, 3], "dtype": "torch.float32", "token_count": 2,
        "prompt": "A cat sleeping", "formatted_prompt": FORMATTED,
    }  # fmt: skip
    assert reply.headers["x-darkroom-provider"] == "hidden-states"
    assert http.sent[0].json == {
        "input": FORMATTED, "model": "qwen3", "layer": -2, "max_length": 1504,
        "encoding_format": "base64",
    }  # fmt: skip


async def test_a_studio_encodes_where_no_server_of_hidden_states_does() -> None:
    answer = {"shape": [14, 2560], "dtype": "torch.bfloat16", "token_count": 14}
    http = FakeHttp({
        "/v1/hidden_states": [replied({"detail": "asleep"}, 503)],
        "/api/encode": [replied(answer)],
    })  # fmt: skip
    gate = gateway(http, HIDDEN_STATES_URL=STATES, STUDIO_URL=STUDIO)
    body = {**CAT, "template": "photorealistic"}
    reply = await ask(gate, "POST", "/api/encode", body)
    reported = await json_of(reply)
    assert (reported["shape"], reported["dtype"]) == ([14, 2560], "torch.bfloat16")
    assert reply.headers["x-darkroom-provider"] == "studio"
    assert reply.headers["x-darkroom-tried"].startswith("hidden-states:hidden_states=")
    sent = http.sent_to("/api/encode")[0].json
    assert sent["system_prompt"] in reported["formatted_prompt"]
    assert "template" not in sent


@pytest.mark.parametrize("path", ["/api/encode", "/api/save-embeddings"])
async def test_without_an_encoder_it_is_a_503_that_says_what_is_missing(path: str) -> None:
    reply = await ask(gateway(FakeHttp({})), "POST", path, CAT)
    assert reply.status == 503
    assert "HIDDEN_STATES_URL" in (await json_of(reply))["detail"]


async def test_the_operators_server_is_closed_to_strangers() -> None:
    catalog = configure(CATALOG, {"HIDDEN_STATES_URL": STATES}).catalog
    gate = fakes.gateway(http=FakeHttp({}), catalog=catalog)
    assert (await ask(gate, "POST", "/api/encode", CAT)).status == 401


def test_an_address_that_is_none_is_refused_with_its_variable() -> None:
    with pytest.raises(Misconfigured, match="HIDDEN_STATES_URL"):
        configure(CATALOG, {"HIDDEN_STATES_URL": "states.example"})


async def test_an_embedding_is_kept_with_its_facts_for_its_caller_alone() -> None:
    media = MemoryMedia()
    http = FakeHttp({"/v1/hidden_states": [replied(states())]})
    gate = gateway(http, media=media, HIDDEN_STATES_URL=STATES)
    body = {**CAT, "thinking_content": "Orange fur."}
    saved = await json_of(await ask(gate, "POST", "/api/save-embeddings", body))
    assert saved["path"] == "embeddings/embeddings_eef80a96.safetensors"
    assert saved["shape"] == [2, 3]
    path, facts_path = (
        saved[name].removeprefix("https://darkroom.example") for name in ("url", "facts_url")
    )
    file = await body_of(await ask(gate, "GET", path))
    assert load(file)["embeddings"].tobytes() == PACKED
    facts = await json_of(await ask(gate, "GET", facts_path))
    assert facts == {
        "prompt": "A cat sleeping", "template": None, "enable_thinking": True,
        "system_prompt": None, "thinking_content": "Orange fur.", "sequence_length": 2,
        "embedding_dim": 3, "dtype": "torch.float32",
        "created_at": "2023-11-14T22:30:00+00:00", "encoder_device": None,
        "model_path": "qwen3",
    }  # fmt: skip
    for stranger in ({"cf_connecting_ip": "203.0.113.8"}, {"authorization": "Bearer hf:hf_x"}):
        assert (await ask(gate, "GET", path, **stranger)).status == 404
    assert (await ask(gate, "GET", "/api/embeddings/..%2Fsecret.json")).status == 404
    assert all(name.startswith("embeddings/") for name in media.kept)


async def test_a_studio_keeps_embeddings_itself_and_what_it_leaves_out_is_named() -> None:
    answer = {"path": "/srv/embeddings/e.safetensors", "shape": [9, 2560], "encode_time": 0.1}
    http = FakeHttp({"/api/save-embeddings": [replied(answer)]})
    gate = gateway(http, STUDIO_URL=STUDIO)
    body = {**CAT, "system_prompt": "S", "strip_quotes": True}
    reply = await ask(gate, "POST", "/api/save-embeddings", body)
    saved = await json_of(reply)
    assert (saved["path"], saved["shape"]) == ("/srv/embeddings/e.safetensors", [9, 2560])
    assert reply.headers["x-darkroom-ignored"] == "system_prompt, strip_quotes"


async def test_a_studio_gets_the_texts_of_a_template_to_save_as_to_encode() -> None:
    answer = {"path": "/srv/e.safetensors", "shape": [9, 2560], "encode_time": 0.1}
    http = FakeHttp({"/api/save-embeddings": [replied(answer)]})
    gate = gateway(http, STUDIO_URL=STUDIO)
    body = {**CAT, "template": "photorealistic"}
    reply = await ask(gate, "POST", "/api/save-embeddings", body)
    sent = http.sent[0].json
    assert sent["system_prompt"] == TEMPLATES["photorealistic"].system_prompt
    assert "template" not in sent, "the studio has another of that name"
    assert reply.headers["x-darkroom-ignored"] == "template"


@pytest.mark.parametrize(
    ("media", "headers", "status"), [(None, HERE, 503), (MemoryMedia(), {"x": "y"}, 401)]
)
async def test_embeddings_are_not_kept_without_a_bucket_or_for_an_anonymous_caller(
    media: MemoryMedia | None, headers: dict[str, str], status: int
) -> None:
    http = FakeHttp({"/v1/hidden_states": [replied(states())]})
    gate = gateway(http, media=media, HIDDEN_STATES_URL=STATES)
    reply = await handle(
        request("POST", "/api/save-embeddings", CAT, headers), gate, lambda entry: None
    )
    assert reply.status == status
    assert list(await json_of(reply)) == ["detail"]


async def test_when_every_encoder_fails_the_first_failure_is_reported_with_all_attempts() -> None:
    http = FakeHttp({
        "/v1/hidden_states": [replied({"detail": "no such layer"}, 500)],
        "/api/encode": [replied({"detail": "CUDA out of memory"}, 500)],
    })  # fmt: skip
    gate = gateway(http, HIDDEN_STATES_URL=STATES, STUDIO_URL=STUDIO)
    reply = await ask(gate, "POST", "/api/encode", CAT)
    assert reply.status == 502
    assert "no such layer" in (await json_of(reply))["detail"]
    tried = reply.headers["x-darkroom-tried"].split(", ")
    assert [entry.partition(":")[0] for entry in tried] == ["hidden-states", "studio"]


async def test_a_server_that_keeps_failing_is_left_alone_for_a_while() -> None:
    http = FakeHttp({"/v1/hidden_states": [ConnectionError("refused")]})
    gate = gateway(http, HIDDEN_STATES_URL=STATES)
    for _ in range(FAILURES):
        assert (await ask(gate, "POST", "/api/encode", CAT)).status == 503
    reply = await ask(gate, "POST", "/api/encode", CAT)
    assert reply.headers["x-darkroom-tried"] == "hidden-states:hidden_states=circuit_open"
    assert (reply.status, len(http.sent)) == (503, FAILURES)
    assert gate.engine.breakers.report().keys() == {"hidden-states/hidden_states"}


async def test_a_token_that_is_rate_limited_cools_down_for_the_server_that_it_was_sent_to() -> None:
    limited = FakeReply(429, {"retry-after": "30"}, [b'{"detail": "slow down"}'])
    http = FakeHttp({"/api/encode": [limited]})
    gate = gateway(http, STUDIO_URL=STUDIO)
    mine = {"authorization": "Bearer studio:open-sesame"}
    for _ in range(2):
        reply = await ask(gate, "POST", "/api/encode", CAT, **mine)
        assert (reply.status, reply.headers["retry-after"]) == (429, "30")
    assert len(http.sent) == 1, "the token rests"
    assert reply.headers["x-darkroom-tried"] == "studio:encode#1=resting_rate"


async def test_a_server_that_broke_off_gives_way_to_the_next() -> None:
    broken = FakeReply(pieces=[b'{"hidden', ConnectionError("gone")])
    answer = {"shape": [14, 2560], "dtype": "torch.bfloat16"}
    http = FakeHttp({"/v1/hidden_states": [broken], "/api/encode": [replied(answer)]})
    gate = gateway(http, HIDDEN_STATES_URL=STATES, STUDIO_URL=STUDIO)
    reply = await ask(gate, "POST", "/api/encode", CAT)
    assert (reply.status, reply.headers["x-darkroom-provider"]) == (200, "studio")
