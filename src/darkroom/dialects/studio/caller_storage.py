"""Per-caller storage of the studio's routes, and its errors."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

from darkroom.context import RequestContext
from darkroom.deadline import Deadline
from darkroom.errors import CredentialMissing, NotConfigured, UpstreamUnavailable
from darkroom.gateway import Gateway
from darkroom.stores.media import MediaStore
from darkroom.stores.unavailable import StoreUnavailable

STORE_LIMIT_S = 20.0


def demand_store(gateway: Gateway) -> MediaStore:
    """The bucket; raises `NotConfigured` where none is bound."""
    if gateway.media is None:
        raise NotConfigured("There is no bucket here to keep anything in: MEDIA is not bound.")
    return gateway.media


def demand_caller_key(context: RequestContext) -> str:
    """The key of this caller's data; raises `CredentialMissing` for an anonymous caller."""
    key = context.caller_key
    if key is None:
        raise CredentialMissing(
            "What is kept here belongs to whoever asked for it, and nothing tells who that is. "
            "Send a credential.",
            param="authorization",
        )
    return key


@asynccontextmanager
async def store_limit(deadline: Deadline) -> AsyncIterator[None]:
    """A time limit for the bucket; raises `UpstreamUnavailable` where it fails."""
    unavailable = UpstreamUnavailable("What is kept here cannot be reached now.")
    try:
        with deadline.limit(STORE_LIMIT_S, lambda: unavailable):
            yield
    except StoreUnavailable:
        raise unavailable from None
