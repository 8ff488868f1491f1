"""The OpenAPI document: drawn up from the route table, the pydantic models and the catalog."""

from collections.abc import Iterator, Sequence
from itertools import groupby
from pathlib import Path
from typing import Any

from darkroom import VERSION
from darkroom.catalog.provider_row import ProviderRow
from darkroom.dialects.cross_origin import OriginRefused
from darkroom.dialects.described import JSON, Answer, Described, Parameter, Shape
from darkroom.dialects.endpoint import Dialect, Endpoint
from darkroom.dialects.openai.errors import is_retried
from darkroom.dialects.openapi.headers import ALWAYS, HEADERS, OF_FAILURES, references
from darkroom.dialects.openapi.schemas import Mode, Schemas
from darkroom.errors import Failure, InternalFailure, Misconfigured, UnsupportedMediaType
from darkroom.tasks.failures import LoopDetected

OPENAPI_VERSION = "3.1.0"
FORM = "multipart/form-data"
KEY = {
    "type": "apiKey",
    "in": "header",
    "name": "X-API-Key",
    "description": "The same as behind `Bearer`, which it comes before.",
}
ANYWHERE = (InternalFailure, Misconfigured, LoopDetected)
INTRODUCTION = (Path(__file__).parent / "introduction.md").read_text("utf-8").strip()


def draw_up(endpoints: Sequence[Endpoint], providers: Sequence[ProviderRow]) -> dict[str, Any]:
    """The whole document but for `servers`, which depend on who asks."""
    schemas = Schemas(_shapes(endpoints))
    paths: dict[str, Any] = {}
    for endpoint in endpoints:
        for method, described in endpoint.handlers.items():
            path = paths.setdefault(endpoint.path + described.tail, {})
            path[method.lower()] = _operation(described, endpoint, schemas)
    return {
        "openapi": OPENAPI_VERSION,
        "info": {
            "title": "Darkroom",
            "version": VERSION,
            "description": INTRODUCTION,
            "license": {"name": "MIT", "identifier": "MIT"},
        },
        "tags": [{"name": tag} for tag in _tags(endpoints)],
        "paths": paths,
        "components": {
            "schemas": schemas.components,
            "headers": HEADERS,
            "securitySchemes": {"token": _token(providers), "key": KEY},
        },
    }


def _shapes(endpoints: Sequence[Endpoint]) -> Iterator[tuple[Shape, Mode]]:
    for endpoint in endpoints:
        yield endpoint.dialect.error_shape, "serialization"
        for described in endpoint.handlers.values():
            for body in filter(None, (described.body, described.form)):
                yield body, "validation"
            for answer in described.answers:
                for shape in filter(None, answer.shapes.values()):
                    yield shape, "serialization"


def _tags(endpoints: Sequence[Endpoint]) -> Sequence[str]:
    tags = (described.tag for endpoint in endpoints for described in endpoint.handlers.values())
    return list(dict.fromkeys(tags))


def _operation(described: Described, endpoint: Endpoint, schemas: Schemas) -> dict[str, Any]:
    operation: dict[str, Any] = {
        "operationId": described.name,
        "summary": described.summary,
        "tags": [described.tag],
    }
    if described.about:
        operation["description"] = described.about
    if described.takes_token:
        ways: list[dict[str, list[str]]] = [{way: []} for way in endpoint.dialect.credentials]
        operation["security"] = [{}, *ways]
    if described.parameters:
        operation["parameters"] = [_parameter(p, described.tail) for p in described.parameters]
    if described.body or described.form:
        operation["requestBody"] = {"required": True, "content": _content(described, schemas)}
    operation["responses"] = {
        **{str(a.status): _success(a, schemas) for a in described.answers},
        **_failures(described, endpoint.dialect, schemas),
    }
    return operation


def _parameter(parameter: Parameter, tail: str) -> dict[str, Any]:
    in_path = f"{{{parameter.name}}}" in tail
    place = "header" if parameter.is_header else "query"
    described: dict[str, Any] = {
        "name": parameter.name,
        "in": "path" if in_path else place,
        "required": in_path,
        "description": parameter.about,
        "schema": parameter.schema,
    }
    if parameter.example is not None:
        described["example"] = parameter.example
    return described


def _content(described: Described, schemas: Schemas) -> dict[str, Any]:
    content: dict[str, Any] = {}
    if described.body:
        examples = {title: {"value": body} for title, body in described.examples.items()}
        content[JSON] = {"schema": schemas.of(described.body, "validation"), "examples": examples}
    if described.form:
        content[FORM] = {"schema": schemas.of(described.form, "validation")}
    return content


def _success(answer: Answer, schemas: Schemas) -> dict[str, Any]:
    content = {
        media_type: {"schema": schemas.of(shape, "serialization")} if shape else {}
        for media_type, shape in answer.shapes.items()
    }
    response: dict[str, Any] = {
        "description": answer.about,
        "headers": references((*ALWAYS, *answer.headers)),
    }
    return {**response, "content": content} if content else response


def _failures(described: Described, dialect: Dialect, schemas: Schemas) -> dict[str, Any]:
    """What can go wrong, by status; each kind in the words of its class."""
    error = schemas.of(dialect.error_shape, "serialization")
    headers = dict.fromkeys(h for a in described.answers for h in a.headers if h.startswith("x-"))
    every = [*described.failures, *ANYWHERE]
    if dialect.scoped_by_address:
        every.append(OriginRefused)
    if described.body or described.form:
        every.append(UnsupportedMediaType)
    kinds = sorted(dict.fromkeys(every), key=dialect.status_of)
    responses: dict[str, Any] = {}
    for status, group in groupby(kinds, key=dialect.status_of):
        more = OF_FAILURES if is_retried(status) else ()
        responses[str(status)] = {
            "description": "\n".join(map(_kind, group)),
            "headers": references((*ALWAYS, *headers, *more)),
            "content": {JSON: {"schema": error}},
        }
    return responses


def _kind(kind: type[Failure]) -> str:
    words = " ".join((kind.__doc__ or "").partition("\n\n")[0].split())
    return f"- `{kind.default_code}`: {words}"


def _token(providers: Sequence[ProviderRow]) -> dict[str, Any]:
    prefixes = "\n".join(
        f"- `{provider.token_prefix}:` {provider.name}{_need(provider)}" for provider in providers
    )
    return {
        "type": "http",
        "scheme": "bearer",
        "description": "Tokens of providers, each behind its provider's prefix: `gitee:TOKEN`. A "
        "comma list is taken in order: one that is used up or refused gives way to the next. A "
        "gateway key (`dk_…`) unlocks the operator's own tokens.\n\n" + prefixes,
    }


def _need(provider: ProviderRow) -> str:
    if provider.owned:
        return ", a server of the operator's own"
    return "" if provider.token_required else ", which answers without one too"
