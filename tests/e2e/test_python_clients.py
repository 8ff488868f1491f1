"""Clients in Python, each as it is installed from PyPI, against the Worker.

What was painted is counted where it was painted: a turn of a loop of tools is one picture. They
bring along much, so that `make test-slow` alone installs them, in an environment of their own.
"""

import base64
from pathlib import Path
from typing import Any

import pytest

from tests.e2e.programs import python
from tests.e2e.sdk import web
from tests.e2e.stack import Stack
from tests.support.pictures import digest, digests_in, opened, picture
from tests.support.slow import SLOW

PYTHON = Path(".venv-clients/bin/python")
PAINTER, EDITOR = "flux-1-schnell", "qwen-image-edit"
SAID = "Here is the picture."

pytestmark = [
    SLOW,
    pytest.mark.skipif(not PYTHON.exists(), reason="make .venv-clients/.ready installs them"),
]
streamed = pytest.mark.parametrize("stream", [False, True], ids=["at once", "streamed"])
by_id = pytest.mark.parametrize("by_id", [False, True], ids=["by items", "by id"])


def play(stack: Stack, name: str, **scenario: Any) -> dict[str, Any]:
    return python(PYTHON, "python_clients.py", stack, play=name, **scenario)


def painted(stack: Stack) -> int:
    """How many pictures were painted since the log was emptied."""
    return len(stack.spaces.log("/queue/join"))


def uploaded(stack: Stack) -> list[str]:
    """The digests of the pictures that were worked on."""
    return list(digests_in([entry["body"] for entry in stack.spaces.log("/upload")]))


@streamed
@by_id
def test_openais_agents_paint_once_for_each_turn_and_go_on_from_the_picture(
    stack: Stack, stream: bool, by_id: bool
) -> None:
    stack.spaces.forget()
    reported = play(stack, "openai_agents", stream=stream, by_id=by_id)
    assert reported["turns"] == [{"output": SAID, "pictures": 1}] * 2
    assert painted(stack) == 2
    assert len(uploaded(stack)) == 1


@streamed
@by_id
def test_langchain_paints_once_for_each_turn_and_goes_on_from_the_picture(
    stack: Stack, stream: bool, by_id: bool
) -> None:
    stack.spaces.forget()
    first, second = play(stack, "langchain_turns", stream=stream, by_id=by_id)["turns"]
    assert [turn["output"] for turn in (first, second)] == [SAID] * 2
    assert painted(stack) == 2
    assert uploaded(stack) == [digest(base64.b64decode(first["pictures"][0]))]
    assert opened(second["pictures"][0])


def test_pydantic_ai_paints_once_for_each_turn_and_goes_on_from_the_picture(stack: Stack) -> None:
    stack.spaces.forget()
    first, second = play(stack, "pydantic_turns")["turns"]
    assert painted(stack) == 2
    assert uploaded(stack) == [digest(base64.b64decode(first["picture"]))]
    assert opened(second["picture"])


@pytest.mark.parametrize("model", ["dall-e-2", "dall-e-3", PAINTER])
def test_langchains_wrapper_finds_the_address_that_it_reads(stack: Stack, model: str) -> None:
    url = play(stack, "langchain_dalle", model=model)["url"]
    assert opened(web().get(url).content)


@pytest.mark.parametrize("model", ["dall-e-3", "gpt-image-1", PAINTER])
def test_haystack_finds_the_base64_that_it_reads(stack: Stack, model: str) -> None:
    assert opened(play(stack, "haystack", model=model)["picture"])


def test_litellm_paints_edits_and_reads_chats_and_responses(stack: Stack) -> None:
    source = base64.b64encode(picture("teal")).decode()
    reported = play(stack, "litellm_calls", model=PAINTER, editor=EDITOR, source=source)
    for each in (reported["painted"], reported["edited"]):
        assert opened(each["b64_json"])
        assert opened(web().get(each["url"]).content)
    assert reported["chat"].startswith("![picture](")
    assert reported["tokens"] == 0
    assert reported["response"] == ["image_generation_call", "message"]


def test_llm_prints_a_painted_chat_streamed_or_not(stack: Stack) -> None:
    printed = play(stack, "llm_chat", model=PAINTER)
    assert {name: text[:11] for name, text in printed.items()} == {
        "whole": "![picture](",
        "streamed": "![picture](",
    }
