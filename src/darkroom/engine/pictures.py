"""Fetching pictures and telling what they are."""

from darkroom.blob import Blob
from darkroom.deadline import Deadline
from darkroom.errors import JobFailed, UpstreamBroken
from darkroom.events import Picture
from darkroom.http import Http

MAX_PICTURE_BYTES = 24 * 1024 * 1024
FETCH_LIMIT_S = 60.0
SIGNATURE_BYTES = 16


def image_format(head: bytes) -> str | None:
    """The format that a file's first bytes tell: `png`, `jpeg`, `webp`, `gif` or `avif`."""
    if head.startswith(b"\x89PNG\r\n\x1a\n"):
        return "png"
    if head.startswith(b"\xff\xd8\xff"):
        return "jpeg"
    if head[:4] == b"RIFF" and head[8:12] == b"WEBP":
        return "webp"
    if head.startswith((b"GIF87a", b"GIF89a")):
        return "gif"
    if head[4:12] in (b"ftypavif", b"ftypavis"):
        return "avif"
    return None


async def load_picture(picture: Picture, http: Http, deadline: Deadline) -> tuple[Blob, str]:
    """A picture's bytes and format, fetched if need be.

    Raises `JobFailed` when the address gives no picture: the work was done and cannot be had.
    """
    content = picture.data or await _fetch(picture, http, deadline)
    kind = image_format(content.head(SIGNATURE_BYTES))
    if kind is None:
        raise JobFailed("The upstream's picture is not in a format that Darkroom knows.")
    return content, kind


async def _fetch(picture: Picture, http: Http, deadline: Deadline) -> Blob:
    async with deadline.limit(
        FETCH_LIMIT_S, lambda: JobFailed("The upstream's picture took too long to fetch.")
    ):
        try:
            reply = await http.send(
                "GET", picture.url or "", headers=picture.headers, deadline=deadline
            )
        except ConnectionError:
            raise JobFailed("The upstream's picture cannot be fetched.") from None
        try:
            if reply.status != 200:
                raise JobFailed(
                    f"The upstream's picture cannot be fetched: its address answers {reply.status}."
                )
            return await reply.read_blob(MAX_PICTURE_BYTES)
        except ConnectionError:
            raise JobFailed("The upstream broke off while its picture was fetched.") from None
        except UpstreamBroken:
            raise JobFailed(
                f"The upstream's picture is larger than {MAX_PICTURE_BYTES // 2**20} MiB."
            ) from None
        finally:
            await reply.close()
