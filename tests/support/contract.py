"""Whether answers are what the OpenAPI document says they are."""

import json
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any

from jsonschema import Draft202012Validator

from darkroom.http import Reply
from darkroom.sse import EventReader
from tests.support.fakes import body_of

# Of headers, those that are ours to explain; all others are HTTP's own.
EXPLAINED = ("x-", "retry-after", "server-timing")
UNEXPLAINED = {"x-content-type-options", "x-accel-buffering"}  # for browsers and proxies alone


@dataclass(frozen=True, slots=True)
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
        whole = {**schema, "components": self.document["components"]}
        return Draft202012Validator(_closed(whole) if closed else whole)

    async def check(self, method: str, path: str, reply: Reply) -> None:
        """Raise `AssertionError` or `ValidationError` for what the document does not know."""
        responses = self.operation(method, path)["responses"]
        assert str(reply.status) in responses, (method, path, reply.status, await body_of(reply))
        response = responses[str(reply.status)]
        self._check_headers(reply, response["headers"])
        media_type = reply.headers["content-type"].partition(";")[0]
        kind = "image/*" if media_type.startswith("image/") else media_type
        content = response["content"][kind]
        for value in _values(kind, await body_of(reply)):
            self.validator(content["schema"], closed=True).validate(value)

    def _check_headers(self, reply: Reply, documented: Mapping[str, Any]) -> None:
        ours = {name for name in reply.headers if name.startswith(EXPLAINED)} - UNEXPLAINED
        assert ours <= set(documented)
        for name, reference in documented.items():
            header = self.component(reference["$ref"])
            assert name in reply.headers or not header.get("required"), name


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


def _values(media_type: str, body: bytes) -> Iterator[Any]:
    if media_type == "application/json":
        yield json.loads(body)
    elif media_type == "text/event-stream":
        events = EventReader().feed(body)
        yield from (json.loads(event.data) for event in events if event.data != b"[DONE]")


def _closed(place: Any) -> Any:
    """The same schema without room for fields that it does not name."""
    if isinstance(place, list):
        return [_closed(value) for value in place]
    if not isinstance(place, Mapping):
        return place
    closed = {name: _closed(value) for name, value in place.items()}
    if isinstance(place.get("properties"), Mapping):
        closed.setdefault("additionalProperties", False)
    return closed
