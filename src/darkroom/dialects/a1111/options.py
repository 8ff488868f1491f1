"""`GET` and `POST /sdapi/v1/options`: what a caller chose, for all requests that follow.

There is no server that a model could be loaded into: what is set is remembered for the caller who
set it.
"""

import tomllib
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from darkroom.dialects.a1111.checkpoints import Checkpoint, canonical_name, default_name
from darkroom.dialects.a1111.lists import json_reply
from darkroom.dialects.a1111.visit import Visit, read_fields, visit_of
from darkroom.dialects.context import Gateway
from darkroom.dialects.ignored import ignored_header
from darkroom.errors import JobFailed, UpstreamUnavailable
from darkroom.http import Reply, Request
from darkroom.json_reader import FIELDS
from darkroom.stores.unavailable import StoreUnavailable

DEFAULTS: Mapping[str, str | int | float | bool] = tomllib.loads(
    (Path(__file__).parent / "options.toml").read_text("utf-8")
)
_CHECKPOINT = "sd_model_checkpoint"
_DERIVED = ("sd_checkpoint_hash",)  # what follows from another option
MAX_OPTION_CHARS = 500


async def get_options(request: Request, gateway: Gateway) -> Reply:
    """All options, as this caller has them; a checkpoint that is gone is the default again."""
    visit = visit_of(request, gateway)
    chosen = await visit.preferences()
    name = str(chosen.get(_CHECKPOINT, ""))
    point = Checkpoint(name if gateway.catalog.paints(name) else default_name(visit))
    told = {_CHECKPOINT: point.title, "sd_checkpoint_hash": point.sha256}
    return json_reply({**DEFAULTS, **chosen, **told})


async def set_options(request: Request, gateway: Gateway) -> Reply:
    """Take one option, or the whole object back; null is the answer, as it is the server's.

    What is no option, or of another kind, is named in `x-darkroom-ignored`.
    """
    visit = visit_of(request, gateway)
    unheard = await set_preferences(await read_fields(request, visit, FIELDS.text_bytes), visit)
    return json_reply(None, ignored_header(unheard))


async def set_preferences(values: Mapping[str, Any], visit: Visit) -> Sequence[str]:
    """Remember options for the caller; returns the names of those that mean nothing here.

    Without a scope nothing is remembered. Raises `ModelNotFound` for a checkpoint that is none,
    `UpstreamUnavailable` when nothing can be remembered now.
    """
    changes: dict[str, Any] = {}
    unheard: list[str] = []
    for name, value in values.items():
        if name == _CHECKPOINT and isinstance(value, str) and value.strip():
            changes[name] = canonical_name(value, visit)
        elif name in DEFAULTS and _is_like(value, DEFAULTS[name]):
            changes[name] = value
        elif name not in _DERIVED and value is not None:
            unheard.append(name)
    if changes and visit.scope is not None:
        await _remember(changes, visit, visit.scope)
    return unheard


async def _remember(changes: Mapping[str, Any], visit: Visit, scope: str) -> None:
    store = visit.gateway.preferences
    try:
        async with visit.store_limit():
            before = await store.read(scope)
            after = {**before, **changes}
            # A default is what an option is that was never set; the checkpoint's may change.
            kept = {name: value for name, value in after.items() if DEFAULTS.get(name) != value}
            if kept != before:
                await store.write(scope, kept)
    except (StoreUnavailable, JobFailed):
        raise UpstreamUnavailable("Options cannot be kept now. Try again.") from None


def _is_like(value: object, default: object) -> bool:
    """Whether a value is of an option's kind; whole numbers and fractions are one kind."""
    if isinstance(default, bool) or isinstance(value, bool):
        return isinstance(default, bool) and isinstance(value, bool)
    if isinstance(default, str):
        return isinstance(value, str) and len(value) <= MAX_OPTION_CHARS
    return isinstance(value, int | float)
