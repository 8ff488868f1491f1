"""`GET /media/{name}`: pictures that this gateway keeps."""

from darkroom.dialects.context import Gateway
from darkroom.errors import RouteNotFound
from darkroom.http import Reply, Request


async def get_media(request: Request, gateway: Gateway) -> Reply:
    """A kept picture. Its name is unguessable and its content never changes."""
    name = request.path_after("/media/")
    stored = await gateway.media.get(name) if gateway.media else None
    if stored is None:
        raise RouteNotFound("There is no such picture here, or no longer.", code="media_not_found")
    headers = {
        "content-type": stored.media_type,
        "content-length": str(stored.content.size),
        "cache-control": "public, max-age=31536000, immutable",
        "x-content-type-options": "nosniff",
    }
    return Reply(200, headers, [stored.content])
