"""A parser of conversations with an image model: the last user turn is painted."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Any

from darkroom.dialects.gemini.json_fields import entries_of, fields_of, text_of
from darkroom.errors import InvalidRequest
from darkroom.generation.input_images import is_nothing, read_source
from darkroom.request_body import MAX_MESSAGES, check_count

_PICTURES = ("inlineData", "fileData")
# What may ride on a part that says something, and says nothing of its own.
_RIDERS = frozenset(("thoughtSignature", "mediaResolution", "partMetadata", "videoMetadata"))


@dataclass(frozen=True, slots=True)
class Conversation:
    """The prompt, the pictures to work on, and the names of unsupported fields.

    A picture is an `ImageFile`, or its address.
    """

    prompt: str
    pictures: tuple[object, ...]
    unsupported_fields: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class _Part:
    """One field of a part that is not a thought, and where it stands."""

    where: str
    name: str
    value: Any

    @property
    def is_picture(self) -> bool:
        return self.name in _PICTURES

    def picture(self) -> object:
        """The picture; raises `InvalidRequest` for what is none."""
        inside = fields_of(self.value, self.where)
        if self.name == "inlineData":
            return read_source(inside.get("data"), f"{self.where}.data")
        address = inside.get("fileUri")
        if isinstance(address, str) and address.startswith(("http://", "https://")):
            return address
        raise InvalidRequest(
            f"{self.where}.fileUri: must be an https address. Files are not kept here: send the "
            "picture itself, as inlineData.",
            param=f"{self.where}.fileUri",
        )


@dataclass(frozen=True, slots=True)
class _Turn:
    role: object
    parts: tuple[_Part, ...]


def read_conversation(contents: object, instruction: object, *, looks_back: bool) -> Conversation:
    """The prompt of the last user turn, after the text of the system instruction.

    Its pictures are the sources. Where it has none and `looks_back` is true, those of the latest
    turn before it that has any are: so a picture is changed turn by turn, each answer being sent
    back as the model's turn. Neighbouring contents of the user's are one turn. Raises
    `InvalidRequest` naming what is wrong.
    """
    entries = entries_of(contents)
    check_count(entries, MAX_MESSAGES, "contents")
    turns = [_read_turn(content, f"contents[{number}]") for number, content in enumerate(entries)]
    end = len(turns)
    while end and turns[end - 1].role != "user":
        end -= 1
    start = end
    while start and turns[start - 1].role == "user":
        start -= 1
    if start == end:
        raise InvalidRequest(
            "contents: there is no turn of the user's to paint.",
            param="contents",
            code="missing_required_parameter",
        )
    requested = [part for turn in turns[start:end] for part in turn.parts]
    pictures = [part for part in requested if part.is_picture]
    unsupported_fields = [part for part in requested if not part.is_picture and part.name != "text"]
    if not pictures:
        (pictures if looks_back else unsupported_fields).extend(_latest_pictures(turns[:start]))
    words = "\n".join(_texts(requested))
    reported = "\n".join(_texts(_read_turn(instruction, "systemInstruction").parts))
    return Conversation(
        prompt=f"{reported}\n\n{words}" if reported and words else words,
        pictures=tuple(part.picture() for part in pictures),
        unsupported_fields=tuple(part.where for part in unsupported_fields),
    )


def _read_turn(content: object, where: str) -> _Turn:
    fields = fields_of(content, where)
    return _Turn(fields.get("role") or "user", tuple(_read_parts(fields.get("parts"), where)))


def _read_parts(parts: object, where: str) -> Iterator[_Part]:
    """Read the parts of a turn; thoughts on the way to a picture are left out."""
    for number, part in enumerate(entries_of(parts)):
        here = f"{where}.parts[{number}]"
        fields = fields_of(part, here)
        if fields.pop("thought", False):
            continue
        for name, value in fields.items():
            if name not in _RIDERS and not (name in _PICTURES and is_nothing(value)):
                yield _Part(f"{here}.{name}", name, value)


def _latest_pictures(turns: Sequence[_Turn]) -> Sequence[_Part]:
    for turn in reversed(turns):
        if pictures := [part for part in turn.parts if part.is_picture]:
            return pictures
    return []


def _texts(parts: Sequence[_Part]) -> Iterator[str]:
    for part in parts:
        if part.name == "text" and (text := text_of(part.value, part.where).strip()):
            yield text
