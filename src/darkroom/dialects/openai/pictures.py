"""A picture as a caller wants it: an address, or base64."""

from dataclasses import dataclass
from typing import Literal

from darkroom.blob import Blob
from darkroom.deadline import Deadline
from darkroom.dialects.context import Gateway
from darkroom.engine.pictures import load_picture
from darkroom.events import Picture
from darkroom.json_body import TextBlob


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
    if gateway.media is not None:
        return RenderedPicture("url", await _host(content, kind, gateway, origin), kind)
    data_url = TextBlob(await content.to_base64(), prefix=f"data:image/{kind};base64,")
    return RenderedPicture("url", data_url, kind)


async def _host(content: Blob, kind: str, gateway: Gateway, origin: str) -> str:
    assert gateway.media is not None  # noqa: S101 - the caller has looked
    name = f"{gateway.draw_token()}.{kind}"
    await gateway.media.put(name, content, f"image/{kind}")
    return f"{gateway.settings.public_url or origin}/media/{name}"
