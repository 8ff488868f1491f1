"""Errors in the shape of OpenAI: `{"error": {"message", "type", "param", "code"}}` (B3.6)."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from starlette.responses import JSONResponse

from .faults import Fault, Kind, Wording

INVALID = "invalid_request_error"


@dataclass(frozen=True, slots=True)
class Phrase:
    """An error without its `param`; `{text}` in the message stands for the trouble's own text."""

    status: int
    message: str = "{text}"
    type: str = INVALID
    code: str | None = None


# What OpenAI itself says to a bad request, and all its imitators in about the same words.
BAD_REQUEST = {
    Kind.ERROR: Phrase(400, code="invalid_value"),
    Kind.NO_ROUTE: Phrase(404, "Invalid URL ({text})"),
    Kind.NOT_FOUND: Phrase(404, code="not_found"),
    Kind.MALFORMED: Phrase(400),
    Kind.MISSING_FIELD: Phrase(400, code="missing_required_parameter"),
    Kind.WRONG_TYPE: Phrase(400, code="invalid_type"),
    Kind.WRONG_VALUE: Phrase(400, code="invalid_value"),
    Kind.UNKNOWN_FIELD: Phrase(400, code="unknown_parameter"),
}


def openai_wording(phrases: Mapping[Kind, Phrase]) -> Wording:
    """A wording in OpenAI's shape; bad requests need no phrases of their own."""
    all_phrases = {**BAD_REQUEST, **phrases}

    def word(fault: Fault) -> JSONResponse:
        phrase = all_phrases[fault.kind]
        message = phrase.message.replace("{text}", fault.text or "Bad request")
        return error_response(phrase.status, message, phrase.type, fault.field, phrase.code)

    return word


def error_response(
    status: int,
    message: str,
    type: str | None,
    param: str | None = None,
    code: str | None = None,
    **more: Any,
) -> JSONResponse:
    """One error; `more` goes beside the four usual keys."""
    error = {"message": message, "type": type, "param": param, "code": code, **more}
    return JSONResponse({"error": error}, status)
