"""`GET /v1/providers`: what each provider can do for this caller now."""

import asyncio
import json
from collections.abc import Sequence
from datetime import UTC, datetime

from darkroom.access import Caller, identify
from darkroom.catalog.provider_row import ProviderRow
from darkroom.deadline import Deadline
from darkroom.dialects.context import Gateway
from darkroom.engine.breaker import State
from darkroom.errors import CredentialMissing, Failure, InvalidRequest, NotConfigured
from darkroom.http import Reply, Request
from darkroom.providers.check import check_token
from darkroom.providers.quota import Quota, fetch_quota
from darkroom.settings import Secret
from darkroom.stores.cooldowns import Reason, Rest

LIMIT_S = 10.0
MAX_QUOTAS = 4  # an answer may hold six connections at once
MAX_CHECKS = 5


async def list_providers(request: Request, gateway: Gateway) -> Reply:
    """Every provider's state as far as it concerns this caller, who sees nobody else's.

    With `?check=PREFIX` the providers of that prefix are asked whether they take the tokens; raises
    `InvalidRequest` for a prefix of nobody's.
    """
    checked = request.query.get("check") or None
    prefixes = sorted({provider.token_prefix for provider in gateway.catalog.providers})
    if checked and checked not in prefixes:
        raise InvalidRequest(f"check: must be one of {', '.join(prefixes)}.", param="check")
    deadline = Deadline.after(LIMIT_S, gateway.clock)
    caller = identify(
        request.headers.get("authorization"), gateway.settings, gateway.catalog.providers
    )
    rows = await asyncio.gather(
        *(
            _row(provider, caller, gateway, deadline, provider.token_prefix == checked)
            for provider in gateway.catalog.providers
        )
    )
    headers = {"content-type": "application/json", "cache-control": "no-store"}
    body = {"object": "list", "data": rows}
    return Reply(200, headers, [json.dumps(body).encode()])


async def _row(
    provider: ProviderRow, caller: Caller, gateway: Gateway, deadline: Deadline, checked: bool
) -> dict[str, object]:
    try:
        tokens, usable = caller.tokens_for(provider), provider.is_configured
    except (CredentialMissing, NotConfigured):
        tokens, usable = (), False
    resting = await gateway.engine.credentials.resting(provider, tokens)
    if tokens and len(resting) == len(tokens):
        usable = False
    row: dict[str, object] = {
        "id": provider.id,
        "name": provider.name,
        "configured": provider.is_configured,
        "usable": usable,
        "token": {
            "prefix": provider.token_prefix,
            "required": provider.token_required,
            "page": provider.token_page,
        },
        "models": sum(model.provider.id == provider.id for model in gateway.catalog.models),
        "text": provider.chat is not None,
        "breakers": _breakers(provider, gateway),
        "credentials": [
            _credential(number, token, resting.get(token), token in caller.own_tokens(provider))
            for number, token in enumerate(tokens, 1)
        ],
    }
    if provider.id == "huggingface" and tokens:
        quotas = [fetch_quota(provider, t, gateway.http, deadline) for t in tokens[:MAX_QUOTAS]]
        found = await asyncio.gather(*quotas, return_exceptions=True)
        row["quota"] = [_quota(number, quota) for number, quota in enumerate(found, 1)]
    if checked and tokens:
        row["check"] = await _check(provider, tokens[:MAX_CHECKS], gateway, deadline)
    return row


async def _check(
    provider: ProviderRow, tokens: Sequence[Secret], gateway: Gateway, deadline: Deadline
) -> list[dict[str, object]]:
    """What the provider says of each token; nothing where it has no way of saying so."""
    if (row := provider.check) is None:
        return []
    questions = [check_token(provider, row, token, gateway.http, deadline) for token in tokens]
    verdicts = enumerate(await asyncio.gather(*questions), 1)
    return [{"credential": number, **verdict.describe()} for number, verdict in verdicts]


def _credential(number: int, token: Secret, rest: Rest | None, own: bool) -> dict[str, object]:
    """A credential by its place in the list: never the token, nor anything made from it."""
    states = {Reason.REFUSED: "refused", Reason.QUOTA: "cooling", Reason.RATE: "cooling"}
    described: dict[str, object] = {
        "credential": number,
        "owner": "caller" if own else "operator",
        "state": states[rest.reason] if rest else "usable",
    }
    if rest:
        described |= {"reason": rest.reason.value, "until": _iso(rest.until)}
    return described


def _breakers(provider: ProviderRow, gateway: Gateway) -> dict[str, object]:
    prefix = f"{provider.id}/"
    report = gateway.engine.breakers.report()
    unwell = {
        name.removeprefix(prefix): state
        for name, state in report.items()
        if name.startswith(prefix)
    }
    return {"state": "degraded" if unwell else State.CLOSED.value, "upstreams": unwell}


def _quota(number: int, quota: Quota | BaseException) -> dict[str, object]:
    if isinstance(quota, Quota):
        return {"credential": number, **quota.describe()}
    if not isinstance(quota, Failure):
        raise quota
    return {"credential": number, "error": quota.message}


def _iso(moment: float) -> str:
    return datetime.fromtimestamp(moment, UTC).strftime("%Y-%m-%dT%H:%M:%SZ")
