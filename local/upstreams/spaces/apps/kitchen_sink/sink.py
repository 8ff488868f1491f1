"""The components of the kitchen sink, and the functions hung on its one button."""

from collections.abc import Callable, Sequence
from typing import Any

import gradio as gr
from gradio.components import Component

from ...versions import GRADIO_MAJOR, UNLISTED
from . import failures, inputs, outputs
from .streams import Streams, async_steps, yield_json


class Sink:
    """Made inside a `gr.Blocks`. The order of the registrations is the order of the fn_index."""

    def __init__(self) -> None:
        self.text, self.said = gr.Textbox("hi", label="Text"), gr.Textbox(label="Out")
        self.number, self.counted = gr.Number(1, label="N"), gr.Number(label="Out N")
        self.json, self.html = gr.JSON(), gr.HTML()
        self.webp = gr.Image(label="webp")
        self.png, self.jpeg = gr.Image(format="png"), gr.Image(format="jpeg")
        self.upload = gr.Image(type="pil", label="Upload")
        self.pictures = gr.Gallery()
        self.file, self.files = gr.File(), gr.File(file_count="multiple")
        self.state = gr.State(0)
        self.limited = gr.Slider(1, 10, 5, step=1, label="Limited")
        self.choice = gr.Dropdown(["a", "b"], value="a", label="Choice")
        self.flag = gr.Checkbox(label="Flag")
        self.button = gr.Button()

    def register_streams(self, streams: Streams) -> None:
        """From `/echo` to `/toasts`."""
        self._on(inputs.echo, [self.text], [self.said])
        self._on(streams.yield_text, [self.text], [self.said])
        self._on(yield_json, [], [self.json])
        self._on(streams.yield_images, [self.number], [self.webp, self.counted])
        self._long = self._on(async_steps, [self.number], [self.counted])
        self._on(streams.progress_manual, [], [self.said])
        self._on(streams.progress_tqdm, [], [self.said])
        self._on(streams.toasts, [], [self.said])

    def register_failures(self) -> None:
        """From `/err_gr` to `/err_mid_raise`."""
        self._on(failures.err_gr, [], [self.said])
        self._on(failures.err_title, [], [self.said])
        self._on(failures.err_hidden, [], [self.said])
        self._on(failures.err_raise, [], [self.said])
        self._on(failures.err_mid, [], [self.said])
        self._on(failures.err_mid_raise, [], [self.said])

    def register_outputs(self) -> None:
        """From `/b64_text` to `/files`."""
        self._on(outputs.b64_text, [], [self.said])
        self._on(outputs.img_default, [], [self.webp])
        self._on(outputs.b64_html, [], [self.html])
        self._on(outputs.img_default, [], [self.png], "img_png")
        self._on(outputs.img_default, [], [self.jpeg], "img_jpeg")
        self._on(outputs.img_path, [], [self.webp])
        self._on(outputs.img_url, [], [self.webp])
        self._on(outputs.img_none, [], [self.webp])
        self._on(outputs.gallery, [], [self.pictures])
        self._on(outputs.files, [], [self.file, self.files])

    def register_inputs(self, streams: Streams) -> None:
        """From `/state_count` to `/skip_out`."""
        self._on(inputs.state_count, [self.state], [self.state, self.counted])
        self._on(streams.batched, [self.text], [self.said], batch=True, max_batch_size=4)
        self._on(streams.slow, [self.number], [self.said], concurrency_limit=1)
        self._on(streams.slow, [self.number], [self.said], "slow2", concurrency_limit=2)
        self._on(inputs.strict, [self.limited, self.choice, self.flag], [self.said])
        self._on(inputs.headers, [], [self.json])
        self._on(inputs.image_info, [self.upload], [self.said])
        self._on(outputs.update_out, [], [self.said, self.button])
        self._on(outputs.skip_out, [], [self.said, self.counted])

    def register_unusual(self) -> None:
        """Functions out of the queue, out of the listing, or of some versions only."""
        echo, text, said = inputs.echo, [self.text], [self.said]
        self._on(echo, text, said, "unqueued", queue=False)
        if GRADIO_MAJOR >= 6:
            self._on(echo, text, said, "private_fn", api_visibility="private")
            self._on(echo, text, said, "validated", validator=inputs.check)
        else:
            self._on(echo, text, said, "private_fn", show_api=False)
        self.button.click(echo, text, said, **UNLISTED)
        self.button.click(None, None, None, cancels=[self._long])
        if hasattr(gr, "ImageSlider"):
            self._on(outputs.slider, [], [gr.ImageSlider()])

    def _on(
        self,
        function: Callable[..., Any],
        takes: Sequence[Component],
        gives: Sequence[Component],
        name: str = "",
        **options: Any,
    ) -> Any:
        """Register `function` as `/name`; unless `options` say so, any number may run at once."""
        options.setdefault("concurrency_limit", None)
        api_name = name or function.__name__
        return self.button.click(function, takes, gives, api_name=api_name, **options)
