"""A splitter of a text model's thinking from its answer.

Source: reference/studio-api.md section 5, the thinking parser, a to d.
"""

import re
from dataclasses import dataclass
from enum import StrEnum

OPENING, CLOSING = "<think>", "</think>"

_TAG = re.compile(r"</?think>")
_BLANK_LINE = re.compile(r"\n\s*\n")
_THINKING_ALOUD = ("Okay", "Let me", "I need", "First", "The user", "Looking")
_STILL_THINKING = (*_THINKING_ALOUD, "Now")
_SHORTEST_ANSWER_CHARS = 50


@dataclass(frozen=True, slots=True)
class Answered:
    """An answer, and the thoughts before it; None where there were none."""

    text: str
    thinking: str | None = None


def split_thinking(said: str, *, guess: bool = False) -> Answered:
    """Tell thoughts and answer apart.

    Thoughts stand between tags; where only the closing tag is there, the opening one was part of
    the question, as thinking models' chat formats have it. `guess` looks for thoughts without tags
    too: what precedes a JSON object at the end, and a first paragraph that begins as thinking does.
    """
    said = said.strip()
    found = _tagged(said) or (_guessed(said) if guess else None) or Answered(said)
    thinking = None if found.thinking is None else _TAG.sub("", found.thinking).strip()
    return Answered(_TAG.sub("", found.text).strip(), thinking)


def _tagged(said: str) -> Answered | None:
    if OPENING not in said:
        thinking, tag, text = said.rpartition(CLOSING)
        return Answered(text, thinking) if tag else None
    texts: list[str] = []
    thoughts: list[str] = []
    position = 0
    while (opening := said.find(OPENING, position)) >= 0:
        inside = opening + len(OPENING)
        closing = said.find(CLOSING, inside)
        if closing < 0:
            break
        texts.append(said[position:opening])
        thoughts.append(said[inside:closing])
        position = _after_spaces(said, closing + len(CLOSING))
    return Answered("".join([*texts, said[position:]]), thoughts[0]) if thoughts else None


def _guessed(said: str) -> Answered | None:
    opening = said.find("{")
    if opening >= 0 and said.endswith("}"):
        return Answered(said[opening:], said[:opening].strip() or None)
    if not said.startswith(_THINKING_ALOUD):
        return None
    first, *rest = _BLANK_LINE.split(said, maxsplit=1)
    answer = rest[0].strip() if rest else ""
    if len(answer) <= _SHORTEST_ANSWER_CHARS or answer.startswith(_STILL_THINKING):
        return None
    return Answered(answer, first)


class Kind(StrEnum):
    """The kind of a piece of an answer."""

    THINKING = "thinking"
    TEXT = "text"


class ThinkingStream:
    """Tells thoughts and answer apart while they come, however tags are cut into pieces."""

    def __init__(self) -> None:
        self._kind = Kind.TEXT
        self._held = ""  # what may become a tag

    def feed(self, piece: str) -> list[tuple[Kind, str]]:
        """Take the next piece; returns what is certain by now, in order."""
        text, position = self._held + piece, 0
        certain: list[tuple[Kind, str]] = []
        while True:
            tag = OPENING if self._kind is Kind.TEXT else CLOSING
            found = text.find(tag, position)
            if found < 0:
                break
            certain.append((self._kind, text[position:found]))
            self._kind = Kind.THINKING if self._kind is Kind.TEXT else Kind.TEXT
            position = _after_spaces(text, found + len(tag))
        end = len(text) - _tag_begun(text[position:], tag)
        certain.append((self._kind, text[position:end]))
        self._held = text[end:]
        return [(kind, text) for kind, text in certain if text]

    def end(self) -> list[tuple[Kind, str]]:
        """The text that was held back, now that nothing follows."""
        held, self._held = self._held, ""
        return [(self._kind, held)] if held else []


def _after_spaces(text: str, position: int) -> int:
    """The index of the next character that is no space."""
    while text[position : position + 1].isspace():
        position += 1
    return position


def _tag_begun(text: str, tag: str) -> int:
    """The number of characters at the end of a text that may begin a tag."""
    return next((n for n in range(len(tag) - 1, 0, -1) if text.endswith(tag[:n])), 0)
