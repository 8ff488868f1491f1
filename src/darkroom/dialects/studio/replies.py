"""Answers in JSON, as all of the studio's routes give them."""

import json
from collections.abc import Iterable, Mapping

from darkroom.http import Reply
from darkroom.response_headers import header_list, header_text

FIXED = "public, max-age=300"  # what changes with a deployment alone
FRESH = "no-store"


def json_reply(
    value: object, *, cache: str = FRESH, headers: Mapping[str, str] | None = None
) -> Reply:
    """An answer of 200."""
    own = {"content-type": "application/json", "cache-control": cache}
    return Reply(200, {**own, **(headers or {})}, [json.dumps(value).encode()])


def ignored_header(names: Iterable[str]) -> Mapping[str, str]:
    """`x-darkroom-ignored`: the fields of a request without effect that a header can name."""
    told = header_list(name for name in names if header_text(name) == name)
    return {"x-darkroom-ignored": told} if told else {}
