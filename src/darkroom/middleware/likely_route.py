"""Paths that are almost those of a route: doubled slashes, and advice where there is no route.

Clients put a base address and a path together, and either may hold `/v1` or end in a slash.
"""

import difflib
import re
from collections.abc import Iterator, Sequence

from darkroom.address import url_parts
from darkroom.endpoint import Endpoint

MAX_ADVISED_CHARS = 200
_PREFIXES = ("/v1", "/v1beta", "/v2", "/sdapi/v1", "/api")
_SLASHES = re.compile(r"/{2,}")


def single_slashes(url: str) -> str:
    """The same address with single slashes in its path."""
    scheme, authority, path, query = url_parts(url)
    if "//" not in path:
        return url
    rest = f"?{query}" if query else ""
    return f"{scheme}://{authority}{_SLASHES.sub('/', path)}{rest}"


def likely_route(path: str, endpoints: Sequence[Endpoint]) -> str:
    """A sentence that names the route which was probably meant."""
    if len(path) <= MAX_ADVISED_CHARS:
        known = [endpoint.path for endpoint in endpoints if endpoint.routes]
        for meant in _meant(path.rstrip("/")):
            if any(_is_at(meant, each) for each in known):
                return f"Did you mean {meant}?"
        if near := difflib.get_close_matches(path, known, n=1, cutoff=0.75):
            return f"Did you mean {near[0]}?"
    return "See the README for those there are."


def _meant(path: str) -> Iterator[str]:
    """Paths that come of a beginning which was put twice, left out or added."""
    steps = path.split("/")[1:] or [""]
    for count in range(1, len(steps)):
        yield "/" + "/".join(steps[count:])
    for prefix in _PREFIXES:
        yield prefix + path
        yield f"{prefix}/{steps[-1]}"


def _is_at(path: str, endpoint: str) -> bool:
    if endpoint.endswith("/"):
        return path.startswith(endpoint) and len(path) > len(endpoint)
    return path == endpoint
