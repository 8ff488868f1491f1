"""What providers say of tokens: whether they take one, and what is left of its quota."""

import asyncio
from collections.abc import Mapping, Sequence

from darkroom.catalog.provider_row import ProviderRow
from darkroom.deadline import Deadline
from darkroom.errors import Failure
from darkroom.http import Http
from darkroom.providers.quota import fetch_quota
from darkroom.providers.token_check import check_token
from darkroom.settings import Secret

MAX_QUOTAS = 4  # an answer may hold six connections at once
MAX_CHECKS = 5

# An entry for each token, by its place in the list from 1, in the words of `/v1/providers`.
Report = list[dict[str, object]]


async def report_quotas(
    provider: ProviderRow, tokens: Sequence[Secret], http: Http, deadline: Deadline
) -> Report:
    """The quota of each of the first tokens, or why it is not known."""

    async def describe(token: Secret) -> Mapping[str, object]:
        try:
            return (await fetch_quota(provider, token, http, deadline)).describe()
        except Failure as failure:
            return {"error": failure.message}

    return _numbered(await asyncio.gather(*map(describe, tokens[:MAX_QUOTAS])))


async def report_checks(
    provider: ProviderRow, tokens: Sequence[Secret], http: Http, deadline: Deadline
) -> Report:
    """Whether each of the first tokens is taken; empty where the provider has no way to ask."""
    if (row := provider.check) is None:
        return []
    checks = (check_token(provider, row, token, http, deadline) for token in tokens[:MAX_CHECKS])
    return _numbered([verdict.describe() for verdict in await asyncio.gather(*checks)])


def _numbered(entries: Sequence[Mapping[str, object]]) -> Report:
    return [{"credential": number, **entry} for number, entry in enumerate(entries, 1)]
