"""`GET /media/{name}`: pictures that this gateway keeps."""

from darkroom.deadline import Deadline
from darkroom.dialects.context import Gateway
from darkroom.errors import RouteNotFound, UpstreamUnavailable
from darkroom.http import Reply, Request
from darkroom.stores.media import MEDIA_NAME
from darkroom.stores.unavailable import StoreUnavailable

READ_LIMIT_S = 30.0


async def get_media(request: Request, gateway: Gateway) -> Reply:
    """A kept picture. Its name is unguessable and its content never changes."""
    name = request.path_after("/media/")
    stored = None
    if gateway.media and MEDIA_NAME.fullmatch(name):
        deadline = Deadline.after(READ_LIMIT_S, gateway.clock)
        try:
            async with deadline.enforced():
                stored = await gateway.media.get(name)
        except StoreUnavailable:
            raise UpstreamUnavailable("Kept pictures cannot be read now. Try again.") from None
    if stored is None:
        raise RouteNotFound("There is no such picture here, or no longer.", code="media_not_found")
    headers = {
        "content-type": stored.media_type,
        "content-length": str(stored.content.size),
        "cache-control": "public, max-age=31536000, immutable",
        "x-content-type-options": "nosniff",
    }
    return Reply(200, headers, [stored.content])
