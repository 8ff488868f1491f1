"""`GET /media/{name}`: stored images.

With conditional and range requests as RFC 9110, sections 13 and 14, has them.
"""

import re
from collections.abc import Mapping
from dataclasses import replace

from darkroom.context import RequestContext
from darkroom.deadline import Deadline
from darkroom.dialects.openai.errors import error_reply
from darkroom.errors import InvalidRequest, RouteNotFound, UpstreamUnavailable
from darkroom.http import Reply, Request
from darkroom.response_headers import BYTES, IMAGE_TYPES
from darkroom.stores.media import MEDIA_NAME, ByteRange, MediaFacts, MediaStore
from darkroom.stores.unavailable import StoreUnavailable

READ_LIMIT_S = 30.0

_CONDITIONS = {"range", "if-none-match"}
_ONE_RANGE = re.compile(r"bytes=([0-9]{0,15})-([0-9]{0,15})", re.IGNORECASE)
_ENTITY_TAG = re.compile(r'"[^"]*"')


class RangeNotSatisfiable(InvalidRequest):
    """None of the bytes that are asked for are there."""

    status = 416
    default_code = "range_not_satisfiable"


async def get_media(context: RequestContext) -> Reply:
    """A kept picture or a part of it. Its name is unguessable and its content never changes."""
    request, gateway = context.request, context.gateway
    name = request.path_after("/media/")
    reply = None
    if gateway.media and MEDIA_NAME.fullmatch(name):
        deadline = Deadline.after(READ_LIMIT_S, gateway.clock)
        try:
            with deadline.enforced():
                reply = await _answer(request, name, gateway.media)
        except StoreUnavailable:
            raise UpstreamUnavailable("Kept pictures cannot be read now. Try again.") from None
    if reply is None:
        raise RouteNotFound("There is no such picture here, or no longer.", code="media_not_found")
    return reply


async def _answer(request: Request, name: str, store: MediaStore) -> Reply | None:
    """None where there is no such picture; one that need not be sent is not read."""
    part = None
    if request.method == "HEAD" or _CONDITIONS & request.headers.keys():
        facts = await store.head(name)
        if facts is None:
            return None
        if _is_known(request.headers.get("if-none-match"), facts.etag):
            return Reply(304, _lasting(facts), [])
        if request.method == "HEAD":
            return Reply(200, _described(name, facts, facts.size), [])
        try:
            part = _wanted_range(request.headers, facts)
        except RangeNotSatisfiable as failure:
            refusal = error_reply(failure)
            beyond = {"content-range": f"bytes */{facts.size}"}
            return replace(refusal, headers={**refusal.headers, **beyond})
    stored = await store.get(name, part)
    if stored is None:
        return None
    headers = _described(name, stored, stored.content.size)
    if stored.range is None:
        return Reply(200, headers, [stored.content])
    first, last = stored.range.start, stored.range.end - 1
    headers["content-range"] = f"bytes {first}-{last}/{stored.size}"
    return Reply(206, headers, [stored.content])


def _wanted_range(headers: Mapping[str, str], facts: MediaFacts) -> ByteRange | None:
    """The one range that is to be sent; None for the whole picture.

    Several ranges, and what is none, are ignored, as RFC 9110, 14.2, permits. Raises
    `RangeNotSatisfiable`.
    """
    requested = _ONE_RANGE.fullmatch(headers.get("range", "").strip())
    if requested is None or headers.get("if-range", facts.etag).strip() != facts.etag:
        return None
    first, last = requested.groups()
    if not first and not last:
        return None
    if not first:
        start, end = max(0, facts.size - int(last)), facts.size
    else:
        start, end = int(first), min(facts.size, int(last) + 1) if last else facts.size
        if last and int(last) < start:
            return None
    if start >= facts.size:
        raise RangeNotSatisfiable(f"The picture has {facts.size} bytes, none of them in the range.")
    return ByteRange(start, end)


def _is_known(if_none_match: str | None, etag: str) -> bool:
    """Whether the caller has the picture already; tags are compared weakly (RFC 9110, 13.1.2)."""
    if if_none_match is None:
        return False
    return if_none_match.strip() == "*" or etag in _ENTITY_TAG.findall(if_none_match)


def _lasting(facts: MediaFacts) -> dict[str, str]:
    return {"etag": facts.etag, "cache-control": "public, max-age=31536000, immutable"}


def _described(name: str, facts: MediaFacts, length: int) -> dict[str, str]:
    by_ending = f"image/{name.rpartition('.')[2]}"
    types = (kind for kind in (facts.media_type, by_ending) if kind in IMAGE_TYPES)
    return {
        **_lasting(facts),
        "content-type": next(types, BYTES),
        "content-length": str(length),
        "accept-ranges": "bytes",
    }
