"""A parser of the Responses API's `input`: the prompt and the source pictures.

What the user said last is painted, unless a call has answered it already: whoever sends the output
of a call back wants to go on, and not the same picture again.
Source: reference/wire-formats.md B3.7.
"""

from collections.abc import Mapping
from dataclasses import dataclass

from darkroom.dialects.openai.kept_pictures import PictureId, names_picture
from darkroom.errors import InvalidRequest
from darkroom.generation.input_images import has_picture, is_nothing
from darkroom.generation.parameters import MAX_PROMPT_CHARS
from darkroom.json_writer import TextBlob
from darkroom.request_body import MAX_MESSAGES, check_count

IMAGE_CALL, REFERENCE = "image_generation_call", "item_reference"
_LONGEST_CHARACTER_BYTES = 4
_TEXTS = ("input_text", "text", "output_text")
# Calls that are done where they were asked for; of all others the output is an item of its own.
_DONE_AT_ONCE = (
    IMAGE_CALL, "web_search_call", "file_search_call", "code_interpreter_call", "mcp_call",
)  # fmt: skip
_OUTPUT = "_output"


@dataclass(frozen=True, slots=True)
class SentPicture:
    """A picture in whatever form it was sent, or as the id of a kept one, and where it stands."""

    value: object
    where: str


@dataclass(frozen=True, slots=True)
class Wanted:
    """The prompt and source pictures of an input.

    `guidance` is what system and developer messages say. `pictures` are those of the last user
    message, `earlier` the latest that stand elsewhere. `no_effect` is where something stands in the
    last user message that no image model reads. `is_answered` says that a call has finished since.
    """

    words: str
    guidance: tuple[str, ...] = ()
    pictures: tuple[SentPicture, ...] = ()
    earlier: tuple[SentPicture, ...] = ()
    no_effect: tuple[str, ...] = ()
    is_answered: bool = False


def read_input(value: object, previous: PictureId | None = None) -> Wanted:
    """Read a text or a list of items; raises `InvalidRequest` naming the one that is wrong.

    `previous` is the response before it, whose last picture is earlier than all of its own.
    """
    before = [SentPicture(previous, previous.where)] if previous else []
    if isinstance(value, str | TextBlob):
        return Wanted(text_of(value), earlier=tuple(before))
    if not isinstance(value, list) or not value:
        raise InvalidRequest(
            "input: must be a text, or a list with at least one item.",
            param="input",
            code="missing_required_parameter",
        )
    check_count(value, MAX_MESSAGES, "input")
    reader = _Reader(before)
    for number, item in enumerate(value):
        reader.take(item, f"input[{number}]")
    return reader.wanted()


def text_of(value: str | TextBlob) -> str:
    """A text, read after all where it was left outside Python, as far as a prompt may go."""
    if isinstance(value, str):
        return value
    head = value.content.head(_LONGEST_CHARACTER_BYTES * (MAX_PROMPT_CHARS + 1))
    return head.decode("utf-8", "replace")


class _Reader:
    """Takes the items one by one. User messages in a row are one."""

    def __init__(self, before: list[SentPicture]) -> None:
        self._guidance: list[str] = []
        self._words: list[str] | None = None
        self._pictures: list[SentPicture] = []
        self._no_effect: list[str] = []
        self._before = before  # the latest before the last user message
        self._since: list[SentPicture] = []  # the latest after it
        self._user_speaks = False
        self._is_answered = False

    def wanted(self) -> Wanted:
        """The prompt and pictures that were read."""
        if self._words is None and not self._is_answered:
            raise InvalidRequest(
                "input: there is no user message to paint.",
                param="input",
                code="missing_required_parameter",
            )
        return Wanted(
            words="\n".join(self._words or ()),
            guidance=tuple(self._guidance),
            pictures=tuple(self._pictures),
            earlier=tuple(self._since or self._before),
            no_effect=tuple(self._no_effect),
            is_answered=self._is_answered,
        )

    def take(self, item: object, where: str) -> None:
        """Take the next item; of calls and outputs only pictures mean anything here."""
        if not isinstance(item, Mapping):
            raise InvalidRequest(f"{where}: must be an object.", param=where)
        kind = item.get("type") or ("message" if "role" in item else REFERENCE)
        match kind:
            case "message" if item.get("role") in ("system", "developer"):
                self._guidance += self._parts(item, where)[0]
            case "message" if item.get("role") == "user":
                self._listen(item, where)
            case "image_generation_call":
                self._look(item, where)
            case "item_reference" if names_picture(item_id := item.get("id")):
                self._show(SentPicture(PictureId(item_id, where), where))
            case _:
                self._user_speaks = False
                self._is_answered = self._is_answered or _is_finished(kind, item)

    def _listen(self, message: Mapping[str, object], where: str) -> None:
        if not self._user_speaks:
            self._before = self._since or self._pictures or self._before
            self._words, self._pictures, self._no_effect, self._since = [], [], [], []
            self._user_speaks, self._is_answered = True, False
        words, pictures, no_effect = self._parts(message, where)
        self._words = [*(self._words or ()), *words]
        self._pictures += pictures
        self._no_effect += no_effect

    def _look(self, call: Mapping[str, object], where: str) -> None:
        """A picture of an earlier answer; one that came to nothing is passed over."""
        self._user_speaks = False
        place, item_id = f"{where}.result", call.get("id")
        if result := call.get("result"):
            self._show(SentPicture(result, place))
        elif not _is_finished(IMAGE_CALL, call):
            return
        elif names_picture(item_id):
            self._show(SentPicture(PictureId(item_id, where), place))
        else:
            raise InvalidRequest(
                f"{where}: send the call with its result, or the id under which it came from here.",
                param=where,
                code="unsupported_parameter",
            )

    def _show(self, picture: SentPicture) -> None:
        self._since = [picture]
        self._user_speaks, self._is_answered = False, True

    def _parts(
        self, message: Mapping[str, object], where: str
    ) -> tuple[list[str], list[SentPicture], list[str]]:
        """A message's texts, its pictures, and where the rest stands."""
        content = message.get("content")
        if isinstance(content, str | TextBlob):
            return [text_of(content)], [], []
        if not isinstance(content, list):
            place = f"{where}.content"
            raise InvalidRequest(f"{place}: must be a text or a list of parts.", param=place)
        texts: list[str] = []
        pictures: list[SentPicture] = []
        rest: list[str] = []
        for number, part in enumerate(content):
            place = f"{where}.content[{number}]"
            fields = part if isinstance(part, Mapping) else {}
            text = fields.get("text")
            if fields.get("type") in _TEXTS and isinstance(text, str | TextBlob):
                texts.append(text_of(text))
            elif has_picture(part):
                pictures += [] if is_nothing(part) else [SentPicture(part, place)]
            else:
                rest.append(place)
        return texts, pictures, rest


def _is_finished(kind: object, item: Mapping[str, object]) -> bool:
    """True for a finished call, and for the output of a call."""
    if kind in _DONE_AT_ONCE:
        return item.get("status") in (None, "completed")
    return isinstance(kind, str) and kind.endswith(_OUTPUT)
