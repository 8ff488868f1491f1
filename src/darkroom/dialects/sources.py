"""Pictures that callers send: as files, data URLs, base64, or addresses."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from urllib.parse import urlsplit

from darkroom.deadline import Deadline
from darkroom.dialects.context import Gateway
from darkroom.dialects.media import MEDIA_NAME
from darkroom.engine.sources import fetch_source
from darkroom.errors import InvalidRequest, UpstreamUnavailable
from darkroom.image import ImageFile, NotAnImage, read_image_text
from darkroom.json_body import TextBlob
from darkroom.stores.unavailable import StoreUnavailable

_INSIDE = ("image_url", "url", "b64_json", "data")
_PLAIN_ALPHABET = str.maketrans("-_", "+/")  # base64's other one is for addresses


@dataclass(frozen=True, slots=True)
class Address:
    """A picture that is still to be fetched."""

    url: str


Source = ImageFile | Address


def read_source(value: object, param: str) -> Source:
    """A picture in any of its forms; raises `InvalidRequest` naming `param` for anything else."""
    while isinstance(value, Mapping):
        if value.get("file_id"):
            raise InvalidRequest(
                f"{param}: files are not kept here, so file_id names none. Send the picture "
                "itself, or an image_url.",
                param=param,
            )
        value = next((value[name] for name in _INSIDE if value.get(name)), None)
    if isinstance(value, str) and value.lower().startswith(("http://", "https://")):
        return Address(value)
    if isinstance(value, ImageFile):
        return _checked(value, param)
    if not isinstance(value, str | TextBlob):
        raise InvalidRequest(
            f"{param}: must be a file, a data URL, base64 or an https address.", param=param
        )
    text = value.content if isinstance(value, TextBlob) else value.translate(_PLAIN_ALPHABET)
    try:
        return _checked(read_image_text(text), param)
    except NotAnImage:
        raise _no_image(param) from None


async def load_sources(
    sources: Sequence[Source], param: str, origin: str, gateway: Gateway, deadline: Deadline
) -> tuple[ImageFile, ...]:
    """The files of all pictures, those with addresses fetched one by one.

    Raises `InvalidRequest` naming `param` for one that cannot or must not be fetched.
    """
    loaded = []
    for source in sources:
        if isinstance(source, Address):
            loaded.append(await _load(source.url, param, origin, gateway, deadline))
            continue
        try:
            loaded.append(await source.in_plain_alphabet())
        except NotAnImage:
            raise _no_image(param) from None
    return tuple(loaded)


async def _load(
    url: str, param: str, origin: str, gateway: Gateway, deadline: Deadline
) -> ImageFile:
    """A picture from elsewhere, or one of this gateway's own, which needs no way around."""
    if name := own_media_name(url, origin, gateway):
        try:
            stored = await gateway.media.get(name) if gateway.media else None
        except StoreUnavailable:
            raise UpstreamUnavailable("Kept pictures cannot be read now. Try again.") from None
        if stored is None:
            raise InvalidRequest(
                f"{param}: there is no such picture here, or no longer.",
                param=param,
                code="invalid_image_url",
            )
        return ImageFile(data=stored.content)
    return await fetch_source(
        url, gateway.http, deadline, param=param, allowed_origins=gateway.settings.source_origins
    )


def own_media_name(url: str, origin: str, gateway: Gateway) -> str | None:
    """What a picture is kept as, if the address is one of this gateway's."""
    parts = urlsplit(url)
    name = parts.path.removeprefix("/media/")
    own = {origin, gateway.settings.public_url or origin}
    if f"{parts.scheme}://{parts.netloc}" in own and MEDIA_NAME.fullmatch(name):
        return name if parts.path != name else None
    return None


def _checked(image: ImageFile, param: str) -> ImageFile:
    try:
        _ = image.format
    except NotAnImage:
        raise _no_image(param) from None
    return image


def _no_image(param: str) -> InvalidRequest:
    return InvalidRequest(
        f"{param}: this is not a PNG, JPEG, WebP, GIF or AVIF.",
        param=param,
        code="invalid_image_file",
    )
