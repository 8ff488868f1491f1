"""Input images: files, data URLs, base64, or addresses to download."""

from collections.abc import Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass

from darkroom.context import RequestContext
from darkroom.engine.image_urls import MAX_SOURCE_BYTES, fetch_source
from darkroom.errors import InvalidRequest
from darkroom.image import ImageFile, NotAnImage, read_image_text
from darkroom.json_writer import TextBlob
from darkroom.masks import Convention, Mask
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
    sources: Sequence[Source], param: str, context: RequestContext
) -> tuple[ImageFile, ...]:
    """Load the files of all pictures, downloading those with addresses one by one, each once.

    Together they may be as large as a body. Raises `InvalidRequest` naming `param` for one that
    cannot or must not be fetched.
    """
    gateway, settings = context.gateway, context.gateway.settings
    left_bytes = settings.max_body_bytes
    loaded = []
    for source in sources:
        if isinstance(source, Address):
            file = context.downloads.get(source.url) or await fetch_source(
                source.url,
                gateway.http,
                context.deadline,
                own_origins=[own for own in (settings.public_url, context.request.origin) if own],
                allowed_origins=settings.source_origins,
                media=gateway.media,
                param=param,
                limit_bytes=min(MAX_SOURCE_BYTES, left_bytes),
            )
            context.downloads[source.url] = file
            left_bytes = max(1, left_bytes - file.stored_bytes)
            loaded.append(file)
            continue
        try:
            loaded.append(await source.in_plain_alphabet())
        except NotAnImage:
            raise _no_image(param) from None
    return tuple(loaded)


async def load_mask(
    source: Source, context: RequestContext, convention: Convention = Convention.TRANSPARENT
) -> Mask:
    """Load a mask, as a PNG if it can be converted to one; raises as `load_sources` does."""
    (mask,) = await load_sources([source], "mask", context)
    converter = context.gateway.converter
    if converter is not None and mask.format != "png":
        with suppress(StoreUnavailable, NotAnImage):
            content = await converter.convert(await mask.to_bytes(), "png", None)
            mask = ImageFile(data=content)
    return Mask(mask, convention)


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
