"""What differs between Gradio 4.44, 5 and 6, so that the rest need not know the version."""

import inspect
from collections.abc import Callable
from typing import Any

import gradio as gr

GRADIO_MAJOR = int(gr.__version__.split(".")[0])

# `api_name=False` still hides a function in 4 and 5; in 6 it would become the name "false".
UNLISTED: dict[str, Any] = (
    {"api_visibility": "private"} if GRADIO_MAJOR >= 6 else {"api_name": False}
)


def accepted(call: Callable[..., Any], **options: Any) -> dict[str, Any]:
    """The keyword arguments of `options` that this version's `call` knows."""
    known = inspect.signature(call).parameters
    return {name: value for name, value in options.items() if name in known}
