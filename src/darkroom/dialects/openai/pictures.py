"""A picture as a caller wants it: an address, or base64."""

from dataclasses import dataclass
from typing import Literal

from darkroom.deadline import Deadline
from darkroom.dialects.context import Gateway
from darkroom.engine.pictures import load_picture
from darkroom.errors import JobFailed
from darkroom.events import Picture
from darkroom.image import ImageFile, NotAnImage
from darkroom.json_body import TextBlob
from darkroom.stores.unavailable import StoreUnavailable

KEEP_LIMIT_S = 20.0
SHORTEST_LIFE_S = 3600.0  # what dies sooner is fetched at once, and kept


@dataclass(frozen=True, slots=True)
class RenderedPicture:
    """The field that carries the picture, its value, and its format and size where known."""

    field: Literal["url", "b64_json"]
    value: str | TextBlob
    output_format: str | None = None
    size: str | None = None


async def render_picture(
    picture: Picture,
    wanted: Literal["url", "b64_json"],
    gateway: Gateway,
    origin: str,
    deadline: Deadline,
) -> RenderedPicture:
    """Give the picture the shape that is wanted.

    An address is the upstream's own if there is one that lives on, else one of this gateway's, at
    `origin`, if it can keep pictures, else a data URL. Raises a `Failure` when the bytes cannot
    be had.
    """
    if wanted == "url" and picture.url is not None and _lives_on(picture):
        return RenderedPicture("url", picture.url)
    file = await load_picture(picture, gateway.http, deadline)
    dimensions = file.dimensions
    size = f"{dimensions[0]}x{dimensions[1]}" if dimensions else None
    if wanted == "b64_json":
        return RenderedPicture("b64_json", TextBlob(await file.to_base64()), file.format, size)
    hosted = await _host(file, gateway, origin, deadline)
    if hosted is not None:
        return RenderedPicture("url", hosted, file.format, size)
    data_url = TextBlob(await file.to_base64(), prefix=f"data:{file.media_type};base64,")
    return RenderedPicture("url", data_url, file.format, size)


def _lives_on(picture: Picture) -> bool:
    """Whether an address lives long enough for a caller to fetch it."""
    return picture.lasts_s is None or picture.lasts_s >= SHORTEST_LIFE_S


async def _host(file: ImageFile, gateway: Gateway, origin: str, deadline: Deadline) -> str | None:
    """The address of a picture that was kept; None if it could not be: it is not lost for that."""
    if gateway.media is None:
        return None
    name = f"{gateway.draw_token()}.{file.format}"
    try:
        content = await file.to_bytes()
    except NotAnImage:
        raise JobFailed("The upstream's picture is broken: its text is not base64.") from None
    try:
        async with deadline.limit(KEEP_LIMIT_S, lambda: JobFailed("keeping took too long")):
            await gateway.media.put(name, content, file.media_type)
    except (StoreUnavailable, JobFailed):
        return None
    return f"{gateway.settings.public_url or origin}/media/{name}"
