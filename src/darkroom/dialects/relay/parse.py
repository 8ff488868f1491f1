"""A parser of image request bodies by the rows of their family."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from pydantic import ValidationError

from darkroom.dialects.relay.families import Family, FieldRow
from darkroom.dialects.relay.request_schemas import BODIES, RelayBody
from darkroom.dialects.relay.txt2img import READERS
from darkroom.generation.input_images import Source, entries_of, is_nothing, read_source
from darkroom.json_writer import TextBlob
from darkroom.validation_error import invalid_fields, unprocessable


@dataclass(frozen=True, slots=True)
class ParsedRequest:
    """The fields of a request, checked one by one.

    `values` are all that hold, by what they mean: the caller's, and the family's own where the
    caller said nothing. `spelled` is how the caller spelled those that were given, fields that
    nobody knows among them. `adjusted` are the caller's numbers that were rounded.
    """

    family: Family
    values: Mapping[str, Any]
    field_aliases: Mapping[str, str]
    images: tuple[Source, ...]
    mask: Source | None
    adjusted: Mapping[str, object]

    def spelling(self, name: str) -> str:
        """The caller's spelling of a field, for failures that name it."""
        if name in self.field_aliases:
            return self.field_aliases[name]
        return next((row.name for row in self.family.fields if row.means == name), name)


def parse_request(document: Mapping[str, Any], family: Family) -> ParsedRequest:
    """Check a body's fields; raises `Unprocessable` naming all that are wrong."""
    document = READERS[family.reads](document, family)
    given = {name: value for name, value in document.items() if not _is_absent(name, value, family)}
    given |= {row.name: _text(given[row.name]) for row in family.fields if _is_long(row, given)}
    try:
        body = BODIES[family.id].model_validate(given)
    except ValidationError as error:
        raise invalid_fields(error) from None
    _check_company(family, given)
    field_aliases: dict[str, str] = {}
    for name in given:
        field_aliases.setdefault(_meaning(name, family), name)
    images = tuple(_sources("image", family, given))
    masks = tuple(_sources("mask", family, given))
    return ParsedRequest(
        family=family,
        values=_values(family, body, given, with_pictures=bool(images)),
        field_aliases=field_aliases,
        images=images,
        mask=masks[0] if masks else None,
        adjusted=_rounded_fields(family, body, given),
    )


def _is_absent(name: str, value: object, family: Family) -> bool:
    row = family.row(name)
    return is_nothing(value) if row and row.is_picture else value in (None, "")


def _is_long(row: FieldRow, given: Mapping[str, Any]) -> bool:
    """Whether a text was so long in so large a body that it was left outside Python."""
    return not row.is_picture and isinstance(given.get(row.name), TextBlob)


def _text(value: TextBlob) -> str:
    return value.content.head(value.content.size).decode("utf-8", "replace")


def _meaning(name: str, family: Family) -> str:
    row = family.row(name)
    return row.means if row else f"{name}?"  # not to be taken for one that is known


def _check_company(family: Family, given: Mapping[str, Any]) -> None:
    """Raise `Unprocessable` for fields that exclude each other, or of which one has to be there."""
    for names in (family.one_of, family.at_most_one_of):
        there = [name for name in names if name in given]
        if len(there) > 1:
            words = f"Cannot be sent together with {there[0]}"
            raise unprocessable(there[1], words, "extra_forbidden")
    if family.one_of and not any(name in given for name in family.one_of):
        raise unprocessable(family.one_of[0], "Field required", "missing")


def _sources(meaning: str, family: Family, given: Mapping[str, Any]) -> Sequence[Source]:
    """The pictures of all fields that hold any, in the family's order."""
    sources: list[Source] = []
    for row in family.fields:
        if row.means != meaning or row.name not in given:
            continue
        entries = entries_of(given[row.name])
        most = row.most or 1
        if len(entries) > most:
            raise unprocessable(row.name, f"There can be {most} at most", "too_long")
        sources += [read_source(entry, row.name) for entry in entries]
    return sources


def _values(
    family: Family, body: RelayBody, given: Mapping[str, Any], *, with_pictures: bool
) -> Mapping[str, Any]:
    """The values by parameter; numbers of pictures are multiplied."""
    values: dict[str, Any] = {}
    for row in family.fields:
        absent = row.name not in given
        if row.is_picture or (absent and row.unless_pictures and with_pictures):
            continue
        value = row.default if absent else getattr(body, row.name)
        if value is None:
            continue
        value = _rounded(value, row)
        values[row.means] = values[row.means] * value if row.means in values else value
    return values


def _rounded_fields(
    family: Family, body: RelayBody, given: Mapping[str, Any]
) -> Mapping[str, object]:
    """The caller's numbers that are rounded to a multiple, by their fields."""
    numbers = {row: getattr(body, row.name) for row in family.fields if row.name in given}
    return {
        row.name: _rounded(value, row)
        for row, value in numbers.items()
        if row.multiple != 1 and _rounded(value, row) != value
    }


def _rounded(value: Any, row: FieldRow) -> Any:
    if row.multiple == 1:
        return value
    return max(row.multiple, round(value / row.multiple) * row.multiple)
