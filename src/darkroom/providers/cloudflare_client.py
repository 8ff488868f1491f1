"""How Cloudflare is asked: by the runtime's binding, or by REST with an account's token.

Source: reference/cloudflare-ai.md.
"""

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from darkroom.address import Address, Credential, address_below, path_segment
from darkroom.ai_binding import BINDINGS, AiBinding
from darkroom.ai_settings import AiSettings
from darkroom.catalog.provider_row import ProviderRow
from darkroom.deadline import Deadline
from darkroom.errors import CredentialRefused, Failure, NotConfigured
from darkroom.http import Http, Part, UpstreamReply
from darkroom.providers.api_client import PAINTING_LIMIT_S, ApiClient
from darkroom.providers.cloudflare_errors import map_cloudflare_error
from darkroom.providers.credential import credential_for
from darkroom.providers.error_mapping import UpstreamError
from darkroom.providers.provider import ChatRoute, Route
from darkroom.settings import Secret

HOSTED = "@cf/"
_ACCOUNT = re.compile("[0-9a-f]{32}", re.IGNORECASE)


@dataclass(frozen=True, slots=True)
class BoundHttp:
    """An `Http` whose requests are calls of the binding: the address names what REST would ask."""

    ai: AiBinding
    model: str
    options: Mapping[str, object]

    async def send(
        self,
        method: str,
        address: Address,
        *,
        headers: Mapping[str, str],
        credential: Credential | None = None,
        body: Sequence[Part] = (),
        deadline: Deadline,
    ) -> UpstreamReply:
        """Run the model on the body; see `AiBinding.run`."""
        return await self.ai.run(
            self.model, body, headers.get("content-type", ""), self.options, deadline
        )


@dataclass(frozen=True, slots=True)
class Account:
    """An account with its API token, as callers send both."""

    id: str
    token: Secret

    @classmethod
    def of(cls, token: Secret | None) -> "Account":
        """Read `ACCOUNT_ID:TOKEN`; raises `CredentialRefused` for anything else."""
        account_id, _, secret = (token.reveal() if token else "").partition(":")
        if not _ACCOUNT.fullmatch(account_id) or not secret:
            raise CredentialRefused(
                "A token of Cloudflare is sent together with its account: cf:ACCOUNT_ID:TOKEN, "
                "where the id is 32 hexadecimal digits."
            )
        return cls(account_id.lower(), Secret(secret))

    def address(self, provider: ProviderRow, path: str) -> Address:
        """The address of a path below the account's; `path` is our own."""
        return address_below(provider.base_url, f"/accounts/{path_segment(self.id)}{path}")

    def credential(self, provider: ProviderRow) -> Credential:
        """The header that lets a request in."""
        bound = credential_for(provider, self.token)
        assert bound is not None  # noqa: S101 - there is a token
        return bound

    def map_error(self, refusal: UpstreamError, name: str) -> Failure:
        """The failure behind an answer, which may repeat the token without its account."""
        return map_cloudflare_error(refusal, name).without(self.token.reveal())


@dataclass(frozen=True, slots=True)
class CloudflareClient:
    """Opens API clients for a token, or for the binding where that stands in its place.

    The gateway's settings are of the operator's account: a caller's own token goes without them.
    """

    ai: AiBinding | None
    settings: AiSettings
    operators: tuple[Secret, ...] = ()

    def open(
        self,
        route: Route | ChatRoute,
        path: str,
        http: Http,
        deadline: Deadline,
        *,
        fails_when_busy: bool = False,
    ) -> tuple[ApiClient, Address, Mapping[str, str]]:
        """The client, the address of a path of the account's, and the headers that go with it.

        `fails_when_busy` has a model without capacity say so at once by the binding.
        """
        provider, token, model = route.provider, route.token, route.place
        needed = not model.startswith(HOSTED)
        if token in BINDINGS:
            if self.ai is None:
                raise NotConfigured(f"{provider.name} is not bound here.")
            options: dict[str, object] = {}
            if gateway := self.settings.gateway_options(needed=needed):
                options["gateway"] = gateway
            if fails_when_busy:
                options["rejectIfBusy"] = True
            bound = BoundHttp(self.ai, model, options)
            client = ApiClient(
                provider.name, bound, deadline, None, map_cloudflare_error, PAINTING_LIMIT_S
            )
            return client, address_below(provider.base_url, path), {}
        account = Account.of(token)
        settings = self.settings if token in self.operators else AiSettings()
        headers = settings.gateway_headers(needed=needed)
        client = ApiClient(
            provider.name,
            http,
            deadline,
            account.credential(provider),
            account.map_error,
            PAINTING_LIMIT_S,
        )
        return client, account.address(provider, path), headers
