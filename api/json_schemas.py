"""JSON Schemas of bodies and answers, as pydantic writes them, each named once."""

import re
from collections.abc import Iterable, Mapping
from typing import Any, Literal

from pydantic import TypeAdapter
from pydantic.json_schema import GenerateJsonSchema

from api.operation import Shape

Mode = Literal["validation", "serialization"]  # as it is sent to us, as it is answered
REFERENCE = "#/components/schemas/{model}"
_MODULE = re.compile(r"(?:api\.schemas|darkroom\.dialects)\.([a-z0-9]+)[a-z0-9_.]*(?=\.)")


class _Generator(GenerateJsonSchema):
    """Gives fields no titles, and models short names."""

    def field_title_should_be_set(self, schema: Any) -> bool:
        """Never: such a title is the field's name, capitalised."""
        return False

    def normalize_name(self, name: str) -> str:
        """With its dialect instead of its module, where a name alone would mean two models."""
        return super().normalize_name(_MODULE.sub(r"\1", name))


class Schemas:
    """The schemas of many shapes, which are types that pydantic knows.

    `components` are those with a name, which all others refer to.
    """

    def __init__(self, shapes: Iterable[tuple[Shape, Mode]]) -> None:
        self._schemas, definitions = TypeAdapter.json_schemas(
            [(shape, mode, TypeAdapter(shape)) for shape, mode in dict.fromkeys(shapes)],
            ref_template=REFERENCE,
            schema_generator=_Generator,
        )
        self.components: Mapping[str, Any] = {
            name: _compact({word: value for word, value in schema.items() if word != "title"})
            for name, schema in definitions.get("$defs", {}).items()
        }

    def of(self, shape: Shape, mode: Mode) -> dict[str, Any]:
        """One shape's schema: as a rule a reference to a component."""
        return self._schemas[shape, mode]


def _compact(schema: Any) -> Any:
    """The same schema with `type: [x, null]` where it has a choice between that and null.

    A default of null is left out: a field that is absent is null to every route.
    """
    if isinstance(schema, list):
        return [_compact(value) for value in schema]
    if not isinstance(schema, dict):
        return schema
    words = {word: value for word, value in schema.items() if (word, value) != ("default", None)}
    match {word: _compact(value) for word, value in words.items()}:
        case {"anyOf": [{"type": str(kind)} as only, {"type": "null"}], **others} if not {
            "enum",
            "const",
        } & set(only):
            return {**only, **others, "type": [kind, "null"]}
        case compact:
            return compact
