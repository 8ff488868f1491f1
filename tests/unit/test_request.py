"""The body of an image generation, in all the spellings that clients send."""

import base64
import json
from itertools import count
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from darkroom.blob import BytesBlob
from darkroom.catalog.catalog import load_catalog
from darkroom.errors import InvalidRequest
from darkroom.generation.parameters import read_body
from darkroom.generation.prepare import parse_image_request
from darkroom.generation.request import ImageRequest
from darkroom.job import MAX_SEED, ImageJob, Size
from darkroom.json_writer import TextBlob
from darkroom.request_body import read_object
from tests.support.contexts import context_of
from tests.support.fakes import PNG, gateway

CATALOG = load_catalog()


def read(**body: Any) -> ImageRequest:
    return prepare_request({"prompt": "a cat", **body})


def prepare_request(body: dict[str, Any]) -> ImageRequest:
    """The order of a body that needs nothing fetched, so that reading it never waits."""
    seeds = count(100)
    gate = gateway(draw_seed=lambda: next(seeds))
    document = read_object(BytesBlob(json.dumps(body).encode()))
    reading = parse_image_request(document, context_of(gate))
    try:
        reading.send(None)
    except StopIteration as done:
        image_request: ImageRequest = done.value
        return image_request
    raise AssertionError("it waited for something")


def jobs(generation: ImageRequest) -> tuple[ImageJob, ...]:
    return generation.jobs_of(generation.choices[0])


def ignored(generation: ImageRequest) -> tuple[str, ...]:
    return generation.ignored_by(generation.choices[0])


def refused(**body: Any) -> InvalidRequest:
    with pytest.raises(InvalidRequest) as caught:
        read(**body)
    return caught.value


def test_a_prompt_alone_is_enough() -> None:
    generation = read()
    (job,) = jobs(generation)
    assert (job.model, job.prompt, job.size) == ("z-image-turbo", "a cat", Size(1024, 1024))
    assert (job.steps, job.seed, generation.delivery.field) == (9, 100, "url")
    assert not ignored(generation)


def test_nulls_are_as_good_as_absent() -> None:
    names = ("model", "n", "size", "quality", "seed", "steps", "guidance_scale", "stream",
             "negative_prompt", "response_format", "style", "user", "background")  # fmt: skip
    assert read(**dict.fromkeys(names)) == read()


def test_empty_strings_are_as_good_as_absent() -> None:
    assert read(response_format="", size="", model="", negative_prompt="") == read()


@pytest.mark.parametrize("name", ["steps", "num_inference_steps"])
def test_steps_go_by_two_names(name: str) -> None:
    assert jobs(read(**{name: 5}))[0].steps == 5
    assert refused(**{name: 99}).param == name


@pytest.mark.parametrize("name", ["guidance_scale", "cfg_scale"])
def test_guidance_goes_by_two_names(name: str) -> None:
    assert jobs(read(model="z-image", **{name: 7.5}))[0].guidance_scale == 7.5
    assert refused(model="z-image", **{name: 50}).param == name


def test_the_first_name_wins_where_both_are_given() -> None:
    generation = read(steps=3, num_inference_steps=5)
    assert (jobs(generation)[0].steps, ignored(generation)) == (3, ("num_inference_steps",))


def test_a_null_beside_another_name_is_absent() -> None:
    assert jobs(read(steps=None, num_inference_steps=3))[0].steps == 3
    assert jobs(read(num_inference_steps=3, steps=""))[0].steps == 3


def test_numbers_may_come_as_strings() -> None:
    generation = read(n="2", steps="5", seed="7", stream="true")
    assert [(job.steps, job.seed) for job in jobs(generation)] == [(5, 7), (5, 8)]
    assert generation.stream


def test_several_pictures_have_distinct_seeds() -> None:
    assert [job.seed for job in jobs(read(n=4))] == [100, 101, 102, 103]
    assert [job.seed for job in jobs(read(n=3, seed=MAX_SEED))] == [MAX_SEED, 0, 1]


def test_minus_one_asks_for_any_seed() -> None:
    assert jobs(read(seed=-1))[0].seed == 100


@pytest.mark.parametrize(
    ("fields", "size"),
    [
        ({"size": "512x768"}, Size(512, 768)),
        ({"size": "16:9"}, Size(1344, 768)),
        ({"size": "auto"}, Size(1024, 1024)),
        ({"aspect_ratio": "16:9"}, Size(1344, 768)),
        ({"aspectRatio": "9:16"}, Size(768, 1344)),
        ({"width": 512, "height": 1024}, Size(512, 1024)),
    ],
)
def test_the_size_is_understood_in_every_form(fields: dict[str, Any], size: Size) -> None:
    generation = read(**fields)
    assert jobs(generation)[0].size == size
    assert not ignored(generation)


def test_a_field_that_another_overrules_is_reported() -> None:
    assert ignored(read(size="512x512", aspect_ratio="16:9")) == ("aspect_ratio",)
    assert ignored(read(width=512)) == ("width",)
    assert ignored(read(width=512, height=512, aspect_ratio="16:9")) == ("aspect_ratio",)
    assert jobs(read(size="auto", width=512, height=640))[0].size == Size(512, 640)


@pytest.mark.parametrize(
    ("fields", "names"),
    [
        ({"negative_prompt": "blurry"}, ("negative_prompt",)),
        ({"cfg_scale": 4}, ("cfg_scale",)),
        ({"quality": "hd", "style": "vivid"}, ("quality", "style")),
        ({"quality": "auto", "background": "auto"}, ()),
        ({"user": "u", "foo": {"bar": 1}}, ("user", "foo")),
        ({"prompt_enhance": True}, ("prompt_enhance",)),
        ({"partial_images": 2}, ("partial_images",)),
        ({"partial_images": 2, "stream": True}, ()),
    ],
)
def test_ignored_fields_are_reported_as_spelled_by_the_caller(
    fields: dict[str, Any], names: tuple[str, ...]
) -> None:
    assert ignored(read(**fields)) == names


@pytest.mark.parametrize(
    "source", [None, f"data:image/png;base64,{base64.b64encode(PNG).decode()}"]
)
def test_an_option_of_the_other_endpoint_is_reported(source: str | None) -> None:
    fields = {"moderation": "low", "input_fidelity": "high", "quality": "hd"}
    generation = read(model="openai/gpt-image-1.5", image=source, **fields)
    heard, missed = ("input_fidelity", "moderation")[:: 1 if source else -1]
    assert ignored(generation) == (missed,)
    assert jobs(generation)[0].options == {"quality": "high", heard: fields[heard]}


def test_fields_that_a_model_supports_reach_the_job() -> None:
    generation = read(model="z-image", negative_prompt="blurry", guidance_scale=5)
    job = jobs(generation)[0]
    assert (job.negative_prompt, job.guidance_scale, ignored(generation)) == ("blurry", 5, ())


@pytest.mark.parametrize("value", [True, False, None])
def test_prompt_enhancement_is_the_models_default_unless_requested(value: bool | None) -> None:
    job = jobs(read(model="Qwen/Qwen-Image", prompt_enhance=value))[0]
    assert job.prompt_enhance is (True if value is None else value)
    assert job.aspect_ratio == "16:9"


@pytest.mark.parametrize(
    ("model", "expected"),
    [
        ("dall-e-3", "url"),
        ("gpt-image-1", "b64_json"),
        ("openai/gpt-image-2", "b64_json"),
        ("flux-1-schnell", "url"),
    ],
)
def test_the_answers_format_is_what_callers_of_that_name_expect(model: str, expected: str) -> None:
    assert read(model=model).delivery.field == expected
    assert read(model=model, response_format="url").delivery.field == "url"
    assert read(model=model, stream=True).delivery.field == "b64_json"


@pytest.mark.parametrize(
    ("fields", "param", "says"),
    [
        ({"prompt": ""}, "prompt", "say what the picture should show"),
        ({"prompt": "   "}, "prompt", "say what the picture should show"),
        ({"prompt": None}, "prompt", "say what the picture should show"),
        ({"prompt": 5}, "prompt", "valid string"),
        ({"prompt": ["a"]}, "prompt", "valid string"),
        ({"prompt": "x" * 32_001}, "prompt", "at most 32000"),
        ({"n": 0}, "n", "between 1 and 10"),
        ({"n": 11}, "n", "between 1 and 10"),
        ({"n": 1.5}, "n", "valid integer"),
        ({"n": "many"}, "n", "valid integer"),
        ({"size": "huge"}, "size", "is not a size"),
        ({"size": "4096x4096"}, "size", "between 512 and 2048"),
        ({"size": 10.5}, "size", "valid string"),
        ({"seed": "many"}, "seed", "valid integer"),
        ({"seed": True}, "seed", "a number, not a boolean"),
        ({"steps": True}, "steps", "a number, not a boolean"),
        ({"num_inference_steps": False}, "num_inference_steps", "a number, not a boolean"),
        ({"guidance_scale": True}, "guidance_scale", "a number, not a boolean"),
        ({"n": True}, "n", "a number, not a boolean"),
        ({"width": True, "height": 64}, "width", "a number, not a boolean"),
        ({"output_compression": True}, "output_compression", "a number, not a boolean"),
        ({"steps": 21}, "steps", "between 1 and 20"),
        ({"seed": 10**400}, "seed", "must be a finite number"),
        ({"steps": 10**400}, "steps", "must be a finite number"),
        (
            {"model": "z-image", "cfg_scale": float("inf")},
            "cfg_scale",
            "must be a finite number",
        ),
        ({"model": "z-image", "cfg_scale": float("nan")}, "cfg_scale", "must be a finite number"),
        ({"quality": "ultra"}, "quality", "'auto'"),
        ({"stream": "perhaps"}, "stream", "valid boolean"),
        ({"partial_images": 4}, "partial_images", "less than or equal to 3"),
        ({"model": 7}, "model", "valid string"),
        ({"model": "nope"}, "model", "does not exist"),
    ],
)
def test_a_wrong_value_is_refused_by_name(fields: dict[str, Any], param: str, says: str) -> None:
    failure = refused(**fields)
    assert failure.param == param
    assert says in failure.message
    assert isinstance(failure.code, str)


@pytest.mark.parametrize("raw", [b"", b"{", b"[]", b'"x"', b"\xff\xfe", b"[" * 100_000])
def test_a_body_that_is_no_json_object_is_refused(raw: bytes) -> None:
    with pytest.raises(InvalidRequest) as caught:
        read_object(BytesBlob(raw))
    assert caught.value.code == "invalid_json"


json_values = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=20),
    lambda inner: (
        st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=9), inner, max_size=3)
    ),
    max_leaves=5,
)
field_names = st.sampled_from(
    ["prompt", "model", "n", "size", "seed", "steps", "cfg_scale", "stream", "width", "height",
     "aspect_ratio", "quality", "partial_images", "x"]
)  # fmt: skip


@given(st.dictionaries(field_names, json_values))
def test_any_json_object_is_read_or_refused_by_parameter(body: dict[str, Any]) -> None:
    try:
        generation = prepare_request(body)
    except InvalidRequest as failure:
        assert failure.param is not None
    else:
        assert 1 <= len(jobs(generation)) <= 10


@pytest.mark.parametrize(
    ("size", "painted"), [("256x256", Size(512, 512)), ("1792x1024", Size(1792, 1024))]
)
def test_the_sizes_of_a_retired_model_become_the_nearest_that_there_are(
    size: str, painted: Size
) -> None:
    assert jobs(read(model="dall-e-2", size=size))[0].size == painted


@pytest.mark.parametrize("name", ["gpt-image-2", "chatgpt-image-latest", "gpt-image-1-mini"])
def test_openais_own_models_mean_the_default_without_a_token_of_openai(name: str) -> None:
    assert read(model=name).choices[0].model.id == "z-image-turbo"
    assert read(model=name).delivery.field == "b64_json"


@pytest.mark.parametrize("field", ["model", "seed", "size"])
def test_a_text_that_is_far_too_long_is_refused_as_that(field: str) -> None:
    outside_python = TextBlob(BytesBlob(b"1" * 300_000))
    with pytest.raises(InvalidRequest, match=f"{field}: a text of 300000 bytes is too long"):
        read_body({"prompt": "a cat", field: outside_python})
