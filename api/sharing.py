"""Moves what an OpenAPI document says several times to its components."""

import json
from collections import defaultdict
from collections.abc import Iterable, Iterator, Sequence
from typing import Any, NamedTuple

from api.bases import extract_bases

LEAST_GAIN_CHARS = 20  # of JSON; less is not worth a look elsewhere


class _Place(NamedTuple):
    """A reference to `holder[key]`, with a name for the component that may replace it."""

    holder: Any
    key: str | int
    name: str


def share(document: dict[str, Any]) -> None:
    """Replace equal responses, parameters and fields of schemas by references to a component."""
    components = document["components"]
    operations = [each for path in document["paths"].values() for each in path.values()]
    _share(_responses(operations), components["responses"], "responses")
    _share(_parameters(operations), components.setdefault("parameters", {}), "parameters")
    extract_bases(components["schemas"])
    _share(_fields(components["schemas"]), components["schemas"], "schemas")


def _responses(operations: Sequence[dict[str, Any]]) -> Iterator[_Place]:
    for operation in operations:
        for status in operation["responses"]:
            yield _Place(operation["responses"], status, f"{operation['operationId']}-{status}")


def _parameters(operations: Sequence[dict[str, Any]]) -> Iterator[_Place]:
    for operation in operations:
        parameters = operation.get("parameters", [])
        for number, parameter in enumerate(parameters):
            yield _Place(parameters, number, parameter["name"])


def _fields(schemas: dict[str, Any]) -> Iterator[_Place]:
    for schema in schemas.values():
        properties = schema.get("properties", {})
        for name in properties:
            yield _Place(properties, name, f"field-{name}")


def _share(places: Iterable[_Place], components: dict[str, Any], kind: str) -> None:
    """Move to the components of one kind what stands in several places, where it saves text."""
    equal: dict[str, list[_Place]] = defaultdict(list)
    for place in places:
        equal[_text(place.holder[place.key])].append(place)
    for text, group in equal.items():
        name = _unused(group[0].name, components)
        reference = {"$ref": f"#/components/{kind}/{name}"}
        moved = len(text) + len(_text(name)) + 2
        if len(group) * (len(text) - len(_text(reference))) - moved >= LEAST_GAIN_CHARS:
            components[name] = json.loads(text)
            for holder, key, _ in group:
                holder[key] = dict(reference)


def _text(value: Any) -> str:
    return json.dumps(value, ensure_ascii=False, separators=(",", ":"))


def _unused(name: str, taken: dict[str, Any]) -> str:
    numbered = (f"{name}-{number}" for number in range(2, len(taken) + 3))
    return next(one for one in (name, *numbered) if one not in taken)
