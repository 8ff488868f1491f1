"""A filter of upstream events: checked addresses, texts without tokens."""

from collections.abc import AsyncGenerator, Collection, Mapping
from contextlib import aclosing
from dataclasses import dataclass, replace

from darkroom.blob import Blob, BytesBlob
from darkroom.embedding import Embedding
from darkroom.engine.image_download import check_picture
from darkroom.errors import JobFailed
from darkroom.events import Event, Finished, Picture, Preview, Progress, Queued
from darkroom.http import Pause, UpstreamReply
from darkroom.providers.provider import Route
from darkroom.settings import Secret

MAX_PICTURES = 32  # of one job; layers are the most that anybody asks for
REMOVED = "[removed]"
FEWEST_SECRET_CHARS = 6


def guard_event(event: Event, route: Route, allowed_origins: Collection[str]) -> Event | None:
    """The event with checked addresses and without the route's token; None for no preview.

    Raises `JobFailed` for a finished picture whose address must not be asked.
    """
    match event:
        case Queued() | Progress():
            if event.message and (secret := secret_of(route.token)):
                return replace(event, message=_without(event.message, secret))
        case Preview(picture):
            try:
                return Preview(_checked(picture, route, allowed_origins))
            except JobFailed:
                return None
        case Finished():
            pictures = [
                _checked(picture, route, allowed_origins)
                for picture in event.pictures[:MAX_PICTURES]
            ]
            revised = _without(event.revised_prompt, secret_of(route.token))
            return replace(event, pictures=tuple(pictures), revised_prompt=revised)
    return event


def _checked(picture: Picture, route: Route, allowed_origins: Collection[str]) -> Picture:
    if picture.url is None:
        return picture
    secret = secret_of(route.token)
    if secret and secret in picture.url:
        raise JobFailed("The upstream's picture has a token in its address.")
    return check_picture(picture, route.own_origins, allowed_origins, route.base_url)


def guard_embedding(embedding: Embedding, token: Secret | None) -> Embedding:
    """The embedding without the token in the words beside it."""
    secret = secret_of(token)
    return replace(
        embedding,
        model=_without(embedding.model, secret),
        path=_without(embedding.path, secret),
    )


def secret_of(token: Secret | None) -> str:
    """The token's text if it is long enough to be one; a shorter one would be found in any text."""
    text = token.reveal() if token else ""
    return text if len(text) >= FEWEST_SECRET_CHARS else ""


def _without(text: str | None, secret: str) -> str | None:
    return text.replace(secret, REMOVED) if text and secret else text


@dataclass(frozen=True, slots=True)
class RedactedReply:
    """An answer out of which a token is taken wherever it stands."""

    inner: UpstreamReply
    secret: bytes

    @property
    def status(self) -> int:
        """The HTTP status."""
        return self.inner.status

    @property
    def headers(self) -> Mapping[str, str]:
        """Headers, names in lower case."""
        return self.inner.headers

    async def read(self, limit: int) -> bytes:
        """The whole body; see `UpstreamReply.read`."""
        return (await self.inner.read(limit)).replace(self.secret, REMOVED.encode())

    async def read_blob(self, limit: int) -> Blob:
        """The whole body; see `UpstreamReply.read_blob`."""
        return BytesBlob(await self.read(limit))

    async def chunks(self, *, idle_s: float, pause_s: Pause | None = None) -> AsyncGenerator[bytes]:
        """The body as it arrives; what may be the beginning of the token waits for what follows."""
        held = b""
        async with aclosing(self.inner.chunks(idle_s=idle_s, pause_s=pause_s)) as chunks:
            async for chunk in chunks:
                data = (held + chunk).replace(self.secret, REMOVED.encode())
                kept = _begun(data, self.secret)
                held = data[len(data) - kept :]
                if sent := data[: len(data) - kept]:
                    yield sent
        if held:
            yield held

    async def close(self) -> None:
        """Stop reading."""
        await self.inner.close()


def _begun(data: bytes, secret: bytes) -> int:
    """The number of bytes at the end of some data that may begin the secret."""
    most = min(len(secret) - 1, len(data))
    return next((count for count in range(most, 0, -1) if data.endswith(secret[:count])), 0)
