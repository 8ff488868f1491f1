"""Settings of Workers AI: its gateway, and what callers without a gateway key may use of it."""

import json
import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Self

from darkroom.environment import Environment, read_number
from darkroom.errors import Misconfigured

MAX_METADATA = 5  # entries, as at AI Gateway
MAX_CACHE_TTL_S = 31_536_000
_GATEWAY_ID = re.compile("[a-z0-9_-]{1,64}")
_SWITCHES: Mapping[str, bool | None] = {"": None, "true": True, "false": False}


@dataclass(frozen=True, slots=True)
class AiSettings:
    """The settings of an operator's Workers AI, by variables of the same names in upper case.

    `free_neurons_a_day` is what callers without a gateway key may use of the binding in a day of
    UTC; zero closes it to them. The others are options of AI Gateway
    (reference/cloudflare-ai.md, "Calls"), which are left to it where they are None: the gateway's
    id, for how many seconds it caches answers, whether its cache is passed over, whether it logs,
    and metadata for its log.
    """

    free_neurons_a_day: int = 9000
    ai_gateway_id: str | None = None
    ai_gateway_cache_ttl_s: int | None = None
    ai_gateway_skip_cache: bool | None = None
    ai_gateway_collect_log: bool | None = None
    ai_gateway_metadata: Mapping[str, object] = field(default_factory=dict)

    @classmethod
    def from_env(cls, env: Environment) -> Self:
        """Read the environment; raises `Misconfigured` for what cannot be used."""
        gateway_id = env.get("AI_GATEWAY_ID") or None
        if gateway_id is not None and not _GATEWAY_ID.fullmatch(gateway_id):
            raise Misconfigured("AI_GATEWAY_ID must be the id of a gateway, such as darkroom")
        ttl_s = int(read_number(env, "AI_GATEWAY_CACHE_TTL_S", 0, 0, MAX_CACHE_TTL_S))
        return cls(
            free_neurons_a_day=int(read_number(env, "FREE_NEURONS_A_DAY", 9000, 0, 1e9)),
            ai_gateway_id=gateway_id,
            ai_gateway_cache_ttl_s=ttl_s or None,
            ai_gateway_skip_cache=_switch(env, "AI_GATEWAY_SKIP_CACHE"),
            ai_gateway_collect_log=_switch(env, "AI_GATEWAY_COLLECT_LOG"),
            ai_gateway_metadata=_metadata(env, "AI_GATEWAY_METADATA"),
        )

    def gateway_options(self, *, needed: bool) -> Mapping[str, object]:
        """The `gateway` option of a call by the binding; empty where none is set and `needed`.

        What is needed and not set is the account's gateway `default`.
        """
        gateway_id = self.ai_gateway_id or ("default" if needed else None)
        if gateway_id is None:
            return {}
        options = {
            "id": gateway_id,
            "cacheTtl": self.ai_gateway_cache_ttl_s,
            "skipCache": self.ai_gateway_skip_cache,
            "collectLog": self.ai_gateway_collect_log,
            "metadata": dict(self.ai_gateway_metadata) or None,
        }
        return {name: value for name, value in options.items() if value is not None}

    def gateway_headers(self, *, needed: bool) -> Mapping[str, str]:
        """The same as headers of a request to the REST API."""
        return {
            f"cf-aig-{_HEADERS[name]}": value if isinstance(value, str) else json.dumps(value)
            for name, value in self.gateway_options(needed=needed).items()
        }


_HEADERS = {
    "id": "gateway-id",
    "cacheTtl": "cache-ttl",
    "skipCache": "skip-cache",
    "collectLog": "collect-log",
    "metadata": "metadata",
}


def _switch(env: Environment, name: str) -> bool | None:
    text = (env.get(name) or "").lower()
    if text not in _SWITCHES:
        raise Misconfigured(f"{name} must be true or false")
    return _SWITCHES[text]


def _metadata(env: Environment, name: str) -> Mapping[str, object]:
    text = env.get(name)
    if not text:
        return {}
    try:
        value = json.loads(text)
    except (ValueError, RecursionError):
        value = None
    is_flat = isinstance(value, dict) and all(
        isinstance(entry, str | int | float) for entry in value.values()
    )
    if not is_flat or len(value) > MAX_METADATA:
        raise Misconfigured(
            f"{name} must be a JSON object of up to {MAX_METADATA} texts, numbers or booleans"
        )
    entries: Mapping[str, object] = value
    return entries
