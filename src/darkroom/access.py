"""Who the caller is and what they may spend (DESIGN §5)."""

import re
from collections.abc import Sequence
from dataclasses import dataclass

from darkroom.catalog.model import ProviderRow
from darkroom.errors import InvalidRequest
from darkroom.settings import Secret

_SENDABLE = re.compile(r"[\x21-\x7e]+")


@dataclass(frozen=True, slots=True)
class Bearer:
    """What `Authorization: Bearer …` holds: tokens, and the provider that their prefix names."""

    provider: ProviderRow | None = None
    tokens: tuple[Secret, ...] = ()


def read_bearer(header: str | None, providers: Sequence[ProviderRow]) -> Bearer:
    """Read `hf:TOKEN`, `TOKEN`, or a comma list of either; other schemes count as none.

    What cannot be a token and has no prefix is passed over: SDKs demand some key, and people give
    them any. Raises `InvalidRequest` when prefixes name two providers, or a token cannot be sent.
    """
    scheme, _, rest = (header or "").partition(" ")
    if scheme.lower() != "bearer":
        return Bearer()
    by_prefix = {provider.token_prefix: provider for provider in providers}
    named: ProviderRow | None = None
    tokens = []
    for entry in filter(None, (part.strip() for part in rest.split(","))):
        prefix, colon, token = entry.partition(":")
        provider = by_prefix.get(prefix.lower()) if colon else None
        if provider is not None:
            if named is not None and named is not provider:
                raise _wrong(f"tokens of both {named.name} and {provider.name}; send one kind")
            named, entry = provider, token.strip()  # noqa: PLW2901 - the prefix is read
        if _SENDABLE.fullmatch(entry):
            tokens.append(Secret(entry))
        elif entry and provider is not None:
            raise _wrong("a token with spaces or characters that no header can carry")
    return Bearer(named, tuple(tokens))


def tokens_for(bearer: Bearer, provider: ProviderRow, model: str) -> tuple[Secret, ...]:
    """The caller's tokens that may go to this provider.

    Raises `InvalidRequest` when their prefix names another one. A token without a prefix goes
    along only if it looks like the provider's own.
    """
    if bearer.provider is not None:
        if bearer.provider.id != provider.id:
            raise _wrong(
                f"a token of {bearer.provider.name}, but {model} is served by {provider.name}"
            )
        return bearer.tokens
    pattern = re.compile(provider.token_pattern)
    return tuple(token for token in bearer.tokens if pattern.fullmatch(token.reveal()))


def _wrong(what: str) -> InvalidRequest:
    return InvalidRequest(f"Authorization: the header holds {what}.", param="authorization")
