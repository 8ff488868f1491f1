"""Failures in AUTOMATIC1111's shape (reference/wire-formats.md B5)."""

import json
from collections.abc import Mapping, Sequence
from typing import Any, Self

from pydantic import ValidationError
from typing_extensions import TypedDict  # pydantic reads that of `typing` from Python 3.12 on

from darkroom.dialects.openai.errors import failure_headers
from darkroom.errors import CredentialRefused, Failure, InvalidRequest
from darkroom.http import Reply
from darkroom.sse import event_frame

Detail = Mapping[str, object]


class Invalid(TypedDict):
    """Fields that cannot be read, as FastAPI tells it."""

    detail: list[dict[str, Any]]


class HandlerError(TypedDict):
    """Any other failure."""

    error: str
    detail: str
    body: str
    errors: str


ErrorAnswer = Invalid | HandlerError


class Unprocessable(InvalidRequest):
    """Fields that cannot be read; `details` are FastAPI's `loc`, `msg` and `type` of each."""

    status = 422

    details: tuple[Detail, ...] = ()

    @classmethod
    def of(cls, details: Sequence[Detail]) -> Self:
        """The failure of the fields that the details name."""
        location = details[0]["loc"] if details else ()
        names = [str(part) for part in location] if isinstance(location, list | tuple) else []
        words = "; ".join(f"{detail['msg']}" for detail in details)
        param = ".".join(names[1:]) or None
        failure = cls(f"{param}: {words}" if param else words, param=param)
        failure.details = tuple(details)
        return failure


class NothingThere(InvalidRequest):
    """Something that the request speaks of and that is not there."""

    status = 404


def unprocessable(field: str | None, message: str, kind: str = "value_error") -> Unprocessable:
    """The failure of one field, or of the whole body."""
    loc = ["body", field] if field else ["body"]
    return Unprocessable.of([{"type": kind, "loc": loc, "msg": message}])


def invalid_fields(error: ValidationError) -> Unprocessable:
    """What pydantic found, without the values themselves."""
    found = error.errors(include_url=False, include_input=False, include_context=False)
    return Unprocessable.of(
        [{"type": e["type"], "loc": ["body", *e["loc"]], "msg": e["msg"]} for e in found]
    )


def error_body(failure: Failure) -> dict[str, object]:
    """The object that the server's own handlers of exceptions answer with."""
    if isinstance(failure, Unprocessable):
        return {"detail": list(failure.details)}
    name = "HTTPException" if isinstance(failure, InvalidRequest) else type(failure).__name__
    return {"error": name, "detail": failure.message, "body": "", "errors": failure.message}


def error_reply(failure: Failure) -> Reply:
    """A failure as an answer; a refused credential is asked for as Basic, which clients know."""
    headers = failure_headers(failure)
    if isinstance(failure, CredentialRefused):
        headers["www-authenticate"] = "Basic"
    return Reply(failure.status, headers, [json.dumps(error_body(failure)).encode()])


def error_frame(failure: Failure) -> bytes:
    """A failure inside a stream, of which this dialect has none."""
    return event_frame("error", json.dumps(error_body(failure)).encode())
