"""Authentication: who the caller is, and which tokens they may spend (DESIGN §5)."""

import hashlib
import hmac
import re
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace
from functools import cached_property

from darkroom.access_errors import KeyNotRead
from darkroom.ai_binding import open_binding
from darkroom.catalog.provider_row import ProviderRow
from darkroom.errors import (
    CredentialMissing,
    CredentialRefused,
    Failure,
    InvalidRequest,
    NotConfigured,
)
from darkroom.gateway_key import GatewayKey, id_of_digest
from darkroom.settings import Secret, Settings
from darkroom.stores.gateway_keys import IssuedKeys

GATEWAY_KEY = re.compile(r"dk_[\w-]+")
MAX_TOKENS = 64
MAX_TOKEN_CHARS = 4096  # servers refuse headers of more than 8 KB or so
_SENDABLE = re.compile(r"[\x21-\x7e]+")


@dataclass(frozen=True, slots=True)
class Bearer:
    """The tokens of `Authorization: Bearer …`, each with the prefix it stands under."""

    tokens: tuple[tuple[str | None, Secret], ...] = ()
    gateway_keys: tuple[Secret, ...] = ()

    @property
    def prefixes(self) -> set[str]:
        """The prefixes that were written."""
        return {prefix for prefix, _ in self.tokens if prefix is not None}


def read_bearer(header: str | None, providers: Sequence[ProviderRow]) -> Bearer:
    """Read `gitee:TOKEN`, `TOKEN`, or a comma list of either; other schemes count as none.

    What stands behind a prefix without one of its own belongs under it. What cannot be a token
    and has no prefix is passed over: SDKs demand some key, and people give them any. Raises
    `InvalidRequest` when a token cannot be sent, or there are too many.
    """
    scheme, _, rest = (header or "").partition(" ")
    if scheme.lower() != "bearer":
        return Bearer()
    prefixes = {provider.token_prefix for provider in providers if ":" in rest}
    tokens: list[tuple[str | None, Secret]] = []
    keys: list[Secret] = []
    current: str | None = None
    entries = list(filter(None, (part.strip() for part in rest.split(","))))
    if len(entries) > MAX_TOKENS:
        raise _wrong(f"{len(entries)} tokens, and {MAX_TOKENS} are the most")
    if max(map(len, entries), default=0) > MAX_TOKEN_CHARS:
        raise _wrong(f"a token of more than {MAX_TOKEN_CHARS} characters")
    for entry in entries:
        head, colon, token = entry.partition(":")
        if colon and head.lower() in prefixes:
            current, entry = head.lower(), token.strip()  # noqa: PLW2901 - the prefix is read
        if GATEWAY_KEY.fullmatch(entry):
            keys.append(Secret(entry))
        elif _SENDABLE.fullmatch(entry):
            tokens.append((current, Secret(entry)))
        elif entry and current is not None:
            raise _wrong("a token with spaces or characters that no header can carry")
    return Bearer(tuple(tokens), tuple(keys))


@dataclass(frozen=True)
class Caller:
    """Somebody with tokens of their own, and perhaps the key to the operator's.

    `sent` is all that was sent, where `bearer` is a part of it.
    """

    bearer: Bearer
    settings: Settings
    providers: tuple[ProviderRow, ...]
    sent: Bearer | None = None
    key: GatewayKey | None = None

    @property
    def holds_key(self) -> bool:
        """Whether the operator's own tokens are open to this caller."""
        return self.key is not None

    @cached_property
    def digest(self) -> str | None:
        """A digest of all credentials that were sent; None where there are none.

        A token counts together with its provider's prefix, whether that was written or not: the
        same text at two providers belongs to two people.
        """
        sent = self.sent or self.bearer
        secrets = {key.reveal() for key in sent.gateway_keys}
        secrets |= {f"{self._prefix_of(*each) or ''}:{each[1].reveal()}" for each in sent.tokens}
        return hashlib.sha256("\0".join(sorted(secrets)).encode()).hexdigest() if secrets else None

    @cached_property
    def scope(self) -> str | None:
        """The digest, where it identifies the caller by itself.

        A gateway key does, a token under a prefix, and one that looks like a provider's. Any other
        text may be what an SDK demanded, and what everybody sends to whom it did.
        """
        sent = self.sent or self.bearer
        telling = sent.gateway_keys or any(
            self._prefix_of(prefix, token) is not None for prefix, token in sent.tokens
        )
        return self.digest if telling else None

    def _prefix_of(self, prefix: str | None, token: Secret) -> str | None:
        """The prefix that a token was sent under, or that of the provider whose it looks like."""
        if prefix is not None:
            return prefix
        rows = (row for row in self.providers if _looks_like_one_of(row, token))
        return next((row.token_prefix for row in rows), None)

    @cached_property
    def chosen_providers(self) -> tuple[ProviderRow, ...]:
        """The providers whose tokens were sent, where all are known to be of one kind."""
        prefix, *others = {self._prefix_of(*sent) for sent in self.bearer.tokens} or {None}
        return tuple([row for row in self.providers if row.token_prefix == prefix and not others])

    def narrowed(self, providers: Iterable[ProviderRow]) -> "Caller":
        """The same caller without tokens whose prefix is of other providers than these."""
        prefixes = {None, *(provider.token_prefix for provider in providers)}
        tokens = tuple(entry for entry in self.bearer.tokens if entry[0] in prefixes)
        bearer = replace(self.bearer, tokens=tokens)
        return replace(self, bearer=bearer, sent=self.sent or self.bearer)

    def check_prefixes(self, candidates: Iterable[ProviderRow], model: str) -> None:
        """Raise `InvalidRequest` for a prefix of a provider that does not serve the model."""
        served = list(candidates)
        strange = self.bearer.prefixes - {provider.token_prefix for provider in served}
        if strange:
            prefix = min(strange)
            name = next(p.name for p in self.providers if p.token_prefix == prefix)
            by = " or ".join(dict.fromkeys(provider.name for provider in served))
            raise _wrong(f"a token of {name}, but {model} is served by {by}")

    def tokens_for(self, provider: ProviderRow, model: str | None = None) -> tuple[Secret, ...]:
        """The tokens that may go to a provider for this caller; none where it needs none.

        Raises `CredentialMissing` where it needs one and there is none to use, `NotConfigured`
        where the provider is not set up, `NotAllowed` where the key opens neither it nor `model`.
        """
        if self.key is not None:
            self.key.check(provider.id, model)
        if not provider.is_configured:
            raise NotConfigured(
                f"{provider.name} is not set up here: its address is missing from the settings."
            )
        own = self.own_tokens(provider)
        operators = self.settings.tokens.get(provider.id, ()) if self.holds_key else ()
        others = (*operators, *self.binding_for(provider, model))
        tokens = (*own, *(token for token in others if token not in own))
        if not tokens and not self.may_go_without(provider):
            raise CredentialMissing(self._what_is_missing(provider), param="authorization")
        return tokens

    def binding_for(self, provider: ProviderRow, model: str | None = None) -> tuple[Secret, ...]:
        """The binding that serves a provider's models, as a token; see `open_binding`."""
        return open_binding(provider.open_models, model, holds_key=self.holds_key)

    def may_use(self, provider: ProviderRow, model: str | None = None) -> bool:
        """True when this caller has a token for the provider, or needs none."""
        try:
            self.tokens_for(provider, model)
        except Failure:
            return False
        return True

    def is_known_to(self, provider: ProviderRow, model: str | None = None) -> bool:
        """True when this caller may use the provider, or its `model`, by no token of anybody's.

        What an SDK demanded is a token without a prefix too.
        """
        by_token = provider.token_prefix in (self._prefix_of(*sent) for sent in self.bearer.tokens)
        by_key = self.holds_key and bool(self.settings.tokens.get(provider.id))
        by_binding = bool(self.binding_for(provider, model))
        # The cheap questions first: a refusal is an exception with a message.
        is_open = by_token or by_key or by_binding or self.may_go_without(provider)
        return is_open and self.may_use(provider, model)

    def own_tokens(self, provider: ProviderRow) -> tuple[Secret, ...]:
        """The caller's own tokens that may go to a provider.

        One without a prefix goes to a provider that needs a token, unless it looks like somebody
        else's; to a provider that needs none it goes only if it looks like that one's.
        """
        return tuple(
            token
            for prefix, token in self.bearer.tokens
            if prefix == provider.token_prefix or (prefix is None and self._fits(token, provider))
        )

    def may_go_without(self, provider: ProviderRow) -> bool:
        """Whether this caller may use a provider without a token."""
        if provider.owned and not self.holds_key:
            return provider.id in self.settings.public_providers
        return provider.owned or provider.serves_without_token

    def _fits(self, token: Secret, provider: ProviderRow) -> bool:
        if _looks_like_one_of(provider, token):
            return True
        if not provider.token_required or provider.binding:
            return False
        return not any(
            _looks_like_one_of(other, token)
            for other in self.providers
            if other.token_prefix != provider.token_prefix
        )

    def _what_is_missing(self, provider: ProviderRow) -> str:
        if provider.owned:
            return (
                f"{provider.name} is the operator's own server: it is open to those with a "
                "gateway key, sent as Authorization: Bearer dk_… ."
            )
        locked = provider.id in self.settings.tokens or provider.open_models is not None
        key = " A gateway key (dk_…) would unlock the operator's own." if locked else ""
        foreign = (
            f" The token that was sent does not look like one of {provider.name} and stayed here."
            if any(prefix is None for prefix, _ in self.bearer.tokens)
            else ""
        )
        return f"{provider.name} needs a token: {provider.token_advice}{key}{foreign}"


def identify(
    header: str | None,
    settings: Settings,
    providers: Sequence[ProviderRow],
    issued: IssuedKeys | None = None,
) -> Caller:
    """Tell who is calling; raises `CredentialRefused` for a gateway key that is not known.

    Keys are those of the settings, and the `issued` ones: where one of those was not read yet it
    raises `KeyNotRead`. Where there are neither, the operator's tokens stay locked. Raises
    `InvalidRequest` for several keys, since each has limits of its own.
    """
    bearer = read_bearer(header, providers)
    keys = set(bearer.gateway_keys)
    if len(keys) > 1:
        raise _wrong(f"{len(keys)} gateway keys, and one is the most")
    key = None
    for text in keys:
        key = _find_key(text, settings, issued)
        if key is None:
            raise CredentialRefused(
                "This gateway key is not known here, or no longer. Ask the operator for one, or "
                "send a token of the provider's instead.",
                param="authorization",
            )
    return Caller(bearer, settings, tuple(providers), key=key)


def is_admin(caller: Caller) -> bool:
    """True for a caller who sent an admin key; nobody is one where none is configured."""
    keys = (caller.sent or caller.bearer).gateway_keys
    return any(_is_known(key, caller.settings.admin_keys) for key in keys)


def _looks_like_one_of(provider: ProviderRow, token: Secret) -> bool:
    """Match a token against the `token_pattern` of a provider's row."""
    return bool(provider.token_pattern and re.fullmatch(provider.token_pattern, token.reveal()))


def _find_key(text: Secret, settings: Settings, issued: IssuedKeys | None) -> GatewayKey | None:
    """The key of a text; None where there is none, or it is over."""
    digest = digest_of(text)
    if _is_known(text, (*settings.gateway_keys, *settings.admin_keys)):
        return GatewayKey(id_of_digest(digest), digest[:8], digest)
    if issued is None:
        return None
    if not issued.is_read(digest):
        raise KeyNotRead.of(digest)
    return issued.find(digest)


def digest_of(key: Secret) -> str:
    """The SHA-256 digest by which a gateway key is known, in hexadecimal."""
    return hashlib.sha256(key.reveal().encode()).hexdigest()


def _is_known(key: Secret, digests: Sequence[str]) -> bool:
    """Compare with every digest, so that the time it takes reveals nothing."""
    digest = digest_of(key)
    return sum([hmac.compare_digest(digest, known) for known in digests]) > 0


def _wrong(what: str) -> InvalidRequest:
    return InvalidRequest(f"Authorization: the header holds {what}.", param="authorization")
