"""The failure tree, and what of an upstream's words may pass."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from darkroom import errors
from darkroom.errors import Failure, QuotaExhausted, RateLimited, UpstreamUnavailable
from darkroom.scrub import MAX_UPSTREAM_TEXT_CHARS, scrub


def kinds(base: type[Failure] = Failure) -> list[type[Failure]]:
    return [base, *(kind for child in base.__subclasses__() for kind in kinds(child))]


@pytest.mark.parametrize("kind", kinds())
def test_every_failure_is_drawn_in_the_tree_with_its_status(kind: type[Failure]) -> None:
    lines = [line for line in (errors.__doc__ or "").splitlines() if f" {kind.__name__} " in line]
    if kind is not Failure and kind.__module__ == errors.__name__:
        assert len(lines) == 1
        assert str(kind.status) in lines[0]


def test_a_short_wait_may_be_retried() -> None:
    assert UpstreamUnavailable("x", retry_after_s=30).caller_may_retry


def test_a_wait_longer_than_an_sdk_obeys_is_not_retried() -> None:
    assert not RateLimited("x", retry_after_s=3600).caller_may_retry


def test_an_empty_quota_is_not_retried() -> None:
    assert not QuotaExhausted("x", retry_after_s=1).caller_may_retry


@pytest.mark.parametrize(
    ("text", "clean"),
    [
        ("<a style='x' href='https://hf.co'>Subscribe</a> to Pro", "Subscribe to Pro"),
        ("see https://internal.example:8080/x?y=1 now", "see [address removed] now"),
        ("token hf_abcdefghijklmnop refused", "token [removed] refused"),
        ("Authorization: Bearer sk-123456789", "Authorization: [removed]"),
        ("a &amp; b\n\n c", "a & b c"),
    ],
)
def test_upstream_text_loses_markup_addresses_and_tokens(text: str, clean: str) -> None:
    assert scrub(text) == clean


def test_upstream_text_is_cut_short() -> None:
    assert len(scrub("x" * 5000)) == MAX_UPSTREAM_TEXT_CHARS


@given(st.text(), st.from_regex(r"hf_[A-Za-z0-9]{10,30}", fullmatch=True), st.text())
def test_no_token_passes_whatever_stands_around_it(before: str, token: str, after: str) -> None:
    assert token not in scrub(f"{before} {token} {after}")
