"""The operator's part of the catalog: channels, and the base URL of every provider.

A channel is an OpenAI-compatible provider that is described in settings instead of in a file.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Annotated, Any, Literal
from urllib.parse import urlsplit

from pydantic import BaseModel, ConfigDict, Field, StringConstraints, ValidationError

from darkroom.catalog.catalog import Catalog
from darkroom.catalog.pool import AUTO, Pool, read_pool
from darkroom.catalog.provider_row import ProviderRow
from darkroom.catalog.rewriters import configure_rewriters
from darkroom.catalog.rows import InvalidCatalog, ProviderFile, read_provider
from darkroom.environment import Environment
from darkroom.errors import Misconfigured
from darkroom.settings import Secret, read_json, variable_prefix

Name = Annotated[str, StringConstraints(pattern=r"^[a-z0-9][a-z0-9_-]*$", max_length=41)]
HeaderName = Annotated[str, StringConstraints(pattern=r"^[A-Za-z0-9-]+$", max_length=60)]

# What an OpenAI-compatible API is sent where a channel says nothing else
# (reference/image-providers.md section 8, "OpenAI-compat").
BODY: Mapping[str, object] = {
    "size": "{width}x{height}",
    "n": 1,
    "response_format": "url",
    "seed": "{seed}",
}
SIZE: Mapping[str, object] = {
    "minimum": 256,
    "maximum": 4096,
    "multiple": 8,
    "default": "1024x1024",
}
TUNABLES = ("steps", "guidance_scale", "negative_prompt")


class _Strict(BaseModel):
    model_config = ConfigDict(extra="forbid")


class Auth(_Strict):
    """The way in which a channel's token is sent."""

    type: Literal["bearer", "api-key", "none"] = "bearer"
    header: HeaderName | None = None
    prefix: str | None = None


class Channel(_Strict):
    """One entry of `CHANNELS`."""

    id: Name
    name: str | None = None
    api_url: str
    images_endpoint: str = "/images/generations"
    edits_endpoint: str | None = None
    chat_endpoint: str | None = "/chat/completions"
    auth: Auth | Literal["bearer", "api-key", "none"] = "bearer"
    headers: dict[HeaderName, str] = Field(default_factory=dict)
    tokens: list[str] = Field(default_factory=list)
    body: dict[str, Any] | None = None
    models: list[str | dict[str, Any]] = Field(default_factory=list)
    chat_models: list[str] = Field(default_factory=list)


@dataclass(frozen=True, slots=True)
class Configured:
    """The catalog as this deployment has it, and the tokens that came with its channels."""

    catalog: Catalog
    channels: tuple[str, ...]
    tokens: Mapping[str, tuple[Secret, ...]]


def configure(
    catalog: Catalog, env: Environment, bound: Mapping[str, bool] | None = None
) -> Configured:
    """Add the channels of `CHANNELS`, and let `<PROVIDER>_URL` say where providers answer.

    `bound` are the bindings that serve models, each with whether it is open to callers without a
    gateway key. Raises `Misconfigured` naming the variable and what is wrong with it.
    """
    channels = _read_channels(env)
    try:
        files = [_placed(file, env, bound or {}) for file in catalog.files]
        files += [_provider_file(channel) for channel in channels]
        pools = _pools(catalog, files[len(catalog.files) :], env)
        rewriters = configure_rewriters(catalog.rewriters, env)
        whole = Catalog(files, catalog.aliases, pools, rewriters)
    except InvalidCatalog as error:
        raise Misconfigured(f"CHANNELS, POOLS or REWRITER_MODELS: {error}") from None
    return Configured(
        catalog=whole,
        channels=tuple(channel.id for channel in channels),
        tokens={
            channel.id: tuple(map(Secret, channel.tokens)) for channel in channels if channel.tokens
        },
    )


def url_variables(provider: ProviderRow) -> Mapping[str, str]:
    """The variable that says where each of a provider's addresses is."""
    prefix = variable_prefix(provider.id)
    return {
        name: f"{prefix}_URL" if name == "base" else f"{prefix}_{name.upper()}_URL"
        for name in provider.urls
    }


def _pools(catalog: Catalog, channels: Sequence[ProviderFile], env: Environment) -> Sequence[Pool]:
    """The catalog's pools, `auto` with the operator's fallback behind it, and those of `POOLS`."""
    fallback = [model for file in channels for model in file.models]
    pools = {
        pool.id: pool.with_fallback(fallback) if pool.id == AUTO else pool
        for pool in catalog.pools.values()
    }
    requested: Any = read_json(env, "POOLS") or {}
    try:
        for name, value in requested.items():
            pools[name] = _instead(pools, name, value)
    except (ValueError, AttributeError):
        raise Misconfigured(
            'POOLS must be JSON such as {"auto": ["z-image-turbo", "ms/flux-2"]}, or with a list '
            'for each purpose: {"auto": {"generate": ["flux-1-schnell"], "edit": ["ms/flux-2"]}}'
        ) from None
    return list(pools.values())


def _instead(pools: Mapping[str, Pool], name: str, value: object) -> Pool:
    """An operator's pool; what it does not list keeps the order of the catalog's of that name."""
    pool = read_pool(name, value)
    known = pools.get(name)
    return replace(known, orders={**known.orders, **pool.orders}) if known else pool


def _placed(file: ProviderFile, env: Environment, bound: Mapping[str, bool]) -> ProviderFile:
    """A provider's rows with the addresses that the environment gives, and with its binding."""
    urls = dict(file.provider.urls)
    for name, variable in url_variables(file.provider).items():
        if url := (env.get(variable) or "").rstrip("/"):
            urls[name] = _checked(url, variable)
    provider = replace(file.provider, urls=urls)
    if provider.binding is not None and provider.binding in bound:
        is_open = bound[provider.binding]
        priced = (model.id for model in file.models if is_open and model.neurons is not None)
        provider = replace(provider, open_models=frozenset(priced))
    return ProviderFile(provider, tuple(replace(model, provider=provider) for model in file.models))


def _checked(url: str, variable: str) -> str:
    try:
        parts = urlsplit(url)
    except ValueError:
        parts = urlsplit("")
    if parts.scheme not in ("http", "https") or not parts.netloc or "@" in parts.netloc:
        raise Misconfigured(f"{variable} must be an address such as https://api.example.com/v1")
    return url


def _read_channels(env: Environment) -> Sequence[Channel]:
    value = read_json(env, "CHANNELS")
    if isinstance(value, dict):  # {"my-channel": {…}} as well as [{"id": "my-channel", …}]
        value = [
            {"id": name, **entry} if isinstance(entry, dict) else entry
            for name, entry in value.items()
        ]
    if value is None:
        return ()
    if not isinstance(value, list):
        raise Misconfigured("CHANNELS must be a JSON list of channels")
    return [_read_channel(number, entry) for number, entry in enumerate(value, 1)]


def _read_channel(number: int, entry: object) -> Channel:
    try:
        channel = Channel.model_validate(entry)
    except ValidationError as error:
        first = error.errors(include_url=False, include_input=False)[0]
        where = ".".join(map(str, first["loc"]))
        raise Misconfigured(f"CHANNELS: entry {number}: {where}: {first['msg']}") from None
    _checked(channel.api_url, f"CHANNELS: entry {number}: api_url")
    return channel


def _provider_file(channel: Channel) -> ProviderFile:
    auth = channel.auth if isinstance(channel.auth, Auth) else Auth(type=channel.auth)
    default_header = "x-api-key" if auth.type == "api-key" else "authorization"
    default_prefix = "" if auth.type == "api-key" else "Bearer "
    provider: dict[str, object] = {
        "id": channel.id,
        "name": channel.name or channel.id,
        "model_prefix": channel.id,
        "token_prefix": channel.id,
        "token_pattern": "",
        "token_required": auth.type != "none",
        "protocol": "openai_compatible",
        "owned": auth.type == "none",
        "urls": {"base": channel.api_url.rstrip("/")},
        "options": {
            "images_path": _path(channel.images_endpoint),
            "edits_path": _path(channel.edits_endpoint) if channel.edits_endpoint else None,
            "token_header": (auth.header or default_header).lower(),
            "token_format": auth.prefix if auth.prefix is not None else default_prefix,
            "headers": {name.lower(): value for name, value in channel.headers.items()},
        },
    }
    if channel.chat_endpoint:
        default = channel.chat_models[0] if channel.chat_models else ""
        models = tuple(channel.chat_models)
        provider["chat"] = {
            "path": _path(channel.chat_endpoint), "default_model": default, "models": models,
        }  # fmt: skip
    rows = [_model_row(channel, entry) for entry in channel.models]
    return read_provider(channel.id, {"provider": provider, "model": rows})


def _path(endpoint: str) -> str:
    return f"/{endpoint.removeprefix('/')}"


def _model_row(channel: Channel, entry: str | dict[str, Any]) -> dict[str, Any]:
    """A model's row; what it can be tuned by is sent under the names of diffusers."""
    row: dict[str, Any] = {"id": entry} if isinstance(entry, str) else dict(entry)
    row.setdefault("size", SIZE)
    body = dict(BODY if channel.body is None else channel.body)
    for name in TUNABLES:
        if row.get(name) and channel.body is None:
            body["num_inference_steps" if name == "steps" else name] = f"{{{name}}}"
    row.setdefault("upstream", [{"body": body}])
    return row
