"""`/v1/admin/keys`: gateway keys that are handed out."""

import json
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

from pydantic import ValidationError

from darkroom.access import digest_of
from darkroom.context import RequestContext
from darkroom.dialects.service.administration import demand_admin
from darkroom.errors import (
    InvalidRequest,
    ModelNotFound,
    NotConfigured,
    RouteNotFound,
    UpstreamUnavailable,
)
from darkroom.gateway import Gateway
from darkroom.gateway_key import GatewayKey, KeyFields, id_of_digest, make_key
from darkroom.http import Reply, json_reply
from darkroom.json_reader import FIELDS
from darkroom.request_body import read_object
from darkroom.settings import Secret
from darkroom.stores.gateway_keys import GatewayKeyStore
from darkroom.stores.unavailable import StoreUnavailable

PATH = "/v1/admin/keys"
MAX_KEYS = 1_000
MAX_ID_CHARS = 100
STORE_LIMIT_S = 10.0


async def create_key(context: RequestContext) -> Reply:
    """Make a key; its text is in this answer and nowhere else."""
    demand_admin(context)
    store = _demand_store(context.gateway)
    fields = _read(read_object(await context.read_body(FIELDS.text_bytes)))
    gateway = context.gateway
    now = gateway.clock.time()
    if fields.expires_at is not None and fields.expires_at <= now:
        raise InvalidRequest("expires_at: is over already.", param="expires_at")
    fields = fields.model_copy(update=_checked_names(fields, gateway))
    text = Secret(f"dk_{gateway.draw_token()}")
    key = make_key(fields, f"key_{gateway.draw_token()[:16]}", digest_of(text), now)
    async with _store_limit(context):
        added = await store.add(key, MAX_KEYS)
    if not added:
        raise InvalidRequest(f"There are {MAX_KEYS} keys already. Delete some.", code="too_many")
    body = {**_shown(key), "key": text.reveal()}
    headers = {
        "content-type": "application/json",
        "cache-control": "no-store",
        "location": f"{PATH}/{key.id}",
    }
    return Reply(201, headers, [json.dumps(body).encode()])


async def list_keys(context: RequestContext) -> Reply:
    """All keys that are not ended, without their texts, the settings' at the end."""
    demand_admin(context)
    gateway, keys = context.gateway, list[dict[str, object]]()
    issued, settings = gateway.issued_keys, gateway.settings
    if issued is not None and issued.store is not None:
        async with _store_limit(context):
            keys += map(_shown, await issued.store.list())
    plain = [GatewayKey(id_of_digest(one), one[:8], one) for one in settings.gateway_keys]
    keys += [_shown(key, "settings") for key in (*settings.named_keys, *plain)]
    return json_reply({"object": "list", "data": keys})


async def end_key(context: RequestContext) -> Reply:
    """End a key at once; other isolates hear of it within seconds."""
    demand_admin(context)
    key_id = context.request.path_after(f"{PATH}/").removesuffix("/")
    issued = context.gateway.issued_keys
    _demand_store(context.gateway)
    key = None
    if issued is not None and len(key_id) <= MAX_ID_CHARS and "\0" not in key_id:
        async with _store_limit(context):
            key = await issued.end(key_id)
    if key is None:
        raise RouteNotFound(
            "There is no such key in the database, or no longer. Those of the settings end there.",
            code="key_not_found",
        )
    return json_reply({"object": "gateway_key.deleted", "id": key.id, "deleted": True})


def _demand_store(gateway: Gateway) -> GatewayKeyStore:
    if gateway.issued_keys is None or gateway.issued_keys.store is None:
        raise NotConfigured(
            "There is no database here to keep keys in: the operator has to bind DB, or to write "
            "their digests into GATEWAY_KEYS.",
            code="database_missing",
        )
    return gateway.issued_keys.store


def _read(body: dict[str, object]) -> KeyFields:
    try:
        return KeyFields.model_validate(body)
    except ValidationError as error:
        found = error.errors(include_url=False, include_input=False, include_context=False)[0]
        field = ".".join(map(str, found["loc"])) or "body"
        raise InvalidRequest(f"{field[:100]}: {found['msg']}.", param=field) from None


def _checked_names(fields: KeyFields, gateway: Gateway) -> dict[str, list[str]]:
    """Models and providers by their ids; raises `InvalidRequest` for those that do not exist."""
    known = [provider.id for provider in gateway.catalog.providers]
    for name in fields.providers:
        if name not in known:
            raise InvalidRequest(
                f"providers: there is no {name[:80]!r}, but {', '.join(known)}.", param="providers"
            )
    return {"models": [_model_id(name, gateway) for name in fields.models]}


def _model_id(name: str, gateway: Gateway) -> str:
    """The id of the one model that a name means: an image model's, else a text model's."""
    if (model := gateway.catalog.find(name)) is not None:
        return model.id
    if gateway.catalog.paints(name):
        raise InvalidRequest(f"models: {name[:80]!r} is a name for several.", param="models")
    try:
        return gateway.catalog.find_chat(name).id
    except ModelNotFound:
        raise InvalidRequest(
            f"models: there is no {name[:80]!r}; GET /v1/models lists all.", param="models"
        ) from None


def _shown(key: GatewayKey, source: str = "database") -> dict[str, object]:
    return {"object": "gateway_key", **key.described(), "source": source}


@asynccontextmanager
async def _store_limit(context: RequestContext) -> AsyncIterator[None]:
    """A time limit for the database; raises `UpstreamUnavailable` where it does not answer."""
    unavailable = UpstreamUnavailable("The database of keys cannot be reached now. Try again.")
    try:
        with context.deadline.limit(STORE_LIMIT_S, lambda: unavailable):
            yield
    except StoreUnavailable:
        raise unavailable from None
