"""Every provider before every fault: a caller is told in JSON what went wrong, and nothing is left.

An upstream that may have begun is not asked to begin again, and no redirect is followed.
"""

from collections.abc import Mapping

import pytest

from tests.support.contract import CONTRACT
from tests.support.faults import ELSEWHERE, FAULTS, MAY_HAVE_BEGUN, Aftermath, strike
from tests.support.odd_upstreams import PAINTERS
from tests.support.slow import slow, slow_but

# These are struck in every run, the others in `make test-slow`.
USUAL = (
    "connection refused", "reset in the middle", "no headers in time", "200 without a picture",
    "429 with Retry-After", "a redirect",
)  # fmt: skip
SPACES, OF_FILES = ("huggingface",), ("studio", "hf-inference", "pollinations")
TASKS = ("modelscope", "bfl", "qwen")
OPERATORS = ("a1111", "studio", "hf-inference")
Told = tuple[int, str]
AWAY, BROKEN, LOST = (
    (503, "upstream_unavailable"),
    (502, "upstream_error"),
    (502, "generation_lost"),
)
LATE, EMPTY, FAILED = (504, "deadline_exceeded"), (502, "no_image"), (502, "generation_failed")
REFUSED, BUSY = (401, "invalid_api_key"), (429, "rate_limit_exceeded")
# What each fault comes to where an upstream answers nothing else, and where it comes to another end.
EXPECTED: Mapping[str, tuple[Told, Mapping[tuple[str, ...], Told]]] = {
    "connection refused": (AWAY, {}),
    # A Space breaks off before it was given anything, and a GET may be sent again.
    "reset in the middle": (LOST, {(*SPACES, "pollinations"): AWAY}),
    "no headers in time": (LATE, {}),
    "a stalled body": (LATE, {}),
    # Where the answer is the file itself, its end is what the upstream says it is.
    "half a body": (BROKEN, {OF_FILES: (200, "")}),
    "a web page": (BROKEN, {SPACES: AWAY}),
    # Those that paint at once had been asked for a picture and answered with words.
    "an error with 200": (EMPTY, {(*SPACES, *TASKS): BROKEN, OF_FILES: (400, "no_image")}),
    "200 without a picture": (EMPTY, {(*SPACES, *TASKS): BROKEN}),
    "401": (REFUSED, {}),
    "403": (REFUSED, {}),
    "429": (BUSY, {}),
    "429 with Retry-After": (BUSY, {}),
    "500": (BROKEN, {OPERATORS: FAILED}),
    "502 page": (BROKEN, {SPACES: AWAY}),
    "503": (AWAY, {}),
    "a redirect": (BROKEN, {SPACES: AWAY}),
    "a bomb": (BROKEN, {}),
    "an empty body": (BROKEN, {OF_FILES: EMPTY}),
}


def assert_nothing_is_left(after: Aftermath) -> None:
    assert after.open_connections == 0
    assert after.tasks_left == 0
    assert after.active == 0
    (line,) = after.log
    assert "traceback" not in line
    assert not any(ELSEWHERE in sent for sent in after.sent), "redirects are not followed"


def begins(after: Aftermath) -> int:
    """How often an upstream was asked for something that it may be paid for."""
    asking = ("/config", "/cancel", "/interrupt", "/progress", ".png")
    return len([sent for sent in after.sent if not sent.endswith(asking)])


def test_each_fault_has_an_expected_end() -> None:
    assert EXPECTED.keys() == FAULTS.keys()
    assert len(FAULTS) >= 13


@pytest.mark.parametrize(
    ("fault", "provider"),
    slow_but(
        [(fault, provider) for fault in USUAL for provider in PAINTERS],
        [(fault, provider) for fault in FAULTS for provider in PAINTERS],
    ),
)
async def test_a_fault_is_told_and_leaves_nothing(fault: str, provider: str) -> None:
    usual, exceptions = EXPECTED[fault]
    told = next((told for names, told in exceptions.items() if provider in names), usual)
    after = await strike(provider, fault, "all")
    assert (after.reply.status, after.document.get("error", {}).get("code", "")) == told
    assert_nothing_is_left(after)
    await CONTRACT.hold("POST", "/v1/images/generations", after.reply)
    if fault == "429 with Retry-After":
        assert after.reply.headers["retry-after"] == "7"
    if fault in MAY_HAVE_BEGUN:
        assert begins(after) <= 1
        assert after.reply.status != 502 or after.reply.headers["x-should-retry"] == "false"


@pytest.mark.parametrize("place", ["second", *slow("first")])
@pytest.mark.parametrize(
    ("fault", "provider"),
    slow_but(
        [(fault, provider) for fault in USUAL for provider in (*SPACES, *TASKS)],
        [(fault, provider) for fault in FAULTS for provider in PAINTERS],
    ),
)
async def test_a_fault_at_one_request_leaves_nothing_either(
    fault: str, provider: str, place: str
) -> None:
    """Such as at the first question after a task, or at the picture itself."""
    after = await strike(provider, fault, place)
    assert_nothing_is_left(after)
    assert after.reply.status in (200, 400, 401, 429, 502, 503, 504)
    if after.reply.status == 200:
        assert after.document["data"][0]["b64_json"]
    else:
        assert after.document["error"]["code"]
    await CONTRACT.hold("POST", "/v1/images/generations", after.reply)
