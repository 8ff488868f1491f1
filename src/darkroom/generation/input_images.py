"""Input images: files, data URLs, base64, or addresses to download."""

from collections.abc import Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass

from darkroom.context import RequestContext
from darkroom.engine.image_urls import MAX_SOURCE_BYTES, fetch_source
from darkroom.errors import InvalidRequest
from darkroom.image import ImageFile, NotAnImage, read_image_text
from darkroom.image_header import FORMAT_BYTES, foreign_format
from darkroom.json_writer import TextBlob
from darkroom.masks import Convention, Mask
from darkroom.stores.unavailable import StoreUnavailable

# Where objects of SDKs hold a picture: those of OpenAI, Anthropic, Google, A1111, the AI SDK, fal.
_INSIDE = (
    "image_url", "imageUrl", "url", "b64_json", "base64", "b64", "image_base64", "imageBase64",
    "bytesBase64Encoded", "imageBytes", "image_bytes", "inlineData", "inline_data", "fileData",
    "file_data", "fileUri", "file_uri", "source", "data", "image", "input_image", "file",
    "content", "result", "uri", "href",
)  # fmt: skip
_MAX_LEVELS = 8  # of objects and lists around a picture; those of SDKs have four
_NOTHING = ("", "null", "undefined", "none")  # as JavaScript and Python write it into forms
# What such objects say about a picture, beside the picture.
_ABOUT = frozenset((
    "type", "detail", "mime_type", "mimeType", "media_type", "mediaType", "format", "name",
    "filename", "orig_name", "size", "meta", "_type", "alt", "alt_text",
))  # fmt: skip


@dataclass(frozen=True, slots=True)
class Address:
    """A picture that is still to be fetched."""

    url: str


Source = ImageFile | Address


def read_source(value: object, param: str) -> Source:
    """A picture in any of its forms; raises `InvalidRequest` naming `param` for anything else."""
    for _ in range(_MAX_LEVELS):
        if not isinstance(value, Mapping):
            break
        if value.get("file_id"):
            raise InvalidRequest(
                f"{param}: files are not kept here, so file_id names none. Send the picture "
                "itself, or an image_url.",
                param=param,
            )
        value = _value_in(value)
    if isinstance(value, str) and value.strip()[:8].lower().startswith(("http://", "https://")):
        return Address(value.strip())
    if isinstance(value, ImageFile):
        return _checked(value, param)
    if not isinstance(value, str | TextBlob):
        raise InvalidRequest(
            f"{param}: must be a file, a data URL, base64 or an https address.", param=param
        )
    text = value.content if isinstance(value, TextBlob) else value
    try:
        return _checked(read_image_text(text), param)
    except NotAnImage:
        raise _no_image(param) from None


def has_picture(part: object) -> bool:
    """Whether a part of a message is meant to hold a picture, of whichever SDK's kind it is."""
    if not isinstance(part, Mapping):
        return isinstance(part, ImageFile)
    kind = part.get("type") or "file"
    media_type = part.get("mediaType") or part.get("mime_type") or "image/*"
    if isinstance(kind, str) and "image" in kind:
        return True
    is_image = isinstance(media_type, str) and media_type.startswith("image/")
    return is_image and kind in ("file", "media") and _value_in(part) is not None


def is_nothing(value: object, levels: int = _MAX_LEVELS) -> bool:
    """Whether a value stands for no picture: null, an empty text or file, or only such within.

    What is nested in more than `levels` is not looked at, and counts as something.
    """
    if not levels and isinstance(value, list | Mapping):
        return False
    match value:
        case None:
            return True
        case str():
            return value.strip().lower() in _NOTHING
        case TextBlob():
            return not value.content.size
        case ImageFile():
            return not value.stored_bytes
        case list():
            return all(is_nothing(inner, levels - 1) for inner in value)
        case Mapping():
            inside = (inner for name, inner in value.items() if name not in _ABOUT)
            return all(is_nothing(inner, levels - 1) for inner in inside)
    return False


def _value_in(fields: Mapping[str, object]) -> object:
    """What a known name of an object holds, or the one other field that holds anything."""
    known = (fields[name] for name in _INSIDE if not is_nothing(fields.get(name)))
    held = [v for name, v in fields.items() if name not in _ABOUT and not is_nothing(v)]
    return next(known, held[0] if len(held) == 1 else None)


def entries_of(value: object, levels: int = _MAX_LEVELS) -> list[object]:
    """The pictures of a field: one, a list, or lists within it; those that are nothing left out."""
    if is_nothing(value):
        return []
    if isinstance(value, list) and levels:
        return [entry for each in value for entry in entries_of(each, levels - 1)]
    return [value]


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
            loaded.append(_checked(file, param))
            continue
        try:
            loaded.append(await source.canonical())
        except NotAnImage:
            raise _no_image(param) from None
    return tuple(loaded)


async def load_mask(
    source: Source,
    context: RequestContext,
    convention: Convention = Convention.TRANSPARENT,
    param: str = "mask",
) -> Mask:
    """Load a mask, as a PNG if it can be converted to one; raises as `load_sources` does."""
    (mask,) = await load_sources([source], param, context)
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
        raise _no_image(param, foreign_format(image.read(0, FORMAT_BYTES))) from None
    dimensions = image.dimensions
    if dimensions and not all(dimensions):
        width, height = dimensions
        words = f"{param}: this picture is {width}x{height} pixels by its header; send a whole one."
        raise InvalidRequest(words, param=param, code="invalid_image_file")
    return image


def _no_image(param: str, instead: str | None = None) -> InvalidRequest:
    what = f"this is {instead}" if instead else "this is not a PNG, JPEG, WebP, GIF or AVIF"
    return InvalidRequest(f"{param}: {what}.", param=param, code="invalid_image_file")
