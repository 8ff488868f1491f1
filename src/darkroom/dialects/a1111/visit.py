"""One request of a client: who sends it, and what they have chosen before."""

from collections.abc import Mapping
from contextlib import AbstractAsyncContextManager
from dataclasses import dataclass
from typing import Any

from darkroom.access import Caller, identify
from darkroom.deadline import Deadline
from darkroom.dialects.a1111.credentials import bearer_of
from darkroom.dialects.context import Gateway
from darkroom.dialects.openai.document import read_document
from darkroom.dialects.scope import scope_of
from darkroom.dialects.unprocessable import unprocessable
from darkroom.errors import InvalidRequest, JobFailed
from darkroom.http import Request
from darkroom.stores.preferences import Preferences
from darkroom.stores.unavailable import StoreUnavailable

STORE_LIMIT_S = 3.0  # a store that is slow costs a choice made earlier, not the picture


@dataclass(frozen=True, slots=True)
class Visit:
    """What a handler knows of its request.

    `scope` tells callers apart, for what one request leaves behind for the next: a digest of their
    credentials, or for those without any of the address that they call from; None where there is
    neither, and nothing is left behind. `origin` is the address that was called.
    """

    caller: Caller
    scope: str | None
    origin: str
    headers: Mapping[str, str]
    gateway: Gateway
    deadline: Deadline

    async def preferences(self) -> Preferences:
        """What the caller chose before; nothing where that cannot be found out."""
        if self.scope is None:
            return {}
        try:
            async with self.store_limit():
                return await self.gateway.preferences.read(self.scope)
        except (StoreUnavailable, JobFailed):
            return {}

    def store_limit(self) -> AbstractAsyncContextManager[None]:
        """A limit for one question to a store; raises `JobFailed` when it is up."""
        return self.deadline.limit(STORE_LIMIT_S, lambda: JobFailed("too slow"))


def caller_of(request: Request, gateway: Gateway) -> Caller:
    """Who calls, by a bearer or by Basic; raises as `identify` does."""
    providers = gateway.catalog.providers
    header = bearer_of(request.headers.get("authorization"), providers)
    return identify(header, gateway.settings, providers)


def visit_of(request: Request, gateway: Gateway) -> Visit:
    """Who calls; raises as `identify` does."""
    caller = caller_of(request, gateway)
    return Visit(
        caller=caller,
        scope=scope_of(caller, request.headers, gateway.settings),
        origin=request.origin,
        headers=request.headers,
        gateway=gateway,
        deadline=Deadline.after(gateway.settings.request_timeout_s, gateway.clock),
    )


async def read_fields(
    request: Request, visit: Visit, max_bytes: int | None = None
) -> dict[str, Any]:
    """The fields of a body in JSON; `max_bytes` as in `read_document`.

    Raises `Unprocessable` for what is no object of fields, as FastAPI has it.
    """
    try:
        fields = await read_document(request, visit.gateway, visit.deadline, max_bytes)
    except InvalidRequest as failure:
        if failure.status != 400:
            raise
        raise unprocessable(None, failure.message, "json_invalid") from None
    return fields
