"""The OpenAPI document, built from the route table, the pydantic models and the catalog."""

from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any

from api.headers import HEADERS
from api.responses import error_responses, response_of, responses_of
from api.schemas import Mode, Schemas
from api.sharing import share
from darkroom import VERSION
from darkroom.catalog.provider_row import ProviderRow
from darkroom.described import JSON, Described, Parameter, Shape
from darkroom.endpoint import Endpoint

OPENAPI_VERSION = "3.1.0"
FORM = "multipart/form-data"
KEY = {
    "type": "apiKey",
    "in": "header",
    "name": "X-API-Key",
    "description": "The same as behind `Bearer`, which it comes before.",
}
INTRODUCTION = (Path(__file__).parent / "introduction.md").read_text("utf-8").strip()


def build_document(
    endpoints: Sequence[Endpoint], providers: Sequence[ProviderRow]
) -> dict[str, Any]:
    """The whole document, the same for every gateway: its server is the address it came from."""
    schemas = Schemas(_shapes(endpoints))
    paths: dict[str, Any] = {}
    for endpoint in endpoints:
        for method, described in endpoint.handlers.items():
            path = paths.setdefault(endpoint.path + described.tail, {})
            path[method.lower()] = _operation(described, endpoint, schemas)
    document = {
        "openapi": OPENAPI_VERSION,
        "info": {
            "title": "Darkroom",
            "version": VERSION,
            "description": INTRODUCTION,
            "license": {"name": "MIT", "identifier": "MIT"},
        },
        "servers": [{"url": "/"}],
        "tags": [{"name": tag} for tag in _tags(endpoints)],
        "paths": paths,
        "components": {
            "schemas": dict(schemas.components),
            "responses": error_responses(endpoints, schemas),
            "headers": HEADERS,
            "securitySchemes": {"token": _token(providers), "key": KEY},
        },
    }
    share(document)
    return document


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
        **{str(answer.status): response_of(answer, schemas) for answer in described.answers},
        **responses_of(described, endpoint.dialect),
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


def _token(providers: Sequence[ProviderRow]) -> dict[str, Any]:
    prefixes = "\n".join(
        f"- `{provider.token_prefix}:` {provider.name}{_need(provider)}" for provider in providers
    )
    return {
        "type": "http",
        "scheme": "bearer",
        "description": "Tokens of providers, each behind its provider's prefix: `gitee:TOKEN`. A "
        "comma list is taken in order: one that is used up or refused gives way to the next. A "
        "gateway key (`dk_…`) unlocks the operator's own tokens.\n\n"
        f"{prefixes}\n\nAn operator may add channels, each with a prefix of its own; "
        "`GET /v1/providers` lists all providers of this gateway.",
    }


def _need(provider: ProviderRow) -> str:
    if provider.owned:
        return ", a server of the operator's own"
    return "" if provider.token_required else ", which answers without one too"
