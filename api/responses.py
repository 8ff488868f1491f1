"""Responses of operations: successes in place, errors as components shared by a dialect."""

from collections.abc import Iterable, Iterator, Sequence
from itertools import groupby
from typing import Any

from api.headers import IF_RETRIED, OF_FAILURES, references
from api.json_schemas import Schemas
from api.operation import EVENTS, JSON, DescribedDialect, Operation, Path, Response
from darkroom.endpoint import Dialect
from darkroom.errors import (
    BodyTooLarge,
    Failure,
    InternalFailure,
    MethodNotAllowed,
    Misconfigured,
    RouteNotFound,
    UnsupportedMediaType,
)
from darkroom.generation.failure_headers import is_retried
from darkroom.middleware.cross_origin import OriginRefused
from darkroom.tasks.errors import (
    KeyInProgress,
    KeyReused,
    StreamNotReplayable,
    TaskCancelled,
    UnfitTogether,
)
from darkroom.transfer_rate import RequestTimeout
from darkroom.validation_error import Unprocessable

ANYWHERE = (InternalFailure, Misconfigured)
# Failures that no upstream has a part in: they tell of no provider and no attempts.
BEFORE_ANY_UPSTREAM = (
    *ANYWHERE,
    BodyTooLarge,
    KeyInProgress,
    KeyReused,
    MethodNotAllowed,
    OriginRefused,
    RequestTimeout,
    RouteNotFound,
    StreamNotReplayable,
    TaskCancelled,
    UnfitTogether,
    Unprocessable,
    UnsupportedMediaType,
)


def response_of(response: Response, dialect: Dialect, schemas: Schemas) -> dict[str, Any]:
    """The response object of a success."""
    written: dict[str, Any] = {"description": response.description}
    if headers := (*response.headers, *_timed(dialect)):
        written["headers"] = references(headers)
    if response.content:
        written["content"] = {
            media_type: _content(media_type, response, schemas) for media_type in response.content
        }
    return written


def responses_of(operation: Operation, dialect: Dialect) -> dict[str, Any]:
    """The error responses of an operation by status, each a reference to its component."""
    statuses = sorted({dialect.status_of(kind) for kind in _failures_of(operation, dialect)})
    return {
        str(status): {"$ref": f"#/components/responses/{_name(dialect, status)}"}
        for status in statuses
    }


def error_responses(paths: Sequence[Path], schemas: Schemas) -> dict[str, Any]:
    """One component for each dialect and status: all that the dialect answers with that status."""
    components: dict[str, Any] = {}
    for described in {path.dialect.dialect.name: path.dialect for path in paths}.values():
        operations = [
            operation
            for path in paths
            if path.dialect is described
            for operation in path.operations.values()
        ]
        components |= _components(described, operations, schemas)
    return components


def _components(
    described: DescribedDialect, operations: Sequence[Operation], schemas: Schemas
) -> Iterator[tuple[str, dict[str, Any]]]:
    dialect = described.dialect
    kinds: Iterable[type[Failure]] = dict.fromkeys(
        kind for one in operations for kind in _failures_of(one, dialect)
    )
    by_status = sorted(kinds, key=lambda kind: (dialect.status_of(kind), kind.default_code))
    for status, group in groupby(by_status, key=dialect.status_of):
        failures = list(group)
        retried = IF_RETRIED if is_retried(status) else ()
        early = all(issubclass(kind, BEFORE_ANY_UPSTREAM) for kind in failures)
        served = () if early else OF_FAILURES
        yield (
            _name(dialect, status),
            {
                "description": "\n".join(map(_kind, failures)),
                "headers": references((*served, *_timed(dialect), *retried)),
                "content": {JSON: {"schema": schemas.of(described.error_shape, "serialization")}},
            },
        )


def _failures_of(operation: Operation, dialect: Dialect) -> Sequence[type[Failure]]:
    """The failures of an operation, those that every operation shares included."""
    of_page = [OriginRefused] if dialect.scoped_by_address or dialect.own_pages_only else []
    of_body = [UnsupportedMediaType] if operation.request_body else []
    return [*operation.failures, *of_body, *of_page, *ANYWHERE]


def _timed(dialect: Dialect) -> Sequence[str]:
    return (dialect.time_header,) if dialect.time_header else ()


def _name(dialect: Dialect, status: int) -> str:
    return f"{dialect.name}-{status}"


def _kind(kind: type[Failure]) -> str:
    words = " ".join((kind.__doc__ or "").partition("\n\n")[0].split())
    return f"- `{kind.default_code}`: {words}"


def _content(media_type: str, response: Response, schemas: Schemas) -> dict[str, Any]:
    shape = response.content[media_type]
    if not shape:
        return {}
    schema = schemas.of(shape, "serialization")
    return _events(schema, response.sentinel) if media_type == EVENTS else {"schema": schema}


def _events(content: dict[str, Any], sentinel: str | None) -> dict[str, Any]:
    """A stream of events whose `data` is JSON.

    OpenAPI 3.1 has no word for the items of a stream: its `schema` describes the body as a whole.
    3.2 calls them `itemSchema`, an object of the event's fields, of which `data` is a string
    (https://spec.openapis.org/oas/v3.2.0.html#special-considerations-for-server-sent-events). In a
    document of 3.1 that field is `x-oai-itemSchema`, which the OpenAPI Initiative has registered
    (https://spec.openapis.org/registry/extension/). There is no `schema` beside it: the tools
    disagree whether one of 3.1 means the body or each event.
    """
    data: dict[str, Any] = {"contentMediaType": JSON, "contentSchema": content}
    if sentinel:
        data = {"anyOf": [{"const": sentinel}, data]}
    return {
        "x-oai-itemSchema": {
            "type": "object",
            "required": ["data"],
            "properties": {
                "event": {"type": "string"},
                "data": {"type": "string", **data},
            },
        }
    }
