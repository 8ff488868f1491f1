"""The Model Context Protocol in workerd: both eras, progress, web pages, callers who leave."""

import base64
import json
from collections.abc import Iterator
from typing import Any

import httpx
import pytest

from tests.e2e.stack import Stack
from tests.support.pictures import opened
from tests.support.spaces import eventually

PAINTER = "flux-1-schnell"
HEADERS = {"accept": "application/json, text/event-stream"}
META = {
    "io.modelcontextprotocol/protocolVersion": "2026-07-28",
    "io.modelcontextprotocol/clientCapabilities": {},
}
MODERN = {"mcp-protocol-version": "2026-07-28"}


def message(method: str, modern: bool, **params: Any) -> tuple[dict[str, Any], dict[str, str]]:
    """A request, and its headers."""
    headers = dict(HEADERS)
    if modern:
        params["_meta"] = {**META, **params.get("_meta", {})}
        headers |= {**MODERN, "mcp-method": method, "mcp-name": params.get("name", "")}
    return {"jsonrpc": "2.0", "id": 1, "method": method, "params": params}, headers


def painting(modern: bool, **arguments: Any) -> tuple[dict[str, Any], dict[str, str]]:
    arguments = {"prompt": "a lighthouse", "model": PAINTER, "size": "256x256", **arguments}
    meta = {"progressToken": "a"}
    return message("tools/call", modern, name="generate_image", arguments=arguments, _meta=meta)


def messages_of(lines: Iterator[str]) -> Iterator[dict[str, Any]]:
    return (json.loads(line.removeprefix("data: ")) for line in lines if line.startswith("data: "))


@pytest.mark.parametrize("modern", [False, True], ids=["2025", "2026"])
def test_a_picture_is_painted_with_progress(stack: Stack, modern: bool) -> None:
    stack.spaces.forget()
    body, headers = painting(modern)
    reply = httpx.post(f"{stack.url}/mcp", json=body, headers=headers, timeout=60)
    assert reply.headers["content-type"].startswith("text/event-stream")
    *notices, last = messages_of(iter(reply.text.splitlines()))
    told = [notice["params"]["progress"] for notice in notices]
    assert told == sorted(set(told)) and len(told) > 2
    text, link, image = last["result"]["content"]
    assert PAINTER in text["text"]
    assert opened(httpx.get(link["uri"], timeout=30).content)
    assert opened(image["data"]) and len(image["data"]) <= 300_000
    assert len(stack.spaces.log("/queue/join")) == 1


def test_a_large_picture_comes_with_a_small_preview(stack: Stack) -> None:
    body, headers = painting(True, size="1024x1024", output_format="png")
    reply = httpx.post(f"{stack.url}/mcp", json=body, headers=headers, timeout=60)
    assert len(reply.content) < 1_000_000
    *_, last = messages_of(iter(reply.text.splitlines()))
    _, link, image = last["result"]["content"]
    kept = httpx.get(link["uri"], timeout=30).content
    assert opened(base64.b64decode(image["data"])) and len(image["data"]) <= 300_000
    assert opened(kept)


def test_whoever_closes_the_stream_takes_the_job_back(stack: Stack) -> None:
    stack.spaces.forget()
    body, headers = painting(True, prompt="left alone [[steps:500]]")
    with httpx.stream("POST", f"{stack.url}/mcp", json=body, headers=headers, timeout=60) as reply:
        events = messages_of(reply.iter_lines())
        assert any("step" in event["params"]["message"] for event in events)
    eventually(lambda: stack.spaces.log("/cancel"))


def test_a_client_of_2025_cancels_with_a_notification(stack: Stack) -> None:
    stack.spaces.forget()
    url = f"{stack.url}/mcp"
    body, headers = message("initialize", False, protocolVersion="2025-11-25", capabilities={})
    session = httpx.post(url, json=body, headers=headers, timeout=30).headers["mcp-session-id"]
    body, headers = painting(False, prompt="taken back [[steps:500]]")
    headers["mcp-session-id"] = session
    cancel = {"method": "notifications/cancelled", "params": {"requestId": 1}}
    with httpx.stream("POST", url, json=body, headers=headers, timeout=60) as reply:
        events = messages_of(reply.iter_lines())
        assert any("step" in event["params"]["message"] for event in events)
        told = httpx.post(url, json={"jsonrpc": "2.0", **cancel}, headers=headers, timeout=30)
        assert told.status_code == 202
        *_, last = events
        assert last["result"]["isError"] is True
    eventually(lambda: stack.spaces.log("/cancel"))


@pytest.mark.parametrize(
    ("host", "origin", "status"),
    [
        (None, "https://evil.example", 403),
        ("evil.example", "http://evil.example", 403),
        (None, "http://localhost:6274", 200),
        (None, None, 200),
    ],
)
def test_web_pages_of_other_origins_are_refused(
    stack: Stack, host: str | None, origin: str | None, status: int
) -> None:
    body, headers = message("ping", False)
    headers |= {"origin": origin} if origin else {}
    headers |= {"host": host} if host else {}
    reply = httpx.post(f"{stack.url}/mcp", json=body, headers=headers, timeout=30)
    assert reply.status_code == status


def test_there_is_no_stream_to_listen_to(stack: Stack) -> None:
    assert httpx.get(f"{stack.url}/mcp", timeout=30).status_code == 405
