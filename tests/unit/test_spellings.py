"""One value means one thing in every dialect: words, media types, numbers, seeds; and what is told."""

import base64
from collections.abc import Mapping
from typing import Any

import pytest

from darkroom.app import handle
from darkroom.blob import BytesBlob
from darkroom.events import Finished, Picture
from darkroom.http import Reply
from darkroom.image import ImageFile
from darkroom.job import MAX_SEED, ImageJob
from tests.support.fakes import FakeProvider, body_of, gateway, json_of, request
from tests.support.pictures import picture

PNG = picture(size=(512, 512))
HELD = Finished((Picture(file=ImageFile(data=BytesBlob(PNG))),))
PAINTER = "z-image-turbo"
CONTENTS = [{"role": "user", "parts": [{"text": "a cat"}]}]
CHAT = [{"role": "user", "content": "a cat"}]

# How each dialect puts fields beside a prompt.
BODIES: Mapping[str, Any] = {
    "/v1/images/generations": lambda **f: {"model": PAINTER, "prompt": "a cat", **f},
    "/v1/chat/completions": lambda **f: {"model": PAINTER, "messages": CHAT, **f},
    "/v1/responses": lambda **f: {"model": PAINTER, "input": "a cat", **f},
    f"/v1beta/models/{PAINTER}:generateContent": lambda **f: {
        "contents": CONTENTS, "generationConfig": f
    },
    f"/v1beta/models/{PAINTER}:predict": lambda **f: {
        "instances": [{"prompt": "a cat"}], "parameters": f
    },
    f"/hf-inference/models/{PAINTER}": lambda **f: {"inputs": "a cat", "parameters": f},
    "/v2/image/flux/generate": lambda **f: {"prompt": "a cat", **f},
    "/sdapi/v1/txt2img": lambda **f: {"model": PAINTER, "prompt": "a cat", **f},
    "/api/generate": lambda **f: {"model": PAINTER, "prompt": "a cat", **f},
}  # fmt: skip
OPENAI = "/v1/images/generations"


async def ask(path: str, **fields: Any) -> tuple[Reply, list[ImageJob]]:
    provider = FakeProvider([[HELD]])
    body = BODIES[path](**fields)
    reply = await handle(request("POST", path, body), gateway(provider), lambda entry: None)
    return reply, [job for job, _ in provider.calls]


async def job_of(path: str, **fields: Any) -> ImageJob:
    reply, jobs = await ask(path, **fields)
    assert jobs, await body_of(reply)
    return jobs[0]


async def told(path: str, **fields: Any) -> str:
    """All that an answer says, in its headers and its body."""
    reply, jobs = await ask(path, **fields)
    assert jobs, await body_of(reply)
    return f"{dict(reply.headers)} {(await body_of(reply)).decode('latin-1')}"


@pytest.mark.parametrize(
    ("seed", "used"),
    [(4_294_967_295, MAX_SEED), (2**31, 0), (3_000_000_000, 852_516_352), (2**53, 0), (7, 7),
     (MAX_SEED, MAX_SEED), (10**30, 10**30 % 2**31)],
)  # fmt: skip
@pytest.mark.parametrize("path", BODIES)
async def test_a_large_seed_is_folded_and_the_answer_says_so(
    path: str, seed: int, used: int
) -> None:
    assert (await job_of(path, seed=seed)).seed == used
    answer = await told(path, seed=seed)
    assert ("adjusted" in answer) == (seed != used)
    if seed != used:
        assert str(used) in answer


@pytest.mark.parametrize("path", BODIES)
async def test_a_negative_seed_means_any(path: str) -> None:
    for seed in (-1, -5):
        assert (await job_of(path, seed=seed)).seed == 100


@pytest.mark.parametrize("path", [path for path in BODIES if "v1beta" not in path])
async def test_a_number_may_be_a_text(path: str) -> None:
    assert (await job_of(path, seed="7")).seed == 7


@pytest.mark.parametrize("path", BODIES)
async def test_a_boolean_is_no_number(path: str) -> None:
    reply, jobs = await ask(path, seed=True)
    assert not jobs
    assert reply.status in (400, 422)
    assert "seed" in (await body_of(reply)).decode()


@pytest.mark.parametrize(
    "name", ["steps", "width", "cfg_scale", "denoising_strength", "n_iter", "hr_scale"]
)
async def test_a_boolean_is_no_number_for_automatic1111(name: str) -> None:
    reply, jobs = await ask("/sdapi/v1/txt2img", **{name: True})
    assert (reply.status, jobs) == (422, [])


@pytest.mark.parametrize("name", ["safety_tolerance", "width", "height"])
async def test_a_boolean_is_no_number_at_the_relay(name: str) -> None:
    reply, jobs = await ask("/v2/image/flux/generate", **{name: True})
    assert (reply.status, jobs) == (422, [])


@pytest.mark.parametrize(
    "name",
    ["width", "height", "steps", "guidance_scale", "shift", "hidden_layer", "cfg_normalization"],
)
async def test_a_boolean_is_no_number_for_a_studio(name: str) -> None:
    reply, jobs = await ask("/api/generate", **{name: True})
    assert (reply.status, jobs) == (422, [])


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("quality", "HD"), ("quality", " High "), ("style", "Vivid"), ("background", "OPAQUE"),
        ("moderation", "LOW"), ("input_fidelity", "High"),
    ],
)  # fmt: skip
async def test_a_word_counts_in_any_case_and_what_a_model_lacks_is_ignored(
    name: str, value: str
) -> None:
    for path in (OPENAI, "/v1/chat/completions"):
        reply, _ = await ask(path, **{name: value})
        assert (reply.status, (await json_of(reply))["ignored"]) == (200, [name])


@pytest.mark.parametrize(
    "written", ["png", "PNG", "image/png", "IMAGE/PNG", ".png", "image/png;q=1"]
)
async def test_a_media_type_is_a_format(written: str) -> None:
    reply, _ = await ask(OPENAI, output_format=written)
    assert "ignored" not in await json_of(reply)


@pytest.mark.parametrize("written", ["jpg", "JPG", "image/jpg", "image/jpeg", "JPEG"])
async def test_a_format_that_cannot_be_had_is_ignored_however_it_is_spelled(written: str) -> None:
    reply, _ = await ask(OPENAI, output_format=written)
    assert (await json_of(reply))["ignored"] == ["output_format"]


@pytest.mark.parametrize("written", ["B64_JSON", "base64", "b64", " b64_json "])
async def test_a_response_format_counts_in_any_case(written: str) -> None:
    reply, _ = await ask(OPENAI, response_format=written)
    assert "b64_json" in (await json_of(reply))["data"][0]


@pytest.mark.parametrize(
    ("path", "field", "value"),
    [
        ("/v2/image/flux/generate", "output_format", "JPEG"),
        ("/v2/image/flux/generate", "output_format", "image/jpeg"),
        ("/v2/image/flux/generate", "response_format", "B64_JSON"),
        ("/v2/image/gemini-3/generate", "image_size", "2k"),
        ("/v2/image/gpt-image/generate", "quality", "HIGH"),
        ("/v2/image/gpt-image/generate", "background", "Auto"),
    ],
)
async def test_a_choice_counts_in_any_case_at_the_relay(path: str, field: str, value: str) -> None:
    provider = FakeProvider([[HELD]])
    asked = request("POST", path, {"prompt": "a cat", field: value})
    reply = await handle(asked, gateway(provider), lambda entry: None)
    assert reply.status == 200, await body_of(reply)


async def test_a_user_may_be_a_number() -> None:
    reply, _ = await ask(OPENAI, user=12, safety_identifier=3.5)
    assert reply.status == 200


async def test_a_seed_is_drawn_where_it_is_to_be_random() -> None:
    assert (await job_of(OPENAI, seed=5, randomize_seed=True)).seed == 100
    assert (await job_of(OPENAI, seed=5, randomize_seed=False)).seed == 5
    reply, _ = await ask(OPENAI, seed=5, randomize_seed=True)
    assert (await json_of(reply))["ignored"] == ["seed"]


ADJUSTED: list[tuple[str, dict[str, Any], str]] = [
    (OPENAI, {"size": "1000x1000"}, "1024x1024"),
    ("/v1/chat/completions", {"size": "1000x1000"}, "1024x1024"),
    ("/v1/responses", {"size": "1000x1000"}, "1024x1024"),
    (f"/hf-inference/models/{PAINTER}", {"width": 1000, "height": 1000}, "1024x1024"),
    ("/v2/image/flux/generate", {"width": 1000, "height": 500}, "992"),
    ("/sdapi/v1/txt2img", {"steps": 150}, "20"),
    ("/api/generate", {"steps": 100}, "20"),
]


@pytest.mark.parametrize(("path", "fields", "used"), ADJUSTED, ids=str)
async def test_an_adjusted_value_is_reported(path: str, fields: dict[str, Any], used: str) -> None:
    answer = await told(path, **fields)
    assert "adjusted" in answer
    assert used in answer.partition("adjusted")[2]


@pytest.mark.parametrize("path", BODIES)
async def test_unchanged_values_are_not_reported_as_adjusted(path: str) -> None:
    assert 'adjusted": {"' not in (await told(path, seed=7)).replace("\\", "")
    assert "x-darkroom-adjusted" not in await told(path, seed=7)


async def test_an_edit_reports_its_adjusted_size() -> None:
    image = base64.b64encode(PNG).decode()
    body = {"model": "qwen-image-edit", "prompt": "a", "image": image, "size": "1000x1001"}
    provider = FakeProvider([[HELD]])
    asked = request("POST", "/v1/images/edits", body)
    reply = await handle(asked, gateway(provider), lambda entry: None)
    answer = await json_of(reply)
    assert answer.get("adjusted", {}).get("size", "1000x1001") == str(provider.calls[0][0].size)
