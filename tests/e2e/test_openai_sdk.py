"""OpenAI's Python SDK against the Worker, unchanged."""

import asyncio
import base64
import io
from typing import Any

import httpx
import openai as sdk
import pytest
from openai import OpenAI
from PIL import Image

from tests.e2e.stack import Stack


def generate(client: OpenAI, **fields: Any) -> Any:
    body = {"model": "flux-1-schnell", "prompt": "a lighthouse", "size": "512x512", **fields}
    extra = {name: body.pop(name) for name in ("seed", "steps", "negative_prompt") if name in body}
    return client.images.generate(**body, extra_body=extra)


def test_a_picture_comes_as_an_address(openai: OpenAI) -> None:
    answer = generate(openai, seed=5)
    reply = httpx.get(answer.data[0].url, timeout=30)
    assert Image.open(io.BytesIO(reply.content)).size == (512, 512)
    assert answer.data[0].seed == 5
    assert answer.size == "512x512"
    assert answer._request_id.startswith("req_")


def test_a_picture_comes_as_base64(openai: OpenAI) -> None:
    answer = generate(openai, response_format="b64_json")
    data = base64.b64decode(answer.data[0].b64_json)
    assert Image.open(io.BytesIO(data)).size == (512, 512)


def test_a_caller_of_gpt_image_gets_base64_without_asking(openai: OpenAI) -> None:
    answer = generate(openai, model="gpt-image-1", size="1024x1024", quality="high")
    assert base64.b64decode(answer.data[0].b64_json)
    assert answer.model == "z-image-turbo"
    assert answer.ignored == ["quality"]


def test_four_pictures_come_with_four_seeds(openai: OpenAI) -> None:
    answer = generate(openai, n=4, steps=2)
    assert len({item.seed for item in answer.data}) == 4
    assert len({item.url for item in answer.data}) == 4


def test_a_picture_without_an_address_is_kept_and_served_here(openai: OpenAI, stack: Stack) -> None:
    answer = generate(openai, model="Qwen/Qwen-Image", size="1:1", steps=2)
    url = answer.data[0].url
    assert url.startswith(f"{stack.url}/media/")
    assert answer.output_format == "png"
    reply = httpx.get(url, timeout=30)
    assert reply.headers["content-type"] == "image/png"
    assert "immutable" in reply.headers["cache-control"]
    assert Image.open(io.BytesIO(reply.content)).size == (1328, 1328)
    assert httpx.head(url, timeout=30).headers["content-length"] == str(len(reply.content))


def test_a_picture_that_came_as_text_comes_as_base64(openai: OpenAI) -> None:
    body = {"model": "Qwen/Qwen-Image", "size": "1:1", "steps": 2, "response_format": "b64_json"}
    data = base64.b64decode(generate(openai, **body).data[0].b64_json)
    assert Image.open(io.BytesIO(data)).size == (1328, 1328)
    *_, last = generate(openai, stream=True, **body)
    assert base64.b64decode(last.b64_json)[:8] == b"\x89PNG\r\n\x1a\n"


def test_a_stream_ends_with_the_picture(openai: OpenAI) -> None:
    events = list(generate(openai, stream=True, prompt="slow [[steps:30]]"))
    kinds = [event.type for event in events]
    assert kinds[0] == "image_generation.progress"
    assert kinds[-1] == "image_generation.completed"
    assert events[0].stage == "queued"
    assert isinstance(events[0].queue_position, int)
    steps = [event.step for event in events[:-1] if event.step is not None]
    assert len(steps) > 3
    data = base64.b64decode(events[-1].b64_json)
    assert Image.open(io.BytesIO(data)).size == (512, 512)


def test_the_models_are_listed_and_found(openai: OpenAI) -> None:
    ids = [model.id for model in openai.models.list()]
    assert "Qwen/Qwen-Image" in ids
    for name in ids:
        assert openai.models.retrieve(name).id == name


@pytest.mark.parametrize(
    ("fields", "kind", "code", "param"),
    [
        ({"prompt": ""}, sdk.BadRequestError, "missing_required_parameter", "prompt"),
        ({"size": "9x9"}, sdk.BadRequestError, "invalid_value", "size"),
        ({"n": 11}, sdk.BadRequestError, "invalid_value", "n"),
        ({"model": "nope"}, sdk.NotFoundError, "model_not_found", "model"),
        ({"prompt": "[[refuse]]"}, sdk.BadRequestError, "moderation_blocked", None),
        ({"prompt": "[[quota]]"}, sdk.RateLimitError, "insufficient_quota", None),
        ({"prompt": "[[fail]]"}, sdk.InternalServerError, "generation_failed", None),
        ({"prompt": "[[none]]"}, sdk.InternalServerError, "no_image", None),
    ],
)
def test_a_failure_raises_the_sdks_own_error_at_once(
    openai: OpenAI, stack: Stack, fields: dict[str, Any], kind: type[sdk.APIStatusError],
    code: str, param: str | None,
) -> None:  # fmt: skip
    stack.spaces.forget()
    with pytest.raises(kind) as caught:
        generate(openai, **fields)
    assert (caught.value.code, caught.value.param) == (code, param)
    assert (caught.value.request_id or "").startswith("req_")
    assert len(stack.spaces.log("/queue/join")) <= 1, "the SDK must not pay for it thrice"


def test_a_refused_token_is_an_authentication_error(stack: Stack) -> None:
    with OpenAI(base_url=f"{stack.url}/v1", api_key="gitee:bad-token") as client:
        with pytest.raises(sdk.AuthenticationError) as caught:
            generate(client, model="gitee/z-image-turbo")
    assert "bad-token" not in str(caught.value)


def test_a_full_queue_says_when_to_come_back(openai: OpenAI, stack: Stack) -> None:
    stack.spaces.forget()
    client = openai.with_options(max_retries=0)
    with stack.spaces.mode("black-forest-labs-flux-1-schnell", "full"):
        with pytest.raises(sdk.InternalServerError) as caught:
            generate(client)
    assert caught.value.response.headers["retry-after"] == "10"
    assert "x-should-retry" not in caught.value.response.headers


@pytest.mark.parametrize("prompt", ["[[quota]]", "[[fail]]", "[[late:out of luck]]"])
def test_a_failure_in_a_stream_raises_too(openai: OpenAI, prompt: str) -> None:
    with pytest.raises(sdk.APIError) as caught:
        list(generate(openai, stream=True, prompt=prompt))
    assert caught.value.code in ("insufficient_quota", "generation_failed")


def test_a_stream_that_no_space_takes_keeps_its_status(openai: OpenAI, stack: Stack) -> None:
    client = openai.with_options(max_retries=0)
    with stack.spaces.mode("black-forest-labs-flux-1-schnell", "sleeping"):
        with pytest.raises(sdk.InternalServerError) as caught:
            list(generate(client, stream=True))
    assert caught.value.status_code == 503


async def test_many_calls_at_once_each_get_their_own_picture(stack: Stack) -> None:
    """The AI SDK turns n=4 into four calls at once."""
    async with sdk.AsyncOpenAI(base_url=f"{stack.url}/v1", api_key="x") as client:
        answers = await asyncio.gather(
            *(
                client.images.generate(
                    model="flux-1-schnell",
                    prompt=f"number {number}",
                    size="512x512",
                    extra_body={"seed": number},
                )
                for number in range(12)
            )
        )
    seeds = [answer.to_dict()["data"][0]["seed"] for answer in answers]
    assert seeds == list(range(12))
