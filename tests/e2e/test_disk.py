"""What a Durable Object keeps, and how it seals secrets, in workerd."""

import os
from collections.abc import Mapping

import httpx
import pytest

from tests.e2e.probe import Probe

MIB = 1024 * 1024


def ask(probe: Probe, do: str, where: Mapping[str, str], content: bytes = b"") -> httpx.Response:
    return probe.post("disk", content, do=do, name="result", **where)


@pytest.mark.parametrize("size", [0, 1, MIB, MIB + 1, 3 * MIB + 7])
def test_contents_of_any_size_are_kept_in_chunks(probe: Probe, size: int) -> None:
    content, where = os.urandom(size), {"object": f"chunks-{size}"}
    assert ask(probe, "keep", where, content).text == "False"
    assert ask(probe, "fetch", where).content == content
    assert ask(probe, "drop", where).text == "places"
    assert ask(probe, "fetch", where).status_code == 404


def test_large_contents_go_to_the_bucket_and_leave_it_again(probe: Probe) -> None:
    content, where = os.urandom(2 * MIB), {"object": "bucket", "bucket": "yes"}
    assert ask(probe, "keep", where, content).text == "True"
    assert ask(probe, "fetch", where).content == content
    assert ask(probe, "erase", where).text == ""
    assert ask(probe, "fetch", where).status_code == 404
    assert ask(probe, "keep", where, b"small").text == "False"
    assert ask(probe, "fetch", where).content == b"small"


def test_a_content_takes_the_place_of_an_earlier_one(probe: Probe) -> None:
    where = {"object": "again"}
    for content in (os.urandom(3 * MIB), b"short"):
        ask(probe, "keep", where, content)
        assert ask(probe, "fetch", where).content == content


def seal(probe: Probe, secret: str, purpose: str, text: str) -> str:
    return probe.post("seal", secret=secret, purpose=purpose, text=text).text


def opened(probe: Probe, secret: str, purpose: str, sealed: str) -> httpx.Response:
    return probe.post("open", secret=secret, purpose=purpose, sealed=sealed)


def test_a_seal_opens_by_the_same_secret_for_the_same_purpose_alone(probe: Probe) -> None:
    sealed = seal(probe, "secret", "task", "Bearer töken")
    assert opened(probe, "secret", "task", sealed).text == "Bearer töken"
    assert opened(probe, "other", "task", sealed).status_code == 400
    assert opened(probe, "secret", "other", sealed).status_code == 400
    assert opened(probe, "secret", "task", sealed[:-6] + "AAAA==").status_code == 400
    assert seal(probe, "secret", "task", "Bearer töken") != sealed, "no two are alike"
