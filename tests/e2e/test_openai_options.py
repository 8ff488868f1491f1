"""Every documented parameter of `images.generate`, by OpenAI's Python SDK: where it goes, what it does."""

from typing import Any, get_type_hints

import pytest
from openai.types.image_generate_params import ImageGenerateParamsNonStreaming

from tests.e2e.sdk import body_sent_to, forget, sdk, web
from tests.e2e.stack import Stack
from tests.support.pictures import opened

# What the documentation lists beside the prompt, each with a value that is not its default.
OPTIONS: dict[str, Any] = {
    "background": "opaque", "complexity": "low", "frame_count": 4, "frame_duration_ms": 100,
    "moderation": "low", "output_compression": 40, "output_format": "webp", "partial_images": 2,
    "quality": "high", "safety_identifier": "s-1", "style": "vivid", "svg": {"model": "svg-1"},
    "user": "u-1",
}  # fmt: skip
FOR_OPENAI = (
    "background", "moderation", "output_compression", "output_format", "quality",
    "safety_identifier", "user",
)  # fmt: skip
COMMON: dict[str, Any] = {"n": 1, "size": "1024x1024", "response_format": "b64_json"}


def test_the_parameters_are_those_of_the_sdk() -> None:
    documented = set(get_type_hints(ImageGenerateParamsNonStreaming))
    assert documented == {"prompt", "model", "stream", *OPTIONS, *COMMON}


def test_a_model_without_options_answers_and_says_which_had_no_effect(stack: Stack) -> None:
    with sdk(stack) as client:
        answer: Any = client.images.generate(
            prompt="a lighthouse", model="flux-1-schnell", **COMMON, **OPTIONS
        )
    assert set(answer.ignored) == OPTIONS.keys() - {"output_format", "output_compression"}
    assert answer.output_format == "webp"
    assert opened(answer.data[0].b64_json).format == "WEBP"


def test_a_null_for_every_optional_parameter_is_as_good_as_none(stack: Stack) -> None:
    nulls: dict[str, Any] = dict.fromkeys([*OPTIONS, *COMMON, "model", "stream"])
    with sdk(stack) as client:
        answer: Any = client.images.generate(prompt="a lighthouse", **nulls)
    assert answer.model == "z-image-turbo"
    assert answer.data[0].url
    assert "ignored" not in answer.to_dict()


def test_openai_gets_all_of_its_own_and_never_response_format(stack: Stack) -> None:
    forget(stack, "openai")
    with sdk(stack, "openai:good-options") as client:
        answer: Any = client.images.generate(
            prompt="a lighthouse", model="openai/gpt-image-2", **COMMON, **OPTIONS
        )
    assert body_sent_to(stack, "openai") == {
        "model": "gpt-image-2", "prompt": "a lighthouse", "n": 1, "size": "1024x1024",
        "stream": True, "partial_images": 0, **{name: OPTIONS[name] for name in FOR_OPENAI},
    }  # fmt: skip
    assert set(answer.ignored) == OPTIONS.keys() - {*FOR_OPENAI}
    assert (answer.quality, answer.background, answer.output_format) == ("high", "opaque", "webp")
    assert answer.usage.total_tokens == answer.usage.input_tokens + answer.usage.output_tokens
    assert opened(answer.data[0].b64_json).format == "WEBP"


OTHERS = [
    ("gitee/z-image-turbo", "gitee:good", "gitee"),
    ("ms/Tongyi-MAI/Z-Image-Turbo", "ms:good", "modelscope"),
    ("siliconflow/Kwai-Kolors/Kolors", "siliconflow:good", "siliconflow"),
    ("bfl/flux-2-pro", "bfl:good", "bfl"),
    ("gemini/gemini-3-pro-image", "gemini:good", "gemini"),
    ("qwen/qwen-image-plus", "qwen:good", "qwen"),
    ("hf-inference/black-forest-labs/FLUX.1-schnell", "hf:good", "hf_inference"),
    ("a1111/default", "none", "a1111"),
    ("studio/z-image-turbo", "none", "studio"),
]


@pytest.mark.parametrize(("model", "token", "name"), OTHERS)
def test_openais_options_reach_nobody_who_would_refuse_them(
    stack: Stack, model: str, token: str, name: str
) -> None:
    forget(stack, name)
    extras: dict[str, Any] = {"extra_body": {"steps": 2}} if name == "a1111" else {}
    with sdk(stack, token) as client:
        answer: Any = client.images.generate(
            prompt="a lighthouse", model=model, **OPTIONS, response_format="b64_json", **extras
        )
    sent = set(keys_in(body_sent_to(stack, name)))
    assert (
        sent & OPTIONS.keys() <= {"output_format"} if name == "bfl" else not sent & OPTIONS.keys()
    )
    heard = {"output_format", "output_compression"}
    assert OPTIONS.keys() - heard <= set(answer.ignored) <= {*OPTIONS, "steps"} - heard
    assert opened(answer.data[0].b64_json).format == "WEBP"


def keys_in(value: Any) -> list[str]:
    """The names of all fields of a body, at any depth."""
    if isinstance(value, dict):
        return [*value, *(key for inner in value.values() for key in keys_in(inner))]
    return [key for inner in value for key in keys_in(inner)] if isinstance(value, list) else []


@pytest.mark.parametrize(
    ("model", "field", "wanted", "compression"),
    [
        ("flux-1-schnell", "url", "png", None), ("flux-1-schnell", "b64_json", "png", None),
        ("flux-1-schnell", "url", "jpeg", 40), ("flux-1-schnell", "b64_json", "jpg", None),
        ("flux-1-schnell", "url", "webp", 40), ("flux-1-schnell", "b64_json", "webp", None),
        ("Qwen/Qwen-Image", "url", "webp", 80), ("Qwen/Qwen-Image", "b64_json", "jpeg", None),
    ],
)  # fmt: skip
def test_a_picture_comes_in_the_format_that_was_requested(
    stack: Stack, model: str, field: Any, wanted: Any, compression: int | None
) -> None:
    """The one Space makes WebP, the other PNG in a text."""
    known = wanted.replace("jpg", "jpeg")
    with sdk(stack) as client:
        answer: Any = client.images.generate(
            prompt="a lighthouse",
            model=model,
            size="1:1",
            response_format=field,
            output_format=wanted,
            output_compression=compression,
            extra_body={"steps": 1},
        )
    content = answer.data[0].b64_json
    if field == "url":
        reply = web().get(answer.data[0].url)
        assert reply.headers["content-type"] == f"image/{known}"
        content = reply.content
    image = opened(content)
    assert (image.format, f"{image.width}x{image.height}") == (known.upper(), answer.size)
    assert answer.output_format == known
    assert "ignored" not in answer.to_dict()


def test_a_picture_in_a_stream_comes_in_the_format_that_was_requested_too(stack: Stack) -> None:
    with sdk(stack) as client:
        *_, last = client.images.generate(
            prompt="a lighthouse",
            model="flux-1-schnell",
            size="512x512",
            output_format="jpeg",
            output_compression=80,
            stream=True,
        )
    assert last.type == "image_generation.completed"
    assert last.output_format == "jpeg"
    assert opened(last.b64_json).format == "JPEG"


def test_a_compression_of_what_cannot_be_compressed_is_reported(stack: Stack) -> None:
    with sdk(stack) as client:
        answer: Any = client.images.generate(
            prompt="a lighthouse",
            model="flux-1-schnell",
            size="512x512",
            output_format="png",
            output_compression=40,
            response_format="b64_json",
        )
    assert opened(answer.data[0].b64_json).format == "PNG"
    assert answer.ignored == ["output_compression"]
