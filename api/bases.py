"""Base schemas: what several object schemas have in common, which they extend by `allOf`.

pydantic writes out every field of a class that its subclasses inherit, in each of them.
"""

import json
from collections.abc import Iterator, Mapping, Sequence, Set
from itertools import combinations
from typing import Any, NamedTuple

LEAST_FIELDS = 3
LEAST_GAIN_CHARS = 200  # of JSON

Schema = dict[str, Any]


class _Field(NamedTuple):
    """A property of a schema as JSON, and whether it is required."""

    name: str
    text: str
    is_required: bool


class _Base(NamedTuple):
    """Fields that schemas share, by the schemas' names, and how many characters a base saves."""

    gain: int
    fields: frozenset[_Field]
    owners: Sequence[str]


def extract_bases(schemas: dict[str, Schema]) -> None:
    """Add to the schemas a base for each group of them with many equal fields.

    A schema extends one base at the most. Those that allow no other fields stay as they are: to
    them a base's fields would be such.
    """
    open_schemas = {
        name: _fields(schema)
        for name, schema in schemas.items()
        if "properties" in schema and schema.get("additionalProperties") is not False
    }
    while base := max(_candidates(open_schemas), default=None, key=lambda base: base.gain):
        if base.gain < LEAST_GAIN_CHARS:
            break
        name = f"fields-{base.owners[0]}"
        names = {field.name for field in base.fields}
        schemas[name] = _restrict(schemas[base.owners[0]], names)
        for owner in base.owners:
            del open_schemas[owner]
            schema = schemas[owner]
            own = _restrict(schema, schema["properties"].keys() - names)
            rest = {key: value for key, value in schema.items() if key not in _STRUCTURE}
            reference = {"$ref": f"#/components/schemas/{name}"}
            schemas[owner] = {**rest, "allOf": [reference], **own}


_STRUCTURE = ("type", "properties", "required")


def _fields(schema: Schema) -> frozenset[_Field]:
    required = schema.get("required", ())
    return frozenset(
        _Field(name, json.dumps(value), name in required)
        for name, value in schema["properties"].items()
    )


def _candidates(schemas: Mapping[str, frozenset[_Field]]) -> Iterator[_Base]:
    shared = dict.fromkeys(one & other for one, other in combinations(schemas.values(), 2))
    for fields in shared:
        if len(fields) >= LEAST_FIELDS:
            owners = [name for name, own in schemas.items() if fields <= own]
            yield _Base(_gain(fields, owners), fields, owners)


def _gain(fields: frozenset[_Field], owners: Sequence[str]) -> int:
    moved = sum(
        len(field.text) + len(field.name) * (2 if field.is_required else 1) for field in fields
    )
    reference = len('"allOf":[{"$ref":"#/components/schemas/fields-"}],') + len(owners[0])
    return (len(owners) - 1) * moved - len(owners) * reference


def _restrict(schema: Schema, names: Set[str]) -> Schema:
    """The structure of a schema with these fields alone, in their order."""
    parts: Schema = {
        "properties": {name: each for name, each in schema["properties"].items() if name in names},
        "required": [name for name in schema.get("required", ()) if name in names],
    }
    return {"type": "object", **{key: part for key, part in parts.items() if part}}
