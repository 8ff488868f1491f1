"""The OpenAPI document, built from the route table, the pydantic models and the catalog."""

from collections.abc import Iterator, Sequence
from pathlib import Path as File
from typing import Any

from api.headers import HEADERS
from api.json_schemas import Mode, Schemas
from api.operation import JSON, Operation, Parameter, Path, Shape
from api.responses import error_responses, response_of, responses_of
from api.sharing import share
from darkroom import VERSION
from darkroom.catalog.provider_row import ProviderRow

OPENAPI_VERSION = "3.1.0"
# Beside the bearer token, what clients of single dialects send.
SECURITY_SCHEMES = {
    "key": {
        "type": "apiKey",
        "in": "header",
        "name": "X-API-Key",
        "description": "The same as behind `Bearer`, which it comes before.",
    },
    "googleKey": {
        "type": "apiKey",
        "in": "header",
        "name": "x-goog-api-key",
        "description": "The same as behind `Bearer`, which it comes before; `?key=` is read too.",
    },
    "basic": {
        "type": "http",
        "scheme": "basic",
        "description": "The same as behind `Bearer`, as the user or the password.",
    },
}
INTRODUCTION = (File(__file__).parent / "introduction.md").read_text("utf-8").strip()


def build_document(paths: Sequence[Path], providers: Sequence[ProviderRow]) -> dict[str, Any]:
    """The whole document, the same for every gateway: its server is the address it came from."""
    schemas = Schemas(_shapes(paths))
    described: dict[str, Any] = {}
    for path in paths:
        for method, operation in path.operations.items():
            methods = described.setdefault(path.path + operation.tail, {})
            methods[method.lower()] = _operation(operation, path, schemas)
    document = {
        "openapi": OPENAPI_VERSION,
        "info": {
            "title": "Darkroom",
            "version": VERSION,
            "description": INTRODUCTION,
            "license": {"name": "MIT", "identifier": "MIT"},
        },
        "servers": [{"url": "/"}],
        "tags": [{"name": tag} for tag in _tags(paths)],
        "paths": described,
        "components": {
            "schemas": dict(schemas.components),
            "responses": error_responses(paths, schemas),
            "headers": HEADERS,
            "securitySchemes": {"token": _token(providers), **SECURITY_SCHEMES},
        },
    }
    share(document)
    return document


def _shapes(paths: Sequence[Path]) -> Iterator[tuple[Shape, Mode]]:
    for path in paths:
        yield path.dialect.error_shape, "serialization"
        for operation in path.operations.values():
            for body in filter(None, operation.request_body.values()):
                yield body, "validation"
            for response in operation.responses:
                for shape in filter(None, response.content.values()):
                    yield shape, "serialization"


def _tags(paths: Sequence[Path]) -> Sequence[str]:
    tags = (operation.tag for path in paths for operation in path.operations.values())
    return list(dict.fromkeys(tags))


def _operation(operation: Operation, path: Path, schemas: Schemas) -> dict[str, Any]:
    written: dict[str, Any] = {
        "operationId": operation.operation_id,
        "summary": operation.summary,
        "tags": [operation.tag],
    }
    if operation.description:
        written["description"] = operation.description
    if operation.secured:
        ways: list[dict[str, list[str]]] = [{way: []} for way in path.dialect.credentials]
        written["security"] = [{}, *ways]
    if operation.parameters:
        written["parameters"] = [_parameter(p, operation.tail) for p in operation.parameters]
    if operation.request_body:
        written["requestBody"] = {"required": True, "content": _content(operation, schemas)}
    written["responses"] = {
        **{
            str(each.status): response_of(each, path.dialect.dialect, schemas)
            for each in operation.responses
        },
        **responses_of(operation, path.dialect.dialect),
    }
    return written


def _parameter(parameter: Parameter, tail: str) -> dict[str, Any]:
    in_path = f"{{{parameter.name}}}" in tail
    place = "header" if parameter.is_header else "query"
    described: dict[str, Any] = {
        "name": parameter.name,
        "in": "path" if in_path else place,
        "description": parameter.description,
        "schema": parameter.schema,
    }
    if in_path:
        described["required"] = True
    if parameter.example is not None:
        described["example"] = parameter.example
    return described


def _content(operation: Operation, schemas: Schemas) -> dict[str, Any]:
    content: dict[str, Any] = {
        media_type: {"schema": schemas.of(body, "validation")} if body else {}
        for media_type, body in operation.request_body.items()
    }
    if operation.examples:
        content[JSON]["examples"] = {
            title: {"value": body} for title, body in operation.examples.items()
        }
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
