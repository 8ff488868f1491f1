"""Validation errors of fields, in FastAPI's form."""

from collections.abc import Mapping, Sequence
from typing import Self

from pydantic import ValidationError

from darkroom.errors import InvalidRequest

Detail = Mapping[str, object]
MAX_DETAILS = 20
MAX_STEP_CHARS = 100  # of one part of where a field stands, which a caller may have named


class Unprocessable(InvalidRequest):
    """Fields are missing or cannot be read; `details` are the `type`, `loc` and `msg` of each."""

    status = 422
    default_code = "unprocessable"
    details: tuple[Detail, ...] = ()

    @classmethod
    def of(cls, details: Sequence[Detail]) -> Self:
        """The failure of at least one detail; `param` is the first one's field.

        Of many details the first 20 are reported, with their fields' names cut short.
        """
        details = [_cut(detail) for detail in details[:MAX_DETAILS]]
        names = [_name(detail) for detail in details]
        words = [
            f"{name or 'body'}: {detail['msg']}"
            for name, detail in zip(names, details, strict=True)
        ]
        failure = cls(f"{'; '.join(words)}.", param=names[0])
        failure.details = tuple(details)
        return failure


def unprocessable(
    field: str | None, message: str, kind: str = "value_error", **more: object
) -> Unprocessable:
    """The failure of one field, or of the whole body; `more` is its `input`, where that is told."""
    loc = ["body", field] if field else ["body"]
    return Unprocessable.of([{"type": kind, "loc": loc, "msg": message, **more}])


def invalid_fields(error: ValidationError) -> Unprocessable:
    """The errors that pydantic found, without the values themselves."""
    found = error.errors(include_url=False, include_input=False, include_context=False)
    return Unprocessable.of(
        [
            {"type": e["type"], "loc": ["body", *e["loc"]], "msg": e["msg"]}
            for e in found[:MAX_DETAILS]
        ]
    )


def _cut(detail: Detail) -> Detail:
    where = detail["loc"]
    if not isinstance(where, list):
        return detail
    steps = [step[:MAX_STEP_CHARS] if isinstance(step, str) else step for step in where]
    return {**detail, "loc": steps}


def _name(detail: Detail) -> str | None:
    """The field that a detail is about, as `image.0.url`; None is the body as a whole."""
    where = detail["loc"]
    return ".".join(map(str, where[1:])) or None if isinstance(where, list) else None
