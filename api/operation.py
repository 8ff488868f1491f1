"""The operations of the API, as the OpenAPI document describes them."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from darkroom.endpoint import Dialect
from darkroom.errors import Failure

# A type that pydantic can describe: a model, a TypedDict, a union of them.
Shape = Any

JSON = "application/json"
EVENTS = "text/event-stream"
FORM = "multipart/form-data"
IMAGE = "image/*"
TEXT = "text/plain"
HTML = "text/html"


@dataclass(frozen=True, slots=True)
class Parameter:
    """A field of the query, of the path's tail or a header; `schema` is its JSON Schema."""

    name: str
    description: str
    schema: Mapping[str, object] = field(default_factory=lambda: {"type": "string"})
    example: str | None = None
    is_header: bool = False


@dataclass(frozen=True, slots=True)
class Response:
    """A response that is no failure.

    `content` are the shapes of its body by media type: of each event for `text/event-stream`, None
    for bytes. `sentinel` is the data of the last event where that is no JSON. `headers` are those
    that not every response has.
    """

    content: Mapping[str, Shape]
    headers: Sequence[str] = ()
    status: int = 200
    description: str = "Success."
    sentinel: str | None = None


@dataclass(frozen=True, slots=True)
class Operation:
    """One method of one path.

    `request_body` are pydantic models by media type, None for the file of a picture; `examples` are
    bodies in JSON by title. `tail` is what a path that ends in a slash goes on with, such as
    `{model}`: `parameters` of the names in it are the path's, all others the query's. `failures`
    are those of its own; mistakes of ours can happen anywhere. One that is `secured` takes
    credentials, and works without them as far as that is possible.
    """

    operation_id: str
    summary: str
    tag: str
    responses: Sequence[Response]
    description: str = ""
    request_body: Mapping[str, type | None] = field(default_factory=dict)
    examples: Mapping[str, object] = field(default_factory=dict)
    tail: str = ""
    parameters: Sequence[Parameter] = ()
    failures: Sequence[type[Failure]] = ()
    secured: bool = False


@dataclass(frozen=True, slots=True)
class DescribedDialect:
    """A dialect as the document describes it.

    `error_shape` is what its failures are answered with, `credentials` the ways to send a token, by
    their names in the document's `securitySchemes`.
    """

    dialect: Dialect
    error_shape: Shape
    credentials: Sequence[str] = ("token",)


@dataclass(frozen=True, slots=True)
class Path:
    """The operations of one path by method; see `darkroom.endpoint.Endpoint`."""

    path: str
    operations: Mapping[str, Operation]
    dialect: DescribedDialect
    verb: str = ""
