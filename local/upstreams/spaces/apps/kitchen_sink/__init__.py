"""One small endpoint for each thing that a Gradio client has to survive.

Every function is an endpoint by its own name, `/echo` being fn_index 0.
"""

import gradio as gr

from ...studio import Studio
from .sink import Sink
from .streams import Streams


def build(studio: Studio) -> gr.Blocks:
    """Lay out the Space."""
    space = gr.Blocks(title="Kitchen sink")
    with space:
        sink, streams = Sink(), Streams(studio)
        sink.register_streams(streams)
        sink.register_failures()
        sink.register_outputs()
        sink.register_inputs(streams)
        sink.register_unusual()
    return space
