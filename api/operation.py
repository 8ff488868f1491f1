"""The operations of the API, as the OpenAPI document tells them."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from darkroom.endpoint import Dialect
from darkroom.errors import Failure

# A type that pydantic can describe: a model, a TypedDict, a union of them.
Shape = Any

JSON = "application/json"
EVENTS = "text/event-stream"


@dataclass(frozen=True, slots=True)
class Parameter:
    """A field of the query, of the path's tail or a header; `schema` is its JSON Schema."""

    name: str
    description: str
    schema: Mapping[str, object] = field(default_factory=lambda: {"type": "string"})
    example: str | None = None
    is_header: bool = False


@dataclass(frozen=True, slots=True)
class Answer:
    """A response that is no failure.

    `shapes` are what it holds by media type: of each event where that is `text/event-stream`, None
    for bytes. `sentinel` is the data of the last event where that is no JSON. `headers` are those
    that not every answer has.
    """

    shapes: Mapping[str, Shape]
    headers: Sequence[str] = ()
    status: int = 200
    description: str = "What was asked for."
    sentinel: str | None = None


@dataclass(frozen=True, slots=True)
class Operation:
    """One method of one path.

    `body` is a pydantic model of JSON, `form` one of `multipart/form-data`; with `takes_file` a
    body may be the file of a picture, too. `examples` are bodies by title. `tail` is what a path
    that ends in a slash goes on with, such as `{model}`: `parameters` of the names in it are the
    path's, all others the query's. `failures` are those of its own; mistakes of ours can happen
    anywhere.
    """

    operation_id: str
    summary: str
    tag: str
    answers: Sequence[Answer]
    description: str = ""
    body: type | None = None
    form: type | None = None
    takes_file: bool = False
    examples: Mapping[str, object] = field(default_factory=dict)
    tail: str = ""
    parameters: Sequence[Parameter] = ()
    failures: Sequence[type[Failure]] = ()
    takes_token: bool = False


@dataclass(frozen=True, slots=True)
class DescribedDialect:
    """What callers of a dialect are told of it.

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
