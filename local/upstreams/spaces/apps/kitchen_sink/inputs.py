"""Functions that tell what reached them."""

from typing import Any

import gradio as gr
from PIL import Image


def echo(text: str) -> str:
    """The text itself."""
    return text


def strict(number: float, choice: str, flag: bool) -> str:
    """The three values as Python sees them, once Gradio has checked them."""
    return f"{number!r} {choice!r} {flag!r}"


def state_count(state: int) -> tuple[int, int]:
    """A counter that Gradio keeps for the session."""
    return state + 1, state + 1


def image_info(image: Image.Image | None) -> str:
    """Mode, size and format of an uploaded picture."""
    return "none" if image is None else f"{image.mode} {image.size} {image.format}"


def headers(request: gr.Request) -> dict[str, Any]:
    """All that the author of a Space sees of a request."""
    return {
        "headers": dict(request.headers),
        "client": str(request.client),
        "session_hash": request.session_hash,
        "query": dict(request.query_params),
        "username": request.username,
    }


def check(text: str) -> Any:
    """A validator, which Gradio 6 runs at the join."""
    return gr.validate(len(text) > 3, "text is too short")
