"""Downloads of pictures that callers name by address: which are allowed, and how.

The policy is that of `public_address`, and this gateway's own pictures are read from its bucket.
"""

import re
from collections.abc import Sequence
from dataclasses import dataclass
from urllib.parse import urljoin

from darkroom.address import Address, AddressRefused, plain_origin, public_address, split_url
from darkroom.deadline import Deadline
from darkroom.errors import InvalidRequest, UpstreamBroken, UpstreamUnavailable
from darkroom.http import Http, UpstreamReply
from darkroom.image import ImageFile, NotAnImage
from darkroom.scrub import without_tokens
from darkroom.stores.media import MEDIA_NAME, MediaStore
from darkroom.stores.unavailable import StoreUnavailable

MAX_SOURCE_BYTES = 25 * 1024 * 1024
MAX_REDIRECTS = 3
FETCH_LIMIT_S = 30.0
# All that goes along. Some hosts answer nobody who does not say who asks.
_HEADERS = {"accept": "image/png,image/jpeg,image/webp,image/gif", "user-agent": "Darkroom"}
_REDIRECTS = (301, 302, 303, 307, 308)

_OWN_PICTURE = re.compile(rf"/media/({MEDIA_NAME.pattern})")


@dataclass(frozen=True, slots=True)
class SourceAddress:
    """An address that may be asked. `kept` is the name of a picture that this gateway keeps."""

    address: Address
    kept: str | None = None


def check_source_url(
    url: str,
    *,
    own_origins: Sequence[str] = (),
    allowed_origins: Sequence[str] = (),
    param: str = "image",
) -> SourceAddress:
    """The address as it may be asked, without its fragment; nothing is looked up or fetched.

    `own_origins` are this gateway's, of which only the pictures that it keeps are sources.
    `allowed_origins` are the operator's exceptions, in lower case and without a standard port; they
    may name any scheme, host and port. Raises `InvalidRequest` for `param`, code
    `invalid_image_url`.
    """
    try:
        origin, path = split_url(url)
        if origin not in map(plain_origin, own_origins):
            return SourceAddress(public_address(url, allowed_origins=allowed_origins))
    except AddressRefused as refusal:
        raise _refused(param, without_tokens(str(refusal))) from None
    kept = _OWN_PICTURE.fullmatch(path)
    if not kept:
        raise _refused(param, "of this gateway's own addresses only /media/… has pictures.")
    return SourceAddress(Address(origin, path), kept[1])


async def fetch_source(
    url: str,
    http: Http,
    deadline: Deadline,
    *,
    own_origins: Sequence[str] = (),
    allowed_origins: Sequence[str] = (),
    media: MediaStore | None = None,
    param: str = "image",
    limit_bytes: int = MAX_SOURCE_BYTES,
) -> ImageFile:
    """The picture at an address that `check_source_url` lets pass.

    What is kept here is read from `media`, never over the network. Redirects are followed on the
    same host, and checked anew. Raises `InvalidRequest` for `param`, code `invalid_image_url`, for
    whatever is no picture of at most `limit_bytes` within 30 s.
    """
    source = check_source_url(
        url, own_origins=own_origins, allowed_origins=allowed_origins, param=param
    )
    address = source.address
    host = without_tokens(address.host)
    slow = f"{host} took longer than {FETCH_LIMIT_S:.0f} s."
    with deadline.limit(FETCH_LIMIT_S, lambda: _refused(param, slow)):
        if source.kept is not None:
            return await _read_kept(source.kept, media, param)
        for _ in range(MAX_REDIRECTS + 1):
            reply = await _ask(address, http, deadline, param)
            try:
                if reply.status not in _REDIRECTS:
                    return await _read(reply, host, param, limit_bytes)
                address = _follow(address, reply, allowed_origins, param)
            finally:
                await reply.close()
    raise _refused(param, f"{host} redirects more than {MAX_REDIRECTS} times.")


async def _ask(address: Address, http: Http, deadline: Deadline, param: str) -> UpstreamReply:
    try:
        return await http.send("GET", address, headers=_HEADERS, deadline=deadline)
    except ConnectionError:
        raise _refused(param, f"{without_tokens(address.host)} cannot be reached.") from None


async def _read(reply: UpstreamReply, host: str, param: str, limit_bytes: int) -> ImageFile:
    """The picture of an answer, by its bytes: a header may say anything."""
    if reply.status != 200:
        raise _refused(param, f"{host} answers {reply.status}; the address must be open to anyone.")
    try:
        file = ImageFile(data=await reply.read_blob(limit_bytes))
        _ = file.format
    except ConnectionError:
        raise _refused(param, f"{host} broke off.") from None
    except UpstreamBroken:
        raise _refused(
            param, f"what {host} has there is larger than {limit_bytes / 2**20:.3g} MiB."
        ) from None
    except NotAnImage:
        raise _refused(
            param, f"what {host} has there is no PNG, JPEG, WebP, GIF or AVIF."
        ) from None
    return file


def _follow(
    address: Address, reply: UpstreamReply, allowed_origins: Sequence[str], param: str
) -> Address:
    """The target of a redirect; raises `InvalidRequest` if that is another host."""
    host = without_tokens(address.host)
    refusal = _refused(param, f"{host} redirects to where Darkroom does not follow; name that.")
    try:
        there = urljoin(str(address), reply.headers.get("location", ""))
        following = check_source_url(there, allowed_origins=allowed_origins).address
    except (ValueError, InvalidRequest):
        raise refusal from None
    if following.host != address.host:
        raise refusal
    return following


async def _read_kept(name: str, media: MediaStore | None, param: str) -> ImageFile:
    try:
        stored = await media.get(name) if media else None
    except StoreUnavailable:
        raise UpstreamUnavailable("Kept pictures cannot be read now. Try again.") from None
    if stored is None:
        raise _refused(param, "there is no such picture here, or no longer.")
    return ImageFile(data=stored.content)


def _refused(param: str, why: str) -> InvalidRequest:
    return InvalidRequest(
        f"{param}: {why} Or send the picture itself, as a data URL or base64.",
        param=param,
        code="invalid_image_url",
    )
