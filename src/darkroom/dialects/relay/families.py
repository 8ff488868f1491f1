"""The relay's image routes as data, from `families.toml`."""

import tomllib
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Literal

Kind = Literal["text", "integer", "number", "boolean", "choice", "size", "picture", "pictures"]


@dataclass(frozen=True, slots=True)
class FieldRow:
    """One field of a body.

    `means` is the parameter, by the names of `RequestedParameters`. `default` holds where it is
    not given, with `unless_pictures` only where no source is sent. `minimum` and `maximum` bound a
    number, which is rounded to a `multiple`; `most` is how many characters or pictures.
    """

    name: str
    kind: Kind
    about: str
    means: str
    required: bool = False
    default: str | int | float | None = None
    unless_pictures: bool = False
    minimum: float | None = None
    maximum: float | None = None
    multiple: int = 1
    most: int | None = None
    choices: tuple[str, ...] = ()

    @property
    def is_picture(self) -> bool:
        """Whether it holds pictures."""
        return self.kind in ("picture", "pictures")


@dataclass(frozen=True, slots=True)
class Family:
    """A route, and what is behind it.

    `models` are the names that the relay has for its models, each with those of the catalog that
    stand for it; `default` is the one of a request that names none. `operation` and `title` are
    what clients know the route and its body by. `addresses` is the field of an answer for them,
    `tells` what else an answer says. `reads` is who reads a body first, where its rows cannot say
    all of it. Exactly one field of `one_of` has to be there, and at most
    one of `at_most_one_of`.
    """

    id: str
    path: str
    operation: str
    title: str
    summary: str
    tag: str
    default: str
    models: Mapping[str, tuple[str, ...]]
    fields: tuple[FieldRow, ...]
    response_format: Literal["url", "b64_json"]
    addresses: str
    tells: tuple[str, ...]
    reads: str = ""
    one_of: tuple[str, ...] = ()
    at_most_one_of: tuple[str, ...] = ()
    examples: Mapping[str, Mapping[str, Any]] = field(default_factory=dict)

    def row(self, name: str) -> FieldRow | None:
        """The row of a field by its name, if the family has it."""
        return next((row for row in self.fields if row.name == name), None)

    @property
    def source(self) -> str:
        """Whose models they are, as the relay's list groups them."""
        return self.id.partition("/")[0]


@dataclass(frozen=True, slots=True)
class Families:
    """All routes, by id; `any_model` is the one for models that have no name at the relay."""

    by_id: Mapping[str, Family]
    any_model: Family

    def of_model(self, name: str) -> Family | None:
        """The family that has a model of that name."""
        return next((family for family in self.by_id.values() if name in family.models), None)


def load_families(document: Mapping[str, Any]) -> Families:
    """Read the table."""
    shared, common = document["field"], document["common"]
    families = [_family(dict(row), shared, common) for row in document["family"]]
    by_id = {family.id: family for family in families}
    return Families(by_id, by_id[document["any"]])


def _family(row: dict[str, Any], shared: Mapping[str, Any], common: list[str]) -> Family:
    own = {**row.pop("fields"), **{name: {} for name in common}}
    own["model"] = {"default": row["default"]}
    own["response_format"] = {"default": row["response_format"]}
    lists = {name: tuple(row.pop(name, ())) for name in ("tells", "one_of", "at_most_one_of")}
    models = {name: tuple(meant) for name, meant in row.pop("models").items()}
    fields = tuple(_field(name, entry, shared) for name, entry in own.items())
    return Family(**row, **lists, models=models, fields=fields)  # type: ignore[arg-type]


def _field(name: str, own: Mapping[str, Any], shared: Mapping[str, Any]) -> FieldRow:
    like = own.get("like", name)
    row = {"is": like, **shared[like], **own}
    row.pop("like", None)
    choices = tuple(row.pop("choices", ()))
    return FieldRow(name, row.pop("type"), means=row.pop("is"), choices=choices, **row)


FAMILIES = load_families(
    tomllib.loads((Path(__file__).parent / "families.toml").read_text("utf-8"))
)
