"""A picture as a caller wants it: an address, or base64."""

from dataclasses import dataclass
from typing import Literal

from darkroom.blob import Blob
from darkroom.deadline import Deadline
from darkroom.dialects.context import Gateway
from darkroom.engine.pictures import load_picture
from darkroom.errors import JobFailed
from darkroom.events import Picture
from darkroom.json_body import TextBlob
from darkroom.stores.media import StoreUnavailable

KEEP_LIMIT_S = 20.0


@dataclass(frozen=True, slots=True)
class RenderedPicture:
    """The field that carries the picture, its value, and its format where it is known."""

    field: Literal["url", "b64_json"]
    value: str | TextBlob
    output_format: str | None = None


async def render_picture(
    picture: Picture,
    wanted: Literal["url", "b64_json"],
    gateway: Gateway,
    origin: str,
    deadline: Deadline,
) -> RenderedPicture:
    """Give the picture the shape that is wanted.

    An address is the upstream's own if there is one, else one of this gateway's, at `origin`, if
    it can keep pictures, else a data URL. Raises a `Failure` when the bytes cannot be had.
    """
    if wanted == "url" and picture.url is not None:
        return RenderedPicture("url", picture.url)
    content, kind = await load_picture(picture, gateway.http, deadline)
    if wanted == "b64_json":
        return RenderedPicture("b64_json", TextBlob(await content.to_base64()), kind)
    hosted = await _host(content, kind, gateway, origin, deadline)
    if hosted is not None:
        return RenderedPicture("url", hosted, kind)
    data_url = TextBlob(await content.to_base64(), prefix=f"data:image/{kind};base64,")
    return RenderedPicture("url", data_url, kind)


async def _host(
    content: Blob, kind: str, gateway: Gateway, origin: str, deadline: Deadline
) -> str | None:
    """The address of a picture that was kept; None if it could not be: it is not lost for that."""
    if gateway.media is None:
        return None
    name = f"{gateway.draw_token()}.{kind}"
    try:
        async with deadline.limit(KEEP_LIMIT_S, lambda: JobFailed("keeping took too long")):
            await gateway.media.put(name, content, f"image/{kind}")
    except (StoreUnavailable, JobFailed):
        return None
    return f"{gateway.settings.public_url or origin}/media/{name}"
