"""The AI SDK and OpenAI's Agents SDK for JavaScript against the Worker, unchanged.

What was painted is counted where it was painted: a turn of a loop of tools is one picture.
"""

import base64
from typing import Any

import pytest

from tests.e2e.programs import node
from tests.e2e.sdk import web
from tests.e2e.stack import Stack
from tests.support.pictures import digest, digests_in, opened, picture

PAINTER, EDITOR = "flux-1-schnell", "qwen-image-edit"
PROVIDERS = ("openai", "compatible")
SAID = "Here is the picture."
TURNS = ["a lighthouse", "make it blue"]


def ai_sdk(stack: Stack, play: str, **scenario: Any) -> dict[str, Any]:
    """What the AI SDK made of a scenario."""
    return node("ai_sdk.mjs", stack, play=play, **scenario)


def painted(stack: Stack) -> int:
    """How many pictures were painted since the log was emptied."""
    return len(stack.spaces.log("/queue/join"))


def uploaded(stack: Stack) -> list[str]:
    """The digests of the pictures that were worked on."""
    return list(digests_in([entry["body"] for entry in stack.spaces.log("/upload")]))


@pytest.mark.parametrize("provider", PROVIDERS)
@pytest.mark.parametrize("model", [PAINTER, "dall-e-3", "gpt-image-1"])
def test_the_ai_sdk_paints_a_picture(stack: Stack, provider: str, model: str) -> None:
    reported = ai_sdk(stack, "image", provider=provider, model=model, prompt="a lighthouse")
    assert opened(reported["images"][0])


@pytest.mark.parametrize("provider", PROVIDERS)
@pytest.mark.parametrize("model", [EDITOR, "gpt-image-1"])
def test_the_ai_sdk_edits_a_picture(stack: Stack, provider: str, model: str) -> None:
    source = picture("teal")
    stack.spaces.forget()
    encoded = base64.b64encode(source).decode()
    scenario = {"provider": provider, "model": model, "source": encoded}
    reported = ai_sdk(stack, "image", prompt="at night", **scenario)
    assert opened(reported["images"][0])
    assert uploaded(stack) == [digest(source)]


@pytest.mark.parametrize("provider", PROVIDERS)
@pytest.mark.parametrize("play", ["chat", "stream"])
def test_the_ai_sdk_reads_a_painted_chat_and_its_usage(
    stack: Stack, provider: str, play: str
) -> None:
    reported = ai_sdk(stack, play, provider=provider, model=PAINTER, prompt="a lighthouse")
    url = reported["text"].removeprefix("![picture](").removesuffix(")")
    assert opened(web().get(url).content)
    assert reported["usage"]["totalTokens"] == 0


@pytest.mark.parametrize("options", [{}, {"store": False}], ids=["kept", "not kept"])
def test_the_ai_sdk_paints_once_for_each_turn_and_goes_on_from_the_picture(
    stack: Stack, options: dict[str, Any]
) -> None:
    stack.spaces.forget()
    reported = ai_sdk(stack, "turns", model="gpt-5.4", prompt=TURNS, tool={}, options=options)
    first, second = reported["turns"]
    assert [(turn["text"], turn["steps"]) for turn in (first, second)] == [(SAID, 1)] * 2
    assert painted(stack) == 2
    before = [digest(base64.b64decode(first["pictures"][0]))] if not options else []
    assert uploaded(stack) == before
    assert opened(second["pictures"][0])


@pytest.mark.parametrize("stream", [False, True], ids=["at once", "streamed"])
@pytest.mark.parametrize("by_id", [False, True], ids=["by items", "by id"])
def test_openais_agents_paint_once_for_each_turn_and_go_on_from_the_picture(
    stack: Stack, stream: bool, by_id: bool
) -> None:
    stack.spaces.forget()
    scenario: dict[str, Any] = {"prompts": TURNS, "tool": {}, "stream": stream, "by_id": by_id}
    reported = node("openai_agents.mjs", stack, **scenario)
    assert reported["turns"] == [{"output": SAID, "pictures": 1}] * 2
    assert painted(stack) == 2
    assert len(uploaded(stack)) == 1
