"""A parser of a chat's messages: the prompt and the source pictures.

The last user message is painted. Pictures of earlier messages stand where clients put them back:
as parts, in an assistant's `images`, or as markdown in its text (reference/wire-formats.md B3.7).
"""

from collections.abc import Iterator, Mapping, Sequence

from darkroom.dialects.openai.responses_input import SentPicture, Wanted, text_of
from darkroom.errors import InvalidRequest
from darkroom.generation.input_images import has_picture, is_nothing
from darkroom.json_writer import TextBlob

_TEXTS = ("text", "input_text", "output_text")
_LINK = "]("  # what follows a markdown picture's caption
_ADDRESSES = ("data:image/", "https://", "http://")
_LOOK_BYTES = 1024  # of a long text, which is a picture's for the most part


def read_messages(messages: Sequence[Mapping[str, object]]) -> Wanted:
    """Read messages, each of which is known to have a role.

    Raises `InvalidRequest` where there is no user message.
    """
    places = {f"messages[{number}]": message for number, message in enumerate(messages)}
    spoken = next((w for w in reversed(places) if places[w].get("role") == "user"), None)
    if spoken is None:
        raise InvalidRequest("messages: there is no user message to paint.", param="messages")
    texts, pictures, no_effect = _parts(places[spoken], spoken)
    earlier = next(
        (found for where in reversed(places) if where != spoken
         and (found := _pictures_of(places[where], where))),
        [],
    )  # fmt: skip
    instructions = [w for w in places if places[w].get("role") in ("system", "developer")]
    return Wanted(
        words="\n".join(texts),
        pictures=tuple(pictures),
        earlier=tuple(earlier[-1:]),
        no_effect=(*instructions, *no_effect),
    )


def _parts(
    message: Mapping[str, object], where: str
) -> tuple[list[str], list[SentPicture], list[str]]:
    """A message's texts, its pictures, and where the rest stands."""
    texts: list[str] = []
    pictures: list[SentPicture] = []
    rest: list[str] = []
    for place, part in _content(message, where):
        if isinstance(part, str | TextBlob):
            texts.append(text_of(part))
        elif isinstance(part, Mapping) and part.get("type") in _TEXTS:
            text = part.get("text")
            texts += [text_of(text)] if isinstance(text, str | TextBlob) else []
        elif has_picture(part):
            pictures += [] if is_nothing(part) else [SentPicture(part, place)]
        else:
            rest.append(place)
    return texts, [*pictures, *_attached(message, where)], rest


def _content(message: Mapping[str, object], where: str) -> Iterator[tuple[str, object]]:
    content = message.get("content")
    if not isinstance(content, list):
        entries = [] if content is None else [content]
        yield from ((f"{where}.content", entry) for entry in entries)
        return
    for number, part in enumerate(content):
        yield f"{where}.content[{number}]", part


def _attached(message: Mapping[str, object], where: str) -> list[SentPicture]:
    images = message.get("images")
    return [
        SentPicture(image, f"{where}.images[{number}]")
        for number, image in enumerate(images if isinstance(images, list) else [])
        if not is_nothing(image)
    ]


def _pictures_of(message: Mapping[str, object], where: str) -> list[SentPicture]:
    """The pictures of an earlier message; those of its text where there are no others."""
    _, pictures, _ = _parts(message, where)
    if pictures:
        return pictures
    linked = ((place, _linked(part)) for place, part in _content(message, where))
    return [SentPicture(address, place) for place, address in linked if address is not None]


def _linked(part: object) -> object:
    """The address of the last markdown picture of a text."""
    text = part.get("text") if isinstance(part, Mapping) else part
    if isinstance(text, TextBlob):
        head = text.content.head(_LOOK_BYTES)
        start = max(head.rfind(f"{_LINK}{kind}".encode()) for kind in _ADDRESSES)
        end = text.content.find(b")", start) if start >= 0 else -1
        return TextBlob(text.content.slice(start + len(_LINK), end)) if end >= 0 else None
    if not isinstance(text, str):
        return None
    start = max(text.rfind(f"{_LINK}{kind}") for kind in _ADDRESSES)
    end = text.find(")", start) if start >= 0 else -1
    return text[start + len(_LINK) : end].partition(" ")[0] if end >= 0 else None
