"""Downloads of images that upstreams name."""

from collections.abc import Collection
from dataclasses import replace

from darkroom.address import (
    AddressRefused,
    CredentialMisdirected,
    absolute_url,
    public_address,
)
from darkroom.blob import Blob
from darkroom.deadline import Deadline
from darkroom.errors import JobFailed, UpstreamBroken
from darkroom.events import Picture
from darkroom.http import Http
from darkroom.image import ImageFile, NotAnImage

MAX_PICTURE_BYTES = 24 * 1024 * 1024
FETCH_LIMIT_S = 60.0
MAX_URL_CHARS = 64 * 1024  # signed addresses are long


async def load_picture(picture: Picture, http: Http, deadline: Deadline) -> ImageFile:
    """A picture's file, fetched if need be.

    Raises `JobFailed` when the address gives no picture: the work was done and cannot be had.
    """
    file = picture.file or ImageFile(data=await _fetch(picture, http, deadline))
    try:
        file = await file.canonical()
        _ = file.format
    except NotAnImage:
        raise JobFailed("The upstream's picture is not in a format that Darkroom knows.") from None
    return file


def check_picture(
    picture: Picture,
    own_origins: Collection[str],
    allowed_origins: Collection[str],
    base_url: str = "",
) -> Picture:
    """The picture with its address as it may be asked; raises `JobFailed` where it must not be.

    An upstream may name its own origins, the operator's exceptions, and public hosts by https. What
    it leaves out of an address is that of its own, `base_url`.
    """
    if picture.url is None:
        return picture
    try:
        origins = (*own_origins, *allowed_origins)
        address = public_address(
            absolute_url(picture.url, base_url),
            allowed_origins=origins,
            upgrade=True,
            max_chars=MAX_URL_CHARS,
        )
    except AddressRefused:
        raise JobFailed(
            "The upstream named an address for its picture that is not fetched: it must be https "
            "and a public host.",
            code="picture_address_refused",
        ) from None
    credential = picture.credential
    if credential is not None and not credential.is_for(address.origin):
        credential = None
    return replace(picture, address=address, credential=credential)


async def _fetch(picture: Picture, http: Http, deadline: Deadline) -> Blob:
    address = picture.address
    if address is None:
        raise JobFailed("The upstream's picture has no address that may be fetched.")
    with deadline.limit(
        FETCH_LIMIT_S, lambda: JobFailed("The upstream's picture took too long to fetch.")
    ):
        try:
            reply = await http.send(
                "GET",
                address,
                headers={},
                credential=picture.credential,
                deadline=deadline.already_enforced(),
            )
        except (ConnectionError, CredentialMisdirected):
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
