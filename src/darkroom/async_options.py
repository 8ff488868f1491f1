"""Options of a request: background or waiting, webhook, idempotency key."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from darkroom.errors import InvalidRequest

MAX_KEY_CHARS = 255
_SWITCHES = {True: True, False: False, "true": True, "false": False, "1": True, "0": False}


@dataclass(frozen=True, slots=True)
class AsyncOptions:
    """The fields `async` and `webhook_url`, and the headers about background work and retries.

    `preferred` is `Prefer: respond-async` (RFC 7240), which may go unheeded; `idempotency_key` is
    the header `Idempotency-Key`. `spelling` is what the dialect calls `async`.
    """

    asynchronous: bool = False
    preferred: bool = False
    webhook_url: str | None = None
    idempotency_key: str | None = None
    spelling: str = "async"

    @property
    def waits(self) -> bool:
        """Whether the caller waits for the result."""
        return not (self.asynchronous or self.preferred)


def pop_async_options(document: dict[str, Any], headers: Mapping[str, str]) -> AsyncOptions:
    """Take the fields out of a request's body, whose dialect need not know them.

    Raises `InvalidRequest` naming what is wrong.
    """
    asynchronous = _read_switch(document.pop("async", None))
    webhook_url = document.pop("webhook_url", None) or None
    if webhook_url is not None and not isinstance(webhook_url, str):
        raise InvalidRequest("webhook_url: must be an address.", param="webhook_url")
    key = headers.get("idempotency-key")
    if key is not None and not 1 <= len(key) <= MAX_KEY_CHARS:
        raise InvalidRequest(
            f"Idempotency-Key: must have 1 to {MAX_KEY_CHARS} characters.", param="idempotency-key"
        )
    return AsyncOptions(asynchronous, _prefers_async(headers.get("prefer", "")), webhook_url, key)


def _read_switch(value: object) -> bool:
    if value is None or value == "":
        return False
    text = value.lower() if isinstance(value, str) else value
    if not isinstance(text, bool | str) or text not in _SWITCHES:
        raise InvalidRequest("async: must be true or false.", param="async")
    return _SWITCHES[text]


def _prefers_async(header: str) -> bool:
    preferences = (part.partition(";")[0].strip().lower() for part in header.split(","))
    return "respond-async" in preferences
