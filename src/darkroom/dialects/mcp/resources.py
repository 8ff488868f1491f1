"""Resources: the pictures of the caller's history, kept pictures by address, and the models."""

import json
import re
from collections.abc import Mapping
from typing import Any

from darkroom.address import AddressRefused, plain_origin, split_url
from darkroom.context import RequestContext
from darkroom.dialects.mcp.errors import RpcError, invalid_params
from darkroom.dialects.mcp.models import MAX_LIMIT, ModelsArguments, matching
from darkroom.dialects.mcp.painted import PICTURES
from darkroom.dialects.mcp.pictures import MEDIA, address_of, find_item
from darkroom.dialects.mcp.results import Call, Result
from darkroom.errors import UpstreamUnavailable
from darkroom.image import ImageFile, NotAnImage
from darkroom.json_writer import TextBlob
from darkroom.scrub import without_tokens
from darkroom.stores.history import HistoryItem
from darkroom.stores.media import MEDIA_NAME
from darkroom.stores.unavailable import StoreUnavailable

PAGE = 50
READ_LIMIT_S = 30.0
MAX_URI_CHARS = 2_000
MAX_TITLE_CHARS = 120
MODELS = "darkroom://models"

_CURSOR = re.compile(r"([0-9]{1,15})\.([0-9]{1,9})")
_JSON = "application/json"


async def list_resources(call: Call) -> Result:
    """A page of the caller's pictures, newest first, and before the first page the models."""
    context = call.context
    as_of, offset = _read_cursor(call)
    store, scope = context.gateway.history, context.caller.scope
    resources: list[dict[str, Any]] = [] if offset else [_models_resource()]
    if store is None or scope is None:
        return {"resources": resources}
    unavailable = UpstreamUnavailable("The history cannot be read now. Try again.")
    try:
        with context.deadline.limit(READ_LIMIT_S, lambda: unavailable):
            page = await store.page(scope, limit=PAGE, offset=offset, as_of=as_of)
    except StoreUnavailable:
        raise unavailable from None
    resources += [_picture_resource(item, context) for item in page.items]
    end = offset + len(page.items)
    more = {"nextCursor": f"{page.as_of}.{end}"} if page.items and end < page.total else {}
    return {"resources": resources, **more}


async def list_templates(call: Call) -> Result:
    """The templates of addresses of pictures."""
    renderer_origin = call.context.gateway.settings.public_url or call.context.request.origin
    rows = (
        (f"{PICTURES}{{id}}", "picture", "A picture of your history, by its id."),
        (f"{renderer_origin}{MEDIA}{{name}}", "kept-picture", "A kept picture, by its address."),
    )
    return {
        "resourceTemplates": [
            {"uriTemplate": template, "name": name, "description": about}
            for template, name, about in rows
        ]
    }


async def read_resource(call: Call) -> Result:
    """One resource; raises `RpcError` for what is not there, or is somebody else's."""
    uri = call.message.text("uri")
    if uri == MODELS:
        rows = list(matching(ModelsArguments(limit=MAX_LIMIT), call.context))
        contents: Mapping[str, object] = {"mimeType": _JSON, "text": json.dumps(rows)}
        return {"contents": [{"uri": uri, **contents}]}
    if len(uri) > MAX_URI_CHARS:
        raise _not_found(uri)
    name = await _media_name(uri, call.context)
    file = await _read(name, call.context) if name else None
    if file is None:
        raise _not_found(uri)
    try:
        kind = file.media_type
    except NotAnImage:
        raise _not_found(uri) from None
    blob = TextBlob(await file.to_base64())
    return {"contents": [{"uri": uri, "mimeType": kind, "blob": blob}]}


async def _media_name(uri: str, context: RequestContext) -> str | None:
    """The name under which a resource's picture is kept here; None where it is not."""
    if uri.startswith(PICTURES):
        item = await find_item(uri, context)
        return item.media_name if item else None
    own = [context.request.origin, context.gateway.settings.public_url]
    try:
        origin, path = split_url(uri)
    except AddressRefused:
        return None
    name = path.removeprefix(MEDIA)
    is_own = origin in {plain_origin(each) for each in own if each} and path.startswith(MEDIA)
    return name if is_own and MEDIA_NAME.fullmatch(name) else None


async def _read(name: str, context: RequestContext) -> ImageFile | None:
    media = context.gateway.media
    unavailable = UpstreamUnavailable("Kept pictures cannot be read now. Try again.")
    if media is None:
        return None
    try:
        with context.deadline.limit(READ_LIMIT_S, lambda: unavailable):
            kept = await media.get(name)
    except StoreUnavailable:
        raise unavailable from None
    return ImageFile(data=kept.content) if kept else None


def _read_cursor(call: Call) -> tuple[int | None, int]:
    """The row after which a page begins, and the state of the list that it belongs to."""
    cursor = call.message.params.get("cursor")
    if cursor is None:
        return None, 0
    known = _CURSOR.fullmatch(cursor) if isinstance(cursor, str) else None
    if known is None:
        raise invalid_params("cursor: must be the nextCursor of a list.")
    return int(known[1]), int(known[2])


def _models_resource() -> dict[str, Any]:
    about = "All models that paint, what they can do and which are free now."
    return {"uri": MODELS, "name": "models", "description": about, "mimeType": _JSON}


def _picture_resource(item: HistoryItem, context: RequestContext) -> dict[str, Any]:
    prompt = item.fields.get("prompt")
    title = without_tokens(prompt, MAX_TITLE_CHARS) if isinstance(prompt, str) else ""
    facts = [f"{item.fields.get(name)}" for name in ("model", "seed") if item.fields.get(name)]
    address = address_of(item, context)
    resource = {
        "uri": f"{PICTURES}{item.id}",
        "name": f"picture-{item.id}",
        "title": title or f"Picture {item.id}",
        "description": ", ".join([*facts, *([address] if address else ["no longer kept"])]),
    }
    ending = item.media_name.rpartition(".")[2] if item.media_name else ""
    return {**resource, "mimeType": f"image/{ending}"} if ending else resource


def _not_found(uri: str) -> RpcError:
    shown = without_tokens(uri)
    return invalid_params("Resource not found: none of yours is there.", uri=shown)
