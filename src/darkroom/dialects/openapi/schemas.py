"""JSON Schemas of bodies and answers, as pydantic writes them, each named once."""

from collections.abc import Iterable, Mapping
from typing import Any, Literal

from pydantic import TypeAdapter
from pydantic.json_schema import GenerateJsonSchema

from darkroom.dialects.described import Shape

Mode = Literal["validation", "serialization"]  # as it is sent to us, as it is answered
REFERENCE = "#/components/schemas/{model}"


class _Untitled(GenerateJsonSchema):
    """Leaves out titles of fields: their names, capitalised."""

    def field_title_should_be_set(self, schema: Any) -> bool:
        """Never."""
        return False


class Schemas:
    """The schemas of many shapes, which are types that pydantic knows.

    `components` are those with a name, which all others refer to.
    """

    def __init__(self, shapes: Iterable[tuple[Shape, Mode]]) -> None:
        self._schemas, definitions = TypeAdapter.json_schemas(
            [(shape, mode, TypeAdapter(shape)) for shape, mode in dict.fromkeys(shapes)],
            ref_template=REFERENCE,
            schema_generator=_Untitled,
        )
        self.components: Mapping[str, Any] = definitions.get("$defs", {})

    def of(self, shape: Shape, mode: Mode) -> dict[str, Any]:
        """One shape's schema: as a rule a reference to a component."""
        return self._schemas[shape, mode]
