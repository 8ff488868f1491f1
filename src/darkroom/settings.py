"""The environment, read once into a frozen value."""

import json
import math
import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Protocol

from darkroom.errors import Misconfigured

_DIGEST = re.compile("[0-9a-f]{64}")
_ORIGIN = re.compile(r"https?://(?:[a-z0-9._-]+|\[[0-9a-f:.]+\])(?::[0-9]{1,5})?")


class Secret:
    """A string that does not print itself."""

    __slots__ = ("_value",)

    def __init__(self, value: str) -> None:
        self._value = value

    def reveal(self) -> str:
        """The string, for the one header that needs it."""
        return self._value

    def __repr__(self) -> str:
        return "Secret(…)"

    def __eq__(self, other: object) -> bool:
        return isinstance(other, Secret) and other._value == self._value

    def __hash__(self) -> int:
        return hash(self._value)


class Environment(Protocol):
    """Where variables and secrets are looked up by name."""

    def get(self, name: str, /) -> str | None:
        """The value, or None."""
        ...


@dataclass(frozen=True, slots=True)
class Settings:
    """What an operator may choose, by variables of the same names in upper case.

    `huggingface_token_header` is the header that takes a caller's token to a Space: the hosting
    edge strips `x-hf-authorization`, while the Space's author would see `authorization`
    (reference/gradio.md section 8). `public_url` is this gateway's own address, for the links in
    its answers; without it the caller's spelling is used. `poll_delays_s` is waited before each
    question after a task, the last of them again and again. `gateway_keys` are SHA-256 digests of
    the keys that unlock `tokens`, the operator's own by provider; `public_providers` are servers
    of the operator's that need no key. `result_lifetime_s` is how long what a caller's own seed
    came to is remembered, zero for not at all; `share_results` lets all callers have each other's.
    `history_cap` is how many pictures are remembered for each caller.
    `source_origins` are where pictures named by their address
    may come from beside public https hosts, in lower case and without a standard port.
    """

    default_model: str = "z-image-turbo"
    default_edit_model: str = "qwen-image-edit"
    default_text_model: str | None = None
    default_vision_model: str | None = None
    public_url: str | None = None
    request_timeout_s: float = 300.0
    max_body_bytes: int = 28 * 1024 * 1024
    result_lifetime_s: float = 86_400.0
    share_results: bool = False
    history_cap: int = 500
    poll_delays_s: tuple[float, ...] = (2.0, 3.0, 5.0)
    huggingface_token_header: str = "x-hf-authorization"  # noqa: S105 - a header's name
    gateway_keys: tuple[str, ...] = ()
    public_providers: tuple[str, ...] = ()
    source_origins: tuple[str, ...] = ()
    tokens: Mapping[str, tuple[Secret, ...]] = field(default_factory=dict)

    @classmethod
    def from_env(cls, env: Environment, providers: Sequence[str] = ()) -> "Settings":
        """Read the environment; what is absent or empty keeps its default.

        `providers` are the ids whose tokens are looked for. Raises `Misconfigured` for a value
        that cannot be used.
        """
        defaults = cls()
        token_header = (env.get("HUGGINGFACE_TOKEN_HEADER") or "").lower()
        if token_header not in ("", "x-hf-authorization", "authorization"):
            raise Misconfigured(
                "HUGGINGFACE_TOKEN_HEADER must be X-HF-Authorization or Authorization"
            )
        tokens = {name: _secrets(env, f"{variable_prefix(name)}_TOKENS") for name in providers}
        return cls(
            default_model=env.get("DEFAULT_MODEL") or defaults.default_model,
            default_edit_model=env.get("DEFAULT_EDIT_MODEL") or defaults.default_edit_model,
            default_text_model=env.get("DEFAULT_TEXT_MODEL") or None,
            default_vision_model=env.get("DEFAULT_VISION_MODEL") or None,
            public_url=(env.get("PUBLIC_URL") or "").rstrip("/") or None,
            request_timeout_s=_number(env, "REQUEST_TIMEOUT_S", defaults.request_timeout_s),
            max_body_bytes=int(_number(env, "MAX_BODY_BYTES", defaults.max_body_bytes)),
            result_lifetime_s=_number(
                env, "RESULT_LIFETIME_S", defaults.result_lifetime_s, minimum=0
            ),
            share_results=_switch(env, "SHARE_RESULTS"),
            history_cap=int(_number(env, "HISTORY_CAP", defaults.history_cap)),
            poll_delays_s=_delays(env, "POLL_DELAYS_S") or defaults.poll_delays_s,
            huggingface_token_header=token_header or defaults.huggingface_token_header,
            gateway_keys=_digests(env, "GATEWAY_KEYS"),
            public_providers=_list(env, "PUBLIC_PROVIDERS"),
            source_origins=_origins(env, "SOURCE_ORIGINS"),
            tokens={name: secrets for name, secrets in tokens.items() if secrets},
        )


def variable_prefix(provider: str) -> str:
    """How the variables of a provider begin: `hf-inference` becomes `HF_INFERENCE`."""
    return re.sub("[^A-Z0-9]", "_", provider.upper())


def read_json(env: Environment, name: str) -> object:
    """The JSON of a variable, or None; raises `Misconfigured` for anything else."""
    text = env.get(name)
    if not text:
        return None
    try:
        return json.loads(text)
    except (ValueError, RecursionError):
        raise Misconfigured(f"{name} is not JSON") from None


def _number(env: Environment, name: str, default: float, minimum: float = 1) -> float:
    text = env.get(name)
    if not text:
        return default
    try:
        value = float(text)
    except ValueError:
        value = -1.0
    if not minimum <= value < math.inf:
        raise Misconfigured(f"{name} must be a number of at least {minimum:g}")
    return value


def _switch(env: Environment, name: str) -> bool:
    text = (env.get(name) or "false").lower()
    if text not in ("true", "false"):
        raise Misconfigured(f"{name} must be true or false")
    return text == "true"


def _delays(env: Environment, name: str) -> tuple[float, ...]:
    try:
        delays = tuple(map(float, _list(env, name)))
    except ValueError:
        delays = (0.0,)
    if not all(0.05 <= delay <= 60 for delay in delays):
        raise Misconfigured(f"{name} must be seconds such as 2,3,5, each from 0.05 to 60")
    return delays


def _list(env: Environment, name: str) -> tuple[str, ...]:
    entries = (entry.strip() for entry in (env.get(name) or "").split(","))
    return tuple(entry for entry in entries if entry)


def _origins(env: Environment, name: str) -> tuple[str, ...]:
    origins = tuple(entry.lower().removesuffix("/") for entry in _list(env, name))
    if not all(_ORIGIN.fullmatch(origin) for origin in origins):
        raise Misconfigured(
            f"{name} must hold origins such as https://files.example.com, separated by commas, "
            "without a path, a user or a password"
        )
    return tuple(
        origin.removesuffix(":443" if origin.startswith("https:") else ":80") for origin in origins
    )


def _secrets(env: Environment, name: str) -> tuple[Secret, ...]:
    return tuple(Secret(entry) for entry in _list(env, name))


def _digests(env: Environment, name: str) -> tuple[str, ...]:
    digests = tuple(entry.lower() for entry in _list(env, name))
    if not all(_DIGEST.fullmatch(digest) for digest in digests):
        raise Misconfigured(
            f"{name} must hold SHA-256 digests in hexadecimal, separated by commas, "
            "and never the keys themselves"
        )
    return digests
