"""The studio's routes, from the request to the answer, text models faked."""

import asyncio
import base64
import json
from collections.abc import AsyncGenerator, Mapping
from typing import Any

import pytest

from darkroom.app import handle
from darkroom.catalog.catalog import Catalog, load_catalog
from darkroom.catalog.channels import configure
from darkroom.gateway import Gateway
from darkroom.http import Pause, Reply
from darkroom.prompts.template import TEMPLATES
from darkroom.settings import Settings
from darkroom.sse import EventReader
from tests.support import fakes
from tests.support.fakes import (
    PNG,
    FakeHttp,
    FakeReply,
    body_of,
    json_of,
    request,
)
from tests.support.streams import hurry_heartbeats, sent

CATALOG = load_catalog()
REWRITE = "/api/rewrite"
OFFICIAL = {"prompt": "a cat", "rewriter": "rewriter_official"}
B64 = base64.b64encode(PNG).decode()
DATA_URL = f"data:image/png;base64,{B64}"
SSE = {"content-type": "text/event-stream"}
KEYLESS, DEEPSEEK, QWEN = "/openai", "/chat/completions", "/compatible-mode/v1/chat/completions"


def gateway(**parts: Any) -> Gateway:
    return fakes.gateway(**{"catalog": CATALOG, **parts})


def said(text: str | None, **message: Any) -> FakeReply:
    choice = {"message": {"role": "assistant", "content": text, **message}}
    return FakeReply(pieces=[json.dumps({"choices": [choice]}).encode()])


def streamed(*deltas: Mapping[str, Any], end: bytes | Exception = b"data: [DONE]\n\n") -> FakeReply:
    frames = [json.dumps({"choices": [{"delta": delta}]}).encode() for delta in deltas]
    return FakeReply(headers=SSE, pieces=[*(b"data: %b\n\n" % frame for frame in frames), end])


def talking(*replies: FakeReply | Exception, at: str = KEYLESS, **env: str) -> Gateway:
    """A gateway whose text models answer at one path; `env` configures its catalog."""
    catalog = configure(CATALOG, env).catalog
    settings = Settings(public_providers=("studio",))
    return gateway(http=FakeHttp({at: replies}), catalog=catalog, settings=settings)


async def ask(gate: Gateway, method: str, path: str, body: object = None, token: str = "") -> Reply:
    headers = {"authorization": f"Bearer {token}"} if token else {}
    return await handle(request(method, path, body, headers), gate, lambda entry: None)


async def post(gate: Gateway, path: str, body: object, token: str = "") -> tuple[int, Any]:
    reply = await ask(gate, "POST", path, body, token)
    return reply.status, await json_of(reply)


async def get(gate: Gateway, path: str, token: str = "") -> Any:
    reply = await ask(gate, "GET", path, token=token)
    assert reply.status == 200
    return await json_of(reply)


async def events_of(reply: Reply) -> list[tuple[str, dict[str, Any]]]:
    events = EventReader().feed(await body_of(reply))
    return [(event.type, json.loads(event.data)) for event in events]


def sent_by(gate: Gateway) -> list[Any]:
    assert isinstance(gate.http, FakeHttp)
    return [sent.json for sent in gate.http.sent]


# format-prompt


async def test_a_prompt_is_formatted_and_the_request_is_echoed_as_it_was_sent() -> None:
    status, answer = await post(
        gateway(), "/api/format-prompt", {"prompt": ' "A  cat" ', "strip_quotes": "yes", "extra": 1}
    )
    assert status == 200
    assert answer.pop("estimated_token_count") == 10
    assert list(answer.items()) == [
        ("formatted_prompt", "<|im_start|>user\nA cat<|im_end|>\n<|im_start|>assistant\n"),
        ("char_count", 55),
        ("token_count", None),
        ("max_tokens", 1504),
        ("prompt", ' "A  cat" '),
        ("system_prompt", None),
        ("thinking_content", None),
        ("assistant_content", None),
        ("template", None),
        ("force_think_block", False),
        ("strip_quotes", True),
    ]


async def test_a_template_is_put_around_it_and_an_unknown_one_is_named() -> None:
    _, answer = await post(
        gateway(), "/api/format-prompt", {"prompt": "x", "template": "photorealistic"}
    )
    text = TEMPLATES["photorealistic"].system_prompt
    assert answer["formatted_prompt"].startswith(f"<|im_start|>system\n{text}<|im_end|>\n")
    assert answer["system_prompt"] is None
    reply = await ask(gateway(), "POST", "/api/format-prompt", {"prompt": "x", "template": "no"})
    assert (reply.status, reply.headers["x-darkroom-ignored"]) == (200, "template")
    assert "<|im_start|>system" not in (await json_of(reply))["formatted_prompt"]


async def test_a_rewriters_words_are_taken_too_and_open_a_think_block() -> None:
    body = {"prompt": "x", "template": "rewriter_official"}
    _, answer = await post(gateway(), "/api/format-prompt", body)
    assert answer["formatted_prompt"].endswith("<think>\n\n</think>\n\n")


@pytest.mark.parametrize("size", [32_000, 300_000])
async def test_a_long_prompt_is_read_or_refused_but_never_dropped(size: int) -> None:
    status, answer = await post(gateway(), "/api/format-prompt", {"prompt": "x" * size})
    if size == 32_000:
        assert (status, answer["char_count"]) == (200, size + 50)
    else:
        assert status == 413


async def test_a_fields_name_that_no_header_can_carry_does_no_harm() -> None:
    reply = await ask(
        gateway(), "POST", "/api/format-prompt", {"prompt": "x", "a\r\nb": 1, "ü": 1, "odd": 1}
    )
    assert reply.headers["x-darkroom-ignored"] == "a??b, ?, odd"


# what is wrong with a body, as FastAPI words it

WRONG: dict[str, tuple[object, dict[str, object]]] = {
    "nothing": (
        b"",
        {"type": "missing", "loc": ["body"], "msg": "Field required", "input": None},
    ),
    "no JSON": (
        b'{"prompt": x}',
        {
            "type": "json_invalid", "loc": ["body", 11], "msg": "JSON decode error", "input": {},
            "ctx": {"error": "Expecting value"},
        },
    ),
    "no object": (
        ["x"],
        {
            "type": "model_attributes_type", "loc": ["body"], "input": ["x"],
            "msg": "Input should be a valid dictionary or object to extract fields from",
        },
    ),
    "a field is missing": (
        {"template": "x"},
        {
            "type": "missing", "loc": ["body", "prompt"], "msg": "Field required",
            "input": {"template": "x"},
        },
    ),
    "a number for a text": (
        {"prompt": 5},
        {
            "type": "string_type", "loc": ["body", "prompt"], "input": 5,
            "msg": "Input should be a valid string",
        },
    ),
    "two for a truth": (
        {"prompt": "x", "strip_quotes": 2},
        {
            "type": "bool_parsing", "loc": ["body", "strip_quotes"], "input": 2,
            "msg": "Input should be a valid boolean, unable to interpret input",
        },
    ),
}  # fmt: skip


@pytest.mark.parametrize("case", WRONG)
async def test_a_wrong_body_is_refused_in_fastapis_words(case: str) -> None:
    body, problem = WRONG[case]
    status, answer = await post(gateway(), "/api/format-prompt", body)
    assert (status, answer) == (422, {"detail": [problem]})


@pytest.mark.parametrize("body", [b"\xff", b"[" * 100_000, b'{"prompt": "' + b"x" * 200_000])
async def test_unreadable_json_is_a_422(body: bytes) -> None:
    status, answer = await post(gateway(), "/api/format-prompt", body)
    assert (status, answer["detail"][0]["type"]) == (422, "json_invalid")


@pytest.mark.parametrize(
    ("field", "value", "kind"),
    [
        ("temperature", 2.5, "less_than_equal"),
        ("temperature", "warm", "float_parsing"),
        ("top_p", -0.1, "greater_than_equal"),
        ("max_tokens", 0, "greater_than_equal"),
        ("max_tokens", 1024.5, "int_from_float"),
        ("top_k", "", "int_parsing"),
        ("model", None, "string_type"),
    ],
)
async def test_a_value_out_of_range_is_a_422(field: str, value: object, kind: str) -> None:
    status, answer = await post(gateway(), REWRITE, {**OFFICIAL, field: value})
    assert status == 422
    assert [(p["type"], p["loc"]) for p in answer["detail"]] == [(kind, ["body", field])]


async def test_numbers_that_json_does_not_have_are_refused_in_json() -> None:
    reply = await ask(gateway(), "POST", REWRITE, b'{"prompt": "x", "temperature": NaN}')
    assert reply.status == 422
    wire = await body_of(reply)
    assert b"NaN" not in wire
    assert json.loads(wire, parse_constant=pytest.fail)


async def test_a_missing_route_or_method_is_an_error_of_the_same_shape() -> None:
    missing = await ask(gateway(), "GET", "/api/nothing")
    assert (missing.status, list(await json_of(missing))) == (404, ["detail"])
    wrong = await ask(gateway(), "PUT", "/api/templates")
    assert (wrong.status, wrong.headers["allow"]) == (405, "GET, HEAD, OPTIONS")
    assert list(await json_of(wrong)) == ["detail"]
    elsewhere = await ask(gateway(), "GET", "/v1/nothing")
    assert list(await json_of(elsewhere)) == ["error"]


# what clients ask first


async def test_templates_are_listed_by_category_and_name_without_the_rewriters() -> None:
    rows = (await get(gateway(), "/api/templates"))["templates"]
    keys = [(row["category"], row["name"]) for row in rows]
    assert keys == sorted(keys)
    assert {row["name"] for row in rows} == {
        t.name for t in TEMPLATES.values() if not t.is_rewriter
    }
    assert list(rows[0]) == [
        "name", "description", "category", "system_prompt", "thinking_content",
        "assistant_content", "add_think_block",
    ]  # fmt: skip


async def test_rewriters_are_listed_without_their_words() -> None:
    rows = (await get(gateway(), "/api/rewriters"))["rewriters"]
    assert all(list(row) == ["name", "description"] for row in rows)
    assert "rewriter_official" in [row["name"] for row in rows]


# Size, label, category, ratio and exponent of DyPE, as they are published.
PRESETS = """
square 1:1: 512x512 "512" -, 768x768 "768" -, 1024x1024 "1024" -, 1280x1280 "1280" .5, 1536x1536 "1536" 1, 1920x1920 "1920" 1, 2048x2048 "2K" 1
landscape 16:9: 1280x720 "720p" .5, 1920x1088 "1080p" 1, 2560x1440 "1440p" 1
landscape 3:2: 1536x1024 "1536x1024" 1, 1920x1280 "1920x1280" 1
landscape 4:3: 1024x768 "1024x768" -, 1280x960 "1280x960" .5, 1600x1200 "1600x1200" 1
landscape 21:9: 1792x768 "Ultrawide" 1, 2560x1088 "UW 1080" 1
portrait 9:16: 720x1280 "720p" .5, 1088x1920 "1080p" 1, 1440x2560 "1440p" 1
portrait 2:3: 1024x1536 "1024x1536" 1, 1280x1920 "1280x1920" 1
portrait 3:4: 768x1024 "768x1024" -, 960x1280 "960x1280" .5, 1200x1600 "1200x1600" 1
"""


async def test_the_resolutions_are_those_that_are_published() -> None:
    config = await get(gateway(), "/api/resolution-config")
    expected = []
    for line in PRESETS.strip().splitlines():
        head, _, entries = line.partition(": ")
        category, ratio = head.split()
        for entry in entries.split(", "):
            value, label, exponent = (
                entry.split('"')[0].strip(),
                entry.split('"')[1],
                entry.split()[-1],
            )
            times = None if exponent == "-" else float(exponent)
            expected.append((value, label, category, ratio, times))
    rows = config["presets"]
    assert len(rows) == 25
    assert [
        (r["value"], r["label"], r["category"], r["ratio"], r["dype"]["exponent"]) for r in rows
    ] == expected
    for row in rows:
        assert row["value"] == f"{row['width']}x{row['height']}"
        assert row["width"] % 16 == row["height"] % 16 == 0
        assert row["dype"]["recommended"] == (row["dype"]["exponent"] is not None)
    assert [row["value"] for row in rows if row.get("default")] == ["1024x1024"]
    assert list(config["aspect_ratios"]) == [
        "1:1",
        "4:3",
        "3:4",
        "16:9",
        "9:16",
        "3:2",
        "2:3",
        "21:9",
    ]
    assert {name: config[name] for name in list(config) if isinstance(config[name], int)} == {
        "vae_multiple": 16, "vae_scale_factor": 8, "min_resolution": 256, "max_resolution": 4096,
        "default_resolution": 1024, "dype_base_resolution": 1024,
    }  # fmt: skip
    assert config["categories"] == ["square", "landscape", "portrait"]


async def test_the_models_are_those_of_this_deployment_and_this_caller() -> None:
    gate = talking()
    answer = await get(gate, "/api/rewriter-models")
    assert answer == {
        "models": [
            {"id": "qwen3-4b", "name": "Qwen3-4B (Text)", "supports_image": False, "loaded": True},
            {
                "id": "qwen3-vl-api", "name": "VL via API (qwen/qwen-vl-max)",
                "supports_image": True, "loaded": False,
            },
        ],
        "default": "qwen3-4b",
        "vl_available": True,
        "vl_enabled": True,
    }  # fmt: skip
    own = await get(gate, "/api/rewriter-models", "qwen:sk-good")
    assert [row["loaded"] for row in own["models"]] == [True, True]
    seeing = talking(REWRITER_MODELS='{"qwen3-vl": "pollinations/openai"}')
    rows = (await get(seeing, "/api/rewriter-models"))["models"]
    assert [(row["id"], row["loaded"]) for row in rows] == [
        ("qwen3-4b", True), ("qwen3-vl-api", False), ("qwen3-vl", True),
    ]  # fmt: skip


async def test_the_rewriters_defaults_say_whether_an_api_is_used() -> None:
    expected = {
        "temperature": 0.6, "top_p": 0.95, "top_k": 20, "min_p": 0.0, "presence_penalty": 0.0,
        "max_tokens": 512,
    }  # fmt: skip
    assert await get(talking(), "/api/rewriter-config") == {**expected, "use_api": True}
    studio = talking(STUDIO_URL="https://studio.example")
    assert await get(studio, "/api/rewriter-config") == {**expected, "use_api": False}


async def test_the_status_claims_only_available_features() -> None:
    blind = gateway(catalog=Catalog(CATALOG.files, CATALOG.aliases, (), {}))
    status = await get(blind, "/api/vl/status")
    assert not status["available"]
    assert not status["configured"]
    assert status["reason"]
    assert status["blend_modes"] == [
        "interpolate", "adain_per_dim", "adain", "linear", "style_only", "graduated",
        "attention_weighted",
    ]  # fmt: skip
    health = await get(gateway(), "/health")
    assert (health["pipeline_loaded"], health["vl_available"]) == (True, True)
    assert (await get(gateway(), "/api/vl/status"))["emulated"]
    seeing = talking(
        STUDIO_URL="https://s.example.com", REWRITER_MODELS='{"qwen3-vl-api": "studio/vl"}'
    )
    assert (await get(seeing, "/api/vl/status"))["model_path"] == "studio/vl"
    assert not (await get(seeing, "/api/vl/status"))["emulated"]


async def test_the_status_names_the_model_that_edits_layers() -> None:
    assert await get(gateway(), "/api/qwen-image/edit-status") == {
        "available": True,
        "edit_model_loaded": True,
        "edit_model_path": "qwen-image-edit",
        "supports_multi_image": True,
    }
    own = talking(STUDIO_URL="https://s.example.com")
    status = await get(own, "/api/qwen-image/edit-status")
    assert status["edit_model_path"] == "studio/qwen-image-edit"
    unset = Settings(default_edit_model="studio/qwen-image-edit")
    reply = await get(gateway(settings=unset), "/api/qwen-image/edit-status")
    assert (reply["available"], "set up" in reply["reason"]) == (False, True)


async def test_the_other_defaults_are_listed() -> None:
    assert await get(gateway(), "/api/vl/config") == {
        "alpha": 0.3, "hidden_layer": -2, "auto_unload": True, "blend_mode": "linear",
    }  # fmt: skip
    assert await get(gateway(), "/api/qwen-image/config") == {
        "layer_num": 3, "cfg_scale": 4.0, "resolution": 1024, "steps": 30,
    }  # fmt: skip


# rewrite


async def test_a_prompt_is_rewritten_by_the_default_text_model() -> None:
    gate = talking(said("<think>Which cat?</think>\n\nA grey cat."))
    reply = await ask(gate, "POST", REWRITE, OFFICIAL)
    assert reply.status == 200
    answer = await json_of(reply)
    assert isinstance(answer.pop("gen_time"), float)
    assert answer == {
        "original_prompt": "a cat",
        "rewritten_prompt": "A grey cat.",
        "thinking_content": "Which cat?",
        "rewriter": "rewriter_official",
        "backend": "api",
        "model": "pollinations/openai-fast",
    }
    assert reply.headers["x-darkroom-provider"] == "pollinations"
    assert "x-darkroom-ignored" not in reply.headers
    assert sent_by(gate) == [
        {
            "messages": [
                {"role": "system", "content": TEMPLATES["rewriter_official"].system_prompt},
                {"role": "user", "content": "a cat"},
            ],
            "max_tokens": 512,
            "temperature": 0.6,
            "top_p": 0.95,
            "stream": False,
            "model": "openai-fast",
        }
    ]


async def test_a_studio_rewrites_with_its_own_model() -> None:
    answer = {"rewritten_prompt": "A grey cat.", "thinking_content": None}
    reply = FakeReply(pieces=[json.dumps(answer).encode()])
    gate = talking(reply, at="/api/rewrite", STUDIO_URL="https://studio.example")
    status, rewritten = await post(gate, REWRITE, {**OFFICIAL, "min_p": 0.1})
    assert status == 200
    assert (rewritten["backend"], rewritten["model"]) == ("local", "studio/qwen3-4b")
    (sent,) = sent_by(gate)
    assert sent["custom_system_prompt"] == TEMPLATES["rewriter_official"].system_prompt
    assert (sent["model"], sent["top_k"], sent["min_p"]) == ("qwen3-4b", 20, 0.1)


async def test_a_studio_that_the_caller_may_not_use_is_passed_over() -> None:
    gate = talking(said("A grey cat."), STUDIO_URL="https://studio.example")
    gate = gateway(http=gate.http, catalog=gate.catalog, settings=Settings())
    _, rewritten = await post(gate, REWRITE, OFFICIAL)
    assert rewritten["model"] == "pollinations/openai-fast"


@pytest.mark.parametrize(
    ("body", "rewriter"),
    [
        ({"custom_system_prompt": " Say more. "}, None),
        (
            {"custom_system_prompt": "Say more.", "rewriter": "rewriter_official"},
            "rewriter_official",
        ),
        ({"custom_system_prompt": "Say more.", "rewriter": "nonsense"}, "nonsense"),
    ],
)
async def test_own_words_go_before_a_rewriter(body: dict[str, str], rewriter: str | None) -> None:
    gate = talking(said("A grey cat."))
    status, answer = await post(gate, REWRITE, {"prompt": "a cat", **body})
    assert (status, answer["rewriter"]) == (200, rewriter)
    assert sent_by(gate)[0]["messages"][0]["content"] == "Say more."


async def test_any_text_model_may_be_named() -> None:
    gate = talking(said("A cat."), at=DEEPSEEK)
    body = {**OFFICIAL, "model": "deepseek/deepseek-chat", "top_k": 5, "min_p": 0.2, "odd": 1}
    reply = await ask(gate, "POST", REWRITE, body, "deepseek:sk-good")
    assert reply.status == 200
    assert (await json_of(reply))["model"] == "deepseek/deepseek-chat"
    assert reply.headers["x-darkroom-ignored"] == "odd, top_k, min_p"
    (sent,) = sent_by(gate)
    assert not {"top_k", "min_p", "presence_penalty"} & set(sent)


async def test_parameters_beyond_openais_are_sent_to_a_provider_that_supports_them() -> None:
    gate = talking(said("A cat."), at=QWEN)
    body = {**OFFICIAL, "model": "qwen/qwen-plus", "top_k": 5, "presence_penalty": 1, "top_p": 0}
    reply = await ask(gate, "POST", REWRITE, body, "qwen:sk-good")
    assert reply.status == 200
    assert "x-darkroom-ignored" not in reply.headers
    (sent,) = sent_by(gate)
    assert (sent["top_k"], sent["presence_penalty"], sent["top_p"]) == (5, 1, 0)


@pytest.mark.parametrize("image", [DATA_URL, B64, {"url": DATA_URL}])
@pytest.mark.parametrize("prompt", ["in winter", None])
async def test_a_picture_is_described_by_a_model_that_sees(image: Any, prompt: str | None) -> None:
    gate = talking(said("Okay, a cat.\n\n" + "A grey cat in the snow. " * 4), at=QWEN)
    body = {"model": "qwen3-vl-api", "image": image, "prompt": prompt}
    status, answer = await post(gate, REWRITE, body, "qwen:sk-good")
    assert status == 200
    assert answer["original_prompt"] == (prompt or "(image only)")
    assert (answer["rewriter"], answer["backend"]) == ("default_vl", "vl-api")
    assert answer["model"] == "qwen/qwen-vl-max"
    assert answer["thinking_content"] is None  # of pictures nothing is guessed
    content = sent_by(gate)[0]["messages"][1]["content"]
    text = [{"type": "text", "text": prompt}] if prompt else []
    assert content == [*text, {"type": "image_url", "image_url": {"url": DATA_URL}}]


async def test_a_large_picture_passes_through() -> None:
    large = base64.b64encode(PNG + b"\0" * 400_000).decode()
    gate = talking(said("A cat."), at=QWEN)
    body = {"model": "qwen3-vl-api", "image": f"data:image/png;base64,{large}"}
    status, answer = await post(gate, REWRITE, body, "qwen:sk-good")
    assert (status, answer["rewritten_prompt"]) == (200, "A cat.")
    url = sent_by(gate)[0]["messages"][1]["content"][0]["image_url"]["url"]
    assert url == f"data:image/png;base64,{large}"


async def test_a_picture_is_fetched_by_its_address() -> None:
    http = FakeHttp({"cat.png": [FakeReply(pieces=[PNG])], QWEN: [said("A cat.")]})
    body = {"model": "qwen/qwen-vl-max", "image": "https://pictures.example.com/cat.png"}
    status, answer = await post(gateway(http=http), REWRITE, body, "qwen:sk-good")
    assert (status, answer["rewriter"]) == (200, "default_vl")
    assert http.sent[-1].json["messages"][1]["content"][0]["image_url"]["url"] == DATA_URL


async def test_pictures_are_described_by_a_custom_prompt_or_by_a_rewriter() -> None:
    body = {"model": "qwen3-vl-api", "image": DATA_URL}
    for more, reported in (
        ({"custom_system_prompt": "Count cats."}, "custom"),
        ({"rewriter": "rewriter_detailed_captioner"}, "rewriter_detailed_captioner"),
    ):
        gate = talking(said("One."), at=QWEN)
        _, answer = await post(gate, REWRITE, {**body, **more}, "qwen:sk-good")
        assert answer["rewriter"] == reported


async def test_a_picture_for_a_model_that_reads_text_alone_is_named_as_ignored() -> None:
    gate = talking(said("A grey cat."))
    reply = await ask(gate, "POST", REWRITE, {**OFFICIAL, "image": DATA_URL})
    assert (reply.status, reply.headers["x-darkroom-ignored"]) == (200, "image")
    assert sent_by(gate)[0]["messages"][1]["content"] == "a cat"


@pytest.mark.parametrize(
    ("message", "thinking", "text"),
    [
        ({"content": "A cat.", "reasoning_content": " Hm. "}, "Hm.", "A cat."),
        ({"content": "A cat.", "reasoning": "Hm."}, "Hm.", "A cat."),
        ({"content": "<think>Ha.</think>A cat.", "reasoning": "Hm."}, "Ha.", "A cat."),
        ({"content": "<think></think>A cat."}, "", "A cat."),
        ({"content": 'Hm.\n{"a": 1}'}, "Hm.", '{"a": 1}'),
    ],
)
async def test_thinking_is_split_from_text_wherever_it_is(
    message: dict[str, str], thinking: str, text: str
) -> None:
    _, answer = await post(talking(said(None, **message)), REWRITE, OFFICIAL)
    assert (answer["thinking_content"], answer["rewritten_prompt"]) == (thinking, text)


REFUSED = {
    "nothing to rewrite": ({}, 400, "prompt"),
    "empty": ({"prompt": "", "image": ""}, 400, "prompt"),
    "blank": ({"prompt": "  ", "rewriter": "rewriter_official"}, 400, "prompt"),
    "nothing that says how": ({"prompt": "x"}, 400, "rewriter"),
    "blank words": ({"prompt": "x", "custom_system_prompt": "  "}, 400, "rewriter"),
    "an unknown rewriter": ({"prompt": "x", "rewriter": "nonsense"}, 404, "nonsense"),
    "a template": ({"prompt": "x", "rewriter": "artistic"}, 400, "artistic"),
    "an unknown model": ({**OFFICIAL, "model": "nonsense"}, 404, "qwen3-vl-api"),
    "an image model": ({**OFFICIAL, "model": "z-image-turbo"}, 404, "z-image-turbo"),
    "a model that is not set up": ({**OFFICIAL, "model": "qwen3-vl"}, 400, "REWRITER_MODELS"),
    "a picture for a reader": ({"image": DATA_URL}, 400, "qwen3-4b"),
    "a model without a token": ({"image": DATA_URL, "model": "qwen3-vl-api"}, 401, "qwen:TOKEN"),
    "no picture": ({"image": "no picture", "model": "qwen/x"}, 400, "image"),
    "an address inside": ({"image": "http://127.0.0.1/a.png", "model": "qwen/x"}, 400, "image"),
}


@pytest.mark.parametrize("case", REFUSED)
async def test_a_request_that_makes_no_sense_is_refused_with_the_reason(case: str) -> None:
    body, expected, words = REFUSED[case]
    gate = talking(said("never"))
    status, answer = await post(gate, REWRITE, body)
    assert status == expected
    assert words in answer["detail"]
    assert sent_by(gate) == []


async def test_a_prefix_of_another_provider_is_refused() -> None:
    body = {**OFFICIAL, "model": "deepseek/deepseek-chat"}
    status, answer = await post(talking(said("x")), REWRITE, body, "gitee:t")
    assert status == 400
    assert "Gitee" in answer["detail"]


@pytest.mark.parametrize(
    ("reply", "status"),
    [
        (FakeReply(400, pieces=[b'{"error": "bad request"}']), 400),
        (FakeReply(401, pieces=[b"{}"]), 401),
        (FakeReply(429, {"retry-after": "7"}, [b"{}"]), 429),
        (FakeReply(503, {"retry-after": "7"}, [b"{}"]), 503),
        (FakeReply(pieces=[b"<html>"]), 502),
        (FakeReply(504, pieces=[b"{}"]), 503),
        (ConnectionError(), 503),
        (said(""), 502),
        (said("<think>I never ended</think>"), 502),
    ],
)
async def test_an_upstreams_failure_has_an_honest_status(
    reply: FakeReply | Exception, status: int
) -> None:
    for stream in (False, True):
        body = {**OFFICIAL, "stream": stream}
        answered = await ask(talking(reply), "POST", REWRITE, body)
        if answered.status == 200:  # it failed after its first word
            assert stream
            name, reported = (await events_of(answered))[-1]
            assert (name, list(reported)) == ("error", ["detail"])
            continue
        assert answered.status == status
        assert isinstance((await json_of(answered))["detail"], str)


async def test_a_model_that_takes_too_long_is_a_504(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("darkroom.dialects.studio.rewrite.REWRITING_LIMIT_S", 0.01)
    monkeypatch.setattr("darkroom.dialects.studio.rewrite.REWRITING_LIMIT_S", 0.01)

    class Silent(FakeHttp):
        async def send(self, *arguments: Any, **rest: Any) -> FakeReply:
            reply = await super().send(*arguments, **rest)
            await asyncio.Event().wait()
            return reply

    for stream in (False, True):
        http = Silent({KEYLESS: [said("x")]})
        status, answer = await post(gateway(http=http), REWRITE, {**OFFICIAL, "stream": stream})
        assert status == 504
        assert "openai-fast" in answer["detail"]


# the same as a stream

STREAMED = {**OFFICIAL, "model": "deepseek/deepseek-chat", "stream": True}
TOKEN = "deepseek:sk-good"


async def test_a_stream_brings_thoughts_and_prompt_and_then_the_whole() -> None:
    deltas = [{"role": "assistant", "content": ""}, {"content": "<thi"}, {"content": "nk>Which"},
              {"content": " cat?</think>\n\nA gr"}, {"content": "ey cat."}, {}]  # fmt: skip
    gate = talking(streamed(*deltas))
    reply = await ask(gate, "POST", REWRITE, {**OFFICIAL, "stream": True})
    assert reply.headers["content-type"].startswith("text/event-stream")
    assert reply.headers["x-darkroom-provider"] == "pollinations"
    *pieces, (last, whole) = await events_of(reply)
    assert pieces == [
        ("rewrite.thinking", {"type": "rewrite.thinking", "delta": "Which"}),
        ("rewrite.thinking", {"type": "rewrite.thinking", "delta": " cat?"}),
        ("rewrite.delta", {"type": "rewrite.delta", "delta": "A gr"}),
        ("rewrite.delta", {"type": "rewrite.delta", "delta": "ey cat."}),
    ]
    assert last == whole.pop("type") == "rewrite.completed"
    assert (whole["thinking_content"], whole["rewritten_prompt"]) == ("Which cat?", "A grey cat.")
    assert whole["model"] == "pollinations/openai-fast"
    assert sent_by(gate)[0]["stream"] is True


async def test_thoughts_that_come_apart_are_thoughts_in_the_stream() -> None:
    gate = talking(streamed({"reasoning_content": "Hm."}, {"content": "A cat."}))
    events = await events_of(await ask(gate, "POST", REWRITE, {**OFFICIAL, "stream": True}))
    assert [name for name, _ in events] == [
        "rewrite.thinking",
        "rewrite.delta",
        "rewrite.completed",
    ]
    assert events[-1][1]["thinking_content"] == "Hm."


async def test_a_model_that_cannot_stream_comes_in_one_piece() -> None:
    gate = talking(said("A cat."))
    events = await events_of(await ask(gate, "POST", REWRITE, {**OFFICIAL, "stream": True}))
    assert [name for name, _ in events] == ["rewrite.delta", "rewrite.completed"]


@pytest.mark.parametrize(
    "end", [ConnectionError(), TimeoutError(), b'data: {"error": {"message": "out of paint"}}\n\n']
)
async def test_a_stream_that_breaks_off_says_so_last(end: bytes | Exception) -> None:
    reply = streamed({"content": "A grey"}, end=end)
    answered = await ask(talking(reply, at=DEEPSEEK), "POST", REWRITE, STREAMED, TOKEN)
    events = await events_of(answered)
    assert [name for name, _ in events] == ["rewrite.delta", "error"]
    assert "deepseek/deepseek-chat" in events[-1][1]["detail"]
    assert reply.closed


async def test_a_caller_who_leaves_a_stream_closes_what_is_behind_it() -> None:
    reply = streamed({"content": "A"}, {"content": " grey"}, {"content": " cat"})
    answered = await ask(talking(reply, at=DEEPSEEK), "POST", REWRITE, STREAMED, TOKEN)
    stream: Any = answered.body
    await anext(stream)
    await stream.aclose()
    assert reply.closed


async def test_a_slow_stream_has_heartbeats(monkeypatch: pytest.MonkeyPatch) -> None:
    hurry_heartbeats(monkeypatch)
    go_on = asyncio.Event()

    class Slow(FakeReply):
        async def chunks(
            self, *, idle_s: float, pause_s: Pause | None = None
        ) -> AsyncGenerator[bytes]:
            first, *rest = self.pieces
            assert isinstance(first, bytes)
            yield first
            await go_on.wait()
            for piece in rest:
                assert isinstance(piece, bytes)
                yield piece

    frames = streamed({"content": "A"}, {"content": " cat"})
    reply = Slow(headers=SSE, pieces=frames.pieces)
    answered = await ask(talking(reply, at=DEEPSEEK), "POST", REWRITE, STREAMED, TOKEN)
    wire = await sent(answered, lambda seen: go_on.set() if b"\n\n: " in seen else None)
    assert b"rewrite.completed" in wire
