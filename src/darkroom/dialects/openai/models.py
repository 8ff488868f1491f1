"""`GET /v1/models` and `GET /v1/models/{id}`: OpenAI's fields, and what each model can do."""

import json

from darkroom.catalog.model import Model
from darkroom.dialects.context import Gateway
from darkroom.http import Reply, Request

CREATED = 1_763_596_800  # OpenAI's field is required; models here have no date of their own


async def list_models(request: Request, gateway: Gateway) -> Reply:
    """All models of the catalog."""
    default = gateway.catalog.resolve(None, gateway.settings.default_model).model
    rows = [model_row(model, default) for model in gateway.catalog.models]
    return _json({"object": "list", "data": rows})


async def get_model(request: Request, gateway: Gateway) -> Reply:
    """One model, by id or alias, with its slashes raw or percent-encoded."""
    settings, catalog = gateway.settings, gateway.catalog
    name = request.path_after("/v1/models/")
    default = catalog.resolve(None, settings.default_model).model
    return _json(model_row(catalog.resolve(name, settings.default_model).model, default))


def model_row(model: Model, default: Model) -> dict[str, object]:
    """A model in OpenAI's shape, its capabilities beside it."""
    return {
        "id": model.id,
        "object": "model",
        "created": CREATED,
        "owned_by": model.owned_by,
        "name": model.name,
        "provider": model.provider.id,
        "provider_name": model.provider.name,
        "token": {"prefix": model.provider.token_prefix, "required": model.provider.token_required},
        "aliases": list(model.aliases),
        "default": model is default,
        "capabilities": model.describe(),
    }


def _json(value: object) -> Reply:
    headers = {"content-type": "application/json", "cache-control": "public, max-age=60"}
    return Reply(200, headers, [json.dumps(value).encode()])
