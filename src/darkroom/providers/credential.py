"""Credentials of providers: which header, and bound to which origins."""

from collections.abc import Mapping

from darkroom.address import Credential, origin_of_base
from darkroom.catalog.provider_row import ProviderRow
from darkroom.settings import Secret


def credential_for(
    provider: ProviderRow,
    token: Secret | None,
    *,
    header: str = "authorization",
    scheme: str = "Bearer ",
    url: str = "base",
    fixed: Mapping[str, str] | None = None,
) -> Credential | None:
    """The headers that let a request in at one of the provider's addresses; None where none are.

    `url` names the address that they are for. `fixed` are the operator's own headers, which may
    hold a secret too.
    """
    headers = dict(fixed or {})
    if token is not None:
        headers[header] = scheme + token.reveal()
    if not headers:
        return None
    return Credential(headers, origin_of_base(provider.urls[url]), provider.domains)
