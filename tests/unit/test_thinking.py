"""Thoughts and answers, told apart."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from darkroom.prompts.thinking import Answered, Kind, ThinkingStream, split_thinking

LONG = "A grey cat sleeps on a sunlit windowsill above a quiet harbour town."
JSON = '{"subject": "a cat", "light": {"source": "lamp"}}'

TAGGED = {
    "a pair": ("<think>I see.</think>\n\nA cat.", Answered("A cat.", "I see.")),
    "over several lines": ("<think>\none\n\ntwo\n</think>A cat.", Answered("A cat.", "one\n\ntwo")),
    "an empty pair": ("<think>\n\n</think>\n\nA cat.", Answered("A cat.", "")),
    "several pairs": (
        "<think>one</think> A <think>two</think>\n cat <think>three</think>",
        Answered("A cat", "one"),
    ),
    "text before it": ("Well. <think>hm</think> A cat.", Answered("Well. A cat.", "hm")),
    "a pair within": ("<think>a<think>b</think>c", Answered("c", "ab")),
    "no tags": ("  A cat. ", Answered("A cat.")),
    "never closed": ("<think>I was cut off", Answered("I was cut off")),
    "closed, then never closed": ("<think>a</think>b <think>c", Answered("b c", "a")),
    "the closing tag alone": ("I see.\n</think>\n\nA cat.", Answered("A cat.", "I see.")),
    "nothing": ("", Answered("")),
}


@pytest.mark.parametrize("guess", [True, False])
@pytest.mark.parametrize("case", TAGGED)
def test_text_between_think_tags_is_a_thought(case: str, guess: bool) -> None:
    said, expected = TAGGED[case]
    assert split_thinking(said, guess=guess) == expected


GUESSED = {
    "words before JSON": (f"Let us see.\n{JSON}", Answered(JSON, "Let us see.")),
    "JSON alone": (f"{JSON}\n", Answered(JSON)),
    "JSON in the middle": (f"a {JSON} b", Answered(f"a {JSON} b")),
    "the first brace counts": ("a {b} c {d}", Answered("{b} c {d}", "a")),
    **{
        f"it begins with {opening}": (f"{opening} and so on.\n\n{LONG}", Answered(LONG, f"{opening} and so on."))
        for opening in ("Okay", "Let me", "I need", "First", "The user", "Looking")
    },
    "in small letters": (f"okay then.\n\n{LONG}", Answered(f"okay then.\n\n{LONG}")),
    "a short rest": ("Okay then.\n\nA cat.", Answered("Okay then.\n\nA cat.")),
    "a rest of fifty": ("Okay.\n\n" + "x" * 50, Answered("Okay.\n\n" + "x" * 50)),
    "a rest of fifty-one": ("Okay.\n\n" + "x" * 51, Answered("x" * 51, "Okay.")),
    "it goes on thinking": (f"Okay.\n\nNow {LONG}", Answered(f"Okay.\n\nNow {LONG}")),
    "it thinks anew": (f"Okay.\n\nLet me {LONG}", Answered(f"Okay.\n\nLet me {LONG}")),
    "no blank line": (f"Okay.\n{LONG}", Answered(f"Okay.\n{LONG}")),
    "tags go before guesses": (f"<think>a</think>Okay.\n\n{LONG}", Answered(f"Okay.\n\n{LONG}", "a")),
}  # fmt: skip


@pytest.mark.parametrize("case", GUESSED)
def test_thoughts_without_tags_are_guessed_where_that_is_wanted(case: str) -> None:
    said, expected = GUESSED[case]
    assert split_thinking(said, guess=True) == expected


@pytest.mark.parametrize("case", ["words before JSON", "it begins with Okay"])
def test_nothing_is_guessed_where_it_is_not_wanted(case: str) -> None:
    said = GUESSED[case][0]
    assert split_thinking(said) == Answered(said.strip())


def test_many_tags_take_no_more_than_their_length() -> None:
    assert split_thinking("<think>" * 200_000 + "x").text == "x"
    assert split_thinking("<think>a</think> " * 200_000 + "x").text == "x"
    assert split_thinking("{" * 200_000, guess=True).thinking is None


def streamed(pieces: list[str]) -> dict[Kind, str]:
    sorting = ThinkingStream()
    events = [event for piece in pieces for event in sorting.feed(piece)] + sorting.end()
    return {kind: "".join(text for k, text in events if k is kind) for kind in Kind}


@given(st.data())
def test_a_stream_is_sorted_alike_however_it_is_cut(data: st.DataObject) -> None:
    said = "<think>I <b>see</b>.</think>A < cat > </thin"
    cuts = sorted(data.draw(st.sets(st.integers(1, len(said) - 1))))
    pieces = [said[a:b] for a, b in zip([0, *cuts], [*cuts, len(said)], strict=True)]
    assert streamed(pieces) == {Kind.THINKING: "I <b>see</b>.", Kind.TEXT: "A < cat > </thin"}


def test_text_that_cannot_become_a_tag_is_not_held_back() -> None:
    sorting = ThinkingStream()
    assert sorting.feed("A cat <") == [(Kind.TEXT, "A cat ")]
    assert sorting.feed("b>") == [(Kind.TEXT, "<b>")]
    assert sorting.end() == []
