"""`GET /v1beta/models` and `GET /v1beta/models/{model}`: the image models."""

import re
from collections.abc import Sequence

from darkroom.catalog.model import Model
from darkroom.catalog.pool import Pool
from darkroom.context import RequestContext
from darkroom.dialects.gemini.generate import PREFIXES
from darkroom.errors import InvalidRequest
from darkroom.gateway import Gateway
from darkroom.http import MODELS_CACHE, Reply, Request, json_reply

METHODS = ("generateContent", "streamGenerateContent", "predict")
VERSION = "001"  # the field is required; models here have no versions of their own


async def list_models(context: RequestContext) -> Reply:
    """All models and pools that paint, or with `pageSize` so many of them at a time."""
    request, gateway = context.request, context.gateway
    rows = _rows(gateway)
    start = _number(request, "pageToken")
    end = start + (_number(request, "pageSize") or len(rows))
    answer: dict[str, object] = {"models": rows[start:end]}
    if end < len(rows):
        answer["nextPageToken"] = str(end)
    return json_reply(answer, cache=MODELS_CACHE)


async def get_model(context: RequestContext) -> Reply:
    """One model, by any name that it has."""
    request, gateway = context.request, context.gateway
    prefix = next(known for known in PREFIXES.values() if request.path.startswith(known))
    name, catalog = request.path_after(prefix), gateway.catalog
    if pool := catalog.pools.get(name):
        return json_reply(_pool_row(pool), cache=MODELS_CACHE)
    return json_reply(
        _model_row(catalog.resolve(name, gateway.settings.default_model).models[0]),
        cache=MODELS_CACHE,
    )


def _rows(gateway: Gateway) -> Sequence[dict[str, object]]:
    models = [model for model in gateway.catalog.models if model.provider.is_configured]
    return [*map(_model_row, models), *map(_pool_row, gateway.catalog.pools.values())]


def _model_row(model: Model) -> dict[str, object]:
    return _row(model.id, model.name, f"{model.provider.name}: {', '.join(model.operations)}")


def _pool_row(pool: Pool) -> dict[str, object]:
    return _row(pool.id, pool.id, f"The first that serves of {', '.join(pool.models)}")


def _row(name: str, display_name: str, description: str) -> dict[str, object]:
    return {
        "name": f"models/{name}",
        "version": VERSION,
        "displayName": display_name,
        "description": description,
        "supportedGenerationMethods": list(METHODS),
    }


def _number(request: Request, name: str) -> int:
    """A number of the query, 0 where it is left out."""
    text = request.query.get(name, "0")
    if not re.fullmatch(r"[0-9]{1,9}", text):
        raise InvalidRequest(f"{name}: must be a number.", param=name)
    return int(text)
