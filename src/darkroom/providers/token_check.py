"""A check whether a provider accepts a token, in its cheapest way."""

from dataclasses import dataclass

from darkroom.address import address_below
from darkroom.catalog.provider_row import CheckRow, ProviderRow
from darkroom.deadline import Deadline
from darkroom.errors import CredentialRefused, Failure, QuotaExhausted
from darkroom.http import Http
from darkroom.providers.api_client import ApiClient
from darkroom.providers.credential import credential_for
from darkroom.providers.error_mapping import UpstreamError, map_error
from darkroom.settings import Secret

ANSWER_LIMIT_S = 5.0


@dataclass(frozen=True, slots=True)
class Verdict:
    """A provider's verdict on a token; `ok` is None where it gave none.

    `status` is that of HTTP, of an answer that was no good one.
    """

    ok: bool | None
    status: int | None = None
    error: str | None = None

    def describe(self) -> dict[str, object]:
        """The verdict in the words of `/v1/providers`."""
        facts = {"ok": self.ok, "status": self.status, "error": self.error}
        return {name: fact for name, fact in facts.items() if name == "ok" or fact is not None}


async def check_token(
    provider: ProviderRow, row: CheckRow, token: Secret, http: Http, deadline: Deadline
) -> Verdict:
    """Ask; whatever goes wrong is a verdict too, but for the end of the whole time."""
    statuses: list[int] = []

    def sort(refusal: UpstreamError, name: str) -> Failure:
        statuses.append(refusal.status)
        return map_error(refusal, name)

    credential = credential_for(provider, token, header=row.header, scheme=row.scheme, url=row.url)
    exchange = ApiClient(provider.name, http, deadline, credential, sort, ANSWER_LIMIT_S)
    try:
        await exchange.get(address_below(provider.urls[row.url], row.path))
    except Failure as failure:
        ok = False if isinstance(failure, CredentialRefused | QuotaExhausted) else None
        # Some providers repeat the token that they refuse.
        words = failure.message.replace(token.reveal(), "[removed]")
        return Verdict(ok, next(iter(statuses), None), words)
    return Verdict(True)
