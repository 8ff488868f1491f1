"""JSON responses of the studio's routes."""

import json
from collections.abc import Mapping

from darkroom.http import Reply

FIXED = "public, max-age=300"  # what changes with a deployment alone
FRESH = "no-store"


def json_reply(
    value: object, *, cache: str = FRESH, headers: Mapping[str, str] | None = None
) -> Reply:
    """An answer of 200."""
    own = {"content-type": "application/json", "cache-control": cache}
    return Reply(200, {**own, **(headers or {})}, [json.dumps(value).encode()])
