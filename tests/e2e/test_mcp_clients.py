"""Clients of the Model Context Protocol against the Worker, unchanged, and its conformance suite.

What was painted is counted where it was painted. They bring along much, so that `make test-slow`
alone installs and runs them.
"""

import os
import random
import re
import subprocess
from pathlib import Path
from typing import Any

import httpx
import pytest

from tests.e2e.programs import BIN, node, python
from tests.e2e.stack import Stack
from tests.support.odd import Odd, words
from tests.support.slow import SLOW
from tests.support.spaces import eventually

PYTHON, NPM = Path(".venv-clients/bin/python"), Path("build/mcp/node_modules")
EXPECTED = Path(__file__).parent / "clients/mcp"
SUITE = NPM / "@modelcontextprotocol/conformance/dist/index.js"
TOKEN = "hf:hf_good"
TOOLS = [
    "generate_image", "edit_image", "upscale_image", "list_models", "get_job", "cancel_job",
    "enhance_prompt",
]  # fmt: skip
LIGHTHOUSE = {"prompt": "a lighthouse", "model": "flux-1-schnell", "size": "256x256"}
LONG = {**LIGHTHOUSE, "prompt": "left alone [[steps:500]]"}
SDKS = [("v1", "legacy"), ("v2", "legacy"), ("v2", "modern"), ("v2", "auto")]
MODES = [("legacy", "2025-11-25"), ("auto", "2026-07-28"), ("2026-07-28", "2026-07-28")]
MESSAGES = 10_000
METHODS = [
    "initialize", "ping", "server/discover", "tools/list", "tools/call", "tools/call", "resources/list",
    "resources/templates/list", "resources/read", "prompts/list", "prompts/get", "tasks/get",
    "tasks/update", "tasks/cancel", "notifications/cancelled", "nothing",
]  # fmt: skip
ACCEPTED = ("application/json", "application/json, text/event-stream", "*/*")

pytestmark = SLOW
in_python = pytest.mark.skipif(
    not PYTHON.exists(), reason="make .venv-clients/.ready installs them"
)
in_javascript = pytest.mark.skipif(not NPM.exists(), reason="make build/mcp/.ready installs them")


def play_python(stack: Stack, name: str, **scenario: Any) -> dict[str, Any]:
    return python(PYTHON, "mcp_clients.py", stack, TOKEN, play=name, **scenario)


def play_javascript(stack: Stack, name: str, **scenario: Any) -> dict[str, Any]:
    return node("mcp_sdk.mjs", stack, TOKEN, play=name, **scenario)


def painted(stack: Stack) -> int:
    """How many pictures were painted since the log was emptied."""
    return len(stack.spaces.log("/queue/join"))


def grows(values: list[float]) -> bool:
    return len(values) > 2 and values == sorted(set(values))


@in_python
@pytest.mark.parametrize(("mode", "version"), MODES)
def test_the_official_client_in_python_paints(stack: Stack, mode: str, version: str) -> None:
    stack.spaces.forget()
    reported = play_python(stack, "sdk_paint", mode=mode, arguments=LIGHTHOUSE)
    assert reported["version"] == version
    assert reported["tools"] == TOOLS
    assert reported["kinds"] == ["text", "resource_link", "image"]
    assert grows([value for value, _, _ in reported["progress"]])
    assert reported["read"].startswith("image/")
    assert reported["resources"] >= 2 and reported["prompts"] >= 5
    assert painted(stack) == 1


@in_python
@pytest.mark.parametrize("mode", ["legacy", "2026-07-28"])
def test_the_official_client_in_python_takes_its_job_back(stack: Stack, mode: str) -> None:
    stack.spaces.forget()
    assert play_python(stack, "sdk_cancel", mode=mode, arguments=LONG)["outcome"] == "cancelled"
    eventually(lambda: stack.spaces.log("/cancel"))
    assert painted(stack) == 1


@in_javascript
@pytest.mark.parametrize(("sdk", "era"), SDKS)
def test_the_official_clients_in_javascript_paint(stack: Stack, sdk: str, era: str) -> None:
    stack.spaces.forget()
    reported = play_javascript(stack, "paint", sdk=sdk, era=era, arguments=LIGHTHOUSE)
    assert reported["tools"] == TOOLS
    kinds = [part["type"] for part in reported["result"]["content"]]
    assert kinds == ["text", "resource_link", "image"]
    assert reported["result"]["structuredContent"]["model"] == "flux-1-schnell"
    assert grows([notice["progress"] for notice in reported["progress"]])
    assert reported["contents"][0]["mimeType"].startswith("image/")
    assert painted(stack) == 1


@in_javascript
@pytest.mark.parametrize(("sdk", "era"), SDKS[:3])
def test_the_official_clients_in_javascript_take_their_job_back(
    stack: Stack, sdk: str, era: str
) -> None:
    stack.spaces.forget()
    reported = play_javascript(stack, "cancel", sdk=sdk, era=era, arguments=LONG)
    assert "abort" in reported["outcome"].lower()
    eventually(lambda: stack.spaces.log("/cancel"))
    assert painted(stack) == 1


@in_python
@pytest.mark.parametrize("play", ["agents_paint", "pydantic_paint"])
def test_an_agent_paints_with_the_tool(stack: Stack, play: str) -> None:
    stack.spaces.forget()
    reported = play_python(stack, play, arguments=LIGHTHOUSE)
    assert reported["offered"] == TOOLS
    assert "Painted by flux-1-schnell" in reported["output"]
    assert f"{stack.url}/media/" in reported["output"]
    assert painted(stack) == 1


@in_javascript
def test_a_burst_of_two_hundred_calls_is_painted(stack: Stack) -> None:
    stack.spaces.forget()
    arguments = {**LIGHTHOUSE, "return": "link", "steps": 1}
    reported = play_javascript(
        stack, "burst", sdk="v2", era="modern", count=200, arguments=arguments
    )
    assert reported == {"count": 200, "failed": 0}
    assert painted(stack) == 200


@in_javascript
@pytest.mark.parametrize(
    ("version", "expected"),
    [("2025-06-18", "2025-11-25"), ("2025-11-25", "2025-11-25"), ("2026-07-28", "2026-07-28")],
)
def test_the_conformance_suite_finds_what_is_expected(
    stack: Stack, version: str, expected: str, tmp_path: Path
) -> None:
    """Each scenario that fails stands in a file with the reason, and no other does."""
    listed = (EXPECTED / f"expected_failures_{expected}.yml").read_text("utf-8")
    done = subprocess.run(
        ["node", str(SUITE.resolve()), "server", "--suite", "all", "--spec-version", version,
         "--url", f"{stack.url.replace('127.0.0.1', 'localhost')}/mcp"],
        cwd=tmp_path,
        env={**os.environ, "PATH": f"{BIN}{os.pathsep}{os.environ['PATH']}", "NO_COLOR": "1"},
        capture_output=True,
        text=True,
        timeout=300,
        check=False,
    )  # fmt: skip
    summary = re.findall(r"^(?:\x1b\[\d+m)*([✓✗])(?:\x1b\[\d+m)* ([\w-]+):", done.stdout, re.M)
    assert len(summary) > 25, done.stdout + done.stderr
    failed = {name for mark, name in summary if mark == "✗"}
    known = set(re.findall(r"^  - ([\w-]+)$", listed, re.M)) & {name for _, name in summary}
    assert failed == known


def test_odd_messages_are_never_our_mistake(stack: Stack) -> None:
    """Ten thousand messages: of every method, with odd parameters, ids, headers and bodies."""
    odd = Odd(random.Random(20260728), words("dialects/mcp"))
    statuses: dict[int, int] = {}
    with httpx.Client(timeout=60) as client:
        for number in range(MESSAGES):
            body, headers = odd_message(odd)
            reply = client.post(f"{stack.url}/mcp", content=body, headers=headers)
            statuses[reply.status_code] = statuses.get(reply.status_code, 0) + 1
            assert reply.status_code < 500, (number, body, headers, reply.text)
            if reply.headers.get("content-type") == "application/json":
                assert reply.json()["jsonrpc"] == "2.0", (number, reply.text)
    assert {200, 202, 400, 404} <= statuses.keys()


def odd_message(odd: Odd) -> tuple[bytes, dict[str, str]]:
    """A body and its headers, of a client of either era that is honest here and there."""
    draw = odd.random
    method, name = draw.choice(METHODS), draw.choice(TOOLS)
    params: dict[str, Any] = {
        "name": name,
        "arguments": odd.changed({"job_id": "task_1", "query": "flux", "image": "/media/x.png"}),
        "uri": draw.choice(["darkroom://pictures/1", "darkroom://models"]),
        "taskId": "task_1",
        "requestId": 1,
    }
    headers = {"content-type": "application/json", "accept": draw.choice(ACCEPTED)}
    if draw.random() < 0.5:
        capabilities: dict[str, Any] = draw.choice(
            ({}, {"extensions": {"io.modelcontextprotocol/tasks": {}}})
        )
        params["_meta"] = {
            "io.modelcontextprotocol/protocolVersion": "2026-07-28",
            "io.modelcontextprotocol/clientCapabilities": capabilities,
            "progressToken": draw.choice((1, "a")),
        }
        named = {"tools/call": name, "resources/read": params["uri"]}.get(method, "task_1")
        headers |= {"mcp-protocol-version": "2026-07-28", "mcp-method": method, "mcp-name": named}
    message = {"jsonrpc": "2.0", "id": draw.choice((1, "a")), "method": method, "params": params}
    return odd.text(message if draw.random() < 0.3 else odd.changed(message)), headers
