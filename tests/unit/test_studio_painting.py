"""`POST /api/generate`: by a studio in full, by others as they can."""

import base64
import json
from collections.abc import Mapping
from dataclasses import replace
from typing import Any

import pytest

from darkroom.app import handle
from darkroom.blob import BytesBlob
from darkroom.catalog.catalog import load_catalog
from darkroom.catalog.channels import configure
from darkroom.errors import ContentRefused, UpstreamUnavailable
from darkroom.events import Finished, Picture, Preview, Progress, Queued, Started
from darkroom.gateway import Gateway
from darkroom.http import Reply
from darkroom.image import ImageFile
from darkroom.prompts.template import TEMPLATES
from darkroom.providers.provider import Provider
from darkroom.providers.studio import Studio
from darkroom.settings import Settings
from darkroom.sse import EventReader
from tests.support.fakes import (
    PNG,
    WEBP,
    FakeConverter,
    FakeHttp,
    FakeProvider,
    FakeReply,
    MemoryHistory,
    MemoryMedia,
    body_of,
    engine,
    failure,
    gateway,
    json_of,
    request,
)

PATH = "/api/generate"
ALICE = {"authorization": "Bearer hf:hf_alice"}
STUDIO_URL = "https://studio.example"
HELD = Finished((Picture(file=ImageFile(data=BytesBlob(PNG))),), seed=7)
# The seed's own example, and every field that it leaves out.
EVERYTHING: dict[str, Any] = {
    "prompt": "A cat sleeping",
    "system_prompt": "You are a painter.",
    "thinking_content": "Orange fur, green eyes.",
    "assistant_content": "Here is your cat:",
    "force_think_block": True,
    "strip_quotes": True,
    "width": 1280,
    "height": 720,
    "steps": 12,
    "seed": 42,
    "guidance_scale": 1.5,
    "cfg_normalization": 0.5,
    "cfg_truncation": 0.9,
    "shift": 2.5,
    "long_prompt_mode": "pool",
    "hidden_layer": -3,
    "slg_scale": 2.5,
    "slg_layers": [7, 8, 9, 10, 11, 12],
    "slg_start": 0.05,
    "slg_stop": 0.5,
    "fmtt_scale": 0.3,
    "fmtt_start": 0.1,
    "fmtt_stop": 0.4,
    "fmtt_normalize": "clip",
    "fmtt_decode_scale": 0.25,
    "fmtt_siglip_model": "google/siglip2-base-patch16-224",
    "fmtt_siglip_device": "cpu",
    "dype": {"enabled": False, "method": "ntk", "multipass": "single", "dype_scale": 1.0,
             "dype_exponent": 1.0, "base_shift": 0.4, "max_shift": 1.0, "pass2_strength": 0.6},
}  # fmt: skip
ONLY_A_STUDIOS = set(EVERYTHING) - {"prompt", "width", "height", "steps", "seed", "strip_quotes"}


async def post(
    gate: Gateway, body: object, headers: Mapping[str, str] | None = None, path: str = PATH
) -> Reply:
    return await handle(request("POST", path, body, headers), gate, lambda entry: None)


def at_a_studio(
    answer: FakeReply | None = None, space: FakeProvider | None = None, **parts: Any
) -> tuple[Gateway, FakeHttp]:
    """A gateway with a studio of the operator's that is open to all, and a Space behind it."""
    answer = answer or FakeReply(200, {"content-type": "image/png", "x-seed": "42"}, [PNG])
    http = FakeHttp({PATH: [answer]})
    catalog = configure(load_catalog(), {"STUDIO_URL": STUDIO_URL}).catalog
    settings = parts.pop("settings", Settings(public_providers=("studio",)))
    gate = gateway(http=http, catalog=catalog, settings=settings, **parts)
    painter = space or FakeProvider([[HELD]])
    providers: dict[str, Provider] = {"studio": Studio(), "huggingface": painter}
    return replace(gate, engine=engine(providers, http)), http


def at_a_space(*script: Any, **parts: Any) -> tuple[Gateway, FakeProvider]:
    provider = FakeProvider([list(script) or [HELD]])
    return gateway(provider, **parts), provider


async def test_a_studio_gets_every_field_as_it_was_sent() -> None:
    gate, http = at_a_studio()
    reply = await post(gate, EVERYTHING)
    assert (reply.status, await body_of(reply)) == (200, PNG)
    (sent,) = http.sent_to(PATH)
    assert sent.json == EVERYTHING
    assert "x-ignored" not in reply.headers


async def test_fields_that_were_not_sent_are_left_to_the_studio() -> None:
    gate, http = at_a_studio()
    await post(gate, {"prompt": "", "slg_scale": None, "seed": 3})
    (sent,) = http.sent_to(PATH)
    assert sent.json == {
        "prompt": "", "width": 1024, "height": 1024, "steps": 9, "seed": 3, "guidance_scale": 0.0,
    }  # fmt: skip


async def test_the_answer_is_the_file_and_its_headers_tell_the_rest() -> None:
    gate, _ = at_a_space()
    reply = await post(gate, {"prompt": "a cat", "seed": 42})
    assert await body_of(reply) == PNG
    assert reply.headers["content-type"] == "image/png"
    assert reply.headers["x-seed"] == "7", "the one that was really used"
    assert float(reply.headers["x-generation-time"]) >= 0
    assert reply.headers["x-darkroom-provider"] == "huggingface"
    exposed = reply.headers["access-control-expose-headers"]
    for name in ("x-seed", "x-generation-time", "x-history-id", "x-ignored"):
        assert name in exposed


@pytest.mark.parametrize("seed", [None, -1])
async def test_a_drawn_seed_is_in_the_headers(seed: int | None) -> None:
    gate, provider = at_a_space(Finished(HELD.pictures, 100))
    reply = await post(gate, {"prompt": "a cat", "seed": seed})
    assert provider.calls[0][0].seed == 100
    assert reply.headers["x-seed"] == "100"


async def test_the_seed_zero_is_a_seed() -> None:
    answer = FakeReply(200, {"content-type": "image/png", "x-seed": "random"}, [PNG])
    gate, http = at_a_studio(answer)
    reply = await post(gate, {"prompt": "a cat", "seed": 0})
    assert http.sent_to(PATH)[0].json["seed"] == 0
    assert reply.headers["x-seed"] == "0"


async def test_a_template_of_ours_is_sent_as_its_texts() -> None:
    gate, http = at_a_studio()
    await post(gate, {"prompt": "a cat", "template": "photorealistic"})
    sent = http.sent_to(PATH)[0].json
    assert sent["system_prompt"] == TEMPLATES["photorealistic"].system_prompt
    assert "template" not in sent, "the studio has another of that name"


async def test_the_callers_own_words_go_before_a_templates() -> None:
    gate, http = at_a_studio()
    fields = {"prompt": "a cat", "template": "photorealistic", "force_think_block": True}
    await post(gate, {**fields, "system_prompt": "mine"})
    sent = http.sent_to(PATH)[0].json
    assert sent["system_prompt"] == "mine"
    assert sent["force_think_block"] is True
    await post(gate, {**fields, "system_prompt": ""})
    assert "system_prompt" not in http.sent_to(PATH)[1].json


async def test_a_template_that_we_do_not_know_may_be_known_to_the_studio() -> None:
    gate, http = at_a_studio()
    reply = await post(gate, {"prompt": "a cat", "template": "of-their-own"})
    assert http.sent_to(PATH)[0].json["template"] == "of-their-own"
    assert "x-ignored" not in reply.headers


async def test_a_space_gets_the_prompt_alone_and_the_rest_is_named() -> None:
    gate, provider = at_a_space()
    reply = await post(gate, EVERYTHING)
    job = provider.calls[0][0]
    assert (job.prompt, job.steps, job.seed, str(job.size)) == (
        "A cat sleeping",
        12,
        42,
        "1280x704",
    )
    reported = set(reply.headers["x-ignored"].split(", "))
    assert reported == (ONLY_A_STUDIOS | {"height"}), "704 is what the Space can paint"
    assert reply.headers["x-darkroom-ignored"] == reply.headers["x-ignored"]


async def test_fields_with_their_default_values_are_not_reported_as_ignored() -> None:
    gate, _ = at_a_space()
    fields = {"guidance_scale": 0.0, "shift": 3.0, "hidden_layer": -2, "cfg_truncation": 1.0}
    reply = await post(gate, {"prompt": "a cat", "template": "default", **fields})
    assert "x-ignored" not in reply.headers


async def test_a_template_is_named_where_a_space_paints() -> None:
    gate, provider = at_a_space()
    reply = await post(gate, {"prompt": "a cat", "template": "photorealistic"})
    assert provider.calls[0][0].prompt == "a cat"
    assert reply.headers["x-ignored"] == "template"


async def test_quotes_are_left_out_here_for_a_space_that_has_no_option_for_it() -> None:
    gate, provider = at_a_space()
    reply = await post(gate, {"prompt": '{"a": "b"}', "strip_quotes": True})
    assert provider.calls[0][0].prompt == "{a: b}"
    assert "x-ignored" not in reply.headers


async def test_a_number_beyond_what_a_space_takes_is_the_nearest_and_named() -> None:
    gate, provider = at_a_space()
    reply = await post(gate, {"prompt": "a cat", "steps": 60, "width": 4096, "height": 2048})
    job = provider.calls[0][0]
    assert (job.steps, str(job.size)) == (20, "2048x1024")
    assert set(reply.headers["x-ignored"].split(", ")) == {"steps", "width", "height"}


async def test_a_side_that_was_changed_is_reported_even_if_it_was_the_default() -> None:
    gate, provider = at_a_space()
    reply = await post(gate, {"prompt": "a cat", "width": 1024, "height": 4096})
    assert str(provider.calls[0][0].size) == "512x2048"
    assert set(reply.headers["x-ignored"].split(", ")) == {"width", "height"}


async def test_the_history_has_the_prompt_as_its_caller_wrote_it() -> None:
    history = MemoryHistory()
    gate, provider = at_a_space(history=history, media=MemoryMedia())
    await body_of(await post(gate, {"prompt": '"A cat"', "strip_quotes": True}, ALICE))
    assert provider.calls[0][0].prompt == "A cat"
    ((_, _, item),) = history.items
    assert (item.fields["prompt"], item.fields["strip_quotes"]) == ('"A cat"', True)


async def test_unknown_fields_are_passed_over_and_named() -> None:
    gate, _ = at_a_space()
    reply = await post(gate, {"prompt": "a cat", "negative_prompt": "dogs"})
    assert (reply.status, reply.headers["x-ignored"]) == (200, "negative_prompt")


async def test_a_space_paints_when_the_studio_is_unavailable() -> None:
    gate, http = at_a_studio(FakeReply(503, {"retry-after": "9"}, [b'{"detail": "unloaded"}']))
    reply = await post(gate, {"prompt": "a cat", "shift": 2.0})
    assert len(http.sent_to(PATH)) == 1
    assert reply.headers["x-darkroom-provider"] == "huggingface"
    assert reply.headers["x-ignored"] == "shift"


async def test_a_studio_that_is_closed_to_a_caller_gets_no_request() -> None:
    gate, http = at_a_studio(settings=Settings())
    reply = await post(gate, {"prompt": "a cat"})
    assert (reply.status, http.sent) == (200, [])


async def test_another_model_may_be_named() -> None:
    gate, provider = at_a_space()
    reply = await post(gate, {"prompt": "a cat", "model": "flux-1-schnell"})
    assert reply.status == 200
    job, route = provider.calls[0]
    assert (route.model.id, job.steps) == ("flux-1-schnell", 8), "its own default"


async def test_a_picture_is_turned_into_a_png_where_that_can_be_done() -> None:
    webp = Finished((Picture(file=ImageFile(data=BytesBlob(WEBP))),), seed=7)
    converter = FakeConverter()
    gate, _ = at_a_space(webp, converter=converter)
    reply = await post(gate, {"prompt": "a cat"})
    assert (reply.headers["content-type"], await body_of(reply)) == ("image/png", PNG)
    assert converter.requested == [(WEBP, "png", None)]
    gate, _ = at_a_space(webp)
    reply = await post(gate, {"prompt": "a cat"})
    assert (reply.headers["content-type"], await body_of(reply)) == ("image/webp", WEBP)


@pytest.mark.parametrize(
    ("fields", "field", "kind"),
    [
        ({"prompt": None}, "prompt", "string_type"),
        ({"prompt": 5}, "prompt", "string_type"),
        ({"width": 1000}, "width", "multiple_of"),
        ({"width": 240}, "width", "greater_than_equal"),
        ({"height": 4112}, "height", "less_than_equal"),
        ({"height": "tall"}, "height", "int_parsing"),
        ({"width": 1024.5}, "width", "int_from_float"),
        ({"steps": 0}, "steps", "greater_than_equal"),
        ({"steps": 101}, "steps", "less_than_equal"),
        ({"seed": True}, "seed", "number_type"),
        ({"slg_start": 0.6, "slg_stop": 0.4}, "slg_start", "value_error"),
        ({"seed": ""}, "seed", "int_parsing"),
        ({"guidance_scale": -1}, "guidance_scale", "greater_than_equal"),
        ({"shift": "x"}, "shift", "float_parsing"),
        ({"long_prompt_mode": "shrink"}, "long_prompt_mode", "literal_error"),
        ({"hidden_layer": 0}, "hidden_layer", "less_than_equal"),
        ({"slg_layers": "7"}, "slg_layers", "list_type"),
        ({"fmtt_normalize": "l2"}, "fmtt_normalize", "literal_error"),
        ({"force_think_block": 2}, "force_think_block", "bool_parsing"),
        ({"dype": {"multipass": "fivepass"}}, "dype", "literal_error"),
    ],
)
async def test_a_wrong_field_is_refused_as_fastapi_does(
    fields: dict[str, Any], field: str, kind: str
) -> None:
    gate, provider = at_a_space()
    reply = await post(gate, {"prompt": "a cat", **fields})
    (problem,) = (await json_of(reply))["detail"]
    assert (reply.status, problem["type"]) == (422, kind)
    assert problem["loc"][:2] == ["body", field]
    assert "input" in problem
    assert not provider.calls


async def test_every_wrong_field_is_named_at_once() -> None:
    gate, _ = at_a_space()
    detail = (await json_of(await post(gate, {"width": 16, "steps": "x"})))["detail"]
    assert {(p["loc"][1], p["type"]) for p in detail} == {
        ("prompt", "missing"), ("width", "greater_than_equal"), ("steps", "int_parsing"),
    }  # fmt: skip


async def test_values_are_read_as_leniently_as_fastapi_reads_them() -> None:
    gate, provider = at_a_space()
    reply = await post(gate, {"prompt": "x", "width": "1024", "steps": 5.0, "strip_quotes": "yes"})
    assert (reply.status, provider.calls[0][0].steps) == (200, 5)


async def test_several_passes_cut_the_sides_to_the_multiple() -> None:
    gate, http = at_a_studio()
    passes = {"enabled": True, "multipass": "threepass"}
    reply = await post(gate, {"prompt": "x", "width": 2050, "height": 1100, "dype": passes})
    assert reply.status == 200
    sent = http.sent_to(PATH)[0].json
    assert (sent["width"], sent["height"]) == (2048, 1088)
    assert sent["dype"]["multipass"] == "threepass"


@pytest.mark.parametrize(
    ("kind", "status"), [(ContentRefused, 400), (UpstreamUnavailable, 503)], ids=str
)
@pytest.mark.parametrize("accept", ["*/*", "text/event-stream"])
async def test_a_failure_is_a_detail(kind: Any, status: int, accept: str) -> None:
    gate, _ = at_a_space(failure(kind, "it did not work"))
    reply = await post(gate, {"prompt": "a cat"}, {"accept": accept})
    assert (reply.status, await json_of(reply)) == (status, {"detail": "it did not work"})


async def streamed(gate: Gateway, **fields: Any) -> list[tuple[str, dict[str, Any]]]:
    headers = {**ALICE, "accept": "text/event-stream"}
    reply = await post(gate, {"prompt": "a cat", **fields}, headers)
    assert reply.headers["content-type"].startswith("text/event-stream")
    events = EventReader().feed(await body_of(reply))
    return [(event.type, json.loads(event.data)) for event in events]


async def test_progress_is_streamed_to_callers_that_accept_events() -> None:
    gate, _ = at_a_space(
        Queued(1, 2, 3.0),
        Started(),
        Progress(1, 4, 0.25),
        Preview(Picture(file=ImageFile(data=BytesBlob(PNG)))),
        HELD,
        history=MemoryHistory(),
        media=MemoryMedia(),
    )
    events = await streamed(gate, shift=2.0)
    assert [name for name, _ in events] == [
        "generate.progress", "generate.progress", "generate.progress", "generate.preview",
        "generate.completed",
    ]  # fmt: skip
    assert (events[0][1]["stage"], events[0][1]["queue_position"]) == ("queued", 1)
    assert (events[2][1]["step"], events[2][1]["total_steps"]) == (1, 4)
    done = events[-1][1]
    assert base64.b64decode(done["image_b64"]) == PNG
    assert (done["seed"], done["media_type"], done["ignored"]) == (7, "image/png", ["shift"])
    listed = await handle(request("GET", "/api/history", None, ALICE), gate, lambda entry: None)
    assert (await json_of(listed))["history"][0]["id"] == done["history_id"]


async def test_a_failure_within_a_stream_is_its_last_event() -> None:
    gate, _ = at_a_space(Started(), failure(ContentRefused, "refused"))
    assert (await streamed(gate))[-1] == ("error", {"detail": "refused"})


async def test_a_picture_is_in_the_history_under_the_id_of_the_header() -> None:
    gate, _ = at_a_space(history=MemoryHistory(), media=MemoryMedia())
    reply = await post(gate, {**EVERYTHING, "template": "photorealistic"}, ALICE)
    listed = await handle(request("GET", "/api/history", None, ALICE), gate, lambda entry: None)
    (item,) = (await json_of(listed))["history"]
    assert item["id"] == int(reply.headers["x-history-id"])
    assert item["model_type"] == "zimage"
    for name in (
        "system_prompt", "thinking_content", "assistant_content", "force_think_block",
        "strip_quotes", "guidance_scale", "shift", "long_prompt_mode", "hidden_layer",
        "cfg_normalization", "cfg_truncation",
    ):  # fmt: skip
        assert item[name] == EVERYTHING[name], name
    assert item["template"] == "photorealistic"
    assert item["formatted_prompt"].startswith("<|im_start|>system\nYou are a painter.")
    assert base64.b64decode(item["image_b64"]) == PNG


async def test_without_a_credential_there_is_no_id() -> None:
    gate, _ = at_a_space(history=MemoryHistory())
    assert "x-history-id" not in (await post(gate, {"prompt": "a cat"})).headers


async def test_a_seed_that_was_painted_before_is_not_painted_again() -> None:
    gate, provider = at_a_space(media=MemoryMedia())
    for cache in ("miss", "hit"):
        reply = await post(gate, {"prompt": "a cat", "seed": 7}, ALICE)
        assert (await body_of(reply), reply.headers["x-darkroom-cache"]) == (PNG, cache)
    assert len(provider.calls) == 1


@pytest.mark.parametrize(("model", "status"), [("nonsense", 404), ("qwen-image-edit", 400)])
async def test_a_model_that_cannot_paint_is_refused(model: str, status: int) -> None:
    gate, _ = at_a_space()
    reply = await post(gate, {"prompt": "a cat", "model": model})
    assert (reply.status, isinstance((await json_of(reply))["detail"], str)) == (status, True)
