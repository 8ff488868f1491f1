"""`list_models`: the models that paint, with what they can do and whether they are free now."""

from collections.abc import Iterator, Sequence
from typing import Annotated, Any, Literal

from pydantic import BaseModel, ConfigDict, Field, StringConstraints

from darkroom.catalog.model import Model, Range
from darkroom.context import RequestContext
from darkroom.dialects.mcp.results import Call, Result, text_content
from darkroom.engine.breaker import State
from darkroom.field_types import NO_BOOLEAN

DEFAULT_LIMIT, MAX_LIMIT = 15, 100


class ModelsArguments(BaseModel):
    """The arguments of `list_models`: a search."""

    model_config = ConfigDict(defer_build=True, extra="forbid")

    query: Annotated[str, StringConstraints(strip_whitespace=True, max_length=200)] = ""
    operation: Literal["generate", "edit", "upscale", "decompose"] | None = None
    free: bool = False
    limit: Annotated[int, Field(ge=1, le=MAX_LIMIT), NO_BOOLEAN] = DEFAULT_LIMIT


async def list_models(call: Call, arguments: ModelsArguments) -> Result:
    """The models that match, those that this caller may use now before all others."""
    found = list(matching(arguments, call.context))
    shown = found[: arguments.limit]
    words = [f"{len(shown)} of {len(found)} models."] if found else ["No model matches."]
    words += [_line(row) for row in shown]
    return {
        "content": [text_content("\n".join(words))],
        "structuredContent": {"total": len(found), "models": shown},
    }


def matching(arguments: ModelsArguments, context: RequestContext) -> Iterator[dict[str, Any]]:
    """The rows of models that match."""
    terms = arguments.query.lower().split()
    resting = context.gateway.engine.breakers.report()
    rows = [
        _row(model, context, _rests(model, resting))
        for model in context.gateway.catalog.models
        if model.provider.is_configured
        and (arguments.operation is None or arguments.operation in model.operations)
        and all(term in _searched(model) for term in terms)
    ]
    rows.sort(key=lambda row: (not row["usable"], not row["free"]))
    return (row for row in rows if not arguments.free or (row["free"] and row["usable"]))


def _searched(model: Model) -> str:
    provider = model.provider
    texts = (model.id, model.name, model.owned_by, provider.id, provider.name, *model.aliases)
    return " ".join((*texts, *model.operations)).lower()


def _rests(model: Model, resting: Any) -> bool:
    """True while none of the model's upstreams is asked, as all of them failed again and again."""
    states = [resting.get(f"{model.provider.id}/{each.id}") for each in model.upstreams]
    return bool(states) and all(state and state["state"] == State.OPEN for state in states)


def _row(model: Model, context: RequestContext, rests: bool) -> dict[str, Any]:
    provider = model.provider
    row: dict[str, Any] = {
        "id": model.id,
        "name": model.name,
        "provider": provider.id,
        "operations": [str(operation) for operation in model.operations],
        "free": context.caller.may_go_without(provider),
        "usable": context.caller.may_use(provider) and not rests,
        "sizes": model.sizes.describe(),
        "negative_prompt": model.negative_prompt,
        "seed": model.seed,
        "max_images": model.max_images,
        "mask": model.mask,
    }
    if not context.caller.may_use(provider):
        row["needs"] = f"{provider.token_prefix}:TOKEN"
    for name, span in (("steps", model.steps), ("guidance_scale", model.guidance_scale)):
        if span is not None:
            row[name] = _bounds(span)
    return row


def _bounds(span: Range) -> dict[str, float]:
    return {"minimum": span.minimum, "maximum": span.maximum, "default": span.default}


def _line(row: dict[str, Any]) -> str:
    state: Sequence[str] = (
        "free" if row["free"] else "by token",
        "usable now" if row["usable"] else f"needs {row['needs']}" if "needs" in row else "resting",
    )
    return f"{row['id']} ({row['provider']}): {', '.join(row['operations'])}; {', '.join(state)}"
