"""Prompts in the chat format, by the published table and vectors."""

from dataclasses import replace
from typing import Any

import pytest

from darkroom.prompts.chat_format import ChatPrompt
from darkroom.prompts.template import Template

ASSISTANT = "<|im_start|>assistant\n"
END = "<|im_end|>"


def user(text: str) -> str:
    return f"<|im_start|>user\n{text}{END}\n{ASSISTANT}"


def system(text: str) -> str:
    return f"<|im_start|>system\n{text}{END}\n"


U, Y = user("P"), system("S")
EMPTY_THOUGHT = "<think>\n\n</think>\n\n"
THOUGHT = "<think>\nT\n</think>\n\n"

# Is there a system message, a thought, an answer's beginning; is a block forced; what comes of it.
TABLE = [
    ("", "", "", (False,), U),
    ("", "", "", (True,), U + EMPTY_THOUGHT),
    ("", "", "A", (False,), U + "A" + END),
    ("", "", "A", (True,), U + EMPTY_THOUGHT + "A" + END),
    ("", "T", "", (False, True), U + THOUGHT),
    ("", "T", "A", (False, True), U + THOUGHT + "A" + END),
    ("S", "", "", (False,), Y + U),
    ("S", "", "", (True,), Y + U + EMPTY_THOUGHT),
    ("S", "", "A", (False,), Y + U + "A" + END),
    ("S", "", "A", (True,), Y + U + EMPTY_THOUGHT + "A" + END),
    ("S", "T", "", (False, True), Y + U + THOUGHT),
    ("S", "T", "A", (False, True), Y + U + THOUGHT + "A" + END),
]
ROWS = [(s, t, a, force, out) for s, t, a, forces, out in TABLE for force in forces]


@pytest.mark.parametrize(("said", "thought", "answer", "force", "expected"), ROWS)
@pytest.mark.parametrize("absent", [None, ""])
def test_each_row_of_the_table_comes_out_as_it_is_published(
    said: str, thought: str, answer: str, force: bool, expected: str, absent: str | None
) -> None:
    prompt = ChatPrompt("P", said or absent, thought or absent, answer or absent, force)
    assert prompt.format() == expected


# Prompt, system, thinking, assistant, force, strip; the text, and its length where it is published.
VECTORS: dict[str, tuple[Any, str, str, int | None]] = {
    "1": (("A cat sleeping",), "", user("A cat sleeping"), 64),
    "2": (
        ("A cat", "You are a painter."), "",
        system("You are a painter.") + user("A cat"), 103,
    ),
    "3": (("A house",), "force", user("A house") + EMPTY_THOUGHT, 76),
    "4": (("A cat", None, "Orange fur."), "", user("A cat") + "<think>\nOrange fur.\n</think>\n\n", 85),
    "5": (("A cat", None, None, "Here:"), "", user("A cat") + "Here:" + END, 70),
    "6": (
        ("Sunset", "S", "T", "A"), "",
        system("S") + user("Sunset") + THOUGHT + "A" + END, 118,
    ),
    "7": (('{"a": "b"}',), "strip", user("{a: b}"), 56),
    "8": (("  a   b\t c\n\n\n\nd  ",), "", user("a b c\n\nd"), 58),
    "9": (("a\n \n \n \nb",), "", user("a\n \n \n \nb"), 59),
    "10": (("a\r\n\r\n\r\n\r\nb",), "", user("a \n \n \n \nb"), 60),
    "11: a thought of quotes": (("x", None, '"'), "strip", user("x"), 51),
    "11: an answer of space": (("x", None, None, "  \n"), "", user("x"), 51),
    "11: a thought of space": (("x", None, "   "), "", user("x"), 51),
    "12": (("x", '"  "'), "strip", system(" ") + user("x"), 82),
    "13": (("",), "", user(""), None),
    "14": (
        ("x", None, "<think>y</think>"), "",
        user("x") + "<think>\n<think>y</think>\n</think>\n\n", 86,
    ),
}  # fmt: skip


@pytest.mark.parametrize("number", VECTORS)
def test_each_vector_comes_out_as_it_is_published(number: str) -> None:
    texts, how, expected, length = VECTORS[number]
    said = replace(ChatPrompt(*texts), force_think_block=how == "force")
    formatted = said.format(strip_quotes=how == "strip")
    assert formatted == expected
    assert length in (None, len(formatted))


@pytest.mark.parametrize("space", ["\t", "\r", "\xa0", "\u3000", "\u2028", "  \t "])
def test_every_kind_of_space_becomes_one_space(space: str) -> None:
    assert ChatPrompt(f"a{space}b").format() == user("a b")


def test_curly_and_single_quotes_stay() -> None:
    assert ChatPrompt("“a” 'b' \"c\"").format(strip_quotes=True) == user("“a” 'b' c")


def test_quotes_leave_all_four_texts() -> None:
    said = ChatPrompt('"p"', '"s"', '"t"', '"a"')
    assert said.format(strip_quotes=True) == (
        system("s") + user("p") + "<think>\nt\n</think>\n\na" + END
    )


FULL = Template("full", "", "art", "from the template", "a thought", "a beginning", False)
BARE = Template("bare", "", "art", "from the template", add_think_block=False)


def test_a_template_fills_the_texts_that_were_not_sent() -> None:
    assert ChatPrompt("x").under(FULL) == ChatPrompt(
        "x", "from the template", "a thought", "a beginning", False
    )


def test_the_callers_texts_override_the_template_even_if_empty() -> None:
    said = ChatPrompt("x", "", "", "")
    assert said.under(FULL) == said
    assert said.under(FULL).format() == user("x")


@pytest.mark.parametrize("forced", [True, False])
@pytest.mark.parametrize("adds", [True, False])
def test_a_think_block_is_there_where_the_template_has_one_or_it_is_forced(
    adds: bool, forced: bool
) -> None:
    template = Template("t", "", "art", add_think_block=adds)
    formatted = ChatPrompt("x", force_think_block=forced).under(template).format()
    assert ("<think>" in formatted) == (adds or forced)


def test_a_thought_opens_a_block_whatever_the_template_says() -> None:
    assert ChatPrompt("x", None, "T").under(BARE).format().endswith(THOUGHT)


def test_without_a_template_nothing_changes() -> None:
    said = ChatPrompt("x", "y", force_think_block=True)
    assert said.under(None) is said
