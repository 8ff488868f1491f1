"""The words of an error from outside: those for people, and those for programs.

A message may itself be JSON text, where one server hands on the error of another. Beside the words
stand the request's parameters there, the prompt among them, and only the words are read.
"""

import re
from collections.abc import Iterator, Mapping, Sequence
from itertools import islice
from typing import Any

from darkroom.json_reader import parse_json_bytes
from darkroom.json_writer import TextBlob

MAX_STEPS = 40  # into lists, objects and texts within each other
MAX_ENTRIES = 5  # of a list
MAX_TEXT_CHARS = 256 * 1024

_WORDS = ("message", "msg", "detail", "error_message", "error_msg", "errors", "error")
_CODES = ("code", "type", "status", "reason", "error_type", "finish_reason")
_WITHIN = ("error", "errors", "details", "message", "detail")
# Where JSON begins in a text, or Python's spelling of it, be it escaped once more or not.
_JSON = re.compile(r"""\{\s*+(?:\\{0,7}["']|\})|\[\s*+\{|\A\s*+\[\s*+\\{0,7}["']""")
_STRING = re.compile(r'\s*+".*"\s*+', re.DOTALL)


def words_of(body: Any, step: int = 0) -> Iterator[str]:
    """The words for people in an error's JSON, or in its text, the most telling first."""
    if step > MAX_STEPS:
        return
    if isinstance(body, str):
        if said := plain_words(body, step):
            yield said
    elif isinstance(body, Sequence):
        each = (next(words_of(item, step + 1), "") for item in body)
        if joined := "; ".join(islice(filter(None, each), MAX_ENTRIES)):
            yield joined
    elif isinstance(body, Mapping):
        yield from _words_of_object(body, step + 1)


def codes_of(body: Any, step: int = 0) -> Iterator[str]:
    """The words for programs in an error's JSON: codes, types, statuses and reasons."""
    if step > MAX_STEPS:
        return
    if isinstance(body, str):
        _, body = _split(body)
    if isinstance(body, Sequence) and not isinstance(body, str):
        for item in body[:MAX_ENTRIES]:
            yield from codes_of(item, step + 1)
    if isinstance(body, Mapping):
        yield from (str(body[key]) for key in _CODES if isinstance(body.get(key), str | int))
        for key in _WITHIN:
            yield from codes_of(body.get(key), step + 1)


def is_relayed(body: Any) -> bool:
    """True for a message that is JSON text: the error of another server, handed on."""
    if not isinstance(body, Mapping):
        return False
    within = body.get("error")
    said = [*body.values(), *(within.values() if isinstance(within, Mapping) else ())]
    return any(isinstance(text, str) and _split(text)[1] is not None for text in said)


def plain_words(text: str, step: int = 0) -> str:
    """A text for people; of JSON in it the words alone, and nothing where that cannot be read."""
    before, inner = _split(text)
    if inner is None:
        return before
    said = next(words_of(inner, step + 1), "")
    return ": ".join(filter(None, (before.rstrip(" :=-,("), said)))


def _words_of_object(body: Mapping[str, Any], step: int) -> Iterator[str]:
    if body.get("is_valid") is True:  # Gradio's 422 lists what is well too
        return
    if isinstance(body.get("loc"), list) and isinstance(body.get("msg"), str):  # FastAPI's 422
        yield f"{'.'.join(str(step) for step in body['loc'] if step != 'body')}: {body['msg']}"
        return
    # Beside a message, an `error` in a text is hardly more than the name of the status.
    first = () if isinstance(body.get("error"), str) else ("error", "errors")
    for name in dict.fromkeys((*first, *_WORDS)):
        value = body.get(name)
        if value and not isinstance(value, TextBlob):
            yield from words_of(value, step)


def _split(text: str) -> tuple[str, Any]:
    """A text before the JSON in it, and that: None where there is none, "" for what is broken."""
    text = text[:MAX_TEXT_CHARS]
    if _STRING.fullmatch(text):
        return "", _parse(text)
    begins = _JSON.search(text)
    if begins is None:
        return text.strip(), None
    start, end = begins.start(), max(text.rfind("}"), text.rfind("]"))
    return text[:start].strip(), _parse(text[start : end + 1])


def _parse(text: str) -> Any:
    try:
        return parse_json_bytes(text.encode("utf-8", "surrogatepass"))
    except ValueError:
        return ""
