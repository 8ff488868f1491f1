"""Settings: the environment, read once into a frozen value."""

import base64
import binascii
import json
import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

from pydantic import TypeAdapter, ValidationError

from darkroom.ai_settings import AiSettings
from darkroom.environment import Environment, read_number
from darkroom.errors import Misconfigured
from darkroom.gateway_key import GatewayKey, NamedDigest, id_of_digest, make_key
from darkroom.limit_settings import Lifetimes, Limits

MIN_SECRET_CHARS = 32
_DIGEST = re.compile("[0-9a-f]{64}")
_HEADER_NAME = re.compile("[a-z0-9-]{1,64}")
CLOUDFLARE_ADDRESS_HEADER = "cf-connecting-ip"  # overwritten by its edge, whatever a caller sends
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


@dataclass(frozen=True, slots=True)
class Settings:
    """The settings of an operator, by variables of the same names in upper case.

    `huggingface_token_header` is the header that takes a caller's token to a Space: the hosting
    edge strips `x-hf-authorization`, while the Space's author would see `authorization`
    (reference/gradio.md section 8). `public_url` is this gateway's own address, for the links in
    its answers; without it the caller's spelling is used. `poll_delays_s` is waited before each
    question after a task, the last of them again and again, or longer, so that `max_polls` last
    until the deadline. `gateway_keys` are SHA-256 digests of
    the keys that unlock `tokens`, the operator's own by provider, `named_keys` those with names
    and limits, and `admin_keys` of those that manage keys and read the metrics too; `log_prompts`
    writes prompts into the log. `public_providers` are servers
    of the operator's that need no key. `result_lifetime_s` is how long what a caller's own seed
    came to is remembered, zero for not at all; `share_results` lets all callers have each other's.
    `sharing` lets callers put pictures on pages of this gateway, which are open to everybody.
    `history_cap` is how many pictures are remembered for each caller.
    `source_origins` are where pictures named by their address may come from beside public https
    hosts, and where webhooks may go, in lower case and without a standard port. `task_timeout_s` is
    what a task may take: an alarm of the runtime has 15 minutes for all of its work.
    `allowed_origins` are the origins of web pages that may call without a credential, spelled the
    same way. `client_address_header` is where a proxy before this gateway writes the address of a
    client, empty where none does, None where the operator did not say.
    `hidden_states_model` is what the server of hidden states calls its text encoder.
    `relay_models` are the models behind the relay's routes, where others than the table's.
    `task_lifetime_s` is how long one is remembered that is over. `task_secret` seals callers'
    credentials, `webhook_secret` (`whsec_…`) signs webhooks.
    """

    default_model: str = "auto"
    default_edit_model: str = "auto"
    default_layer_model: str = "qwen-image-layered"
    default_text_model: str | None = None
    default_vision_model: str | None = None
    hidden_states_model: str | None = None
    public_url: str | None = None
    request_timeout_s: float = 300.0
    max_body_bytes: int = 28 * 1024 * 1024
    result_lifetime_s: float = 86_400.0
    share_results: bool = False
    sharing: bool = False
    history_cap: int = 500
    task_timeout_s: float = 840.0
    task_lifetime_s: float = 86_400.0
    task_secret: Secret | None = None
    webhook_secret: Secret | None = None
    poll_delays_s: tuple[float, ...] = (2.0, 3.0, 5.0)
    max_polls: int = 30
    huggingface_token_header: str = "x-hf-authorization"  # noqa: S105 - a header's name
    gateway_keys: tuple[str, ...] = ()
    named_keys: tuple[GatewayKey, ...] = ()
    admin_keys: tuple[str, ...] = ()
    log_prompts: bool = False
    public_providers: tuple[str, ...] = ()
    source_origins: tuple[str, ...] = ()
    allowed_origins: tuple[str, ...] = ()
    client_address_header: str | None = None
    relay_models: Mapping[str, tuple[str, ...]] = field(default_factory=dict)
    tokens: Mapping[str, tuple[Secret, ...]] = field(default_factory=dict)
    ai: AiSettings = field(default_factory=AiSettings)
    limits: Limits = field(default_factory=Limits)
    lifetimes: Lifetimes = field(default_factory=Lifetimes)

    @property
    def address_header(self) -> str:
        """The name of the header that tells a client's address; empty where none is believed."""
        if self.client_address_header is None:
            return CLOUDFLARE_ADDRESS_HEADER
        return self.client_address_header

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
        named_keys = _named_keys(env, "GATEWAY_KEYS")
        tokens = {name: _secrets(env, f"{variable_prefix(name)}_TOKENS") for name in providers}
        return cls(
            default_model=env.get("DEFAULT_MODEL") or defaults.default_model,
            default_edit_model=env.get("DEFAULT_EDIT_MODEL") or defaults.default_edit_model,
            default_layer_model=env.get("DEFAULT_LAYER_MODEL") or defaults.default_layer_model,
            default_text_model=env.get("DEFAULT_TEXT_MODEL") or None,
            default_vision_model=env.get("DEFAULT_VISION_MODEL") or None,
            hidden_states_model=env.get("HIDDEN_STATES_MODEL") or None,
            public_url=(env.get("PUBLIC_URL") or "").rstrip("/") or None,
            request_timeout_s=read_number(env, "REQUEST_TIMEOUT_S", defaults.request_timeout_s),
            max_body_bytes=int(read_number(env, "MAX_BODY_BYTES", defaults.max_body_bytes)),
            result_lifetime_s=read_number(
                env, "RESULT_LIFETIME_S", defaults.result_lifetime_s, minimum=0
            ),
            share_results=_switch(env, "SHARE_RESULTS"),
            sharing=_switch(env, "SHARING"),
            history_cap=int(read_number(env, "HISTORY_CAP", defaults.history_cap)),
            task_timeout_s=read_number(env, "TASK_TIMEOUT_S", defaults.task_timeout_s, maximum=840),
            task_lifetime_s=read_number(env, "TASK_LIFETIME_S", defaults.task_lifetime_s),
            task_secret=_task_secret(env),
            webhook_secret=_webhook_secret(env),
            poll_delays_s=_delays(env, "POLL_DELAYS_S") or defaults.poll_delays_s,
            max_polls=int(read_number(env, "MAX_POLLS", defaults.max_polls, minimum=1)),
            huggingface_token_header=token_header or defaults.huggingface_token_header,
            gateway_keys=() if named_keys else _digests(env, "GATEWAY_KEYS"),
            named_keys=named_keys,
            admin_keys=_digests(env, "ADMIN_KEYS"),
            log_prompts=_switch(env, "LOG_PROMPTS"),
            public_providers=_list(env, "PUBLIC_PROVIDERS"),
            source_origins=_origins(env, "SOURCE_ORIGINS"),
            allowed_origins=_origins(env, "ALLOWED_ORIGINS"),
            client_address_header=_header_name(env, "CLIENT_ADDRESS_HEADER"),
            relay_models=_relay_models(env),
            tokens={name: secrets for name, secrets in tokens.items() if secrets},
            ai=AiSettings.from_env(env),
            limits=Limits.from_env(env),
            lifetimes=Lifetimes.from_env(env),
        )


def variable_prefix(provider: str) -> str:
    """The prefix of a provider's variables: `hf-inference` becomes `HF_INFERENCE`."""
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


def _relay_models(env: Environment) -> Mapping[str, tuple[str, ...]]:
    """One model or a list of them for each name; whether there are such is found out elsewhere."""
    value = read_json(env, "RELAY_MODELS")
    entries = {} if value is None else value
    if isinstance(entries, dict):
        lists = {
            name: [models] if isinstance(models, str) else models
            for name, models in entries.items()
        }
        if all(_are_names(models) for models in lists.values()):
            return {name: tuple(models) for name, models in lists.items()}
    raise Misconfigured(
        'RELAY_MODELS must be JSON such as {"flux/generate": ["bfl/flux-2-pro", "flux-1-schnell"]}'
    )


def _are_names(value: object) -> bool:
    return (
        isinstance(value, list)
        and bool(value)
        and all(isinstance(name, str) and name for name in value)
    )


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


def _header_name(env: Environment, name: str) -> str | None:
    """A header's name in lower case; None where the variable is absent, empty where it is empty."""
    header = env.get(name)
    if header and not _HEADER_NAME.fullmatch(header.lower()):
        raise Misconfigured(f"{name} must be the name of a header such as X-Real-IP, or empty")
    return header if header is None else header.lower()


def _secrets(env: Environment, name: str) -> tuple[Secret, ...]:
    return tuple(Secret(entry) for entry in _list(env, name))


def _task_secret(env: Environment) -> Secret | None:
    text = env.get("TASK_SECRET") or ""
    if 0 < len(text) < MIN_SECRET_CHARS:
        raise Misconfigured(f"TASK_SECRET must have at least {MIN_SECRET_CHARS} characters")
    return Secret(text) if text else None


def _webhook_secret(env: Environment) -> Secret | None:
    """As Standard Webhooks has it: 24 to 64 random bytes."""
    text = env.get("WEBHOOK_SECRET") or ""
    if not text:
        return None
    try:
        size = len(base64.b64decode(text.removeprefix("whsec_"), validate=True))
    except binascii.Error:
        size = 0
    if not text.startswith("whsec_") or not 24 <= size <= 64:
        raise Misconfigured("WEBHOOK_SECRET must be whsec_ and 24 to 64 random bytes in base64")
    return Secret(text)


def _named_keys(env: Environment, name: str) -> tuple[GatewayKey, ...]:
    """The keys of a variable that holds JSON, each with its digest; none where it holds none."""
    if not (env.get(name) or "").lstrip().startswith("["):
        return ()
    try:
        entries = TypeAdapter(list[NamedDigest]).validate_python(read_json(env, name))
    except ValidationError as error:
        where = ".".join(map(str, error.errors()[0]["loc"]))
        raise Misconfigured(f"{name}: {where}: {error.errors()[0]['msg']}") from None
    return tuple(make_key(entry, id_of_digest(entry.digest), entry.digest) for entry in entries)


def _digests(env: Environment, name: str) -> tuple[str, ...]:
    digests = tuple(entry.lower() for entry in _list(env, name))
    if not all(_DIGEST.fullmatch(digest) for digest in digests):
        raise Misconfigured(
            f"{name} must hold SHA-256 digests in hexadecimal, separated by commas, "
            "and never the keys themselves"
        )
    return digests
