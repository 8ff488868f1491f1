"""Configuration, diffs and outputs of Gradio."""

from pathlib import Path
from typing import Any

import pytest

from darkroom.address import Credential
from darkroom.errors import UpstreamBroken
from darkroom.events import Picture
from darkroom.providers.gradio.config import Signature, SignatureCache, find_signature
from darkroom.providers.gradio.diffs import OutputDiffs, UnreadableDiff, apply_edits
from darkroom.providers.gradio.error_mapping import answer_failure, quota_wait_s
from darkroom.providers.gradio.outputs import FileAddresses, find_pictures, find_seed
from tests.support.fakes import FakeClock

RECORDINGS = Path(__file__).parent / "recordings"
TOKEN = Credential({"x-hf-authorization": "t"}, "https://s.hf.space")
FILES = FileAddresses("https://s.hf.space/--replicas/abc", "/gradio_api", TOKEN)


@pytest.mark.parametrize(
    ("version", "prefix"), [("4.44.1", ""), ("5.50.0", "/gradio_api"), ("6.31.0", "/gradio_api")]
)
def test_a_function_is_found_by_its_api_name(version: str, prefix: str) -> None:
    config = (RECORDINGS / version / "flux.config.json").read_bytes()
    assert find_signature(config, "infer", 6) == Signature(prefix, fn_index=2, trigger_id=5)


def test_a_function_that_was_renamed_is_found_by_its_place() -> None:
    config = (RECORDINGS / "6.31.0" / "flux.config.json").read_bytes()
    assert find_signature(config, "generate", 6, fn_index=2).fn_index == 2


def test_a_function_whose_inputs_changed_is_not_called() -> None:
    config = (RECORDINGS / "6.31.0" / "flux.config.json").read_bytes()
    with pytest.raises(UpstreamBroken, match="no longer has a function 'infer' with 9 inputs"):
        find_signature(config, "infer", 9, fn_index=2)


@pytest.mark.parametrize("config", [b"", b"<html>", b"[]", b'{"dependencies": 3}', b"{}"])
def test_a_configuration_that_makes_no_sense_is_a_broken_upstream(config: bytes) -> None:
    with pytest.raises(UpstreamBroken):
        find_signature(config, "infer", 6)


def test_a_signature_is_remembered_until_it_is_old() -> None:
    cache, clock = SignatureCache(), FakeClock()
    signature = Signature("", 1, None)
    cache.put("s", "f", signature, clock)
    clock.now += 599
    assert cache.get("s", "f", clock) == signature
    clock.now += 2
    assert cache.get("s", "f", clock) is None


@pytest.mark.parametrize(
    ("value", "edits", "after"),
    [
        ({"a": 1}, [["replace", ["a"], 2]], {"a": 2}),
        ("one ", [["append", [], "two"]], "one two"),
        ([1], [["replace", [], 5]], 5),
        ({"l": [1, 3]}, [["add", ["l", 1], 2]], {"l": [1, 2, 3]}),
        ({"a": 1}, [["add", ["b"], {"c": []}]], {"a": 1, "b": {"c": []}}),
        ({"a": 1, "b": 2}, [["delete", ["a"], None]], {"b": 2}),
        ({"l": [1, 2]}, [["delete", ["l", 0], None]], {"l": [2]}),
        ({"t": "he"}, [["append", ["t"], "llo"]], {"t": "hello"}),
        (7, [], 7),
    ],
)
def test_edits_are_applied(value: Any, edits: list[Any], after: Any) -> None:
    before = repr(value)
    assert apply_edits(value, edits) == after
    assert repr(value) == before, "the old value must stay as it was"


@pytest.mark.parametrize("edits", [[["replace", ["x", "y"], 1]], [["burn", ["a"], 1]], [["add"]]])
def test_an_edit_that_does_not_fit_is_reported(edits: list[Any]) -> None:
    with pytest.raises(UnreadableDiff):
        apply_edits({"a": 1}, edits)


def test_outputs_are_brought_up_to_date_event_by_event() -> None:
    diffs = OutputDiffs()
    assert diffs.update([{"path": "a"}, 0]) == [{"path": "a"}, 0]
    assert diffs.update([[["replace", ["path"], "b"]], []]) == [{"path": "b"}, 0]


def urls(value: Any) -> list[str | None]:
    return [picture.url for picture in find_pictures(value, FILES)]


BASE = "https://s.hf.space/--replicas/abc"


@pytest.mark.parametrize(
    ("value", "found"),
    [
        (
            {"path": "/tmp/a b.webp", "url": "https://x.example.com/y"},
            [f"{BASE}/gradio_api/file=/tmp/a%20b.webp"],
        ),
        (
            [{"image": {"path": "/tmp/a.png"}, "caption": None}],
            [f"{BASE}/gradio_api/file=/tmp/a.png"],
        ),
        ({"__type__": "update", "value": {"path": "/a.png"}}, [f"{BASE}/gradio_api/file=/a.png"]),
        ({"__type__": "update", "visible": True}, []),
        ("/gradio_api/file=/tmp/é.png", [f"{BASE}/gradio_api/file=/tmp/%C3%A9.png"]),
        ("https://s.hf.space/file=/tmp/x.png", ["https://s.hf.space/file=/tmp/x.png"]),
        ({"url": "https://cdn.example.com/p.png?x=1"}, ["https://cdn.example.com/p.png?x=1"]),
        ({"path": "https://cdn.example.com/p.png"}, ["https://cdn.example.com/p.png"]),
        (None, []),
        ("Seed used: 5", []),
        ("ftp://x/y.png", []),
        ("https://[x/y.png", []),
        ("https://huggingface.co/pricing", []),
        ("https://s.hf.space/x.png to get more quota", []),
        ("/imagine this was refused", []),
        ({"path": "/tmp/result.zip"}, []),
        ("https://s.hf.space/file=a%2Fb%2Bc.png", ["https://s.hf.space/file=a%2Fb%2Bc.png"]),
        ("//evil.example/x.png", []),
        ([], []),
        (5, []),
    ],
)
def test_pictures_are_found_in_every_wrapping(value: Any, found: list[str]) -> None:
    assert urls(value) == found


def test_a_picture_inside_html_is_found() -> None:
    html = '<img src="data:image/png;base64,iVBORw0KGgo=" alt="x">'
    (picture,) = find_pictures(html, FILES)
    assert picture.file is not None
    assert picture.file.read(0, 8) == b"\x89PNG\r\n\x1a\n"


def test_the_token_goes_to_the_spaces_own_host_alone() -> None:
    def picture(url: str) -> Picture:
        return find_pictures(url, FILES)[0]

    assert picture("https://s.hf.space/file=x").credential is TOKEN
    assert picture("https://cdn.example.com/x.png").credential is None
    assert picture("http://s.hf.space/file=x").credential is None
    assert "x-hf-authorization" not in repr(picture("https://s.hf.space/file=x"))


@pytest.mark.parametrize(
    ("values", "seed"),
    [
        ([42], 42),
        (["Seed used for generation: 123"], 123),
        (["777"], 777),
        ([None, 5.0], 5),
        ([True, 9], 9),
        ([], None),
        (["no number"], None),
        (["done in 5 s"], None),
        (["²"], None),
        (["9" * 5000], None),
        ([float("nan"), float("inf"), 7], 7),
        ([10**30], None),
    ],
)
def test_the_seed_is_found_where_spaces_put_it(values: list[Any], seed: int | None) -> None:
    assert find_seed(values) == seed


@pytest.mark.parametrize(
    ("text", "seconds"),
    [
        ("Try again in 17:25:53", 62753),
        ("Please retry in 0:00:56", 56),
        ("Try again in 1 day, 3:04:05. Authenticate", 97445),
        ("Try again in 2 days, 0:00:01", 172801),
        ("Try again once ...", None),
    ],
)
def test_the_wait_of_a_quota_is_read(text: str, seconds: float | None) -> None:
    assert quota_wait_s(text) == seconds


HTML = {"content-type": "text/html; charset=utf-8"}
JSON = {"content-type": "application/json"}
TEXT = {"content-type": "text/plain"}


@pytest.mark.parametrize(
    ("status", "headers", "body", "code", "says"),
    [
        (
            503,
            JSON,
            b'{"detail":"Queue is full. Max size is 2."}',
            "upstream_unavailable",
            "Queue is full",
        ),
        (
            503,
            TEXT,
            b"Your space is in error, check its status on hf.co",
            "upstream_unavailable",
            "error",
        ),
        (
            503,
            HTML,
            b"<html><title>Preparing Space</title>",
            "upstream_unavailable",
            "asleep or starting",
        ),
        (200, HTML, b"<!DOCTYPE html><html>", "upstream_unavailable", "asleep or starting"),
        (502, TEXT, b"Bad gateway", "upstream_unavailable", "asleep or starting"),
        (404, HTML, b"<h1>404</h1>", "upstream_unavailable", "no Space"),
        (429, HTML, b"<h1>429</h1>", "rate_limit_exceeded", "too many requests"),
        (
            401,
            JSON,
            b'{"detail":{"error":"Not authenticated"}}',
            "invalid_api_key",
            "lets in only",
        ),
        (
            422,
            JSON,
            b'{"detail":[{"message":"text is too short"}]}',
            "invalid_value",
            "text is too short",
        ),
        (422, JSON, b'{"detail":[{"msg":"Field required"}]}', "invalid_value", "Field required"),
        (400, JSON, b'{"detail":"Session hash not found."}', "upstream_error", "answered 400"),
        (200, JSON, b"{}", "upstream_error", "answered 200"),
    ],
)
def test_an_answer_that_is_no_event_id_is_sorted(
    status: int, headers: dict[str, str], body: bytes, code: str, says: str
) -> None:
    failure = answer_failure(status, headers, body, "owner/space")
    assert failure.code == code
    assert says in failure.message


def test_a_rate_limit_keeps_its_retry_after() -> None:
    failure = answer_failure(429, {**HTML, "retry-after": "7"}, b"", "owner/space")
    assert failure.retry_after_s == 7
