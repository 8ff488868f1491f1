"""The request bodies of the image routes, pydantic models made from the table of families.

They check a body's fields and describe them; pictures go through as they came, and are read later.
"""

from typing import Annotated, Any, Literal

from pydantic import (
    AfterValidator,
    BaseModel,
    ConfigDict,
    Field,
    StringConstraints,
    WithJsonSchema,
    create_model,
)
from pydantic_core import PydanticCustomError

from darkroom.catalog.requested_size import parse_size
from darkroom.dialects.relay.families import FAMILIES, Family, FieldRow
from darkroom.errors import InvalidRequest
from darkroom.field_types import NO_BOOLEAN, one_of

_LITERAL: Any = Literal  # of choices that only the table knows
_TEXT = {"type": "string"}
_PICTURES = {"anyOf": [_TEXT, {"type": "array", "items": _TEXT}]}


class RelayBody(BaseModel):
    """The fields of one family; others travel beside, and are reported.

    A null is as good as an absent field.
    """

    model_config = ConfigDict(extra="allow", allow_inf_nan=False, defer_build=True)


def _check_size(text: str) -> str:
    try:
        parse_size(text)
    except InvalidRequest:
        raise PydanticCustomError(
            "size", "Should be pixels such as '1024x1024', or 'auto'"
        ) from None
    return text


def body_of(family: Family) -> type[RelayBody]:
    """The model of a family's bodies."""
    fields: dict[str, Any] = {row.name: (_type(row), _field(row)) for row in family.fields}
    body = create_model(f"{family.title}Request", __base__=RelayBody, __doc__=None, **fields)
    body.__doc__ = f"What `{family.path}` takes; other fields are reported as ignored."
    return body


def _type(row: FieldRow) -> Any:
    kind = _plain_type(row)
    return kind if row.required else kind | None


def _plain_type(row: FieldRow) -> Any:
    match row.kind:
        case "text":
            return Annotated[
                str,
                StringConstraints(
                    strip_whitespace=True,
                    min_length=1 if row.required else None,
                    max_length=row.most,
                ),
            ]
        case "integer":
            return Annotated[int, Field(ge=row.minimum, le=row.maximum), NO_BOOLEAN]
        case "number":
            return Annotated[float, Field(ge=row.minimum, le=row.maximum), NO_BOOLEAN]
        case "boolean":
            return bool
        case "choice":
            return Annotated[_LITERAL[row.choices], one_of(row.choices)]
        case "size":
            return Annotated[str, AfterValidator(_check_size)]
        case "picture":
            return Annotated[Any, WithJsonSchema(_TEXT)]
        case "pictures":
            return Annotated[Any, WithJsonSchema(_PICTURES)]


def _field(row: FieldRow) -> Any:
    if row.required:
        return Field(description=row.about)
    default = None if row.unless_pictures else row.default
    return Field(default, description=row.about)


BODIES = {family.id: body_of(family) for family in FAMILIES.by_id.values()}
