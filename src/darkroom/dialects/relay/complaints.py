"""What is wrong with a body, field by field, as FastAPI tells it (reference/wire-formats.md A6)."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from pydantic import ValidationError

from darkroom.errors import InvalidRequest


@dataclass(frozen=True, slots=True)
class Complaint:
    """One thing that is wrong; the value itself is never told."""

    type: str
    field: str
    words: str

    def describe(self) -> Mapping[str, object]:
        """The entry of the list that FastAPI makes."""
        return {"type": self.type, "loc": ["body", self.field], "msg": self.words}


class InvalidBody(InvalidRequest):
    """One or more fields of a body are wrong; `complaints` has them all, `param` is the first."""

    complaints: Sequence[Complaint] = ()

    @classmethod
    def of(cls, *complaints: Complaint) -> "InvalidBody":
        """The failure of at least one complaint."""
        first = complaints[0]
        words = "; ".join(f"{each.field}: {each.words}" for each in complaints)
        failure = cls(f"{words}.", param=first.field, code=first.type)
        failure.complaints = complaints
        return failure


def complaints_of(error: ValidationError) -> InvalidBody:
    """What pydantic found."""
    found = error.errors(include_url=False, include_input=False, include_context=False)
    return InvalidBody.of(
        *(
            Complaint(each["type"], str(each["loc"][0]) if each["loc"] else "", each["msg"])
            for each in found
        )
    )


def missing(field: str) -> InvalidBody:
    """The failure of a field that has to be there."""
    return InvalidBody.of(Complaint("missing", field, "Field required"))


def needless(field: str, other: str) -> InvalidBody:
    """The failure of a field that cannot stand beside another."""
    return InvalidBody.of(
        Complaint("extra_forbidden", field, f"Cannot be sent together with {other}")
    )
