"""What schemas have in common becomes a base, and nothing is said otherwise than before."""

import copy
from typing import Any

from api.bases import extract_bases

LONG = {"type": "string", "description": "Words. " * 30}
SHARED = {"one": LONG, "two": LONG, "three": LONG}


def schema(**more: Any) -> dict[str, Any]:
    return {
        "description": "A thing.",
        "type": "object",
        "properties": copy.deepcopy(SHARED),
        **more,
    }


def test_schemas_with_equal_fields_extend_one_base() -> None:
    schemas = {"Cat": schema(required=["one"]), "Dog": schema(required=["one"])}
    schemas["Dog"]["properties"]["bark"] = {"type": "boolean"}
    extract_bases(schemas)
    reference = {"$ref": "#/components/schemas/fields-Cat"}
    assert schemas["fields-Cat"] == {"type": "object", "properties": SHARED, "required": ["one"]}
    assert schemas["Cat"] == {"description": "A thing.", "allOf": [reference], "type": "object"}
    assert schemas["Dog"]["properties"] == {"bark": {"type": "boolean"}}
    assert schemas["Dog"]["allOf"] == [reference]


def test_a_field_that_one_schema_requires_is_not_in_their_base() -> None:
    schemas = {name: schema() for name in ("Cat", "Dog")}
    for each in schemas.values():
        each["properties"]["four"] = LONG
    schemas["Cat"]["required"] = ["four"]
    extract_bases(schemas)
    assert schemas["fields-Cat"]["properties"] == SHARED
    assert schemas["Cat"]["required"] == ["four"]


def test_schemas_that_allow_no_other_fields_have_no_base() -> None:
    schemas = {name: schema(additionalProperties=False) for name in ("Cat", "Dog")}
    before = copy.deepcopy(schemas)
    extract_bases(schemas)
    assert schemas == before


def test_a_few_characters_are_not_worth_a_base() -> None:
    schemas = {name: schema() for name in ("Cat", "Dog")}
    for each in schemas.values():
        each["properties"] = {name: {"type": "integer"} for name in SHARED}
    extract_bases(schemas)
    assert set(schemas) == {"Cat", "Dog"}
