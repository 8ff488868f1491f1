"""Bodies that the OpenAPI document allows, drawn by hypothesis."""

from base64 import b64encode
from collections.abc import Mapping, Set
from dataclasses import dataclass
from typing import Any

from hypothesis import strategies as st
from jsonschema import Draft202012Validator

from darkroom.catalog.catalog import Catalog
from tests.support.contract import Contract
from tests.support.fakes import PNG

Values = st.SearchStrategy[Any]

PICTURES = st.sampled_from([f"data:image/png;base64,{b64encode(PNG).decode()}", "not a picture"])
SIDES = st.sampled_from([0, 512, 1000, 1024])

# What fields hold of which a schema says too little to get far.
TELLING: Mapping[tuple[str, str], Values] = {
    ("prompt", "string"): st.sampled_from(["a cat", "ein Leuchtturm, \x00 <b>"]),
    ("size", "string"): st.sampled_from(["1024x768", "16:9", "2K", "auto", "0x0", "large"]),
    ("aspect_ratio", "string"): st.sampled_from(["16:9", "3:2", "1:1", "wide"]),
    ("width", "integer"): SIDES,
    ("height", "integer"): SIDES,
    ("steps", "integer"): st.integers(0, 30),
    ("guidance_scale", "number"): st.floats(0, 12),
    ("cfg_scale", "number"): st.floats(0, 12),
    ("inputs", "string"): st.sampled_from(["a cat", "ein Leuchtturm"]),
    **dict.fromkeys(
        ((name, "string") for name in ("image", "images", "input_image", "image_url", "image_b64")),
        PICTURES,
    ),
    ("mask", "string"): PICTURES,
    ("rewriter", "string"): st.sampled_from(["rewriter_official", "artistic", "none"]),
    ("template", "string"): st.sampled_from(["artistic", "none"]),
    ("role", "string"): st.sampled_from(["user", "assistant", "system"]),
}


def valid(contract: Contract, reference: str, catalog: Catalog) -> Values:
    """Values of a component."""
    models = [model.id for model in catalog.models if model.provider.is_configured]
    others = ["auto", "pollinations/openai-fast", "Qwen/qwen-image", "nonsense"]
    names = st.sampled_from([*models, *catalog.rewriters, *others])
    return _Drawing(contract, {**TELLING, ("model", "string"): names}).of("", {"$ref": reference})


@dataclass(frozen=True, slots=True)
class _Drawing:
    contract: Contract
    telling: Mapping[tuple[str, str], Values]

    def of(self, name: str, schema: Mapping[str, Any]) -> Values:
        """Values that a schema allows, for the field of that name."""
        if "$ref" in schema or "allOf" in schema:
            return self.of(name, self.contract.merged(schema))
        if kinds := _choices(schema):
            return st.one_of([self.of(name, kind) for kind in kinds])
        if "const" in schema:
            return st.just(schema["const"])
        if "enum" in schema:
            return st.sampled_from(schema["enum"])
        if (name, schema["type"]) in self.telling:
            return self.telling[name, schema["type"]].filter(Draft202012Validator(schema).is_valid)
        match schema["type"]:
            case "object":
                fields, needed = schema.get("properties", {}), schema.get("required", [])
                return self._objects(fields, {*needed, *({"prompt"} & set(fields))})
            case "array":
                least = schema.get("minItems", 0)
                items = self.of(name, schema["items"])
                return st.lists(items, min_size=least, max_size=least + 2)
            case "string":
                return st.text(min_size=schema.get("minLength", 0), max_size=12)
            case "integer":
                return st.integers(schema.get("minimum", -2), schema.get("maximum", 5000))
            case "number":
                numbers = st.floats(schema.get("minimum", -1), schema.get("maximum", 30))
                return numbers.filter(Draft202012Validator(schema).is_valid)
            case "boolean":
                return st.booleans()
            case kind:
                assert kind == "null"
                return st.none()

    def _objects(self, fields: Mapping[str, Any], needed: Set[str]) -> Values:
        """Objects of what is needed and a few fields more: of many, one is wrong as a rule."""
        if not fields:
            return st.just({})
        values = {name: self.of(name, field) for name, field in fields.items()}
        more = st.sets(st.sampled_from(sorted(fields)), max_size=4)
        return more.flatmap(
            lambda names: st.fixed_dictionaries({n: values[n] for n in sorted(needed | names)})
        )


def _choices(schema: Mapping[str, Any]) -> list[Mapping[str, Any]]:
    """The schemas that values may fit, where there are several."""
    types = schema.get("type")
    if isinstance(types, list):
        return [{**schema, "type": kind} for kind in types]
    choices: list[Mapping[str, Any]] = schema.get("anyOf", [])
    return choices
