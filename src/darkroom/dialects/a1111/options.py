"""`GET` and `POST /sdapi/v1/options`: preferences that a caller keeps between requests.

There is no server that a model could be loaded into: what is set is remembered for the caller who
set it.
"""

import tomllib
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from darkroom.context import RequestContext
from darkroom.dialects.a1111.checkpoints import Checkpoint, canonical_name, default_name
from darkroom.dialects.a1111.lists import json_reply
from darkroom.dialects.a1111.session import preferences_of, read_fields, store_limit
from darkroom.errors import JobFailed, UpstreamUnavailable
from darkroom.generation.ignored_fields import ignored_header
from darkroom.http import Reply
from darkroom.json_reader import FIELDS
from darkroom.stores.unavailable import StoreUnavailable

DEFAULTS: Mapping[str, str | int | float | bool] = tomllib.loads(
    (Path(__file__).parent / "options.toml").read_text("utf-8")
)
_CHECKPOINT = "sd_model_checkpoint"
_DERIVED = ("sd_checkpoint_hash",)  # what follows from another option
MAX_OPTION_CHARS = 500


async def get_options(context: RequestContext) -> Reply:
    """All options, as this caller has them; a checkpoint that is gone is the default again."""
    chosen = await preferences_of(context)
    name = str(chosen.get(_CHECKPOINT, ""))
    point = Checkpoint(name if context.gateway.catalog.paints(name) else default_name(context))
    reported = {_CHECKPOINT: point.title, "sd_checkpoint_hash": point.sha256}
    return json_reply({**DEFAULTS, **chosen, **reported})


async def set_options(context: RequestContext) -> Reply:
    """Take one option, or the whole object back; null is the answer, as it is the server's.

    What is no option, or of another kind, is named in `x-darkroom-ignored`.
    """
    unsupported_fields = await set_preferences(
        await read_fields(context, FIELDS.text_bytes), context
    )
    return json_reply(None, ignored_header(unsupported_fields))


async def set_preferences(values: Mapping[str, Any], context: RequestContext) -> Sequence[str]:
    """Remember options for the caller; returns the names of those that mean nothing here.

    Without a scope nothing is remembered. Raises `ModelNotFound` for a checkpoint that is none,
    `UpstreamUnavailable` when nothing can be remembered now.
    """
    changes: dict[str, Any] = {}
    unsupported_fields: list[str] = []
    for name, value in values.items():
        if name == _CHECKPOINT and isinstance(value, str) and value.strip():
            changes[name] = canonical_name(value, context)
        elif name in DEFAULTS and _is_like(value, DEFAULTS[name]):
            changes[name] = value
        elif name not in _DERIVED and value is not None:
            unsupported_fields.append(name)
    if changes and context.caller_key is not None:
        await _remember(changes, context, context.caller_key)
    return unsupported_fields


async def _remember(changes: Mapping[str, Any], context: RequestContext, scope: str) -> None:
    store = context.gateway.preferences
    try:
        with store_limit(context.deadline):
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
