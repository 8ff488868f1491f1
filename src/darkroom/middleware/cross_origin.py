"""CORS: which web pages may call a route, and the headers for their browsers.

Whoever brings a credential may come from anywhere: a page has to know it. What is kept by the
caller's address alone would be open to every page that anybody behind that address looks at, so
such requests are taken from pages of this gateway and of the operator's list of origins alone. So
are all of MCP, whose servers have to refuse other pages (reference/mcp.md).
Programs that are no browser send neither `Origin` nor `Sec-Fetch-Site`, and are not concerned.
"""

import re
from collections.abc import Mapping
from dataclasses import dataclass, replace

from darkroom.address import origin_of
from darkroom.endpoint import Dialect
from darkroom.errors import Failure, InvalidRequest
from darkroom.gateway import Gateway
from darkroom.http import Request
from darkroom.response_headers import JSON, header_text
from darkroom.settings import Settings

ANY = "*"
LOOPBACK = re.compile(r"(?:localhost|127\.0\.0\.1|\[::1\])(?::[0-9]{1,5})?")
OWN_SITES = ("same-origin", "none")  # of `Sec-Fetch-Site`; none: the address bar or a bookmark
CREDENTIAL_HEADERS = ("authorization", "x-api-key")
MAX_REQUEST_HEADERS_CHARS = 2000
NO_CREDENTIAL = (
    "Without a credential this is for pages of this gateway alone, since what it keeps "
    "belongs to a network address, which any web page could use. Send Authorization: "
    "Bearer …, or have the operator add your page's origin to ALLOWED_ORIGINS."
)
NO_PAGE = (
    "Origin: web pages of other origins may not call this, whatever they send. Have the operator "
    "add your page's origin to ALLOWED_ORIGINS."
)
EXPOSED_HEADERS = (
    "x-request-id, x-darkroom-provider, x-darkroom-attempts, x-darkroom-tried, "
    "x-darkroom-cache, x-darkroom-ignored, x-darkroom-model, x-darkroom-seed, x-seed, "
    "x-generation-time, x-history-id, x-ignored, x-edit-time, x-inference-time, "
    "x-image-count, content-disposition, server-timing, "
    "x-process-time, retry-after, x-should-retry, location, content-range, accept-ranges, "
    "etag, preference-applied, idempotency-replayed, idempotency-ignored, "
    "x-vl-alpha, x-vl-blend-mode, x-vl-emulated, mcp-session-id, "
    "x-ratelimit-limit-requests, x-ratelimit-remaining-requests, x-ratelimit-reset-requests, "
    "x-ratelimit-limit-images, x-ratelimit-remaining-images, x-ratelimit-reset-images"
)
PREFLIGHT_HEADERS = {
    "access-control-allow-methods": "GET, HEAD, POST, DELETE, OPTIONS",
    "access-control-max-age": "86400",
}


class OriginRefused(InvalidRequest):
    """A web page of another origin calls what is not for it."""

    status = 403
    default_code = "origin_not_allowed"


@dataclass(frozen=True, slots=True)
class CrossOrigin:
    """The CORS decision on a request: the allowed origin, and whether the request is taken.

    `varies` tells caches that another origin would be answered otherwise; `foreign` are requests of
    pages that are neither this gateway's nor of the operator's list. `refusal` is what a page reads
    that may not call.
    """

    allowed_origin: str | None = ANY
    permitted: bool = True
    varies: bool = False
    foreign: bool = False
    refusal: str = NO_CREDENTIAL

    def headers(self) -> Mapping[str, str]:
        """The CORS headers of the answer."""
        headers = {"access-control-expose-headers": EXPOSED_HEADERS}
        if self.allowed_origin:
            headers["access-control-allow-origin"] = self.allowed_origin
        return headers

    def without_address(self, request: Request, settings: Settings) -> Request:
        """The request, for a foreign page without the address that a caller may be known by."""
        if not self.foreign:
            return request
        kept = {k: text for k, text in request.headers.items() if k != settings.address_header}
        return replace(request, headers=kept)

    def check(self) -> None:
        """Raise `OriginRefused` where the request must not be carried out."""
        if not self.permitted:
            raise OriginRefused(self.refusal)


def decide(request: Request, dialect: Dialect, gateway: Gateway) -> CrossOrigin:
    """Decide on a request by its dialect, its credential and where it comes from."""
    foreign = _is_foreign(request, gateway.settings)
    if dialect.own_pages_only:
        return _decide_for_own_pages(request, gateway.settings)
    if not dialect.scoped_by_address:
        return CrossOrigin(foreign=foreign)
    preflight = request.method == "OPTIONS"
    if _asks_to_send_one(request) if preflight else _has_credential(request, dialect, gateway):
        return CrossOrigin(ANY, varies=True, foreign=foreign)
    allowed = None if foreign else request.headers.get("origin")
    return CrossOrigin(allowed, preflight or not foreign, varies=True, foreign=foreign)


def _decide_for_own_pages(request: Request, settings: Settings) -> CrossOrigin:
    """Take requests of programs, of own pages, and on this machine those of its other pages.

    A page that reached this gateway under a name of its own choosing (DNS rebinding) has the same
    host as the request, so by `http` a host counts only where it is known.
    """
    origin = request.headers.get("origin")
    foreign = _is_foreign(request, settings)
    if origin is not None and origin not in settings.allowed_origins:
        host, known = _host(origin), settings.public_url and _host(settings.public_url)
        local = LOOPBACK.fullmatch(host) and LOOPBACK.fullmatch(_host(request.url))
        vouched = origin.startswith("https://") or host == known
        foreign = not local and (foreign or not vouched)
    permitted = request.method == "OPTIONS" or not foreign
    allowed = None if foreign else origin
    return CrossOrigin(allowed, permitted, varies=True, foreign=foreign, refusal=NO_PAGE)


def preflight_headers(headers: Mapping[str, str]) -> dict[str, str]:
    """The headers of a preflight response: the methods, and the headers that it asked for.

    Those are named one by one, since not every browser takes `*`, and none with credentials.
    """
    requested = headers.get("access-control-request-headers", "*, authorization")
    return {
        **PREFLIGHT_HEADERS,
        "access-control-allow-headers": header_text(requested, MAX_REQUEST_HEADERS_CHARS),
        "vary": "access-control-request-headers",
    }


def _asks_to_send_one(request: Request) -> bool:
    """Whether a preflight is for a request that will bring a credential."""
    requested = request.headers.get("access-control-request-headers", "")
    names = {name.strip().lower() for name in requested[:MAX_REQUEST_HEADERS_CHARS].split(",")}
    return not names.isdisjoint(CREDENTIAL_HEADERS)


def _has_credential(request: Request, dialect: Dialect, gateway: Gateway) -> bool:
    """Whether a request's credential identifies its caller, so that the address is not used.

    A browser sends a Basic credential that was once typed in by itself, to whichever page's
    request: it counts only where no page can read the answer so, or where a preflight has asked.
    """
    try:
        if dialect.caller_of(request, gateway).scope is None:
            return False
    except Failure:
        return True  # it is refused as a credential, by whoever needs one
    scheme = request.headers.get("authorization", "").partition(" ")[0].lower()
    by_itself = scheme == "basic" and request.method == "POST"
    kind = request.headers.get("content-type", "").partition(";")[0].strip().lower()
    return not by_itself or kind == JSON


def _is_foreign(request: Request, settings: Settings) -> bool:
    """Whether a page of an origin calls that is neither this gateway's nor one of the operator's.

    This gateway's own is recognised by its host, since a proxy before it may speak another scheme.
    """
    origin = request.headers.get("origin")
    if origin is None:
        return request.headers.get("sec-fetch-site", OWN_SITES[0]) not in OWN_SITES
    own = {_host(url) for url in (request.url, settings.public_url) if url}
    return _host(origin) not in own and origin not in settings.allowed_origins


def _host(url: str) -> str:
    """The host of an address in lower case, without the port that its scheme has anyway."""
    scheme, _, host = origin_of(url).lower().partition("://")
    return host.removesuffix(":443" if scheme == "https" else ":80")
