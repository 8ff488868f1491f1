"""What the suites of the OpenAI surface share: the SDK as people set it up, and the stand-ins' logs."""

from typing import Any

import httpx
from openai import OpenAI

from tests.e2e.stack import Stack


def sdk(stack: Stack, token: str = "not-needed", **options: Any) -> OpenAI:
    """OpenAI's own client with somebody's token; it does not retry unless it is told to."""
    return OpenAI(base_url=f"{stack.url}/v1", api_key=token, **{"max_retries": 0, **options})


def forget(stack: Stack, name: str) -> None:
    """Empty the log of an API's stand-in."""
    httpx.delete(f"{stack.apis[name]}/_log", timeout=30).raise_for_status()


def sent_to(stack: Stack, name: str) -> list[dict[str, Any]]:
    """The requests for work that reached an API's stand-in since its log was emptied."""
    entries: list[dict[str, Any]] = httpx.get(f"{stack.apis[name]}/_log", timeout=30).json()
    return [entry for entry in entries if entry["method"] == "POST"]


def body_sent_to(stack: Stack, name: str) -> Any:
    """The body of the one request for work that reached an API's stand-in."""
    (entry,) = sent_to(stack, name)
    return entry["body"]
