"""Functions for the kinds of value that an output may hold."""

import tempfile
from pathlib import Path
from typing import Any

import gradio as gr
from PIL import Image

from ...painting import data_url, paint

EMPTY_ZIP = b"PK\x05\x06" + b"\0" * 18


def b64_text() -> str:
    """A picture as a data URL."""
    return data_url(paint("b64", 1, 32, 32))


def b64_html() -> str:
    """A picture inside a piece of HTML."""
    return f'<img src="{b64_text()}">'


def img_default() -> Image.Image:
    """A picture in the format of its output."""
    return paint("default", 1, 64, 48)


def img_path() -> str:
    """A name that has to be encoded in a URL."""
    path = Path(tempfile.mkdtemp()) / "my picture é (1).png"
    paint("path", 1, 64, 48).save(path)
    return str(path)


def img_url() -> str:
    """An address for Gradio to fetch."""
    return "https://example.com/some/picture.png?x=1"


def img_none() -> None:
    """No picture."""
    return None


def gallery() -> list[tuple[Image.Image, str] | Image.Image]:
    """A picture with a caption and one without."""
    return [(paint("g", 1, 64, 64), "first"), paint("g", 2, 64, 64)]


def files() -> tuple[str, list[str]]:
    """A file alone and in a list."""
    path = Path(tempfile.mkdtemp()) / "result.zip"
    path.write_bytes(EMPTY_ZIP)
    return str(path), [str(path)]


def slider() -> tuple[Image.Image, Image.Image]:
    """The two pictures of a comparison."""
    return paint("before", 1, 64, 64), paint("after", 2, 64, 64)


def update_out() -> tuple[Any, Any]:
    """Changes to components, the first with a value."""
    return gr.update(value="new", visible=True), gr.update(interactive=False)


def skip_out() -> tuple[str, Any]:
    """A value, and an output left as it is."""
    return "x", gr.skip() if hasattr(gr, "skip") else gr.update()
