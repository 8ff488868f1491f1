"""Error responses in the studio's shape, FastAPI's `detail` (reference/studio-api.md section 0).

The original answers 500 to many of the caller's mistakes; here every failure has its own status.
"""

import json
import math
from collections.abc import Mapping, Sequence
from itertools import islice

from pydantic import ValidationError

from darkroom.endpoint import Dialect
from darkroom.errors import Failure, InvalidRequest
from darkroom.generation.failure_headers import failure_headers
from darkroom.http import Reply
from darkroom.sse import event_frame
from darkroom.validation_error import Unprocessable

LONGEST_ECHO_CHARS = 200
MOST_ECHOED = 20  # entries of a list or an object
DEEPEST_ECHO = 3  # levels of them


class NotFound(InvalidRequest):
    """Something that the request names is not there."""

    status = 404
    default_code = "not_found"


def problem(
    kind: str, where: Sequence[str | int], message: str, value: object
) -> dict[str, object]:
    """One entry of FastAPI's list; `where` leads into the body."""
    return {"type": kind, "loc": ["body", *where], "msg": message, "input": _echo(value)}


def invalid_fields(error: ValidationError, field_aliases: Mapping[str, str]) -> Unprocessable:
    """What pydantic found, in FastAPI's words; `field_aliases` are the caller's names of fields."""
    problems = []
    for found in error.errors(include_url=False):
        where = [field_aliases.get(str(step), step) for step in found["loc"][:1]]
        where += found["loc"][1:]
        entry = problem(found["type"], where, found["msg"], found["input"])
        context = {name: _echo(value) for name, value in found.get("ctx", {}).items()}
        problems.append({**entry, "ctx": context} if context else entry)
    return Unprocessable.of(problems)


def error_body(failure: Failure) -> dict[str, object]:
    """`{"detail": …}`: a text, or a list of what is wrong with which field."""
    if isinstance(failure, Unprocessable):
        return {"detail": list(failure.details)}
    return {"detail": failure.message}


def error_reply(failure: Failure) -> Reply:
    """A failure as an answer."""
    body = json.dumps(error_body(failure)).encode()
    return Reply(failure.status, failure_headers(failure), [body])


def error_frame(failure: Failure) -> bytes:
    """A failure after a stream has begun: an `error` event."""
    return event_frame("error", json.dumps(error_body(failure)).encode())


def _echo(value: object, levels: int = DEEPEST_ECHO) -> object:
    """A value as it was sent, cut short: a picture need not travel back."""
    match value:
        case str():
            cut = value[:LONGEST_ECHO_CHARS]
            return cut if cut == value else f"{cut}…"
        case bool() | int() | None:
            return value
        case float():
            return value if math.isfinite(value) else str(value)
        case Mapping() if levels:
            entries = islice(value.items(), MOST_ECHOED)
            return {str(_echo(key)): _echo(item, levels - 1) for key, item in entries}
        case list() | tuple() if levels:
            return [_echo(item, levels - 1) for item in value[:MOST_ECHOED]]
    return "…"


DIALECT = "studio"
STUDIO = Dialect(DIALECT, error_reply, error_frame, scoped_by_address=True)
