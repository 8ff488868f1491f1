"""What goes wrong, as OpenAI's Python SDK raises it, and how often it tries again."""

from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from typing import Any

import openai
import pytest
from openai import DefaultHttpxClient, OpenAI

from darkroom.settings import Settings
from tests.e2e.sdk import forget, sdk, sent_to
from tests.e2e.stack import Stack
from tests.support.pictures import picture
from tests.support.spaces import eventually

SPACE = "black-forest-labs-flux-1-schnell"
GITEE, OPENAI = "gitee/z-image-turbo", "openai/gpt-image-2"
# What is seen to be broken is left alone after a while: these are broken here and nowhere else.
DEAD, BROKEN, FAILING = "gitee/GLM-Image", "gitee/FLUX.2-dev", "gitee/Qwen-Image-2512"


def generate(client: OpenAI, prompt: str = "a lighthouse", **fields: Any) -> Any:
    return client.images.generate(prompt=prompt, **{"model": "flux-1-schnell", **fields})


@contextmanager
def counted(stack: Stack, token: str, retries: int = 2) -> Iterator[tuple[OpenAI, list[Any]]]:
    """The SDK as it comes, but for the retries, and the requests that it makes."""
    requests: list[Any] = []
    with (
        DefaultHttpxClient(event_hooks={"request": [requests.append]}) as http,
        sdk(stack, token, max_retries=retries, http_client=http) as client,
    ):
        yield client, requests


# The model, the token and the prompt that bring it about; and what the SDK has to say of it.
FAILURES = [
    (GITEE, "gitee:good", "[[error:what a prompt]]", openai.BadRequestError, 400, "invalid_value"),
    (OPENAI, "openai:good", "[[refuse]]", openai.BadRequestError, 400, "moderation_blocked"),
    (GITEE, "hf:hf_good", "", openai.BadRequestError, 400, "invalid_value"),
    (OPENAI, "openai:bad-key", "", openai.AuthenticationError, 401, "invalid_api_key"),
    ("bfl/flux-2-pro", "bfl:bad-key", "", openai.AuthenticationError, 401, "invalid_api_key"),
    (OPENAI, "dk_unknown", "", openai.AuthenticationError, 401, "invalid_api_key"),
    ("bfl/flux-2-pro", "openai:good", "", openai.BadRequestError, 400, "invalid_value"),
    ("gpt-image-9", "none", "", openai.NotFoundError, 404, "model_not_found"),
    (OPENAI, "openai:limited-1", "", openai.RateLimitError, 429, "rate_limit_exceeded"),
    (GITEE, "gitee:limited-1", "", openai.RateLimitError, 429, "rate_limit_exceeded"),
    (OPENAI, "openai:quota-1", "", openai.RateLimitError, 429, "insufficient_quota"),
    (GITEE, "gitee:quota-1", "", openai.RateLimitError, 429, "insufficient_quota"),
    (BROKEN, "gitee:html-1", "", openai.InternalServerError, 502, "upstream_error"),
    (OPENAI, "openai:good", "[[fail]]", openai.InternalServerError, 502, "generation_failed"),
    (OPENAI, "openai:good", "[[none]]", openai.InternalServerError, 502, "no_image"),
    (DEAD, "gitee:good", "[[dead]]", openai.InternalServerError, 503, "upstream_unavailable"),
]


@pytest.mark.parametrize("stream", [False, True])
@pytest.mark.parametrize(("model", "token", "prompt", "kind", "status", "code"), FAILURES)
def test_a_failure_is_an_error_of_its_class_with_code_and_request_id(
    stack: Stack, model: str, token: str, prompt: str, kind: type[openai.APIStatusError],
    status: int, code: str, stream: bool,
) -> None:  # fmt: skip
    suffix = "-stream" if stream else ""  # a token that has failed rests
    with sdk(stack, token + suffix) as client, pytest.raises(openai.APIError) as caught:
        list(generate(client, f"x {prompt}", model=model, stream=stream))
    error = caught.value
    if isinstance(error, openai.APIStatusError):
        assert (type(error), error.status_code) == (kind, status)
        assert (error.request_id or "").startswith("req_")
        assert error.response.headers["content-type"] == "application/json"
    else:
        assert stream, "only a stream can fail after its status"
    assert error.code == code
    assert isinstance(error.type, str)
    assert not any(word in error.message for word in ("<", "http", "Traceback", "bad-key"))


def test_a_missing_key_an_unknown_route_and_a_large_body_raise_the_sdks_errors(
    stack: Stack,
) -> None:
    with sdk(stack) as client:
        with pytest.raises(openai.AuthenticationError) as unauthorised:
            generate(client, model=OPENAI, extra_headers={"Authorization": openai.omit})
        assert (unauthorised.value.code, unauthorised.value.param) == (
            "missing_api_key", "authorization",
        )  # fmt: skip
        with pytest.raises(openai.NotFoundError) as lost:
            client.get("/images/nothing", cast_to=object)
        assert lost.value.code == "route_not_found"
        with pytest.raises(openai.APIStatusError) as refused:
            client.get("/images/generations", cast_to=object)
        assert (refused.value.status_code, refused.value.code) == (405, "method_not_allowed")
        with pytest.raises(openai.APIStatusError) as large:
            generate(client, "x" * Settings().max_body_bytes)
        assert (large.value.status_code, large.value.code) == (413, "body_too_large")


@pytest.mark.parametrize(
    ("fields", "param"),
    [
        ({"n": 0}, "n"), ({"n": 11}, "n"), ({"size": "wide"}, "size"), ({"quality": "best"}, "quality"),
        ({"background": "pink"}, "background"), ({"output_format": "svg"}, "output_format"),
        ({"output_compression": 101}, "output_compression"), ({"partial_images": 4}, "partial_images"),
        ({"moderation": "off"}, "moderation"), ({"style": "dull"}, "style"), ({"prompt": ""}, "prompt"),
        ({"background": "transparent", "output_format": "jpeg"}, "background"),
        ({"extra_body": {"num_inference_steps": 99}}, "num_inference_steps"),
        ({"extra_body": {"image": "https://example.com/a.png"}, "model": "qwen-image-edit"}, "image"),
    ],
)  # fmt: skip
def test_a_wrong_field_is_named_as_the_caller_wrote_it(
    stack: Stack, fields: dict[str, Any], param: str
) -> None:
    with sdk(stack) as client, pytest.raises(openai.BadRequestError) as caught:
        generate(client, **fields)
    assert caught.value.param == param
    assert caught.value.message.count(param) >= 1


@pytest.mark.parametrize(
    ("model", "token", "name"),
    [(GITEE, "gitee:limited-retry", "gitee"), (OPENAI, "openai:limited-retry", "openai")],
)
def test_a_429_with_a_short_wait_is_tried_again_after_it(
    stack: Stack, model: str, token: str, name: str
) -> None:
    forget(stack, name)
    with counted(stack, token, retries=1) as (client, requests):
        with pytest.raises(openai.RateLimitError) as caught:
            generate(client, model=model)
    assert 0 < int(caught.value.response.headers["retry-after"]) <= 2
    assert len(requests) == 2
    assert len(sent_to(stack, name)) == 2, "the wait was long enough for the token to be used again"


@pytest.mark.parametrize(
    ("model", "token", "prompt", "name", "sent"),
    [
        (OPENAI, "openai:quota-once", "", "openai", 1),
        ("gemini/gemini-2.5-flash-image", "gemini:quota-once", "", "gemini", 1),
        (OPENAI, "openai:bad-once", "", "openai", 1),
        (OPENAI, "openai:good", "[[fail]]", "openai", 1),
        (OPENAI, "openai:good", "[[refuse]]", "openai", 1),
        ("qwen/qwen-image", "qwen:good", "[[fail]]", "qwen", 1),
        ("bfl/flux-2-pro", "bfl:good", "[[fail]]", "bfl", 1),
        (FAILING, "gitee:good", "[[fail]]", "gitee", 1),
        (BROKEN, "gitee:html-once", "", "gitee", 1),
        (GITEE, "hf:hf_good", "", "gitee", 0),
    ],
)
def test_a_failure_that_a_retry_would_not_help_is_not_retried(
    stack: Stack, model: str, token: str, prompt: str, name: str, sent: int
) -> None:
    forget(stack, name)
    with counted(stack, token) as (client, requests), pytest.raises(openai.APIStatusError):
        generate(client, f"x {prompt}", model=model)
    assert len(requests) == 1
    assert len([e for e in sent_to(stack, name) if not e["path"].endswith("/cancel")]) == sent


def test_an_edit_that_failed_after_it_was_taken_is_called_once(stack: Stack) -> None:
    stack.spaces.forget()
    with counted(stack, "none") as (client, requests):
        with pytest.raises(openai.InternalServerError) as caught:
            client.images.edit(image=picture(), prompt="x [[fail]]", model="qwen-image-edit")
    assert caught.value.response.headers["x-should-retry"] == "false"
    assert len(requests) == 1


def test_a_job_that_no_space_accepted_is_retried_and_served(stack: Stack) -> None:
    stack.spaces.forget()
    with counted(stack, "none") as (client, requests), ThreadPoolExecutor() as pool:
        with stack.spaces.mode(SPACE, "error"):
            answer = pool.submit(generate, client, size="512x512")
            eventually(lambda: [entry for entry in stack.spaces.log() if entry["status"]])
        assert answer.result(60).data[0].url
    assert len(requests) > 1
    assert [request.headers["x-stainless-retry-count"] for request in requests][:2] == ["0", "1"]
    assert len(stack.spaces.log("/queue/join", status=200)) == 1, "one picture was painted"
