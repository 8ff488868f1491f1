"""Shared parts of the vision routes: pictures, and who serves them."""

from collections.abc import Awaitable, Callable, Sequence
from typing import TypeVar

from darkroom.context import RequestContext
from darkroom.dialects.studio.captions import vision_models
from darkroom.dialects.studio.errors import NotFound
from darkroom.dialects.studio.upstreams import STUDIO, provider_of, studio_for
from darkroom.errors import InvalidRequest
from darkroom.generation.input_images import load_sources, read_source
from darkroom.image import ImageFile, NotAnImage
from darkroom.providers.studio_models import StudioServer

T = TypeVar("T")
Way = Callable[[], Awaitable[T]]

IN_WORDS = "words"  # how the way without a studio is called among what was tried


async def load_picture(value: object, param: str, context: RequestContext) -> ImageFile:
    """Load a picture of the body as the bytes of its file; raises `InvalidRequest`."""
    source = read_source(value, param)
    async with context.deadline.enforced():
        (file,) = await load_sources([source], param, context)
    try:
        return ImageFile(data=await file.to_bytes())
    except NotAnImage:
        raise InvalidRequest(f"{param}: the text is not base64.", param=param) from None


def ways_to_serve(
    context: RequestContext,
    place: str,
    by_studio: Sequence[Way[T]],
    in_words: Way[T],
    *,
    needs_eyes: bool = True,
) -> Sequence[tuple[str, str, Way[T]]]:
    """A studio before words; words where a model sees, or where there is nobody else.

    `place` is what the studio is asked at.
    """
    has_studio = provider_of(STUDIO, context.gateway) is not None
    ways = [(STUDIO, place, way) for way in by_studio] if has_studio else []
    if not ways or not needs_eyes or next(vision_models(context.gateway), None) is not None:
        ways.append((IN_WORDS, "caption", in_words))
    return ways


def studio_of(context: RequestContext) -> StudioServer:
    """The studio, for a caller who may use it; raises `CredentialMissing` for another."""
    server = studio_for(context)
    assert server is not None  # noqa: S101 - it is known where it answers
    return server


def unknown(name: str) -> NotFound:
    """The failure of an id under which nothing is kept for its caller."""
    return NotFound(
        f"vl_embeddings_id: you have kept none called {name[:80]!r}, or it is over, which it is "
        "after seven days. POST /api/vl/extract keeps pictures.",
        param="vl_embeddings_id",
    )
