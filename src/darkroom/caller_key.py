"""The per-caller key under which cache, history, progress and tasks are stored."""

import hashlib
from collections.abc import Mapping

from darkroom.access import Caller
from darkroom.settings import Settings


def caller_key_of(caller: Caller, headers: Mapping[str, str], settings: Settings) -> str | None:
    """A digest of the caller's credentials, with the address where anybody might send the same.

    Of the address alone for a caller without any; None where it would take one that is not known.
    """
    if scope := caller.scope:
        return scope
    address = headers.get(settings.address_header)
    known_by = "\0".join(filter(None, ("address", address, caller.digest)))
    return hashlib.sha256(known_by.encode()).hexdigest() if address else None


def credential_key_of(caller: Caller, headers: Mapping[str, str], settings: Settings) -> str | None:
    """The same, but None for a caller without any credential."""
    return caller_key_of(caller, headers, settings) if caller.digest else None
