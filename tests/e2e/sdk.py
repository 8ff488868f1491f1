"""What the suites of the OpenAI surface share: the SDK as people set it up, and the stand-ins' logs.

Connections are shared too: making a client takes longer than most answers take to come.
"""

from collections.abc import Iterator
from contextlib import contextmanager
from functools import cache
from typing import Any

import httpx
from openai import DefaultHttpxClient, OpenAI

from tests.e2e.stack import Stack


@contextmanager
def sdk(stack: Stack, token: str = "not-needed", **options: Any) -> Iterator[OpenAI]:
    """OpenAI's own client with somebody's token; it does not retry unless it is told to.

    Its connections are left open for the next one.
    """
    chosen = {"http_client": _connections_of_the_sdk(), "max_retries": 0, **options}
    yield OpenAI(base_url=f"{stack.url}/v1", api_key=token, **chosen)


@cache
def web() -> httpx.Client:
    """A client for everything else. Its connections are new each time: their servers may be too."""
    return httpx.Client(timeout=60, limits=httpx.Limits(max_keepalive_connections=0))


@cache
def _connections_of_the_sdk() -> DefaultHttpxClient:
    return DefaultHttpxClient()


def forget(stack: Stack, name: str) -> None:
    """Empty the log of an API's stand-in."""
    web().delete(f"{stack.apis[name]}/_log").raise_for_status()


def sent_to(stack: Stack, name: str) -> list[dict[str, Any]]:
    """The requests for work that reached an API's stand-in since its log was emptied."""
    entries: list[dict[str, Any]] = web().get(f"{stack.apis[name]}/_log").json()
    return [entry for entry in entries if entry["method"] == "POST"]


def body_sent_to(stack: Stack, name: str) -> Any:
    """The body of the one request for work that reached an API's stand-in."""
    (entry,) = sent_to(stack, name)
    return entry["body"]
