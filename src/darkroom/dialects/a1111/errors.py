"""Error responses in AUTOMATIC1111's shape (reference/wire-formats.md B5)."""

import json

from darkroom.errors import CredentialRefused, Failure, InvalidRequest
from darkroom.generation.failure_headers import failure_headers
from darkroom.http import Reply
from darkroom.sse import event_frame
from darkroom.validation_error import Unprocessable


class NothingThere(InvalidRequest):
    """Something that the request speaks of and that is not there."""

    status = 404


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
