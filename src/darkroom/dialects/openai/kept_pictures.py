"""Pictures of responses, kept for a day so that the next turn can name them.

The ids of a response and of its items share a token that nobody can guess, and which is all that is
needed to find its pictures. What an id names is found by its caller alone.
"""

import re
from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager
from dataclasses import dataclass
from typing import TypeGuard

from darkroom.access import Caller
from darkroom.context import RequestContext
from darkroom.deadline import Clock, Deadline
from darkroom.errors import Failure, InvalidRequest, JobFailed, UpstreamUnavailable
from darkroom.generation.result_cache import cache_directives
from darkroom.image import ImageFile, NotAnImage
from darkroom.stores.media import MediaStore
from darkroom.stores.unavailable import StoreUnavailable

PREVIOUS = "previous_response_id"
MAX_SHOWN_CHARS = 80
LIFETIME_S = 86_400.0
LIMIT_S = 20.0
ANYBODY = "anybody"  # of callers without a credential it is the id alone that lets them in

_ITEM_ID = re.compile(r"ig_([0-9A-Za-z-]{1,64})_([0-9]{1,2})")
_RESPONSE_ID = re.compile(r"resp_([0-9A-Za-z-]{1,64})(?:\.[0-9A-Za-z-]{1,64})?")
_ITEM_PREFIX = "ig_"
_INSTEAD = "Send the image_generation_call itself in input, with its result."


def item_id(token: str, index: int) -> str:
    """The id of a response's picture."""
    return f"{_ITEM_PREFIX}{token}_{index}"


def names_picture(value: object) -> TypeGuard[str]:
    """True for the id of an image_generation_call, of this gateway or of OpenAI."""
    return isinstance(value, str) and value.startswith(_ITEM_PREFIX)


@dataclass(frozen=True, slots=True)
class PictureId:
    """A picture by the id of its item, or the last one of a response by that of the response.

    `where` is the field that the id stands in.
    """

    text: str
    where: str

    @property
    def token(self) -> str | None:
        """The token of its response; None where the id is not one of this gateway's."""
        found = _ITEM_ID.fullmatch(self.text) or _RESPONSE_ID.fullmatch(self.text)
        return found[1] if found else None

    @property
    def index(self) -> int | None:
        """Which of the response's pictures is meant; None for the last."""
        found = _ITEM_ID.fullmatch(self.text)
        return int(found[2]) if found else None


@dataclass(frozen=True, slots=True)
class KeptPictures:
    """One caller's kept pictures, in the bucket."""

    media: MediaStore
    scope: str
    clock: Clock

    async def keep(self, token: str, pictures: Mapping[int, ImageFile]) -> bool:
        """Keep a response's pictures by their index; returns whether that could be done."""
        until, deadline = self.clock.time() + LIFETIME_S, Deadline.after(LIMIT_S, self.clock)
        try:
            with deadline.limit(LIMIT_S, lambda: JobFailed("too slow")):
                for index, picture in pictures.items():
                    content = await picture.to_bytes()
                    name = f"{self._beginning(token)}{index}"
                    await self.media.put_parts(name, [content], picture.media_type, until)
        except (StoreUnavailable, NotAnImage, Failure):
            return False  # the answer is not lost for that
        return True

    async def find(self, picture_id: PictureId, deadline: Deadline) -> str | None:
        """The name under which a picture is still kept; raises `UpstreamUnavailable`."""
        if picture_id.token is None:
            return None
        beginning = self._beginning(picture_id.token)
        async with _store_limit(deadline):
            names = await self.media.names(beginning, self.clock.time())
        kept = {int(name.removeprefix(beginning)): name for name in names}
        index = picture_id.index if picture_id.index is not None else max(kept, default=0)
        return kept.get(index)

    async def read(self, name: str, deadline: Deadline) -> ImageFile | None:
        """The picture under that name; raises `UpstreamUnavailable`."""
        async with _store_limit(deadline):
            found = await self.media.get(name)
        return ImageFile(data=found.content) if found else None

    def _beginning(self, token: str) -> str:
        return f"responses/{self.scope}/{token}/"


def kept_pictures_of(context: RequestContext, *, writes: bool = False) -> KeptPictures | None:
    """The caller's kept pictures; None where there is no bucket.

    With `writes` also None where `Cache-Control: no-store` keeps pictures out of every store.
    """
    gateway = context.gateway
    if gateway.media is None:
        return None
    if writes and "no-store" in cache_directives(context.request.headers):
        return None
    return KeptPictures(gateway.media, _scope_of(context.caller), gateway.clock)


async def check_kept(picture_id: PictureId, context: RequestContext) -> None:
    """Raise the `InvalidRequest` of an id that names no kept picture."""
    if picture_id.text not in context.downloads:
        await _find(picture_id, context)


async def load_kept(picture_id: PictureId, context: RequestContext) -> ImageFile:
    """The picture that an id names, read once for a request and its background task.

    Raises `InvalidRequest` where there is none, which says what to send in its place.
    """
    if file := context.downloads.get(picture_id.text):
        return file
    kept, name = await _find(picture_id, context)
    file = await kept.read(name, context.deadline)
    if file is None:
        raise _not_found(picture_id)
    context.downloads[picture_id.text] = file
    return file


async def _find(picture_id: PictureId, context: RequestContext) -> tuple[KeptPictures, str]:
    kept = kept_pictures_of(context)
    if kept is None:
        raise InvalidRequest(
            f"{picture_id.where}: earlier answers are not kept here, for want of a bucket. "
            f"{_INSTEAD}",
            param=picture_id.where,
            code="unsupported_parameter",
        )
    name = await kept.find(picture_id, context.deadline)
    if name is None:
        raise _not_found(picture_id)
    return kept, name


def _not_found(picture_id: PictureId) -> InvalidRequest:
    where = picture_id.where
    return InvalidRequest(
        f"{where}: no picture of yours is kept as {picture_id.text[:MAX_SHOWN_CHARS]!r}. Pictures "
        "are kept for a day, for the credentials that they were made with, and not with "
        f"store: false. {_INSTEAD}",
        param=where,
        code="previous_response_not_found" if where == PREVIOUS else "item_not_found",
    )


@asynccontextmanager
async def _store_limit(deadline: Deadline) -> AsyncIterator[None]:
    unavailable = UpstreamUnavailable("Kept pictures cannot be read now. Try again.")
    try:
        with deadline.limit(LIMIT_S, lambda: unavailable):
            yield
    except StoreUnavailable:
        raise unavailable from None


def _scope_of(caller: Caller) -> str:
    return caller.digest or ANYBODY
