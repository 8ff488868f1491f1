"""What a Space tells the person who uses it: errors and toasts."""

from typing import Any, Literal

import gradio as gr

from .versions import accepted

Level = Literal["info", "warn", "success"]


def error(message: str, title: str = "Error", **options: Any) -> gr.Error:
    """A `gr.Error` to raise. Gradio 4.44 has no title and sends `repr(message)`."""
    return gr.Error(message, **accepted(gr.Error, title=title, print_exception=False, **options))


def toast(level: Level, message: str, title: str | None = None) -> None:
    """Send a `log` event. Gradio 4.44 has no success level and shows it as info."""
    show = {"info": gr.Info, "warn": gr.Warning, "success": getattr(gr, "Success", gr.Info)}[level]
    show(message, **accepted(show, title=title or level.capitalize()))
