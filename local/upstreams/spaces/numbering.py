"""Component and function ids, so that a stand-in has the numbers of the Space it stands for.

Callers address a function by `fn_index`, its place among the registered functions, and name the
component that triggered it by `trigger_id`, its place among the components.
"""

import gradio as gr
from gradio.context import Context

from .versions import UNLISTED


def restart_component_ids() -> None:
    """Begin at 0, as a Space does that has its process to itself."""
    Context.id = 0


def skip_component_ids(count: int) -> None:
    """Take up the ids of components that only the Space itself has."""
    for _ in range(count):
        gr.HTML("", visible=False)


def skip_fn_index(button: gr.Button) -> None:
    """Register an unlisted no-op in the place of a function that the Space has for itself."""
    button.click(lambda: None, None, None, **UNLISTED)
