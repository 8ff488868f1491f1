"""One request about pictures that others resemble, and the ways to serve it."""

from collections.abc import Awaitable, Callable, Sequence
from dataclasses import dataclass
from typing import Any, TypeVar

from darkroom.access import Caller
from darkroom.deadline import Deadline
from darkroom.dialects.studio.bodies import read_document
from darkroom.dialects.studio.captions import Seen, caption_picture, seers
from darkroom.dialects.studio.errors import NotFound
from darkroom.dialects.studio.upstreams import STUDIO, provider_of, studio_for
from darkroom.dialects.studio.vision_cache import LikenessCache, cache_of
from darkroom.errors import InvalidRequest
from darkroom.gateway import Gateway
from darkroom.generation.input_images import load_sources, read_source
from darkroom.http import Request
from darkroom.image import ImageFile, NotAnImage
from darkroom.providers.studio_models import StudioServer

T = TypeVar("T")
Way = Callable[[], Awaitable[T]]

IN_WORDS = "words"  # how the way without a studio is called among what was tried


@dataclass(frozen=True, slots=True)
class Visit:
    """One request, and who sends it."""

    request: Request
    gateway: Gateway
    deadline: Deadline
    caller: Caller

    @classmethod
    def of(cls, request: Request, gateway: Gateway) -> "Visit":
        """Raises as `identify` does."""
        caller = context.caller
        deadline = context.deadline
        return cls(request, gateway, deadline, caller)

    async def document(self) -> dict[str, Any]:
        """The body's fields."""
        async with self.deadline.enforced():
            raw = await self.request.body.read(self.gateway.settings.max_body_bytes)
        return read_document(raw)

    async def picture(self, value: object, param: str) -> ImageFile:
        """A picture of the body, as the bytes of its file; raises `InvalidRequest`."""
        source = read_source(value, param)
        origin, gateway, deadline = self.request.origin, self.gateway, self.deadline
        async with deadline.enforced():
            (file,) = await load_sources([source], param, origin, gateway, deadline)
        try:
            return ImageFile(data=await file.to_bytes())
        except NotAnImage:
            raise InvalidRequest(f"{param}: the text is not base64.", param=param) from None

    @property
    def cache(self) -> LikenessCache:
        """What this caller has extracted; raises a `Failure` where there can be nothing."""
        return cache_of(self.request, self.gateway, self.deadline)

    def ways(
        self, place: str, by_studio: Sequence[Way[T]], in_words: Way[T], *, needs_eyes: bool = True
    ) -> Sequence[tuple[str, str, Way[T]]]:
        """A studio before words; words where somebody sees, or where there is nobody else.

        `place` is what the studio is asked at.
        """
        has_studio = provider_of(STUDIO, self.gateway) is not None
        ways = [(STUDIO, place, way) for way in by_studio] if has_studio else []
        if not ways or not needs_eyes or next(seers(self.gateway), None) is not None:
            ways.append((IN_WORDS, "caption", in_words))
        return ways

    def studio(self) -> StudioServer:
        """The studio, for a caller who may use it; raises `CredentialMissing` for another."""
        server = studio_for(self.caller, self.gateway, self.deadline)
        assert server is not None  # noqa: S101 - it is known where it answers
        return server

    async def caption(self, picture: ImageFile, text: str | None) -> Seen:
        """The picture in words."""
        return await caption_picture(picture, text, self.caller, self.gateway, self.deadline)


def unknown(name: str) -> NotFound:
    """The failure of an id under which nothing is kept for its caller."""
    return NotFound(
        f"vl_embeddings_id: you have kept none called {name[:80]!r}, or it is over, which it is "
        "after seven days. POST /api/vl/extract keeps pictures.",
        param="vl_embeddings_id",
    )
