"""The words of upstreams: what of them a caller is told, and what they mean."""

import json
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from darkroom.engine.credentials import rest_after
from darkroom.error_words import codes_of, words_of
from darkroom.errors import (
    ContentRefused,
    Failure,
    InvalidRequest,
    JobFailed,
    QueueFull,
    QuotaExhausted,
    RateLimited,
    UpstreamUnavailable,
)
from darkroom.providers.error_mapping import UpstreamError, map_error, read_text
from darkroom.providers.gradio.config import SignatureCache
from darkroom.providers.gradio.error_mapping import answer_failure, stream_failure
from darkroom.providers.registry import build_providers
from darkroom.scrub import scrub, without_tokens
from darkroom.settings import Settings
from tests.support.fakes import FakeHttp, FakeReply
from tests.support.runs import job_of, route_to, run

PROVIDERS = build_providers(Settings(poll_delays_s=(0.001,)), lambda: "token", SignatureCache())
JSON = {"content-type": "application/json"}
PAINTERS = [
    "gitee/z-image-turbo", "ms/flux-2", "siliconflow/Qwen/Qwen-Image", "bfl/flux-2-pro",
    "gemini-2.5-flash-image", "qwen/qwen-image", "qwen/qwen-image-plus", "openai/gpt-image-1.5",
    "a1111/default", "studio/z-image", "pollinations/flux", "a4f/provider-4/imagen-4",
    "hf-inference/black-forest-labs/FLUX.1-schnell", "z-image-turbo",
]  # fmt: skip
OWN_SERVERS = ("a1111", "studio")
ANSWER_WHEN_PAINTED = (*OWN_SERVERS, "hf-inference")


async def failing(
    name: str, status: int, body: object, token: str | None = "token", **headers: str
) -> Failure:
    """What a provider that answers everything so comes to."""
    raw = body if isinstance(body, bytes) else json.dumps(body).encode()
    http = FakeHttp({"": [FakeReply(status, {**JSON, **headers}, [raw])]})
    own = (
        {"base": "https://api.example.com"} if name.split("/", maxsplit=1)[0] in OWN_SERVERS else {}
    )
    route = route_to(name, token, own)
    with pytest.raises(Failure) as caught:
        await run(PROVIDERS[route.provider.protocol], job_of(), route, http)
    return caught.value


# Addresses.

PEOPLE_AND_MACHINES = [
    "203.0.113.7", "203.0.113.7:8080", "10.0.0.0/24", "2001:db8::1", "2001:DB8:0:0:8:800:200C:417A",
    "[2001:db8::1]:7860", "fe80::1%eth0", "::1", "::ffff:192.0.2.128", "2001:db8::", "localhost",
    "localhost:7860", "gpu-17.example.com:8080", "worker-3.internal", "node7.svc.cluster.local",
    "gpu-node-3:8080", "ip-10-0-3-7", "aa:bb:cc:dd:ee:ff", "bob.smith+x@example.com",
    "root@gpu-node", "/home/user/app/app.py", "/tmp/gradio/ab/image.png", "~/models/x.bin",
    "../../secret/x", "C:\\Users\\bob\\x.py", "\\\\files\\share\\x.png", "/数据/模型/x.bin",
    "https://internal.example:8080/x", "s3://bucket/key", "postgres://user:password@db/x",
]  # fmt: skip


@pytest.mark.parametrize("address", PEOPLE_AND_MACHINES)
@pytest.mark.parametrize(
    ("before", "after"),
    [("", ""), ("Queue full for IP: ", " (1 queued)"), ("at '", "', line 3"), ("(", ")"),
     ("host=", ", wait"), ("ends with ", "."), ("IP:", "")],
)  # fmt: skip
def test_addresses_of_people_and_machines_are_taken_out(
    before: str, address: str, after: str
) -> None:
    assert scrub(f"{before}{address}{after}") == f"{before}[address removed]{after}".strip()


@pytest.mark.parametrize(
    "text",
    [
        "Try again in 17:25:53", "in 1 day, 3:04:05", "ratio 16:9", "16/9 or 4/3", "seed:12345",
        "width:2048 height:1024", "std::bad_alloc", "c10::Error", "FLUX.1-dev 2.5.1", "a@",
        "black-forest-labs/FLUX.1-schnell not found", "There is no route /v1/images/generations",
        "and/or text/plain", "2024-01-02T10:20:30Z", "prompt: too long: 99 of 77", "1.5: 2.5",
        "negative_prompt: must be text", "It took 12.5s; 3/4 done", "at most 1024x1024.",
    ],
)  # fmt: skip
def test_text_without_an_address_is_not_scrubbed(text: str) -> None:
    assert scrub(text) == text


@given(st.ip_addresses(v=4) | st.ip_addresses(v=6))
def test_no_ip_address_passes(address: Any) -> None:
    said = scrub(f"Queue full for IP: {address} and {address}, or [{address}]:80.")
    assert str(address) not in said
    assert "Queue full for IP: [address removed] and [address removed], or " in said


def test_a_host_that_the_caller_named_may_be_repeated_to_him() -> None:
    named = without_tokens("files.example.com:8443 hf_abcdefghijkl")
    assert named == "files.example.com:8443 [removed]"


# JSON in the words.

NESTED = json.dumps({
    "error": "Internal Server Error",
    "message": "All servers failed",
    "requestParameters": {"prompt": "a secret cat", "quota": "billing", "width": 1024},
})  # fmt: skip


@pytest.mark.parametrize(
    "message",
    [NESTED, f"HTTP error! status: 500, body: {NESTED}", json.dumps(NESTED), f"  {NESTED} ",
     json.dumps({"error": {"message": NESTED}}), f"[{NESTED}]", f"{NESTED} (see the log)",
     json.dumps({"detail": json.dumps({"errors": [NESTED]})})],
)  # fmt: skip
def test_json_in_a_message_is_reduced_to_its_error_text(message: str) -> None:
    assert "All servers failed" in scrub(message)
    for hidden in ("cat", "requestParameters", "1024", "{", '"', "billing"):
        assert hidden not in scrub(message)


@pytest.mark.parametrize(
    "message",
    [NESTED[:-20], '{"prompt": "a secret cat"}', "{'prompt': 'a secret cat', 'width': 1}",
     '{\\"prompt\\": \\"a secret cat\\"}', '[{"prompt": "a secret cat"',
     "failed: {'prompt': 'a secret cat'}", '{"a":' * 5_000 + '"a secret cat"',
     json.dumps({"message": {"prompt": "a secret cat"}})],
)  # fmt: skip
def test_json_that_cannot_be_read_is_left_out_of_a_message(message: str) -> None:
    assert "cat" not in scrub(message)
    assert "prompt" not in scrub(message)


@pytest.mark.parametrize(
    "message", ["Unexpected token { in the prompt", "use {prompt} once", "[E1] bad", "size [1, 2]"]
)
def test_text_with_brackets_is_not_taken_for_json(message: str) -> None:
    assert scrub(message) == message


def test_deeply_nested_error_texts_are_given_up() -> None:
    text = "the innermost words"
    for _ in range(12):
        text = json.dumps({"error": {"message": text}})
    assert scrub(text) in ("", "the innermost words")
    deep: object = "x"
    for _ in range(99):
        deep = {"error": deep}
    assert list(words_of(deep)) == list(codes_of(deep)) == []


def test_codes_are_found_in_the_json_of_a_message() -> None:
    body = {"error": {"message": json.dumps({"error": {"code": "content_policy_violation"}})}}
    assert isinstance(map_error(UpstreamError(500, JSON, body), "An API"), ContentRefused)


@pytest.mark.parametrize("name", PAINTERS)
async def test_an_error_passed_on_as_json_text_is_reported_without_the_prompt(
    name: str,
) -> None:
    body = {"success": False, "error": {"message": NESTED, "code": "INTERNAL_ERROR"}}
    failure = await failing(name, 500, body)
    assert failure.action.name == "NEXT_ROUTE"
    assert "secret cat" not in failure.message
    assert "requestParameters" not in failure.message
    if name.split("/", maxsplit=1)[0] in ANSWER_WHEN_PAINTED:
        assert isinstance(failure, JobFailed)
    elif name != "z-image-turbo":  # of a Space's 500 nothing is told
        assert isinstance(failure, UpstreamUnavailable)
        assert failure.message.endswith("is not available: All servers failed")


@pytest.mark.parametrize("status", [500, 502])
def test_a_plain_error_of_a_server_is_what_it_was(status: int) -> None:
    failure = map_error(UpstreamError(status, JSON, {"error": "oops"}), "An API")
    assert (failure.status, failure.message) == (502, f"An API answered {status}: oops")


@pytest.mark.parametrize("said", [NESTED, f"'{NESTED}'", f"RuntimeError: {NESTED}"])
def test_a_spaces_error_as_json_text_is_reported_without_the_prompt(said: str) -> None:
    failure = stream_failure({"success": False, "output": {"error": said}}, "a/b")
    assert isinstance(failure, JobFailed)
    assert "All servers failed" in failure.message
    assert "cat" not in failure.message


# Full queues.

FULL = [
    "Queue full for IP: 2001:db8::1: 1 requests already queued. Max: 1",
    "Queue is full. Max size is 2 and size is 2.", "The queue is currently full",
    "queue_full", "2 requests are already queued for 203.0.113.7", "队列已满",
]  # fmt: skip


@pytest.mark.parametrize("name", PAINTERS)
@pytest.mark.parametrize("status", [402, 429, 503])
@pytest.mark.parametrize("token", ["token", None])
async def test_a_full_queue_is_busy_and_no_tokens_fault(
    name: str, status: int, token: str | None
) -> None:
    body = {"error": "Payment Required", "message": FULL[0]}
    failure = await failing(name, status, body, token)
    assert isinstance(failure, QueueFull)
    assert (failure.status, failure.action.name, failure.retry_after_s) == (503, "NEXT_ROUTE", 10.0)
    assert failure.caller_may_retry
    assert "2001:db8" not in failure.message
    assert rest_after(failure, route_to(name).provider, 0.0) is None


@pytest.mark.parametrize("words", FULL)
@pytest.mark.parametrize("shape", ["message", "error", "detail", "nested", "bare"])
def test_a_full_queue_is_known_by_its_words_wherever_they_stand(words: str, shape: str) -> None:
    body: object = {shape: words}
    if shape == "nested":
        body = {"error": {"message": json.dumps({"message": words})}}
    if shape == "bare":
        body = words
    failure = map_error(UpstreamError(402, JSON, body), "An API")
    assert isinstance(failure, QueueFull)
    assert "203.0.113.7" not in failure.message


@pytest.mark.parametrize(("asked", "told"), [("3", 3.0), ("30", 30.0), ("9999999", 30.0)])
def test_the_wait_for_a_full_queue_is_short(asked: str, told: float) -> None:
    error = UpstreamError(429, {"retry-after": asked}, {"message": FULL[0]})
    failure = map_error(error, "An API")
    assert isinstance(failure, QueueFull)
    assert failure.retry_after_s == failure.asked_wait_s == told


@pytest.mark.parametrize(
    ("status", "words", "kind"),
    [
        (402, "Insufficient balance", QuotaExhausted),
        (429, "Too many requests", RateLimited),
        (400, "Queue is full", InvalidRequest),
    ],
)
def test_other_refusals_keep_their_kind(status: int, words: str, kind: type[Failure]) -> None:
    failure = map_error(UpstreamError(status, JSON, {"error": {"message": words}}), "An API")
    assert type(failure) is kind


# Verdicts of validators.


def verdicts(*pairs: tuple[bool, str]) -> bytes:
    items = [
        {"__type__": "validate", "is_valid": valid, "message": message, "parameter_name": "x"}
        for valid, message in pairs
    ]
    return json.dumps({"detail": items}).encode()


@pytest.mark.parametrize(
    ("pairs", "words"),
    [
        ([(True, ""), (False, "Prompt too long")], "Prompt too long"),
        ([(True, "fine"), (False, "Prompt too long"), (True, "")], "Prompt too long"),
        ([(False, "Prompt too long"), (False, "Too many steps")], "Prompt too long; Too many steps"),
        ([(True, "")] * 9 + [(False, "No such seed")], "No such seed"),
        ([(True, "fine")], "no reason given"),
        ([(False, "")], "no reason given"),
    ],
)  # fmt: skip
def test_only_a_validators_failures_are_reported(pairs: list[tuple[bool, str]], words: str) -> None:
    body = verdicts(*pairs)
    for failure in (
        answer_failure(422, JSON, body, "a/b"),
        map_error(UpstreamError(422, JSON, read_text(body)), "An API"),
    ):
        assert failure.status == 400 or words == "no reason given"
        assert failure.message.endswith(f": {words}") or words == "no reason given"
        assert "fine" not in failure.message


def test_a_long_list_of_verdicts_is_read_to_its_end() -> None:
    body = verdicts(*[(True, "x" * 500)] * 20, (False, "Prompt too long"))
    assert answer_failure(422, JSON, body, "a/b").message.endswith(": Prompt too long")
