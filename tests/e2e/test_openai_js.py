"""OpenAI's JavaScript SDK against the Worker, unchanged; `clients/openai_sdk.mjs` plays the parts."""

import base64
from typing import Any

import pytest

from tests.e2e.programs import node
from tests.e2e.sdk import body_sent_to, forget, sent_to, web
from tests.e2e.stack import Stack
from tests.support.pictures import digest, digests_in, left_erased, left_white, opened, picture
from tests.support.spaces import eventually

GITEE, OPENAI = "gitee/z-image-turbo", "openai/gpt-image-2"
PAGE = "https://chat.example"


def play(stack: Stack, method: str, token: str = "not-needed", **scenario: Any) -> dict[str, Any]:
    """What the SDK made of a call."""
    return node("openai_sdk.mjs", stack, token, method=method, **scenario)


def file(content: bytes, name: str = "a.png", kind: str = "image/png") -> dict[str, str]:
    return {"$file": base64.b64encode(content).decode(), "name": name, "type": kind}


def generation(prompt: str = "a lighthouse", **fields: Any) -> dict[str, Any]:
    return {"model": "flux-1-schnell", "prompt": prompt, "size": "512x512", **fields}


def test_a_picture_comes_as_an_address_and_as_base64(stack: Stack) -> None:
    reported = play(stack, "images.generate", body=generation(n=2, seed=5, steps=2))
    assert reported["request_id"].startswith("req_")
    assert [item["seed"] for item in reported["result"]["data"]] == [5, 6]
    for item in reported["result"]["data"]:
        assert opened(web().get(item["url"]).content).size == (512, 512)
    reported = play(stack, "images.generate", body=generation(response_format="b64_json", n=None))
    assert opened(reported["result"]["data"][0]["b64_json"]).size == (512, 512)


def test_a_stream_of_a_generation_ends_with_the_picture(stack: Stack) -> None:
    body = generation(model=OPENAI, stream=True, partial_images=3, size="1024x1024")
    reported = play(stack, "images.generate", "openai:good-js", body=body)
    kinds = [event["type"].partition(".")[2] for event in reported["events"]]
    assert kinds[-4:] == ["partial_image"] * 3 + ["completed"]
    previews = [event for event in reported["events"] if "partial_image_index" in event]
    assert [event["partial_image_index"] for event in previews] == [0, 1, 2]
    assert all(isinstance(count, int) for count in reported["events"][-1]["usage"].values() if not isinstance(count, dict))  # fmt: skip
    assert opened(reported["events"][-1]["b64_json"]).size == (1024, 1024)


@pytest.mark.parametrize(("count", "stream"), [(1, None), (3, False), (1, True), (3, True)])
def test_an_edit_of_one_or_several_pictures(stack: Stack, count: int, stream: bool | None) -> None:
    sources = [picture(colour) for colour in ("red", "green", "blue")[:count]]
    stack.spaces.forget()
    body: dict[str, Any] = {
        "model": "qwen-image-edit",
        "prompt": "make it night",
        "image": [file(source) for source in sources] if count > 1 else file(sources[0]),
        "response_format": "b64_json",
        "seed": 10 * count + bool(stream),  # of its own: what came of another is remembered
    }
    if stream is not None:
        body["stream"] = stream
    reported = play(stack, "images.edit", body=body)
    uploads = [entry["body"] for entry in stack.spaces.log("/upload")]
    assert list(digests_in(uploads)) == [digest(source) for source in sources]
    if stream:
        assert {event["type"].partition(".")[0] for event in reported["events"]} == {"image_edit"}
        assert opened(reported["events"][-1]["b64_json"])
        assert reported["events"][-1]["seed"] == body["seed"]
    else:
        assert opened(reported["result"]["data"][0]["b64_json"])
        assert reported["result"]["data"][0]["seed"] == body["seed"]


@pytest.mark.parametrize("mask", [left_erased(), left_white()], ids=["erased", "white on black"])
def test_a_mask_reaches_openai_erased_whichever_way_it_was_painted(
    stack: Stack, mask: bytes
) -> None:
    forget(stack, "openai")
    body = {"model": OPENAI, "prompt": "x", "image": file(picture()), "mask": file(mask, "m.png")}
    reported = play(stack, "images.edit", "openai:good-js", body=body)
    assert opened(reported["result"]["data"][0]["b64_json"])
    sent = body_sent_to(stack, "openai")["files"][1]
    alpha = opened(sent["base64"]).getchannel("A")
    assert (sent["name"], alpha.getpixel((0, 0)), alpha.getpixel((639, 511))) == ("mask", 0, 255)


# The token, the fields, and what the SDK's error then is.
FAILURES: list[tuple[str, dict[str, Any], tuple[str, int, str, str | None]]] = [
    ("none", {"n": 11}, ("BadRequestError", 400, "invalid_value", "n")),
    ("openai:bad", {"model": OPENAI}, ("AuthenticationError", 401, "invalid_api_key", None)),
    ("none", {"model": "gpt-9"}, ("NotFoundError", 404, "model_not_found", "model")),
    ("none", {"prompt": "x" * 29_400_000}, ("APIError", 413, "body_too_large", None)),
    ("openai:quota-js", {"model": OPENAI}, ("RateLimitError", 429, "insufficient_quota", None)),
    ("none", {"prompt": "[[fail]]"}, ("InternalServerError", 502, "generation_failed", None)),
]


@pytest.mark.parametrize(
    ("token", "fields", "expected"), FAILURES, ids=[f"{case[2][1]} {case[2][2]}" for case in FAILURES]
)  # fmt: skip
def test_a_failure_is_an_error_of_its_class_and_not_repeated(
    stack: Stack, token: str, fields: dict[str, Any], expected: tuple[str, int, str, str | None]
) -> None:
    reported = play(stack, "images.generate", token, body=generation(**fields), max_retries=2)
    error = reported["error"]
    assert tuple(error[key] for key in ("name", "status", "code", "param")) == expected
    assert error["request_id"].startswith("req_")
    assert len(reported["requests"]) == 1


def test_a_failure_in_a_stream_is_an_error_with_its_code(stack: Stack) -> None:
    reported = play(stack, "images.generate", body=generation("[[late:out of luck]]", stream=True))
    assert reported["events"], "it had begun"
    assert reported["error"]["code"] == "generation_failed"
    assert "out of luck" in reported["error"]["message"]


def test_a_429_with_a_short_wait_is_tried_again_after_it(stack: Stack) -> None:
    forget(stack, "gitee")
    reported = play(
        stack, "images.generate", "gitee:limited-js", body=generation(model=GITEE), max_retries=1
    )
    assert (reported["error"]["status"], reported["error"]["code"]) == (429, "rate_limit_exceeded")
    counts = [request["headers"]["x-stainless-retry-count"] for request in reported["requests"]]
    assert counts == ["0", "1"]
    assert len(sent_to(stack, "gitee")) == 2


def test_the_sdks_reader_of_events_gathers_a_response_with_its_progress(stack: Stack) -> None:
    tool = {"type": "image_generation", "model": "flux-1-schnell", "size": "512x512"}
    body = {"model": "gpt-5.4", "input": "slow [[steps:30]]", "tools": [tool]}
    reported = play(stack, "responses.stream", body=body)
    assert "error" not in reported
    call, message = reported["result"]["output"]
    assert opened(call["result"]).size == (512, 512)
    assert message["content"][0]["text"] == "Here is the picture."
    kind = "response.image_generation_call.generating"
    steps = [event["step"] for event in reported["events"] if event["type"] == kind]
    assert len([step for step in steps if step is not None]) > 3


def test_an_aborted_stream_takes_the_job_back(stack: Stack) -> None:
    stack.spaces.forget()
    body = generation("left alone [[steps:900]]", stream=True)
    reported = play(stack, "images.generate", body=body, leave_after="image_generation.progress")
    assert reported["events"]
    assert "image_generation.completed" not in {event["type"] for event in reported["events"]}
    (join,) = stack.spaces.log("/queue/join")
    cancelled = eventually(lambda: stack.spaces.log("/cancel"))
    assert cancelled[0]["body"]["session_hash"] == join["body"]["session_hash"]


def test_a_page_of_any_origin_may_send_what_the_sdk_sends(stack: Stack) -> None:
    reported = play(stack, "models.list", body={})
    (request,) = reported["requests"]
    simple = {"accept"}  # a browser asks for leave for all others
    names = sorted({*request["headers"], "content-type", "openai-organization"} - simple)
    assert len([name for name in names if name.startswith("x-stainless-")]) >= 6
    for method, path in (
        ("POST", "/v1/images/generations"),
        ("POST", "/v1/images/edits"),
        ("GET", "/v1/models/Qwen%2FQwen-Image"),
    ):
        requested = {
            "origin": PAGE,
            "access-control-request-method": method,
            "access-control-request-headers": ",".join(names),
        }
        reply = web().options(f"{stack.url}{path}", headers=requested)
        assert reply.status_code == 204
        assert reply.headers["access-control-allow-origin"] in ("*", PAGE)
        assert method in reply.headers["access-control-allow-methods"]
        allowed = reply.headers["access-control-allow-headers"].replace(" ", "").lower().split(",")
        assert set(names) <= set(allowed), "`*` would not let `authorization` through"
