"""Shared parts of AUTOMATIC1111's handlers: the caller, their preferences, the body."""

from contextlib import AbstractContextManager
from typing import Any

from darkroom.access import Caller, identify
from darkroom.context import RequestContext
from darkroom.deadline import Deadline
from darkroom.dialects.a1111.credentials import bearer_of
from darkroom.errors import InvalidRequest, JobFailed
from darkroom.gateway import Gateway
from darkroom.http import Request
from darkroom.stores.preferences import Preferences
from darkroom.stores.unavailable import StoreUnavailable
from darkroom.validation_error import unprocessable

STORE_LIMIT_S = 3.0  # a store that is slow costs a choice made earlier, not the picture


async def preferences_of(context: RequestContext) -> Preferences:
    """Read the caller's preferences; empty where that cannot be done."""
    if context.caller_key is None:
        return {}
    try:
        with store_limit(context.deadline):
            return await context.gateway.preferences.read(context.caller_key)
    except (StoreUnavailable, JobFailed):
        return {}


def store_limit(deadline: Deadline) -> AbstractContextManager[None]:
    """A limit for one question to a store; raises `JobFailed` when it is up."""
    return deadline.limit(STORE_LIMIT_S, lambda: JobFailed("too slow"))


def caller_of(request: Request, gateway: Gateway) -> Caller:
    """Authenticate by a bearer or by Basic; raises as `identify` does."""
    providers = gateway.catalog.providers
    header = bearer_of(request.headers.get("authorization"), providers)
    return identify(header, gateway.settings, providers, gateway.issued_keys)


async def read_fields(context: RequestContext, max_bytes: int | None = None) -> dict[str, Any]:
    """Read the fields of a body in JSON; `max_bytes` as in `RequestContext.read_body`.

    Raises `Unprocessable` for what is no object of fields, as FastAPI has it.
    """
    _ = context.caller  # raises for callers without access before the body is read
    try:
        return await context.read_document(max_bytes)
    except InvalidRequest as failure:
        if failure.status != 400:
            raise
        raise unprocessable(None, failure.message, "json_invalid") from None
