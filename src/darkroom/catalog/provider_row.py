"""A provider as the catalog describes it."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from enum import StrEnum


@dataclass(frozen=True, slots=True)
class ChatRow:
    """The chat completions of a provider's text models.

    `path` follows the provider's base address, `default_model` improves prompts where the caller
    names none, `models` are those that `/v1/models` lists: any other id is passed on as it is.
    Without a token the address called `keyless_url` is asked, where there is one. `notice` is a
    regular expression for what the provider says at times in the place of an answer. `sampling` are
    the fields beyond OpenAI's that its models can be tuned by.
    """

    default_model: str
    path: str = "/chat/completions"
    keyless_url: str | None = None
    keyless_path: str = ""
    notice: str | None = None
    models: tuple[str, ...] = ()
    sampling: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class CheckRow:
    """The request that shows whether a provider accepts a token: JSON that costs nothing.

    `path` follows the address called `url`, and nobody gets an answer there without a good token.
    The token goes in the header, behind `scheme`.
    """

    path: str
    url: str = "base"
    header: str = "authorization"
    scheme: str = "Bearer "


class CooldownScope(StrEnum):
    """The scope of a token's cool-down: all of a provider, or one upstream alone."""

    PROVIDER = "provider"
    UPSTREAM = "upstream"


@dataclass(frozen=True, slots=True)
class ProviderRow:
    """A provider: what it is called, how its tokens look, where it answers.

    `token_pattern` is a regular expression that its bare tokens match; empty where they look like
    nothing in particular, and `token_form` is how one is written. `protocol` names the code that
    speaks to it. `bare_ids` says that the ids of its models have no prefix and are found with one
    too, `bare_names` that they have one and are found without it where nobody else's is called so.
    `owned` is a server of the operator's own. `domains` are the provider's own beside the hosts of
    `urls`: its tokens may go there by https. `docs_page` is where the provider describes its API.
    `image_format` is the format of its pictures, as far as a model's row has no other,
    `picture_lasts_s` how long their addresses live, where that is known. Quotas are made new at
    midnight, `quota_reset_utc_offset_h` hours ahead of UTC. `cooldown_scope` is the upstream where
    upstreams have different authors, none of whom may speak for the others. Without a `check` a job
    alone tells whether a token is taken; `tells_quota` says that it can be called how much GPU time
    a token has left. `embeddings` are the kinds of things that it embeds, `prompt` and `image`, and
    what its upstream for each is called. `native_dialect` is the dialect whose every field its
    models take. `options` are for the protocol alone to read. `binding` is the runtime's binding
    that serves the provider's models as well, and where that is bound `open_models` are the ids of
    those that it serves to callers without a gateway key.
    """

    id: str
    name: str
    model_prefix: str
    token_prefix: str
    token_pattern: str
    token_required: bool
    token_form: str = "TOKEN"  # noqa: S105 - how one is written
    protocol: str = ""
    urls: Mapping[str, str] = field(default_factory=dict)
    domains: tuple[str, ...] = ()
    token_page: str | None = None
    docs_page: str | None = None
    image_format: str | None = None
    picture_lasts_s: float | None = None
    bare_ids: bool = False
    bare_names: bool = False
    owned: bool = False
    quota_reset_utc_offset_h: int = 0
    cooldown_scope: CooldownScope = CooldownScope.PROVIDER
    chat: ChatRow | None = None
    check: CheckRow | None = None
    tells_quota: bool = False
    embeddings: Mapping[str, str] = field(default_factory=dict)
    native_dialect: str | None = None
    binding: str | None = None
    open_models: frozenset[str] | None = None
    options: Mapping[str, object] = field(default_factory=dict)

    @property
    def base_url(self) -> str:
        """The address that paths are added to, without a slash at its end."""
        return self.urls["base"]

    @property
    def serves_without_token(self) -> bool:
        """Whether anybody may use it without a token."""
        return not self.token_required and not self.owned

    @property
    def token_advice(self) -> str:
        """How a token is sent, and where one is to be had."""
        where = f" Tokens are made at {self.token_page} ." if self.token_page else ""
        return f"send Authorization: Bearer {self.token_prefix}:{self.token_form} .{where}"

    @property
    def is_configured(self) -> bool:
        """Whether it is known where the provider answers."""
        return all(self.urls.values())
