"""`GET /v2/models` and `GET /v2/models/{name}` (reference/wire-formats.md A7).

The official client asks for a model's route here before it sends anything. What there is goes by
the relay's names, and by the catalog's for all that it does not know.
"""

import json
from collections.abc import Iterator, Mapping
from functools import cache
from pathlib import Path
from typing import Any

from darkroom.catalog.model import Model
from darkroom.context import RequestContext
from darkroom.dialects.relay.families import FAMILIES, Family
from darkroom.dialects.relay.names import names_for
from darkroom.gateway import Gateway
from darkroom.http import MODELS_CACHE, Reply, json_reply
from darkroom.job import Operation

PREFIX = "/v2/models/"
SCHEMAS = Path(__file__).parent / "model_schemas.json"
MODES = ("auto", "direct")
OURS = "darkroom"
_TAGS = {Operation.GENERATE: "text-to-image"}
_OTHER_TAG = "image-to-image"


async def list_models(context: RequestContext) -> Reply:
    """All models by mode and source; none is done on a chain.

    What the operator has not set up does not exist here.
    """
    gateway = context.gateway
    sources: dict[str, list[Mapping[str, Any]]] = {}
    for source, row in _rows(gateway):
        sources.setdefault(source, []).append(row)
    listed: dict[str, object] = dict.fromkeys(MODES, sources)
    return json_reply(
        {**listed, "opengpu": {}, "model_restrictions_per_tier": {}}, cache=MODELS_CACHE
    )


async def get_model(context: RequestContext) -> Reply:
    """One model by the relay's name or the catalog's, its slashes raw or percent-encoded.

    Raises `ModelNotFound` for a name that means nothing.
    """
    gateway = context.gateway
    name = context.request.path_after(PREFIX)
    catalog, default = gateway.catalog, gateway.settings.default_model
    models = catalog.resolve(names_for(name, gateway.settings), default).models
    family = FAMILIES.of_model(name)
    if family is not None:
        row, source = _relay_row(name, family, gateway), family.source
    else:
        family = FAMILIES.any_model
        row, source = _catalog_row(name, models[0], gateway), models[0].provider.id
    schemas = _schemas()[family.id]
    detail = {
        **row,
        "modes": list(MODES),
        "sources": [source],
        "request_schema": schemas["request"],
        "request_schema_url": None,
        "request_example": {**next(iter(family.examples.values())), "model": name},
        "response_schema": schemas["response"],
        "response_schema_url": None,
        "restricted_tiers": [],
        "pricing": [],
        "available": any(model.provider.is_configured for model in models),
        "status": "available",
    }
    return json_reply(detail, cache=MODELS_CACHE)


@cache
def _schemas() -> Mapping[str, Mapping[str, Any]]:
    """The JSON Schemas of each family's requests and responses, written by `make docs`."""
    schemas: Mapping[str, Mapping[str, Any]] = json.loads(SCHEMAS.read_text("utf-8"))
    return schemas


def _rows(gateway: Gateway) -> Iterator[tuple[str, Mapping[str, Any]]]:
    for family in FAMILIES.by_id.values():
        for name in family.models:
            if name not in gateway.catalog.pools:
                yield family.source, _relay_row(name, family, gateway)
    for pool in gateway.catalog.pools.values():
        yield OURS, _row(pool.id, pool.id, FAMILIES.any_model, gateway)
    for model in gateway.catalog.models:
        if model.provider.is_configured and FAMILIES.of_model(model.id) is None:
            yield model.provider.id, _catalog_row(model.id, model, gateway)


def _relay_row(name: str, family: Family, gateway: Gateway) -> Mapping[str, Any]:
    return _row(name, name.rpartition("/")[2], family, gateway)


def _catalog_row(name: str, model: Model, gateway: Gateway) -> Mapping[str, Any]:
    tag = _TAGS.get(model.operations[0], _OTHER_TAG)
    return {**_row(name, model.name, FAMILIES.any_model, gateway), "tag": tag}


def _row(name: str, title: str, family: Family, gateway: Gateway) -> Mapping[str, Any]:
    return {
        "name": name,
        "tag": family.tag,
        "display_name": title,
        "store_output_supported": gateway.media is not None,
        "endpoint": {
            "method": "POST",
            "path": family.path,
            "operation_id": family.operation,
            "model_in_body": True,
            "model_default": family.default,
            "async_default": False,
            "streams": False,
        },
        "conductable": [],
    }
