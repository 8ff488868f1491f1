"""Whether answers are what the OpenAPI document says they are."""

import json
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, replace
from functools import cached_property
from typing import Any

from jsonschema import Draft202012Validator

from api import asset
from api.headers import ALWAYS, LIMITS
from api.paths import PATHS
from darkroom.endpoint import Endpoint
from darkroom.http import Reply, parts_of
from darkroom.sse import EventReader
from tests.support.fakes import body_of

# Of headers, those that are ours to explain; all others are HTTP's own.
EXPLAINED = (
    "x-", "retry-after", "server-timing", "location", "idempotency-", "preference-applied",
)  # fmt: skip
UNEXPLAINED = {"x-content-type-options", "x-accel-buffering"}  # for browsers and proxies alone


# What a media type of OpenAPI 3.1 calls the schema of each item of a stream.
ITEM_SCHEMA = "x-oai-itemSchema"


@dataclass(frozen=True)
class Contract:
    """A document that answers are held to."""

    document: Mapping[str, Any]

    def operation(self, method: str, path: str) -> Mapping[str, Any]:
        """What the document says of a request, its path as the document spells it."""
        operation: Mapping[str, Any] = self.document["paths"][path][method.lower()]
        return operation

    def component(self, reference: str) -> Any:
        """What a `$ref` leads to; raises `KeyError` for one that leads nowhere."""
        place: Any = self.document
        for step in reference.removeprefix("#/").split("/"):
            place = place[step]
        return place

    def validator(self, schema: Mapping[str, Any], *, closed: bool) -> Draft202012Validator:
        """A validator; `closed` allows no fields that the document does not name."""
        key = (json.dumps(schema), closed)
        if key not in self._validators:
            components = self._closed_components if closed else self.document["components"]
            self._validators[key] = Draft202012Validator(
                {**(_closed(schema) if closed else schema), "components": components}
            )
        return self._validators[key]

    @cached_property
    def _validators(self) -> dict[tuple[str, bool], Draft202012Validator]:
        return {}

    @cached_property
    def _closed_components(self) -> Any:
        """All components but the bases of others, whose fields are only a part of theirs."""
        components = self.document["components"]
        bases = {
            base["$ref"].rpartition("/")[2]
            for schema in components["schemas"].values()
            for base in schema.get("allOf", ())
        }
        schemas = components["schemas"]
        closed = {
            name: schemas[name] if name in bases else _closed(schemas[name]) for name in schemas
        }
        return {**components, "schemas": closed}

    def merged(self, schema: Mapping[str, Any]) -> Mapping[str, Any]:
        """A schema that a reference may stand for, with the fields of the base that it extends."""
        if "$ref" in schema:
            return self.merged(self.component(schema["$ref"]))
        bases = [self.merged(base) for base in schema.get("allOf", ())]
        parts = [*bases, schema]
        fields = {
            name: field for part in parts for name, field in part.get("properties", {}).items()
        }
        required = [name for part in parts for name in part.get("required", ())]
        own = {name: value for name, value in schema.items() if name != "allOf"}
        return {**own, "properties": fields, "required": required} if bases else schema

    def response(self, method: str, path: str, status: str) -> Mapping[str, Any]:
        """What the document says of an answer; raises `KeyError` for one that it does not know."""
        response: Mapping[str, Any] = self.operation(method, path)["responses"][status]
        return self.component(response["$ref"]) if "$ref" in response else response

    async def hold(self, method: str, path: str, reply: Reply) -> Reply:
        """A reply to a request for a path, its body read, that is as documented; see `check`."""
        reply = replace(reply, body=await parts_of(reply.body))
        await self.check(method, documented_path(method, path), reply)
        return reply

    async def check(self, method: str, path: str, reply: Reply) -> None:
        """Raise `AssertionError` or `ValidationError` for what the document does not know."""
        responses = self.operation(method, path)["responses"]
        assert str(reply.status) in responses, (method, path, reply.status, await body_of(reply))
        response = self.response(method, path, str(reply.status))
        self._check_headers(reply, response.get("headers", {}))
        if "content" not in response:
            assert await body_of(reply) == b"", (method, path, reply.status)
            return
        media_type = reply.headers["content-type"].partition(";")[0]
        kind = "image/*" if media_type.startswith("image/") else media_type
        content = response["content"][kind]
        for schema, value in _values(kind, content, await body_of(reply)):
            self.validator(schema, closed=True).validate(value)

    def _check_headers(self, reply: Reply, documented: Mapping[str, Any]) -> None:
        ours = {name for name in reply.headers if name.startswith(EXPLAINED)} - UNEXPLAINED
        assert set(ALWAYS) <= ours
        assert ours <= {*documented, *ALWAYS, *LIMITS}
        for name, reference in documented.items():
            header = self.component(reference["$ref"])
            assert name in reply.headers or not header.get("required"), name


def documented_path(method: str, path: str) -> str:
    """What the document calls the path of a request."""
    target = path.partition("?")[0]
    return next(
        each.path + each.operations[method].tail
        for each in PATHS
        if method in each.operations
        and Endpoint(each.path, {}, each.dialect.dialect, each.verb).matches(target)
    )


def references(place: Any) -> Iterator[str]:
    """Every `$ref` in a document."""
    if isinstance(place, Mapping):
        if isinstance(reference := place.get("$ref"), str):
            yield reference
        for value in place.values():
            yield from references(value)
    elif isinstance(place, list):
        for value in place:
            yield from references(value)


def _values(
    media_type: str, content: Mapping[str, Any], body: bytes
) -> Iterator[tuple[Mapping[str, Any], Any]]:
    """What a body holds, each value with its schema: of events themselves and what is in them."""
    if media_type == "application/json":
        yield content["schema"], json.loads(body)
    elif media_type == "text/event-stream":
        schema = content[ITEM_SCHEMA]
        for event in EventReader().feed(body):
            data = event.data.decode()
            yield schema, {"event": event.type, "data": data}
            sentinel, content_schema = contents_of(schema["properties"]["data"])
            if data != sentinel:
                yield content_schema, json.loads(data)


def contents_of(data: Mapping[str, Any]) -> tuple[str | None, Mapping[str, Any]]:
    """Of an event's `data`: what it is where it is no JSON, and the schema of the JSON."""
    sentinel, contents = data.get("anyOf", ({"const": None}, data))
    assert contents["contentMediaType"] == "application/json"
    return sentinel["const"], contents["contentSchema"]


def _closed(place: Any) -> Any:
    """The same schema without room for fields that it does not name."""
    if isinstance(place, list):
        return [_closed(value) for value in place]
    if not isinstance(place, Mapping):
        return place
    closed = {name: _closed(value) for name, value in place.items()}
    if "allOf" in place:
        if not place.get("additionalProperties"):
            closed["unevaluatedProperties"] = False
    elif isinstance(place.get("properties"), Mapping):
        closed.setdefault("additionalProperties", False)
    return closed


# The document that is served.
CONTRACT = Contract(json.loads(asset.PATH.read_text("utf-8")))
