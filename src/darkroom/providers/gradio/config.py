"""A Gradio server's `/config`: the signatures of its functions (reference/gradio.md section 2)."""

import re
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from darkroom.deadline import Clock
from darkroom.errors import UpstreamBroken
from darkroom.json_reader import CONFIG, parse_json_bytes

SIGNATURE_LIFETIME_S = 600.0
# It becomes a part of addresses: with more characters than these it could name another host.
_PREFIX = re.compile(r"(?:/[A-Za-z0-9_-]{1,60}){0,4}")


@dataclass(frozen=True, slots=True)
class Signature:
    """The signature of one function: path prefix and ids of its version."""

    prefix: str
    fn_index: int
    trigger_id: int | None


def find_signature(
    config: bytes, api_name: str, input_count: int, fn_index: int | None = None
) -> Signature:
    """Find a function by its API name in a server's configuration.

    `fn_index` is looked at when no function has the name any more, and taken if the function
    there has the same number of inputs. Raises `UpstreamBroken` when neither fits.
    """
    try:
        document: dict[str, Any] = parse_json_bytes(config, CONFIG)
        functions = document["dependencies"]
        named = [f for f in functions if str(f.get("api_name")).strip("/") == api_name]
        placed = [f for f in functions if f.get("id") == fn_index]
        for function in [*named, *placed]:
            if len(function["inputs"]) == input_count:
                return _signature(document, function, functions.index(function))
    except (ValueError, KeyError, TypeError, AttributeError):
        raise UpstreamBroken("The Space's configuration cannot be read.") from None
    raise UpstreamBroken(
        f"The Space no longer has a function {api_name!r} with {input_count} inputs."
    )


def _signature(
    document: Mapping[str, Any], function: Mapping[str, Any], position: int
) -> Signature:
    targets = function.get("targets") or []
    trigger = targets[0][0] if targets and targets[0] else None
    prefix = (document.get("api_prefix") or "").rstrip("/")
    if not _PREFIX.fullmatch(prefix):
        raise UpstreamBroken("The Space's configuration names an API path that is none.")
    return Signature(
        prefix=prefix,
        fn_index=int(function.get("id", position)),
        trigger_id=trigger if isinstance(trigger, int) else None,
    )


class SignatureCache:
    """Signatures by server and function, for as long as they are fresh.

    Lives as long as its isolate; holds plain values only.
    """

    def __init__(self) -> None:
        self._entries: dict[tuple[str, str], tuple[float, Signature]] = {}

    def get(self, server: str, api_name: str, clock: Clock) -> Signature | None:
        """The signature, unless it is unknown or older than its lifetime."""
        entry = self._entries.get((server, api_name))
        if entry is None or clock.monotonic() - entry[0] > SIGNATURE_LIFETIME_S:
            return None
        return entry[1]

    def put(self, server: str, api_name: str, signature: Signature, clock: Clock) -> None:
        """Remember a signature from now on."""
        self._entries[server, api_name] = (clock.monotonic(), signature)

    def forget(self, server: str, api_name: str) -> None:
        """Drop a signature that turned out to be wrong."""
        self._entries.pop((server, api_name), None)
