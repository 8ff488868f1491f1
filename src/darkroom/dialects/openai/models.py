"""`GET /v1/models` and `GET /v1/models/{id}`: OpenAI's fields, and capabilities."""

import json
from collections.abc import Sequence
from functools import lru_cache

from darkroom.catalog.catalog import Catalog
from darkroom.catalog.model import ChatModel, Model
from darkroom.catalog.pool import AUTO, Pool, Purpose
from darkroom.catalog.provider_row import ProviderRow
from darkroom.context import RequestContext
from darkroom.errors import InvalidRequest
from darkroom.http import MODELS_CACHE, Reply, json_reply
from darkroom.job import Operation
from darkroom.response_headers import JSON

CREATED = 1_763_596_800  # OpenAI's field is required; models here have no date of their own
KINDS = ("image", "text", "pool")


async def list_models(context: RequestContext) -> Reply:
    """All that `model` may name here, or with `?type=` one kind of it.

    What the operator has not set up does not exist here.
    """
    request, gateway = context.request, context.gateway
    kind = request.query.get("type")
    if kind and kind not in KINDS:
        raise InvalidRequest(f"type: must be one of {', '.join(KINDS)}.", param="type")
    content = _list_of(gateway.catalog, gateway.settings.default_model, kind or None)
    return Reply(200, {"content-type": JSON, "cache-control": MODELS_CACHE}, [content])


async def get_model(context: RequestContext) -> Reply:
    """One model, by id or alias, with its slashes raw or percent-encoded."""
    request, gateway = context.request, context.gateway
    name = request.path_after("/v1/models/")
    catalog, default = gateway.catalog, gateway.settings.default_model
    if any(name == alias.id for alias in catalog.aliases):
        name = default  # which it stands for
    if pool := catalog.pools.get(name):
        return json_reply(pool_row(pool, name == default, catalog), cache=MODELS_CACHE)
    model = catalog.find(name)
    if model is None and any(name == text.id for text in catalog.chat_models):
        return json_reply(chat_row(catalog.find_chat(name)), cache=MODELS_CACHE)
    resolved = catalog.resolve(name, default).models[0]
    return json_reply(
        model_row(resolved, _is_default(resolved, catalog, default)), cache=MODELS_CACHE
    )


@lru_cache(maxsize=4)
def _list_of(catalog: Catalog, default: str, kind: str | None) -> bytes:
    """The list as JSON, which depends on settings alone."""
    rows = [row for row in _rows(catalog, default) if kind in (None, row["type"])]
    return json.dumps({"object": "list", "data": rows}).encode()


def _rows(catalog: Catalog, default: str) -> Sequence[dict[str, object]]:
    pools = [pool_row(pool, pool.id == default, catalog) for pool in catalog.pools.values()]
    rows = [row for row in pools if row["id"] == AUTO]
    rows += [
        model_row(model, _is_default(model, catalog, default))
        for model in catalog.models
        if model.provider.is_configured
    ]
    rows += [row for row in pools if row["id"] != AUTO]
    rows += [chat_row(model) for model in catalog.chat_models if model.provider.is_configured]
    return rows


def model_row(model: Model, is_default: bool) -> dict[str, object]:
    """A model in OpenAI's shape, its capabilities beside it."""
    row: dict[str, object] = {
        "id": model.id,
        "object": "model",
        "created": CREATED,
        "owned_by": model.owned_by,
        "type": "image",
        "name": model.name,
        **_provider(model.provider, model.id),
        "aliases": list(model.aliases),
        "default": is_default,
        "capabilities": model.describe(),
    }
    if model.neurons is not None:
        row["price"] = {"neurons": model.neurons.describe()}
    return row


def chat_row(model: ChatModel) -> dict[str, object]:
    """A text model in OpenAI's shape."""
    return {
        "id": model.id,
        "object": "model",
        "created": CREATED,
        "owned_by": model.provider.id,
        "type": "text",
        "name": model.name,
        **_provider(model.provider),
    }


def pool_row(pool: Pool, is_default: bool, catalog: Catalog) -> dict[str, object]:
    """A pool in OpenAI's shape, with the models that it stands for and what it can do by them."""
    found = (catalog.find(name) for name in pool.models)
    models = [model for model in found if model is not None and model.provider.is_configured]
    return {
        "id": pool.id,
        "object": "model",
        "created": CREATED,
        "owned_by": "darkroom",
        "type": "pool",
        "name": pool.id,
        "default": is_default,
        "models": list(pool.models),
        "order": pool.describe(),
        "operations": [
            operation
            for operation in Operation
            if any(operation in model.operations for model in models)
        ],
        "mask": Purpose.MASK in pool.orders or any(model.mask for model in models),
        "max_images": max((model.max_images for model in models), default=0),
    }


def _provider(provider: ProviderRow, model: str = "") -> dict[str, object]:
    is_open = model in (provider.open_models or ())
    return {
        "provider": provider.id,
        "provider_name": provider.name,
        "token": {
            "prefix": provider.token_prefix,
            "required": provider.token_required and not is_open,
            "page": provider.token_page,
        },
    }


def _is_default(model: Model, catalog: Catalog, default: str) -> bool:
    return catalog.find(default) is model
