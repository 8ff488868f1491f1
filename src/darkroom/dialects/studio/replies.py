"""Answers in JSON, as all of the studio's routes give them."""

import json
import re
from collections.abc import Iterable, Mapping

from darkroom.http import Reply

FIXED = "public, max-age=300"  # what changes with a deployment alone
FRESH = "no-store"

_NAME = re.compile(r"[\w.-]{1,60}", re.ASCII)


def json_reply(
    value: object, *, cache: str = FRESH, headers: Mapping[str, str] | None = None
) -> Reply:
    """An answer of 200."""
    own = {"content-type": "application/json", "cache-control": cache}
    return Reply(200, {**own, **(headers or {})}, [json.dumps(value).encode()])


def ignored_header(names: Iterable[str]) -> Mapping[str, str]:
    """`x-darkroom-ignored`: the fields of a request without effect, if any."""
    told = [name for name in names if _NAME.fullmatch(name)]
    return {"x-darkroom-ignored": ", ".join(told)} if told else {}
