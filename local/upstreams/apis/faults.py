"""What can go wrong, before a provider has put it in its own words."""

from collections.abc import Callable
from dataclasses import dataclass
from enum import StrEnum

from starlette.responses import Response


class Kind(StrEnum):
    """The troubles that every stand-in can word."""

    NO_TOKEN = "no_token"
    BAD_TOKEN = "bad_token"
    QUOTA = "quota"
    LIMITED = "limited"
    """The stand-in adds `Retry-After` to the answer."""
    UNAVAILABLE = "unavailable"
    """A 503."""
    REFUSED = "refused"
    """Content policy."""
    FAILED = "failed"
    """Accepted, then failed: a 500 or 502."""
    ERROR = "error"
    """A 400 with the text of `[[error:text]]`."""
    NO_ROUTE = "no_route"
    NOT_FOUND = "not_found"
    """A task or model that does not exist."""
    MALFORMED = "malformed"
    """The body is not what its content type says, or not an object."""
    MISSING_FIELD = "missing_field"
    WRONG_TYPE = "wrong_type"
    WRONG_VALUE = "wrong_value"
    UNKNOWN_FIELD = "unknown_field"


@dataclass(frozen=True, slots=True)
class Fault:
    """`text` says what is wrong; `field` is the field of the request that is to blame."""

    kind: Kind
    text: str = ""
    field: str | None = None


Wording = Callable[[Fault], Response]
"""How a provider says it: the status and the body in its own shape."""


class Failure(Exception):
    """Ends a call in a trouble, which its provider words."""

    def __init__(self, kind: Kind, text: str = "", field: str | None = None) -> None:
        super().__init__(text or kind)
        self.fault = Fault(kind, text, field)


class Answer(Exception):
    """Ends a call with a ready answer."""

    def __init__(self, response: Response) -> None:
        super().__init__(response.status_code)
        self.response = response


class ClientLeft(Exception):
    """Nobody is there any more to answer to."""
