"""A path with its handlers, and the dialect that its callers speak."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass

from darkroom.dialects.described import Described, Shape
from darkroom.dialects.openai import errors
from darkroom.dialects.openai.answers import ErrorAnswer
from darkroom.errors import Failure
from darkroom.http import Reply


def _own_status(kind: type[Failure]) -> int:
    return kind.status


@dataclass(frozen=True, slots=True)
class Dialect:
    """How one family of routes words its failures, as an answer and inside a stream.

    `error_shape` is what such an answer holds, see `Shape`; `status_of` is which status a kind of
    failure is answered with. `credentials` are the ways to send a token, by their names in
    the OpenAPI document's `securitySchemes`.
    """

    error_reply: Callable[[Failure], Reply]
    error_frame: Callable[[Failure], bytes]
    error_shape: Shape
    status_of: Callable[[type[Failure]], int] = _own_status
    credentials: Sequence[str] = ("token",)


OPENAI = Dialect(errors.error_reply, errors.error_frame, ErrorAnswer)


@dataclass(frozen=True, slots=True)
class Endpoint:
    """A path, or all paths below one that ends in a slash, with a handler for each method."""

    path: str
    handlers: Mapping[str, Described]
    dialect: Dialect = OPENAI

    def matches(self, path: str) -> bool:
        """Whether a request's path is this endpoint's."""
        if self.path.endswith("/"):
            return path.startswith(self.path) and len(path) > len(self.path)
        return path.removesuffix("/") == self.path
