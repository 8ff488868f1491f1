"""Pictures that resemble others: by a studio, or by a caption."""

import base64
import json
from collections.abc import AsyncGenerator
from dataclasses import dataclass, replace
from typing import Any

import pytest

from darkroom.app import handle
from darkroom.blob import BytesBlob
from darkroom.catalog.catalog import Catalog, load_catalog
from darkroom.catalog.channels import configure
from darkroom.deadline import Deadline
from darkroom.dialects.studio.vision_cache import LIFETIME_S, likeness_id
from darkroom.engine.breaker import FAILURES
from darkroom.events import Event, Finished, Picture
from darkroom.gateway import Gateway
from darkroom.http import Http, Reply
from darkroom.image import ImageFile
from darkroom.job import ImageJob
from darkroom.prompts.likeness import with_likeness
from darkroom.prompts.template import TEMPLATES
from darkroom.providers.provider import Provider, Route
from darkroom.providers.studio import Studio
from darkroom.settings import Settings
from tests.support import fakes
from tests.support.fakes import (
    PNG,
    FakeClock,
    FakeHttp,
    FakeProvider,
    FakeReply,
    MemoryHistory,
    MemoryMedia,
    body_of,
    json_of,
    request,
)

CATALOG = load_catalog()
STUDIO, SEER, KEYLESS = "https://studio.example", "pollinations/openai", "/openai"
B64 = base64.b64encode(PNG).decode()
CAPTION = "A red barn, wide valley, evening light, warm colours, low horizon, oil painting"
HERE = {"cf-connecting-ip": "203.0.113.7"}
PAINTED = Finished((Picture(file=ImageFile(data=BytesBlob(PNG))),), seed=0)
EXTRACT, GENERATE = "/api/vl/extract", "/api/vl/generate"


def replied(value: object, status: int = 200) -> FakeReply:
    return FakeReply(status, pieces=[json.dumps(value).encode()])


def said(text: str) -> FakeReply:
    return replied({"choices": [{"message": {"role": "assistant", "content": text}}]})


def painted(**headers: str) -> FakeReply:
    return FakeReply(headers={"content-type": "image/png", **headers}, pieces=[PNG])


def extracted(name: str) -> FakeReply:
    return replied({
        "embeddings_id": name, "num_tokens": 5, "shape": [5, 2560], "hidden_layer": -2,
        "original_std": 12.5, "scaled_std": 61.0, "extract_time": 0.2,
    })  # fmt: skip


@dataclass
class Conditioner:
    """A studio where a picture is to resemble another, else the painter behind it."""

    painter: FakeProvider

    def run(
        self, job: ImageJob, route: Route, http: Http, deadline: Deadline
    ) -> AsyncGenerator[Event]:
        provider = self.painter if job.conditioning is None else Studio()
        return provider.run(job, route, http, deadline)


def gateway(
    answers: dict[str, list[Any]], *, env: dict[str, str] | None = None, **parts: Any
) -> tuple[Gateway, FakeHttp, FakeProvider]:
    http, painter = FakeHttp(answers), FakeProvider([[PAINTED]])
    settings = Settings(public_providers=("studio",), default_vision_model=SEER)
    parts = {"settings": settings, "media": MemoryMedia(), **parts}
    parts = {"catalog": configure(CATALOG, env or {}).catalog, **parts}
    clock = parts.setdefault("clock", FakeClock())
    gate = fakes.gateway(painter, http=http, **parts)
    painters: dict[str, Provider] = {"huggingface": painter, "studio": Conditioner(painter)}
    return replace(gate, engine=fakes.engine(painters, http, clock, settings)), http, painter


async def ask(
    gate: Gateway, method: str, path: str, body: object = None, sent: dict[str, str] = HERE
) -> Reply:
    return await handle(request(method, path, body, sent), gate, lambda entry: None)


@pytest.mark.parametrize(
    ("picture", "text", "layer", "name"),
    [
        (b"abc", None, -2, "vl_90015098_d41d_L-2"),
        (b"abc", "", -2, "vl_90015098_d41d_L-2"),
        (b"abc", "a cat", -6, "vl_90015098_c1d0_L-6"),
        (b"a" * 600_000, None, -2, "vl_09f901b9_d41d_L-2"),
    ],
)
async def test_an_embeddings_id_is_the_one_that_a_studio_gives(
    picture: bytes, text: str | None, layer: int, name: str
) -> None:
    assert await likeness_id(BytesBlob(picture), text, layer) == name


@pytest.mark.parametrize(
    ("alpha", "style_only", "prompt"),
    [
        (0.0, False, "a cat"),
        (0.1, False, "a cat, oil painting"),
        (0.3, False, "a cat, low horizon, oil painting"),
        (0.5, False, "a cat, warm colours, low horizon, oil painting"),
        (0.7, False, f"{CAPTION}. a cat"),
        (1.0, False, f"{CAPTION}. a cat"),
        (0.3, True, "a cat, oil painting"),
        (1.0, True, "a cat, low horizon, oil painting"),
    ],
)
def test_alpha_says_how_much_of_the_caption_goes_into_the_prompt(
    alpha: float, style_only: bool, prompt: str
) -> None:
    assert with_likeness("a cat", CAPTION + ".", alpha, style_only=style_only) == prompt


def test_a_caption_without_words_and_a_prompt_without_words_leave_the_other() -> None:
    assert with_likeness("a cat", " . ", 1.0) == "a cat"
    assert with_likeness(" ", CAPTION, 0.1) == CAPTION


@pytest.mark.parametrize("form", ["{}", "data:image/png;base64,{}"])
async def test_a_picture_is_kept_in_words_where_there_is_no_studio(form: str) -> None:
    media = MemoryMedia()
    gate, http, _ = gateway({KEYLESS: [said(CAPTION)]}, media=media)
    reply = await ask(gate, "POST", EXTRACT, {"image": form.format(B64), "text": "the barn"})
    answer = await json_of(reply)
    name = await likeness_id(BytesBlob(PNG), "the barn", -2)
    assert (answer["embeddings_id"], answer["caption"]) == (name, CAPTION)
    assert answer["shape"] == [answer["num_tokens"], 2560]
    assert answer["num_tokens"] > 0
    assert (answer["emulated"], answer["model"]) == (True, SEER)
    assert answer["original_std"] is None
    assert reply.headers["x-darkroom-provider"] == "pollinations"
    requested = http.sent[0].json["messages"][0]["content"]
    assert "the barn" in requested[0]["text"]
    assert requested[1]["image_url"]["url"] == f"data:image/png;base64,{B64}"
    assert reply.headers["x-vl-emulated"] == "true"
    assert [key.rpartition("/")[2] for key in media.kept] == [name, name], "with the picture"
    assert all(key.startswith("vl/") for key in media.kept)


async def test_a_kept_picture_conditions_the_prompt_by_its_caption() -> None:
    gate, _, painter = gateway({KEYLESS: [said(CAPTION)]})
    name = (await json_of(await ask(gate, "POST", EXTRACT, {"image": B64})))["embeddings_id"]
    body = {
        "prompt": 'a "cat"', "vl_embeddings_id": name, "vl_alpha": 0.3, "seed": 0,
        "strip_quotes": True, "shift": 2.0, "system_prompt": "S", "surprise": 1,
    }  # fmt: skip
    reply = await ask(gate, "POST", GENERATE, body)
    assert (reply.status, await body_of(reply)) == (200, PNG)
    assert painter.calls[0][0].prompt == "a cat, low horizon, oil painting"
    headers = reply.headers
    assert (headers["content-type"], headers["x-seed"]) == ("image/png", "0")
    assert (headers["x-vl-alpha"], headers["x-vl-blend-mode"]) == ("0.3", "linear")
    assert headers["x-vl-emulated"] == "true"
    assert float(headers["x-generation-time"]) >= 0
    assert {"surprise", "shift", "system_prompt"} <= set(headers["x-darkroom-ignored"].split(", "))


async def test_the_documented_spellings_of_fields_are_read_too() -> None:
    gate, _, painter = gateway({KEYLESS: [said(CAPTION)]})
    body = {"prompt": "a cat", "image": f"data:image/png;base64,{B64}", "alpha": 0.8,
            "hidden_layer": -6, "blend_mode": "linear"}  # fmt: skip
    reply = await ask(gate, "POST", GENERATE, body)
    assert reply.status == 200, await body_of(reply)
    assert painter.calls[0][0].prompt == f"{CAPTION}. a cat"
    assert reply.headers["x-vl-alpha"] == "0.8"


@pytest.mark.parametrize("fields", [{}, {"vl_image": B64, "vl_alpha": 0}])
async def test_a_picture_with_alpha_zero_is_not_captioned(fields: dict[str, Any]) -> None:
    gate, http, painter = gateway({})
    assert (await ask(gate, "POST", GENERATE, {"prompt": "a cat", **fields})).status == 200
    assert painter.calls[0][0].prompt == "a cat"
    assert not http.sent


async def test_a_studio_comes_first_and_gets_every_field() -> None:
    name = await likeness_id(BytesBlob(PNG), None, -2)
    answers = {EXTRACT: [extracted(name)], GENERATE: [painted(**{"x-seed": "7"})]}
    gate, http, painter = gateway(answers, env={"STUDIO_URL": STUDIO})
    kept = await json_of(
        await ask(gate, "POST", EXTRACT, {"image": f"data:image/png;base64,{B64}"})
    )
    assert (kept["embeddings_id"], kept["emulated"], kept["num_tokens"]) == (name, False, 5)
    assert http.sent_to(EXTRACT)[0].json["image"] == B64
    body = {"prompt": "a cat", "vl_embeddings_id": name, "template": "photorealistic", "seed": 7,
            "shift": 2.0}  # fmt: skip
    reply = await ask(gate, "POST", GENERATE, body)
    assert (reply.status, await body_of(reply)) == (200, PNG)
    assert (reply.headers["x-vl-emulated"], reply.headers["x-seed"]) == ("false", "7")
    sent = http.sent_to(GENERATE)[0].json
    assert (sent["vl_embeddings_id"], sent["vl_alpha"], sent["shift"]) == (name, 0.3, 2.0)
    assert sent["system_prompt"]
    assert not painter.calls


async def test_a_picture_is_captioned_when_the_studio_fails() -> None:
    """The original's newest version falls over every such request (studio-api.md section 7)."""
    broken = replied({"detail": "unexpected keyword argument"}, 500)
    answers = {GENERATE: [broken], "/api/generate": [painted()], KEYLESS: [said(CAPTION)]}
    gate, _, painter = gateway(answers, env={"STUDIO_URL": STUDIO})
    reply = await ask(gate, "POST", GENERATE, {"prompt": "a cat", "vl_image": B64})
    assert (reply.status, reply.headers["x-vl-emulated"]) == (200, "true")
    assert reply.headers["x-darkroom-tried"].startswith("studio:vl/generate=generation_failed, ")
    assert painter.calls[-1][0].prompt.startswith("a cat, ")


async def test_pictures_are_each_callers_own_and_are_forgotten_by_id_or_all() -> None:
    gate, _, _ = gateway({KEYLESS: [said(CAPTION)]})
    names = [
        (await json_of(await ask(gate, "POST", EXTRACT, {"image": B64, "text": text})))[
            "embeddings_id"
        ]
        for text in ("a", "b", "c")
    ]
    status = await json_of(await ask(gate, "GET", "/api/vl/status"))
    assert status["cached_embeddings"] == names
    for stranger in ({"cf-connecting-ip": "203.0.113.8"}, {"authorization": "Bearer hf:hf_x"}):
        body = {"prompt": "a cat", "vl_embeddings_id": names[0]}
        assert (await ask(gate, "POST", GENERATE, body, stranger)).status == 404
        assert (
            await ask(gate, "DELETE", f"/api/vl/cache/{names[0]}", None, stranger)
        ).status == 404
        cleared = await json_of(await ask(gate, "DELETE", "/api/vl/cache", None, stranger))
        assert cleared == {"cleared": 0}
    path = f"/api/vl/cache/{names[0]}"
    assert await json_of(await ask(gate, "DELETE", path)) == {"deleted": names[0]}
    gone = await ask(gate, "DELETE", path)
    assert (gone.status, names[0] in (await json_of(gone))["detail"]) == (404, True)
    assert await json_of(await ask(gate, "DELETE", "/api/vl/cache")) == {"cleared": 2}


async def test_a_picture_is_kept_for_seven_days() -> None:
    clock = FakeClock()
    gate, _, _ = gateway({KEYLESS: [said(CAPTION)]}, clock=clock)
    name = (await json_of(await ask(gate, "POST", EXTRACT, {"image": B64})))["embeddings_id"]
    body = {"prompt": "a cat", "vl_embeddings_id": name}
    clock.now += LIFETIME_S - 1
    assert (await ask(gate, "POST", GENERATE, body)).status == 200
    clock.now += 1
    assert (await ask(gate, "POST", GENERATE, body)).status == 404


def without_rewriters(env: dict[str, str]) -> Catalog:
    """The catalog of a deployment where no model is known to see."""
    full = configure(CATALOG, env).catalog
    return Catalog(full.files, full.aliases, full.pools.values())


BROKEN = replied({"detail": "unexpected keyword argument"}, 500)


async def kept_at_a_studio(
    answers: list[Any], *, seen: bool = True, **parts: Any
) -> tuple[Gateway, FakeHttp, FakeProvider, str]:
    """A picture that a studio has embedded, which then answers so; whether words may be had."""
    name = await likeness_id(BytesBlob(PNG), "the barn", -6)
    scripted = {EXTRACT: [extracted(name)], GENERATE: answers, KEYLESS: [said(CAPTION)]}
    if not seen:
        blind = without_rewriters({"STUDIO_URL": STUDIO})
        parts |= {"catalog": blind, "settings": Settings(public_providers=("studio",))}
    gate, http, painter = gateway(scripted, env={"STUDIO_URL": STUDIO}, **parts)
    body = {"image": B64, "text": "the barn", "hidden_layer": -6}
    reply = await ask(gate, "POST", EXTRACT, body, parts.pop("who", HERE))
    assert reply.headers["x-vl-emulated"] == "false", await body_of(reply)
    return gate, http, painter, name


@pytest.mark.parametrize("status", [500, 404])
async def test_a_picture_whose_id_means_nothing_to_the_studio_is_sent_there_itself(
    status: int,
) -> None:
    name = await likeness_id(BytesBlob(PNG), "the barn", -6)
    first = replied({"detail": f"VL embeddings not found: {name}"}, status)
    gate, http, _, name = await kept_at_a_studio([first, painted(**{"x-seed": "7"})])
    body = {"prompt": "a cat", "vl_embeddings_id": name, "vl_text": "no more"}
    reply = await ask(gate, "POST", GENERATE, body)
    assert (reply.status, reply.headers["x-vl-emulated"]) == (200, "false")
    assert reply.headers["x-ignored"] == "vl_text", "the id says it"
    by_id, by_picture = (sent.json for sent in http.sent_to(GENERATE))
    assert (by_id["vl_embeddings_id"], "vl_image" in by_id) == (name, False)
    assert (by_picture["vl_image"], by_picture["vl_text"]) == (B64, "the barn")
    assert (by_picture["vl_hidden_layer"], "vl_embeddings_id" in by_picture) == (-6, False)


async def test_a_kept_picture_is_captioned_where_the_studio_paints_nothing_like_it() -> None:
    gate, http, painter, name = await kept_at_a_studio([BROKEN])
    reply = await ask(gate, "POST", GENERATE, {"prompt": "a cat", "vl_embeddings_id": name})
    assert (reply.status, reply.headers["x-vl-emulated"]) == (200, "true")
    assert len(http.sent_to(GENERATE)) == 2
    assert "the barn" in str(http.sent_to(KEYLESS)[0].json)
    assert painter.calls[-1][0].prompt == "a cat, low horizon, oil painting"


async def test_without_a_fallback_an_id_that_the_studio_forgot_is_a_404() -> None:
    name = await likeness_id(BytesBlob(PNG), "the barn", -6)
    forgotten = replied({"detail": f"VL embeddings not found: {name}"}, 404)
    gate, _, _, name = await kept_at_a_studio([forgotten, BROKEN], seen=False)
    reply = await ask(gate, "POST", GENERATE, {"prompt": "a cat", "vl_embeddings_id": name})
    assert (reply.status, name in (await json_of(reply))["detail"]) == (404, True)
    assert reply.headers["x-darkroom-tried"].count("studio:vl/generate=") == 2


async def test_without_a_fallback_a_studio_that_fails_is_a_502() -> None:
    gate, _, _, name = await kept_at_a_studio([BROKEN], seen=False)
    reply = await ask(gate, "POST", GENERATE, {"prompt": "a cat", "vl_embeddings_id": name})
    assert reply.status == 502


ANNA = {"authorization": "Bearer hf:hf_anna", **HERE}
LIKE = {"prompt": 'a "cat"', "vl_image": B64, "vl_alpha": 0.8, "vl_blend_mode": "style_only",
        "strip_quotes": True, "steps": 60, "seed": 3}  # fmt: skip


@pytest.mark.parametrize("by_studio", [True, False])
async def test_a_painted_picture_is_in_the_history_with_its_callers_parameters(
    by_studio: bool,
) -> None:
    history = MemoryHistory()
    answers = {GENERATE: [painted() if by_studio else BROKEN], KEYLESS: [said(CAPTION)]}
    gate, _, _ = gateway(answers, env={"STUDIO_URL": STUDIO}, history=history)
    reply = await ask(gate, "POST", GENERATE, LIKE, ANNA)
    assert (reply.status, await body_of(reply)) == (200, PNG)
    assert reply.headers["x-vl-emulated"] == ("false" if by_studio else "true")
    ((_, _, item),) = history.items
    assert item.id == int(reply.headers["x-history-id"])
    fields = item.fields
    assert (fields["prompt"], fields["vl_alpha"]) == ('a "cat"', 0.8)
    assert (fields["vl_blend_mode"], fields["vl_embeddings_id"]) == ("style_only", None)
    assert (fields["provider"], fields["model"]) == ("studio", "studio/z-image-turbo")
    assert ("oil painting" in str(fields["revised_prompt"])) is not by_studio
    assert (fields["steps"], fields["model_type"]) == (60, "zimage")
    await ask(gate, "POST", GENERATE, LIKE, {**ANNA, "cache-control": "no-store"})
    assert len(history.items) == 1


async def test_a_captioned_request_reports_ignored_and_changed_fields() -> None:
    gate, _, painter = gateway({KEYLESS: [said(CAPTION)]})
    body = {"prompt": "a cat", "image": B64, "hidden_layer": -6, "blend_mode": "adain",
            "steps": 60, "width": 1024, "height": 4096, "shift": 2.0, "text_tokens_only": True,
            "template": "photorealistic"}  # fmt: skip
    reply = await ask(gate, "POST", GENERATE, body)
    job = painter.calls[0][0]
    assert (job.steps, str(job.size)) == (20, "512x2048")
    named = {"hidden_layer", "blend_mode", "steps", "width", "height", "shift", "template"}
    assert set(reply.headers["x-ignored"].split(", ")) == named | {"text_tokens_only"}
    assert reply.headers["x-darkroom-ignored"] == reply.headers["x-ignored"]


async def test_a_captioned_picture_is_painted_by_a_studio_with_what_is_around_the_prompt() -> None:
    answers = {GENERATE: [BROKEN], KEYLESS: [said(CAPTION)]}
    gate, _, painter = gateway(answers, env={"STUDIO_URL": STUDIO})
    body = {"prompt": "a cat", "vl_image": B64, "template": "photorealistic", "shift": 2.0}
    reply = await ask(gate, "POST", GENERATE, body)
    options = painter.calls[-1][0].options
    assert options["system_prompt"] == TEMPLATES["photorealistic"].system_prompt
    assert options["shift"] == 2.0
    assert "x-ignored" not in reply.headers


async def test_a_studio_gets_the_documented_spellings_as_it_knows_them() -> None:
    gate, http, _ = gateway({GENERATE: [painted()]}, env={"STUDIO_URL": STUDIO})
    body = {"prompt": "a cat", "image": B64, "alpha": 0.5, "hidden_layer": -6,
            "blend_mode": "adain", "text_tokens_only": True, "template": "of-their-own"}  # fmt: skip
    reply = await ask(gate, "POST", GENERATE, body)
    sent = http.sent_to(GENERATE)[0].json
    assert (sent["vl_image"], sent["vl_alpha"], sent["vl_blend_mode"]) == (B64, 0.5, "adain")
    assert (sent["vl_hidden_layer"], "hidden_layer" in sent) == (-6, False)
    assert sent["template"] == "of-their-own", "the studio may know it"
    assert sent["text_tokens_only"] is True
    assert "x-ignored" not in reply.headers


@pytest.mark.parametrize(
    ("fields", "field"),
    [
        ({"blend_mode": "nope"}, "blend_mode"),
        ({"vl_blend_mode": 5}, "vl_blend_mode"),
        ({"text_tokens_only": "perhaps"}, "text_tokens_only"),
        ({"text_tokens_only": True, "vl_image_tokens_only": True}, "text_tokens_only"),
    ],
)
async def test_a_wrong_field_of_conditioning_is_refused_by_name(
    fields: dict[str, Any], field: str
) -> None:
    gate, http, _ = gateway({GENERATE: [painted()]}, env={"STUDIO_URL": STUDIO})
    reply = await ask(gate, "POST", GENERATE, {"prompt": "a cat", "image": B64, **fields})
    assert (reply.status, http.sent_to(GENERATE)) == (422, [])
    (problem,) = (await json_of(reply))["detail"]
    assert problem["loc"] == ["body", field]
    assert "input" in problem


async def test_a_blend_mode_counts_in_any_case() -> None:
    gate, http, _ = gateway({GENERATE: [painted()]}, env={"STUDIO_URL": STUDIO})
    body = {"prompt": "a cat", "image": B64, "blend_mode": "AdaIN"}
    await ask(gate, "POST", GENERATE, body)
    assert http.sent_to(GENERATE)[0].json["vl_blend_mode"] == "adain"


async def test_expired_embeddings_are_not_listed() -> None:
    clock = FakeClock()
    gate, _, _ = gateway({KEYLESS: [said(CAPTION)]}, clock=clock)
    names = []
    for text in ("a", "b"):
        reply = await ask(gate, "POST", EXTRACT, {"image": B64, "text": text})
        names.append((await json_of(reply))["embeddings_id"])
        clock.now += LIFETIME_S / 2
    status = await json_of(await ask(gate, "GET", "/api/vl/status"))
    assert status["cached_embeddings"] == names[1:]
    assert await json_of(await ask(gate, "DELETE", "/api/vl/cache")) == {"cleared": 1}
    assert not gate.media.kept  # type: ignore[union-attr]


@pytest.mark.parametrize(
    ("path", "body", "status", "where"),
    [
        (EXTRACT, {}, 422, ["body", "image"]),
        (EXTRACT, {"image": B64, "hidden_layer": 1.5}, 422, ["body", "hidden_layer"]),
        (GENERATE, {"vl_image": B64}, 422, ["body", "prompt"]),
        (GENERATE, {"prompt": "x", "vl_alpha": 1.5}, 422, ["body", "vl_alpha"]),
        (GENERATE, {"prompt": "x", "alpha": 1.5}, 422, ["body", "alpha"]),
        (
            GENERATE,
            {"prompt": "x", "image": B64, "hidden_layer": 99},
            422,
            ["body", "hidden_layer"],
        ),
        (GENERATE, {"prompt": "x", "template": "x" * 201}, 422, ["body", "template"]),
        (GENERATE, {"prompt": "x", "width": 1000}, 422, ["body", "width"]),
        (GENERATE, {"prompt": "x", "height": 8192}, 422, ["body", "height"]),
        (EXTRACT, {"image": "%%%"}, 400, None),
        (GENERATE, {"prompt": "x", "vl_image": "abc"}, 400, None),
        (GENERATE, {"prompt": "x", "vl_embeddings_id": "../x"}, 404, None),
    ],
)
async def test_an_invalid_request_is_refused_by_field(
    path: str, body: object, status: int, where: list[str] | None
) -> None:
    gate, _, _ = gateway({KEYLESS: [said(CAPTION)]})
    reply = await ask(gate, "POST", path, body)
    detail = (await json_of(reply))["detail"]
    assert reply.status == status
    assert detail if where is None else detail[0]["loc"] == where


async def test_without_a_vision_model_a_503_names_the_missing_setting() -> None:
    settings, catalog = Settings(), without_rewriters({})
    gate, _, _ = gateway({}, settings=settings, catalog=catalog)
    reply = await ask(gate, "POST", EXTRACT, {"image": B64})
    assert reply.status == 503
    assert "DEFAULT_VISION_MODEL" in (await json_of(reply))["detail"]


async def test_a_studio_that_cannot_be_reached_is_left_alone_after_a_while() -> None:
    refused = ConnectionError("refused")
    answers: dict[str, list[Any]] = {
        GENERATE: [refused],
        "/api/generate": [painted()],
        KEYLESS: [said(CAPTION)],
    }
    gate, http, _ = gateway(answers, env={"STUDIO_URL": STUDIO})
    for _ in range(FAILURES + 1):
        reply = await ask(gate, "POST", GENERATE, {"prompt": "a cat", "vl_image": B64})
        assert (reply.status, reply.headers["x-vl-emulated"]) == (200, "true")
    assert reply.headers["x-darkroom-tried"].split(", ") == [
        "studio:vl/generate=circuit_open",
        "pollinations:openai=ok",
        "studio:z-image-turbo=ok",
    ]
    assert len(http.sent_to(GENERATE)) == FAILURES
    assert gate.engine.breakers.report().keys() == {"studio/vl/generate"}


async def test_a_picture_that_was_forgotten_says_nothing_against_the_studio() -> None:
    name = await likeness_id(BytesBlob(PNG), "the barn", -6)
    forgotten = replied({"detail": f"VL embeddings not found: {name}"}, 404)
    script = [answer for _ in range(FAILURES + 1) for answer in (forgotten, painted())]
    gate, _, _, name = await kept_at_a_studio(script)
    for _ in range(FAILURES + 1):
        reply = await ask(gate, "POST", GENERATE, {"prompt": "a cat", "vl_embeddings_id": name})
        assert reply.headers["x-vl-emulated"] == "false"


async def test_a_token_that_is_rate_limited_at_a_studio_is_used_again_when_it_has_cooled_down() -> (
    None
):
    clock = FakeClock()
    limited = FakeReply(429, {"retry-after": "30"}, [b'{"detail": "slow down"}'])
    answers: dict[str, list[Any]] = {GENERATE: [limited, painted()], KEYLESS: [said(CAPTION)]}
    gate, http, _ = gateway(answers, env={"STUDIO_URL": STUDIO}, clock=clock)
    mine = {**HERE, "authorization": "Bearer studio:open-sesame"}
    body = {"prompt": "a cat", "vl_image": B64}
    emulated = []
    for wait_s in (0, 1, 31):
        clock.now += wait_s
        reply = await ask(gate, "POST", GENERATE, body, mine)
        emulated.append(reply.headers.get("x-vl-emulated"))
    assert (emulated[-1], len(http.sent_to(GENERATE))) == ("false", 2)
