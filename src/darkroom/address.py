"""Addresses of outgoing requests: how they are built, and where credentials may be sent.

A request goes to an `Address`: an origin that a setting or a policy vouches for, and a path that
was checked.
Nothing that a caller or an upstream wrote becomes part of an origin. The network adapter compares
the origin once more as the runtime's own URL parser reads it (`EdgeHttp.send`).
"""

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from functools import lru_cache
from urllib.parse import quote, unquote

MAX_URL_CHARS = 8192

# A host with other letters is none here: lower case alone would make a k of the Kelvin sign.
_URL = re.compile(r"([A-Za-z]{1,20})://([!\"$-.0->@-~]+)((?:[/?][^#]*+)?)(?:#.*)?", re.DOTALL)
# The generic syntax of RFC 3986, appendix B, which matches any text.
_ANY_URL = re.compile(r"(?:([^:/?#]++):)?(?://([^/?#]*+))?([^?#]*+)(?:\?([^#]*+))?", re.DOTALL)
_DOUBTFUL = re.compile(r"[\x00-\x20\x7f\\]")  # browsers leave them out, or see slashes
_TARGET = re.compile(r"/[!-\"$-\[\]-~]*")  # a path and query: printable, without `#` and `\`
_HOST_AND_PORT = re.compile(r"([a-z0-9._-]+)(?::([0-9]+))?")
_LABEL = re.compile(r"[a-z0-9_](?:[a-z0-9_-]{0,61}[a-z0-9_])?")
_TOP_LABEL = re.compile(r"[a-z][a-z0-9-]*[a-z0-9]")  # no number, which would make it an IP address
_PRINTABLE = "".join(map(chr, range(0x21, 0x7F)))
# Last labels of names that are given inside a network or nowhere (RFC 2606, 6761, 6762, 7686, 8375,
# 9476; ICANN), those of home routers among them.
_INNER = frozenset(
    "alt arpa cluster consul corp default docker example home internal intranet invalid kubernetes "
    "lan local localdomain localhost mail onion private router svc test".split()
)
_METADATA = ("metadata", "instance-data")  # as a first label: where clouds keep credentials
# Public names for whatever IP address stands in them, or for one's own machine. The list cannot be
# complete: any public name may lead to any address.
_TO_ANYWHERE = (
    "nip.io", "sslip.io", "xip.io", "nip.direct", "localtest.me", "lvh.me", "vcap.me",
    "lacolhost.com", "localho.st", "traefik.me", "rbndr.us", "1u.ms", "local.gd", "yoogle.com",
    "pdf.to", "local-ip.co", "local-ip.sh", "local-ip.medicmobile.org", "ip6.name", "cip.cc",
    "fbi.com", "localhost.direct", "backname.io", "fritz.box",
)  # fmt: skip


class AddressRefused(ValueError):
    """An address that must not be asked; the message says why, for a person to read."""


class CredentialMisdirected(Exception):
    """A credential was about to be sent to an origin that it is not for."""


@dataclass(frozen=True, slots=True)
class Address:
    """A checked URL: `origin` is scheme, host and port, `target` the path with its query."""

    origin: str
    target: str

    def __str__(self) -> str:
        return self.origin + self.target

    def child(self, name: str) -> "Address":
        """The address of what lies below this one; `name` is our own."""
        return Address(self.origin, f"{self.target}/{name}")

    @property
    def host(self) -> str:
        """The host, with its port if that is not the standard one."""
        return self.origin.partition("://")[2]


@dataclass(frozen=True, slots=True)
class Credential:
    """Headers that hold a secret, and where they may be sent.

    That is `origin`, and the hosts of `domains` at the standard port by https.
    """

    headers: Mapping[str, str] = field(repr=False)
    origin: str
    domains: tuple[str, ...] = ()

    def is_for(self, origin: str) -> bool:
        """Return True if the headers may be sent to this origin."""
        return origin == self.origin or is_below(origin, self.domains)


def address_below(base_url: str, path: str) -> Address:
    """The address of a path below a configured one, such as `https://api.example.com/v1`.

    What in `path` comes from outside has to go through `path_segment` or `path_segments`. Raises
    `AddressRefused` for a path that could lead elsewhere.
    """
    target = url_parts(base_url)[2].rstrip("/") + path or "/"
    if (path and not path.startswith("/")) or not _TARGET.fullmatch(target) or _walks(target):
        raise AddressRefused("the path cannot be asked")
    return Address(origin_of_base(base_url), target)


def path_segment(text: str) -> str:
    """A text from outside as one segment of a path; raises `AddressRefused` for none or dots."""
    if text in ("", ".", "..") or len(text) > MAX_URL_CHARS:
        raise AddressRefused("the name cannot be a part of a path")
    return quote(text, safe="", errors="replace")


def path_segments(text: str) -> str:
    """A text from outside as segments of a path, such as `author/model`; see `path_segment`."""
    return "/".join(map(path_segment, text.split("/")))


def public_address(
    url: str,
    *,
    allowed_origins: Sequence[str] = (),
    upgrade: bool = False,
    max_chars: int = MAX_URL_CHARS,
) -> Address:
    """The address that somebody outside names, as it may be asked; nothing is looked up.

    It must be a public host by its name, by https and at the standard port. `allowed_origins` may
    name any scheme, host and port; `upgrade` asks a public host by https that was named with http.
    Raises `AddressRefused` (reference/reliability.md, SSRF).
    """
    origin, rest = split_url(url, max_chars)
    target = quote(rest if rest.startswith("/") else f"/{rest}", safe=_PRINTABLE, errors="replace")
    if origin in map(plain_origin, allowed_origins):
        return Address(origin, target)
    scheme, _, authority = origin.partition("://")
    if scheme == "http" and upgrade and ":" not in authority:
        scheme = "https"
    if scheme != "https":
        raise AddressRefused(f"an address must begin with https://, not {scheme}://.")
    check_public_host(authority)
    return Address(f"https://{authority}", target)


def absolute_url(url: str, base_url: str) -> str:
    """An address as an upstream wrote it, with what it leaves out as at the upstream itself.

    `/x` is a path at its host, `x` one below its address, `//host/x` another host. Nothing is
    checked: that is for `public_address`.
    """
    scheme, _, path, _ = url_parts(url)
    if scheme or not url:
        return url
    base_scheme, base_authority, base_path, _ = url_parts(base_url)
    if url.startswith("//"):
        return f"{base_scheme}:{url}"
    below = "" if path.startswith("/") else f"{base_path.rstrip('/')}/"
    return f"{base_scheme}://{base_authority}{below}{url}"


def split_url(url: str, max_chars: int = MAX_URL_CHARS) -> tuple[str, str]:
    """The origin of an address from outside, in lower case, and what follows but the fragment.

    What a parser could read in another way is refused, not mended. Raises `AddressRefused`.
    """
    parts = None if len(url) > max_chars or _DOUBTFUL.search(url) else _URL.fullmatch(url)
    if not parts:
        raise AddressRefused(
            f"an address must read https://host/path, in up to {max_chars} characters, without "
            "spaces or backslashes, its host in Latin letters."
        )
    if "@" in parts[2]:
        raise AddressRefused("an address must not hold a user or a password.")
    if parts[2].count(":") > 1 and not parts[2].startswith("["):
        raise AddressRefused("an address must have one port at the most.")
    return plain_origin(f"{parts[1]}://{parts[2]}"), parts[3]


def check_public_host(authority: str) -> None:
    """Raise `AddressRefused` unless this is the name of a public host, at the standard port."""
    parts = _HOST_AND_PORT.fullmatch(authority)
    if not parts:
        raise AddressRefused(
            "the host must be a name of Latin letters, digits, hyphens and dots, no IP address."
        )
    name, port = parts.groups()
    labels = name.split(".")
    reported = name[:100]
    if port not in (None, "443"):
        raise AddressRefused(f"{reported} may be asked at its standard port alone, not {port[:5]}.")
    if not all(_LABEL.fullmatch(label) for label in labels) or len(name) > 253:
        raise AddressRefused(f"{reported} is not the name of a host.")
    if not _TOP_LABEL.fullmatch(labels[-1]):
        raise AddressRefused(f"{reported}: hosts are asked by their names, not by IP addresses.")
    if any(label.startswith("xn--") for label in labels):
        raise AddressRefused(
            f"{reported}: hosts with names in other letters than Latin are not asked."
        )
    if len(labels) < 2 or labels[-1] in _INNER or labels[0] in _METADATA:
        raise AddressRefused(f"{reported} is not a public host.")
    if any(f".{name}".endswith(f".{suffix}") for suffix in _TO_ANYWHERE):
        raise AddressRefused(f"{reported} is a name for any address; such hosts are not asked.")


def check_destination(origin: str, address: Address, credential: Credential | None) -> None:
    """Raise `CredentialMisdirected` unless a request goes where it was meant to.

    `origin` is that of the address as the network's own URL parser reads it.
    """
    if plain_origin(origin) != address.origin:
        raise CredentialMisdirected(f"{address.origin} is read as {origin}")
    if credential is not None and not credential.is_for(address.origin):
        raise CredentialMisdirected(f"a credential of {credential.origin} was for {address.origin}")


def is_below(origin: str, domains: Sequence[str]) -> bool:
    """Return True for an https origin at port 443 whose host is a domain or below one."""
    scheme, _, host = origin.partition("://")
    return scheme == "https" and any(
        _HOST_AND_PORT.fullmatch(host) and f".{host}".endswith(f".{domain}") for domain in domains
    )


def url_parts(url: str) -> tuple[str, str, str, str]:
    """Scheme, authority, path and query of any text; parts that are missing are empty.

    `urlsplit` raises for a host that it finds wrong, and `Host` is whatever a caller writes.
    """
    match = _ANY_URL.match(url)
    scheme, authority, path, query = match.groups("") if match else ("", "", "", "")
    return scheme, authority, path, query


def origin_of(url: str) -> str:
    """Scheme and host of an address, in lower case, without a standard port."""
    scheme, authority, _, _ = url_parts(url)
    return plain_origin(f"{scheme}://{authority}")


@lru_cache(maxsize=64)
def origin_of_base(base_url: str) -> str:
    """The origin of a configured address; see `origin_of`."""
    return origin_of(base_url)


def plain_origin(origin: str) -> str:
    """An origin in lower case, without a port that goes without saying."""
    plain = origin.lower().rstrip("/")
    return plain.removesuffix(":443" if plain.startswith("https:") else ":80")


def _walks(target: str) -> bool:
    """Whether a path has a segment that leads upwards, in any spelling that parsers know."""
    path = target.partition("?")[0]
    if "//" in path:
        return True
    has_dots = "." in path or "%" in path
    return has_dots and any(unquote(part) in (".", "..") for part in path.split("/"))
