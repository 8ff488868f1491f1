"""`/api/history`: the caller's, whichever dialect painted (reference/studio-api.md section 6).

Positions count from the newest, 0, and move on with each new picture. A caller who has them from a
listing sends that listing's `as_of`, or names an item by its `id`.
"""

from collections.abc import AsyncGenerator, AsyncIterator, Mapping
from contextlib import asynccontextmanager
from dataclasses import dataclass
from typing import Any

from darkroom.context import RequestContext
from darkroom.dialects.studio.errors import NotFound
from darkroom.dialects.studio.parse import read_switch, read_whole, read_within
from darkroom.errors import DeadlineExceeded, JobFailed, UpstreamUnavailable
from darkroom.generation.history_writer import release
from darkroom.generation.output import Renderer
from darkroom.http import Part, Reply, Request, json_reply
from darkroom.json_writer import TextBlob, json_parts
from darkroom.limit_settings import DAY_S
from darkroom.stores.history import HistoryItem, HistoryPage, HistoryStore, ItemId, Position, Which
from darkroom.stores.unavailable import StoreUnavailable

PREFIX = "/api/history/"
DEFAULT_LIMIT = 50  # as many as the original keeps
MAX_LIMIT = 500
LIMIT_S = 30.0
PICTURE_LIMIT_S = 20.0
OFF = "History is off: this deployment has no database."
NOBODYS = (
    "Only callers whom a credential tells from others have a history: a gateway key, or a token "
    "with its provider's prefix or of its provider's kind, as Authorization: Bearer gitee:TOKEN ."
)


@dataclass(frozen=True, slots=True)
class View:
    """One caller's history, as one request is shown it; `inline` puts pictures into the answer."""

    store: HistoryStore
    scope: str
    renderer: Renderer
    inline: bool

    async def show(self, item: HistoryItem) -> dict[str, object]:
        """An item as JSON fields, with its picture where that is wanted and can be had."""
        url = self.renderer.address_of(item.media_name) if item.media_name else item.url
        shown = {"id": item.id, "timestamp": item.timestamp, **item.fields, "image_url": url}
        if item.media_name:
            days = self.renderer.gateway.settings.lifetimes.media_lifetime_days
            shown["expires_at"] = int(item.timestamp + days * DAY_S)
        return {**shown, "image_b64": await self._picture(item)} if self.inline else shown

    async def _picture(self, item: HistoryItem) -> TextBlob | None:
        media, deadline = self.renderer.gateway.media, self.renderer.deadline
        if media is None or item.media_name is None:
            return None
        try:
            with deadline.limit(PICTURE_LIMIT_S, lambda: JobFailed("too slow")):
                kept = await media.get(item.media_name)
                return TextBlob(await kept.content.to_base64()) if kept else None
        except (StoreUnavailable, JobFailed, DeadlineExceeded):
            return None  # the item still has its address


async def list_history(context: RequestContext) -> Reply:
    """A page of the history, newest first; pictures are read one by one as they are sent."""
    query = context.request.query
    limit = read_within(query, "limit", DEFAULT_LIMIT, 1, MAX_LIMIT)
    offset, as_of = read_within(query, "offset", 0, 0), _as_of(query)
    view = _open(context)
    if isinstance(view, str):
        return json_reply({"history": [], "total": 0, "as_of": 0, "note": view})
    async with _answered(view):
        page = await view.store.page(view.scope, limit=limit, offset=offset, as_of=as_of)
    headers = {"content-type": "application/json", "cache-control": "no-store"}
    if not view.inline:
        shown = [await view.show(item) for item in page.items]
        return json_reply({"history": shown, **_counted(page)})
    return Reply(200, headers, _stream(view, page))


async def get_item(context: RequestContext) -> Reply:
    """Answer with one item, as the list has it."""
    which = _which(context.request)
    view = _demand(context)
    async with _answered(view):
        item = await view.store.find(view.scope, which)
    if item is None:
        raise _missing()
    return _json(await view.show(item))


async def delete_item(context: RequestContext) -> Reply:
    """Delete one item and its picture; the answer is what it was."""
    which = _which(context.request)
    view = _demand(context)
    async with _answered(view):
        forgotten = await view.store.forget(view.scope, which)
    if forgotten is None:
        raise _missing()
    shown = await view.show(forgotten.item)
    await context.defer(lambda: release(forgotten.released, context.gateway))
    return _json({"deleted": shown, "remaining": forgotten.remaining})


async def clear_history(context: RequestContext) -> Reply:
    """Delete all of this caller's items and their pictures."""
    view = _open(context)
    if isinstance(view, str):
        return json_reply({"cleared": 0, "note": view})
    async with _answered(view):
        cleared = await view.store.clear(view.scope)
    await context.defer(lambda: release(cleared.released, context.gateway))
    return json_reply({"cleared": cleared.count})


def _open(context: RequestContext) -> View | str:
    """The history of a request's caller, or the reason why there is none."""
    request, gateway = context.request, context.gateway
    scope = context.caller.scope
    inline = read_switch(request.query, "inline", default=request.method != "HEAD")
    if gateway.history is None:
        return OFF
    if scope is None:
        return NOBODYS
    renderer = Renderer(gateway, request.origin, context.deadline)
    return View(gateway.history, scope, renderer, inline)


def _demand(context: RequestContext) -> View:
    view = _open(context)
    if isinstance(view, str):
        raise NotFound(view)
    return view


@asynccontextmanager
async def _answered(view: View) -> AsyncIterator[None]:
    """A time limit for the store; raises `UpstreamUnavailable` where it does not answer."""
    words = "The history cannot be reached now. Try again in a moment."
    try:
        with view.renderer.deadline.limit(LIMIT_S, lambda: UpstreamUnavailable(words)):
            yield
    except StoreUnavailable:
        raise UpstreamUnavailable(words) from None


async def _stream(view: View, page: HistoryPage) -> AsyncGenerator[Part]:
    """The list with its pictures, of which one at a time is in memory."""
    yield b'{"history":['
    for number, item in enumerate(page.items):
        first, *others = json_parts(await view.show(item))
        yield b"," + first if number and isinstance(first, bytes) else first
        for part in others:
            yield part
    end = b"".join(part for part in json_parts(_counted(page)) if isinstance(part, bytes))
    yield b"]," + end[1:]


def _counted(page: HistoryPage) -> dict[str, object]:
    return {"total": page.total, "as_of": page.as_of}


def _as_of(query: Mapping[str, str]) -> int | None:
    return read_within(query, "as_of", 0, 0) if "as_of" in query else None


def _which(request: Request) -> Which:
    """The item that a path or a query names; raises `NotFound` for a position before the first."""
    index = read_whole(request.path_after(PREFIX).removesuffix("/"), "path", "index")
    if "id" in request.query:
        return ItemId(read_whole(request.query["id"], "query", "id"))
    if index < 0:
        raise _missing()
    return Position(index, _as_of(request.query))


def _missing() -> NotFound:
    return NotFound("History item not found: no item of this caller's stands there.")


def _json(value: Any) -> Reply:
    headers = {"content-type": "application/json", "cache-control": "no-store"}
    return Reply(200, headers, json_parts(value))
