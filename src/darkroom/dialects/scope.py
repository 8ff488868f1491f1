"""What tells callers apart, for what one request leaves behind for the next."""

import hashlib

from darkroom.access import Caller
from darkroom.dialects.context import Gateway
from darkroom.http import Request

_ADDRESS = "cf-connecting-ip"  # set by the edge, whatever a caller writes there


def scope_of(caller: Caller, request: Request, gateway: Gateway) -> str | None:
    """A digest of the caller's credentials, or of the address that one without any calls from.

    None where there is neither.
    """
    if scope := caller.scope(gateway.catalog.providers):
        return scope
    address = request.headers.get(_ADDRESS)
    return hashlib.sha256(f"address\0{address}".encode()).hexdigest() if address else None
