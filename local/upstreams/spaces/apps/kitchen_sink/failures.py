"""Functions that fail, each in its own way."""

from collections.abc import Iterator

import gradio as gr

from ...notices import error
from ...zerogpu import QUOTA_TITLE


def err_gr() -> None:
    """A plain `gr.Error`."""
    raise gr.Error(
        "You have exceeded your GPU quota (120s requested vs. 47s left). Try again in 17:25:53"
    )


def err_title() -> None:
    """An error with a title, on the screen until it is dismissed."""
    raise error(
        "You have exceeded your free ZeroGPU quota (120s requested vs. 47s left). "
        "Try again in 17:25:53. ",
        QUOTA_TITLE,
        duration=None,
    )


def err_hidden() -> None:
    """An error that the Space does not show."""
    raise error("hidden", visible=False)


def err_raise() -> None:
    """A bug, of which nothing is told."""
    raise ValueError("secret internals")


def err_mid() -> Iterator[str]:
    """An error after a part of the result."""
    yield "one"
    yield "two"
    raise error("failed half way", "Half way")


def err_mid_raise() -> Iterator[str]:
    """A bug after a part of the result."""
    yield "one"
    raise KeyError("late bare exception")
