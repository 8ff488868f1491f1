"""Pictures that a caller keeps here, by the names that an agent has for them.

These are the address below `/media/`, with its host or without, and the URI under which
`resources/list` has a picture of the caller's history.
"""

import re
from collections.abc import Mapping
from typing import Any

from darkroom.context import RequestContext
from darkroom.dialects.mcp.painted import PICTURES
from darkroom.errors import InvalidRequest, UpstreamUnavailable
from darkroom.generation.output import Renderer
from darkroom.generation.parameters import MAX_IMAGES, SPELLINGS
from darkroom.stores.history import HistoryItem, ItemId
from darkroom.stores.unavailable import StoreUnavailable

MEDIA = "/media/"
LIMIT_S = 20.0
MAX_ID = 2**53 - 1  # what JavaScript has as a whole number
_ID = re.compile(r"[0-9]{1,16}")
_FIELDS = ("image", "mask")


async def with_addresses(arguments: Mapping[str, Any], context: RequestContext) -> dict[str, Any]:
    """The arguments with whole addresses in the place of names of kept pictures.

    Raises `InvalidRequest` for a picture that is not in the caller's history, and for more of them
    than a request may have.
    """
    names = [name for name in arguments if SPELLINGS.get(name, name) in _FIELDS]
    if sum(_count_named(arguments[name]) for name in names) > MAX_IMAGES:
        raise InvalidRequest(f"{names[0]}: at most {MAX_IMAGES} pictures.", param=names[0])
    addressed = {name: await _addressed(arguments[name], name, context) for name in names}
    return {**arguments, **addressed}


def _count_named(value: object) -> int:
    """The number of names that have to be looked up in the history."""
    if isinstance(value, list):
        return sum(map(_count_named, value))
    return isinstance(value, str) and value.startswith(PICTURES)


async def _addressed(value: object, name: str, context: RequestContext) -> object:
    if isinstance(value, list):
        return [await _addressed(each, name, context) for each in value]
    if not isinstance(value, str):
        return value
    if value.startswith(MEDIA):
        return context.request.origin + value
    if not value.startswith(PICTURES):
        return value
    item = await find_item(value, context)
    address = address_of(item, context) if item else None
    if address is None:
        raise InvalidRequest(
            f"{name}: there is no such picture of yours, or no longer. resources/list has those "
            "that there are.",
            param=name,
            code="invalid_image_url",
        )
    return address


async def find_item(uri: str, context: RequestContext) -> HistoryItem | None:
    """The entry of the caller's history that a URI names; None where there is none.

    Raises `UpstreamUnavailable` where the history cannot be read.
    """
    number = uri.removeprefix(PICTURES)
    store, scope = context.gateway.history, context.caller.scope
    if store is None or scope is None or not _ID.fullmatch(number) or int(number) > MAX_ID:
        return None
    unavailable = UpstreamUnavailable("The history cannot be read now. Try again.")
    try:
        with context.deadline.limit(LIMIT_S, lambda: unavailable):
            return await store.find(scope, ItemId(int(number)))
    except StoreUnavailable:
        raise unavailable from None


def address_of(item: HistoryItem, context: RequestContext) -> str | None:
    """The address of a picture in the history; None where it is nowhere any more."""
    if item.media_name is None:
        return item.url
    renderer = Renderer(context.gateway, context.request.origin, context.deadline)
    return renderer.address_of(item.media_name)
