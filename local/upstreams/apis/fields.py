"""The fields of a request, checked one by one as a strict server does."""

from collections.abc import Collection, Mapping, Sequence
from typing import Any

from .body import Form
from .faults import Failure, Kind

TRUTHS = {"true": True, "false": False}


class Fields:
    """Values by name. A null is no value, and every failure names the field.

    `are_texts` says that all values came as texts, as a form's do.
    """

    def __init__(self, values: Mapping[str, Any], *, are_texts: bool = False) -> None:
        self._values = {name: value for name, value in values.items() if value is not None}
        self._are_texts = are_texts

    @classmethod
    def of_form(cls, form: Form) -> "Fields":
        """The texts of a form, the last of each name."""
        return cls({name: texts[-1] for name, texts in form.fields.items()}, are_texts=True)

    def __contains__(self, name: str) -> bool:
        return name in self._values

    def raw(self, name: str) -> Any:
        """The value as it came, None without one."""
        return self._values.get(name)

    def refuse_others(self, known: Collection[str]) -> None:
        """Fail when there is a field that is not `known`."""
        for name in self._values:
            if name not in known:
                raise Failure(Kind.UNKNOWN_FIELD, f"Unknown parameter: '{name}'.", name)

    def required_text(self, name: str, max_chars: int | None = None) -> str:
        """A text that must be there and not be blank."""
        text = self.text(name, max_chars=max_chars)
        if not text.strip():
            raise Failure(Kind.MISSING_FIELD, f"Missing required parameter: '{name}'.", name)
        return text

    def text(self, name: str, default: str = "", max_chars: int | None = None) -> str:
        """A text of at most `max_chars` characters."""
        value = self._values.get(name, default)
        if not isinstance(value, str):
            raise wrong_type(name, "a string", value)
        if max_chars is not None and len(value) > max_chars:
            raise wrong_value(
                name,
                f"string too long. Expected a string with maximum length {max_chars}, "
                f"but got a string with length {len(value)} instead.",
            )
        return value

    def choice(self, name: str, choices: Sequence[str], default: str) -> str:
        """One of a few words."""
        value = self.text(name, default)
        if name in self._values and value not in choices:
            listed = ", ".join(f"'{choice}'" for choice in choices)
            message = f"Invalid value: '{value}'. Supported values are: {listed}."
            raise Failure(Kind.WRONG_VALUE, message, name)
        return value

    def integer(self, name: str, default: int, low: int, high: int) -> int:
        """A whole number within bounds."""
        value = self._values.get(name, default)
        if self._are_texts and isinstance(value, str) and value.lstrip("-").isdecimal():
            value = int(value)
        if not isinstance(value, int) or isinstance(value, bool):
            raise wrong_type(name, "an integer", value)
        check_bounds(name, value, low, high)
        return value

    def number(self, name: str, default: float, low: float, high: float) -> float:
        """A number within bounds."""
        value = self._values.get(name, default)
        if self._are_texts and isinstance(value, str):
            value = parse_number(name, value)
        if not isinstance(value, int | float) or isinstance(value, bool):
            raise wrong_type(name, "a number", value)
        check_bounds(name, value, low, high)
        return float(value)

    def flag(self, name: str, default: bool = False) -> bool:
        """True or false."""
        value = self._values.get(name, default)
        if self._are_texts and isinstance(value, str):
            value = TRUTHS.get(value.lower(), value)
        if not isinstance(value, bool):
            raise wrong_type(name, "a boolean", value)
        return value


def wrong_type(name: str, expected: str, value: object) -> Failure:
    """A value of another type than expected."""
    message = f"Invalid type for '{name}': expected {expected}, but got {json_type(value)} instead."
    return Failure(Kind.WRONG_TYPE, message, name)


def wrong_value(name: str, what: str) -> Failure:
    """A value of the right type that is wrong all the same."""
    return Failure(Kind.WRONG_VALUE, f"Invalid '{name}': {what}", name)


def check_bounds(name: str, value: float, low: float, high: float) -> None:
    """Fail when `value` is out of bounds."""
    if value < low:
        raise wrong_value(
            name, f"below minimum value. Expected a value >= {low}, but got {value} instead."
        )
    if value > high:
        raise wrong_value(
            name, f"above maximum value. Expected a value <= {high}, but got {value} instead."
        )


def parse_number(name: str, text: str) -> float:
    """A number in a form."""
    try:
        return float(text)
    except ValueError as error:
        raise wrong_type(name, "a number", text) from error


def json_type(value: object) -> str:
    """What JSON calls the type of a value, with its article."""
    match value:
        case bool():
            return "a boolean"
        case int():
            return "an integer"
        case float():
            return "a decimal number"
        case str():
            return "a string"
        case list():
            return "an array"
    return "an object"
