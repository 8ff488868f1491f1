"""Pictures that a caller names by their address: what may be asked for, and how it is fetched.

An address comes from whoever sends the request, so that it must not lead to where only this machine
can go. What the runtime's own parser could read in another way is refused, not mended
(reference/reliability.md, SSRF).
"""

import re
from collections.abc import Sequence
from dataclasses import dataclass
from urllib.parse import quote, urljoin

from darkroom.deadline import Deadline
from darkroom.errors import InvalidRequest, UpstreamBroken, UpstreamUnavailable
from darkroom.http import Http, UpstreamReply
from darkroom.image import ImageFile, NotAnImage
from darkroom.scrub import scrub
from darkroom.stores.media import MEDIA_NAME, MediaStore
from darkroom.stores.unavailable import StoreUnavailable

MAX_SOURCE_BYTES = 25 * 1024 * 1024
MAX_URL_CHARS = 8192
MAX_REDIRECTS = 3
FETCH_LIMIT_S = 30.0
# All that goes along. Some hosts answer nobody who does not say who asks.
_HEADERS = {"accept": "image/png,image/jpeg,image/webp,image/gif", "user-agent": "Darkroom"}
_REDIRECTS = (301, 302, 303, 307, 308)

# A host with other letters is none here: lower case alone would make a k of the Kelvin sign.
_URL = re.compile(r"([A-Za-z]+)://([!\"$-.0->@-~]+)((?:[/?][^#]*)?)(?:#.*)?", re.DOTALL)
_DOUBTFUL = re.compile(r"[\x00-\x20\x7f\\]")  # browsers leave them out, or see slashes
_HOST_AND_PORT = re.compile(r"([a-z0-9._-]+)(?::([0-9]+))?")
_LABEL = re.compile(r"[a-z0-9_](?:[a-z0-9_-]{0,61}[a-z0-9_])?")
_TOP_LABEL = re.compile(r"[a-z][a-z0-9-]*[a-z0-9]")  # no number, which would make it an IP address
_OWN_PICTURE = re.compile(rf"/media/({MEDIA_NAME.pattern})")
_PRINTABLE = "".join(map(chr, range(0x21, 0x7F)))
# Last labels of names that are given inside a network (RFC 6761, 6762, 7686, 8375, 9476; ICANN).
_INNER = frozenset(
    "alt arpa cluster consul corp home internal intranet lan local localdomain localhost mail "
    "onion private svc test".split()
)
_METADATA = ("metadata", "instance-data")  # as a first label: where clouds keep credentials
# Public names for whatever IP address stands in them, or for one's own machine.
_TO_ANYWHERE = (
    "nip.io", "sslip.io", "xip.io", "nip.direct", "localtest.me", "lvh.me", "vcap.me",
    "lacolhost.com", "localho.st", "traefik.me", "rbndr.us",
)  # fmt: skip


@dataclass(frozen=True, slots=True)
class SourceAddress:
    """An address that may be asked. `kept` is the name of a picture that this gateway keeps."""

    url: str
    host: str
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
    parts = None if len(url) > MAX_URL_CHARS or _DOUBTFUL.search(url) else _URL.fullmatch(url)
    if not parts:
        raise _refused(
            param,
            f"an address must read https://host/path, in up to {MAX_URL_CHARS} characters, without "
            "spaces or backslashes, its host in Latin letters.",
        )
    scheme, authority, rest = parts[1].lower(), parts[2].lower(), parts[3]
    if "@" in authority:
        raise _refused(param, "an address must not hold a user or a password.")
    origin = plain_origin(f"{scheme}://{authority}")
    rest = quote(rest, safe=_PRINTABLE, errors="replace")
    if origin in map(plain_origin, own_origins):
        kept = _OWN_PICTURE.fullmatch(rest)
        if not kept:
            raise _refused(param, "of this gateway's own addresses only /media/… has pictures.")
        return SourceAddress(origin + rest, authority, kept[1])
    if origin in allowed_origins:
        return SourceAddress(origin + rest, authority)
    if scheme != "https":
        raise _refused(param, f"an address must begin with https://, not {scheme}://.")
    _check_authority(authority, param)
    return SourceAddress(origin + rest, authority.removesuffix(":443"))


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
    address = check_source_url(
        url, own_origins=own_origins, allowed_origins=allowed_origins, param=param
    )
    host = scrub(address.host)
    slow = f"{host} took longer than {FETCH_LIMIT_S:.0f} s."
    async with deadline.limit(FETCH_LIMIT_S, lambda: _refused(param, slow)):
        if address.kept is not None:
            return await _read_kept(address.kept, media, param)
        for _ in range(MAX_REDIRECTS + 1):
            reply = await _ask(address, http, deadline, param)
            try:
                if reply.status not in _REDIRECTS:
                    return await _read(reply, host, param, limit_bytes)
                address = _follow(address, reply, allowed_origins, param)
            finally:
                await reply.close()
    raise _refused(param, f"{host} redirects more than {MAX_REDIRECTS} times.")


def _check_authority(authority: str, param: str) -> None:
    """Raise unless this is the name of a host in public, at the standard port."""
    parts = _HOST_AND_PORT.fullmatch(authority)
    if not parts:
        raise _refused(
            param,
            "the host must be a name of Latin letters, digits, hyphens and dots, no IP address.",
        )
    host, port = parts.groups()
    labels = host.split(".")
    name = scrub(host)
    if port not in (None, "443"):
        raise _refused(param, f"{name} may be asked at its standard port alone, not {port[:5]}.")
    if not all(_LABEL.fullmatch(label) for label in labels) or len(host) > 253:
        raise _refused(param, f"{name} is not the name of a host.")
    if not _TOP_LABEL.fullmatch(labels[-1]):
        raise _refused(param, f"{name}: hosts are asked by their names, not by IP addresses.")
    if any(label.startswith("xn--") for label in labels):
        raise _refused(
            param, f"{name}: hosts with names in other letters than Latin are not asked."
        )
    if len(labels) < 2 or labels[-1] in _INNER or labels[0] in _METADATA:
        raise _refused(param, f"{name} is not a public host.")
    if any(f".{host}".endswith(f".{suffix}") for suffix in _TO_ANYWHERE):
        raise _refused(param, f"{name} is a name for any address; such hosts are not asked.")


async def _ask(address: SourceAddress, http: Http, deadline: Deadline, param: str) -> UpstreamReply:
    try:
        return await http.send("GET", address.url, headers=_HEADERS, deadline=deadline)
    except ConnectionError:
        raise _refused(param, f"{scrub(address.host)} cannot be reached.") from None


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
    address: SourceAddress, reply: UpstreamReply, allowed_origins: Sequence[str], param: str
) -> SourceAddress:
    """Where a redirect leads; raises `InvalidRequest` if that is another host."""
    refusal = _refused(
        param, f"{scrub(address.host)} redirects to where Darkroom does not follow; name that."
    )
    try:
        there = urljoin(address.url, reply.headers.get("location", ""))
        following = check_source_url(there, allowed_origins=allowed_origins)
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


def plain_origin(origin: str) -> str:
    """An origin in lower case, without a port that goes without saying."""
    plain = origin.lower().rstrip("/")
    return plain.removesuffix(":443" if plain.startswith("https:") else ":80")


def _refused(param: str, why: str) -> InvalidRequest:
    return InvalidRequest(
        f"{param}: {why} Or send the picture itself, as a data URL or base64.",
        param=param,
        code="invalid_image_url",
    )
