"""How long upstreams say that they want to be left alone, and how much of it is believed."""

import json
import math

import pytest

from darkroom.errors import Failure, QuotaExhausted, RateLimited, UpstreamUnavailable
from darkroom.providers.error_mapping import UpstreamError, map_error
from darkroom.providers.gradio.error_mapping import answer_failure, quota_wait_s, stream_failure
from darkroom.retry_after import LONGEST_QUOTA_WAIT_S, LONGEST_RATE_WAIT_S, read_wait_s

NOW = "Sat, 28 Nov 2026 23:59:30 GMT"
HOUR_S = 3600.0


@pytest.mark.parametrize(
    ("value", "seconds"),
    [
        ("30", 30),
        ("1.5", 1.5),
        (" 34s ", 34),
        (12, 12),
        (0, 0),
        ("Sun, 29 Nov 2026 00:00:00 GMT", 30),
        ("Sat, 28 Nov 2026 00:00:00 GMT", None),  # in the past
        ("1" + "0" * 30, LONGEST_QUOTA_WAIT_S),
        (10**400, LONGEST_QUOTA_WAIT_S),
        (math.inf, LONGEST_QUOTA_WAIT_S),
        (math.nan, None),
        (-5, None),
        ("-5", None),
        ("1" * 100_000, None),
        ("soon", None),
        ("Sun, 99 Nov 2026 00:00:00 GMT", None),
        ("Sun, 29 Nix 2026 00:00:00 GMT", None),
        (True, None),
        (None, None),
        ([30], None),
    ],
)
def test_a_wait_is_read_as_seconds(value: object, seconds: float | None) -> None:
    assert read_wait_s(value, NOW) == seconds


def test_a_date_means_nothing_in_an_answer_that_has_none_of_its_own() -> None:
    assert read_wait_s("Sun, 29 Nov 2026 00:00:00 GMT") is None


@pytest.mark.parametrize("seconds", [9_999_999, 10.0**30, math.inf])
def test_no_failure_tells_the_caller_to_wait_longer_than_its_kind_can_last(seconds: float) -> None:
    assert RateLimited("x", retry_after_s=seconds).retry_after_s == HOUR_S
    assert UpstreamUnavailable("x", retry_after_s=seconds).retry_after_s == HOUR_S
    assert QuotaExhausted("x", retry_after_s=seconds).retry_after_s == 48 * HOUR_S


@pytest.mark.parametrize("seconds", [-1.0, -math.inf, math.nan])
def test_a_wait_that_makes_no_sense_is_not_reported(seconds: float) -> None:
    assert RateLimited("x", retry_after_s=seconds).retry_after_s is None


def refused(status: int, retry_after: str) -> Failure:
    return map_error(UpstreamError(status, {"retry-after": retry_after, "date": NOW}, ""), "An API")


@pytest.mark.parametrize("status", [429, 503])
@pytest.mark.parametrize("said", ["9999999", "1" + "0" * 30, "Fri, 31 Dec 9999 23:59:59 GMT"])
def test_an_upstreams_retry_after_is_capped_at_an_hour(status: int, said: str) -> None:
    assert refused(status, said).retry_after_s == LONGEST_RATE_WAIT_S


@pytest.mark.parametrize("said", ["9999999", "1" + "0" * 30, "Fri, 31 Dec 9999 23:59:59 GMT"])
def test_a_spaces_retry_after_is_capped_at_an_hour(said: str) -> None:
    headers = {"retry-after": said, "date": NOW}
    assert answer_failure(429, headers, b"", "a/b").retry_after_s == LONGEST_RATE_WAIT_S


def test_a_wait_inside_the_body_has_the_same_bounds() -> None:
    body = json.loads('{"error": {"details": [{"retryDelay": "9999999s"}]}}')
    assert map_error(UpstreamError(429, {}, body), "An API").retry_after_s is not None
    loading = json.loads('{"error": "loading", "estimated_time": 1e999}')
    assert map_error(UpstreamError(503, {}, loading), "An API").retry_after_s == LONGEST_RATE_WAIT_S


def test_a_quota_that_comes_back_tomorrow_is_believed_and_one_in_27_years_is_not() -> None:
    assert quota_wait_s("Try again in 1 day, 3:04:05") == 27 * HOUR_S + 245
    for wait, seconds in (
        ("1 day, 3:04:05", 27 * HOUR_S + 245),
        ("9999 days, 1:00:00", 48 * HOUR_S),
    ):
        message = {"output": {"error": f"GPU quota exceeded. Try again in {wait}"}}
        assert stream_failure(message, "a/b").retry_after_s == seconds
