"""Fetching pictures."""

from darkroom.blob import Blob
from darkroom.deadline import Deadline
from darkroom.errors import JobFailed, UpstreamBroken
from darkroom.events import Picture
from darkroom.http import Http
from darkroom.image import ImageFile, NotAnImage

MAX_PICTURE_BYTES = 24 * 1024 * 1024
FETCH_LIMIT_S = 60.0


async def load_picture(picture: Picture, http: Http, deadline: Deadline) -> ImageFile:
    """A picture's file, fetched if need be.

    Raises `JobFailed` when the address gives no picture: the work was done and cannot be had.
    """
    file = picture.file or ImageFile(data=await _fetch(picture, http, deadline))
    try:
        _ = file.format
    except NotAnImage:
        raise JobFailed("The upstream's picture is not in a format that Darkroom knows.") from None
    return file


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
