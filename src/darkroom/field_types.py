"""Types of the fields that callers send, with the spellings that stand for the same value.

Every dialect's schema is made of these, so that one value means the same everywhere: words count in
any case, media types are formats, numbers may be texts, and a boolean is no number.
"""

from collections.abc import Mapping
from typing import Annotated, Any

from pydantic import BeforeValidator
from pydantic_core import PydanticCustomError

# Other spellings of words, in lower case.
_SAME: Mapping[str, str] = {"jpg": "jpeg", "b64": "b64_json", "base64": "b64_json"}
_MEDIA_TYPE = "image/"


def known_word(value: object) -> object:
    """A word by the name that OpenAI has for it; anything but a text is left as it is."""
    if not isinstance(value, str):
        return value
    word = value.strip().lower().partition(";")[0].removeprefix(_MEDIA_TYPE).removeprefix(".")
    return _SAME.get(word, word)


def one_of(choices: tuple[str, ...]) -> BeforeValidator:
    """A validator for a choice, which is found in any case and by its other spellings."""
    by_word = {known_word(choice): choice for choice in choices}

    def find(value: object) -> object:
        word = known_word(value)
        return by_word.get(word, value) if isinstance(word, str) else value

    return BeforeValidator(find)


def _no_boolean(value: object) -> object:
    if isinstance(value, bool):
        raise PydanticCustomError("number_type", "Input should be a number, not a boolean")
    return value


def _as_text(value: object) -> object:
    is_number = isinstance(value, int | float) and not isinstance(value, bool)
    return str(value) if is_number else value


Word: Any = BeforeValidator(known_word)
# Behind a number's bounds, so that its JSON schema has them.
NO_BOOLEAN: Any = BeforeValidator(_no_boolean)
Whole = Annotated[int, NO_BOOLEAN]
Number = Annotated[float, NO_BOOLEAN]
Name = Annotated[str, BeforeValidator(_as_text)]
