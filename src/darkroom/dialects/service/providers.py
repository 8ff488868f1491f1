"""`GET /v1/providers`: the state of each provider for this caller."""

import asyncio
from collections.abc import Mapping, Sequence
from datetime import UTC, datetime
from itertools import product

from darkroom.access import Caller
from darkroom.access_errors import NotAllowed
from darkroom.catalog.provider_row import ProviderRow
from darkroom.context import RequestContext
from darkroom.deadline import Deadline
from darkroom.dialects.service.pool_report import report_auto
from darkroom.engine.breaker import State
from darkroom.engine.credentials import cooldown_place
from darkroom.engine.token_state import report_checks, report_quotas
from darkroom.errors import CredentialMissing, InvalidRequest, NotConfigured
from darkroom.gateway import Gateway
from darkroom.http import Reply, json_reply
from darkroom.stores.cooldowns import Reason, Rest

LIMIT_S = 10.0


async def list_providers(context: RequestContext) -> Reply:
    """Every provider's state as far as it concerns this caller, who sees nobody else's.

    With `?check=PREFIX` the providers of that prefix are asked whether they take the tokens; raises
    `InvalidRequest` for a prefix of nobody's.
    """
    request, gateway = context.request, context.gateway
    checked = request.query.get("check") or None
    prefixes = sorted({provider.token_prefix for provider in gateway.catalog.providers})
    if checked and checked not in prefixes:
        raise InvalidRequest(f"check: must be one of {', '.join(prefixes)}.", param="check")
    deadline = Deadline.after(LIMIT_S, gateway.clock)
    caller = context.caller
    rests: dict[tuple[str, str], Rest] = {}
    rows = await asyncio.gather(
        *(
            _row(
                provider, caller, gateway, deadline, rests, checked=provider.token_prefix == checked
            )
            for provider in gateway.catalog.providers
        )
    )
    auto = report_auto(caller, gateway, rests)
    return json_reply({"object": "list", "data": rows, "auto": auto})


async def _row(
    provider: ProviderRow,
    caller: Caller,
    gateway: Gateway,
    deadline: Deadline,
    rests: dict[tuple[str, str], Rest],
    *,
    checked: bool,
) -> dict[str, object]:
    """A provider's row; `rests` is told where none of the caller's tokens can be used, and when."""
    try:
        tokens, usable = caller.tokens_for(provider), provider.is_configured
    except (CredentialMissing, NotAllowed, NotConfigured):
        tokens, usable = (), False
    places = _places(provider, gateway)
    resting = await gateway.engine.credentials.resting(provider, list(product(places, tokens)))
    if tokens and not provider.serves_without_token:
        for place in places:
            if all((place, token) in resting for token in tokens):
                first = min(resting[place, token].until for token in tokens)
                rests[provider.id, place] = Rest(first, resting[place, tokens[0]].reason)
    if (
        tokens
        and len(resting) == len(set(tokens)) * len(places)
        and not provider.serves_without_token
    ):
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
            {
                "credential": number,
                "owner": "caller" if token in caller.own_tokens(provider) else "operator",
                **_state({place: resting.get((place, token)) for place in places}),
            }
            for number, token in enumerate(tokens, 1)
        ],
    }
    if provider.open_models is not None and gateway.allowance is not None:
        row["free_neurons"] = {
            "a_day": gateway.allowance.a_day if provider.open_models else 0,
            "left": await gateway.allowance.left() if provider.open_models else 0,
        }
    if provider.tells_quota and tokens:
        row["quota"] = await report_quotas(provider, tokens, gateway.http, deadline)
    if checked and tokens:
        row["check"] = await report_checks(provider, tokens, gateway.http, deadline)
    return row


def _places(provider: ProviderRow, gateway: Gateway) -> Sequence[str]:
    """The scopes of the provider's cool-downs: each of its upstreams, or one for all."""
    models = [model for model in gateway.catalog.models if model.provider.id == provider.id]
    upstreams = [upstream.id for model in models for upstream in model.upstreams]
    return list(dict.fromkeys(cooldown_place(provider, place) for place in upstreams)) or [""]


def _state(rests: Mapping[str, Rest | None]) -> dict[str, object]:
    """The state of a credential in each scope: never the token, nor anything made from it.

    It is usable as long as it is at one of them; else the first to come back counts.
    """
    resting = {place: rest for place, rest in rests.items() if rest}
    if len(resting) < len(rests):
        state: dict[str, object] = {"state": "usable"}
    else:
        first = min(resting.values(), key=lambda rest: (rest.reason is Reason.REFUSED, rest.until))
        state = _rest(first)
    upstreams = {place: _rest(rest) for place, rest in resting.items() if place}
    return {**state, "upstreams": upstreams} if upstreams else state


def _rest(rest: Rest) -> dict[str, object]:
    states = {Reason.REFUSED: "refused", Reason.QUOTA: "cooling", Reason.RATE: "cooling"}
    return {
        "state": states[rest.reason],
        "reason": rest.reason.value,
        "until": _iso(rest.until),
    }


def _breakers(provider: ProviderRow, gateway: Gateway) -> dict[str, object]:
    prefix = f"{provider.id}/"
    report = gateway.engine.breakers.report()
    unwell = {
        name.removeprefix(prefix): state
        for name, state in report.items()
        if name.startswith(prefix)
    }
    return {"state": "degraded" if unwell else State.CLOSED.value, "upstreams": unwell}


def _iso(moment: float) -> str:
    return datetime.fromtimestamp(moment, UTC).strftime("%Y-%m-%dT%H:%M:%SZ")
