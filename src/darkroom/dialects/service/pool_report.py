"""The report of `/v1/providers` on `auto`: who would be tried now, in which order, and why."""

from collections.abc import Iterator, Mapping
from datetime import UTC, datetime

from darkroom.access import Caller
from darkroom.catalog.model import Model
from darkroom.catalog.pool import AUTO, Purpose
from darkroom.engine.breaker import State
from darkroom.engine.credentials import cooldown_place
from darkroom.engine.model_health import reliability
from darkroom.gateway import Gateway
from darkroom.generation.default_models import within_reach
from darkroom.stores.cooldowns import Rest

UNSTEADY_BELOW = 0.7  # of its attempts, with the benefit of the doubt

# Until when no token can be used, by provider and place.
Rests = Mapping[tuple[str, str], Rest]


def report_auto(caller: Caller, gateway: Gateway, rests: Rests) -> Mapping[str, object]:
    """For each purpose the models that this caller may use, in the order of now."""
    catalog = gateway.catalog
    pool = catalog.pools.get(AUTO)
    if pool is None:
        return {}
    now = gateway.clock.time()
    report: dict[str, object] = {}
    for purpose in Purpose:
        if purpose not in pool.orders:
            continue
        resolved = catalog.resolve(AUTO, AUTO, purpose=purpose)
        models = {
            model.id: model
            for model in within_reach(resolved, caller).models
            if caller.may_use(model.provider, model.id)
        }
        ranks = resolved.pool.ranks if resolved.pool else {}
        order = gateway.engine.health.ordered([*models], ranks, now, probe=False)
        report[purpose.value] = [_row(models[name], gateway, rests, now) for name in order]
    return report


def _row(model: Model, gateway: Gateway, rests: Rests, now: float) -> dict[str, object]:
    health = gateway.engine.health.of(model.id, now)
    row: dict[str, object] = {"model": model.id, "provider": model.provider.id, "state": "healthy"}
    waits = list(_waits_s(model, gateway, rests, now))
    if waits and all(waits):
        until = datetime.fromtimestamp(now + min(waits), UTC).strftime("%Y-%m-%dT%H:%M:%SZ")
        row |= {"state": "resting", "until": until}
    elif reliability(health) < UNSTEADY_BELOW:
        row["state"] = "unsteady"
    return {
        **row,
        "recent": {
            "successes": round(health.successes, 2),
            "failures": round(health.failures, 2),
            "seconds": round(health.seconds / health.successes, 1) if health.counts_time else None,
        },
    }


def _waits_s(model: Model, gateway: Gateway, rests: Rests, now: float) -> Iterator[float]:
    """Seconds until each of a model's upstreams may be tried; 0 is now."""
    breakers = gateway.engine.breakers.report()
    for upstream in model.upstreams:
        provider = model.provider
        state = breakers.get(f"{provider.id}/{upstream.id}", {})
        is_open = state.get("state") == State.OPEN.value
        breaker_s = float(str(state.get("retry_in_seconds", 0.0))) if is_open else 0.0
        rest = rests.get((provider.id, cooldown_place(provider, upstream.id)))
        yield max(breaker_s, rest.until - now if rest else 0.0)
