"""AIDC-AI/Ovis-Image-7B: `/generate`, fn_index 2, trigger_id 5.

data = [prompt, height, width, seed, steps, guidance_scale] -> [image (png)], and no seed
"""

import gradio as gr
from PIL import Image

from ..numbering import skip_fn_index
from ..painting import MAX_SEED
from ..studio import TRACKED, Studio


def build(studio: Studio) -> gr.Blocks:
    """Lay out the Space."""

    def generate(
        prompt: str,
        img_height: float,
        img_width: float,
        seed: float,
        steps: float,
        guidance_scale: float,
        progress: gr.Progress = TRACKED,
    ) -> Image.Image | None:
        return studio.generate(prompt, seed, img_width, img_height, steps).image

    space = gr.Blocks(title="Ovis-Image-7B")  # 0
    with space:
        with gr.Column():  # 1
            gr.Markdown("# Ovis-Image")  # 2
            with gr.Row():  # 3
                prompt = gr.Textbox(label="Prompt", max_lines=1)  # 4
                button = gr.Button("Run", scale=0)  # 5
            image = gr.Image(label="Result", type="pil", format="png")
            with gr.Accordion("Advanced Settings", open=False):
                height = gr.Slider(256, 2048, 1024, step=32, label="Image height")
                width = gr.Slider(256, 2048, 1024, step=32, label="Image width")
                seed = gr.Slider(0, MAX_SEED, 42, step=1, label="Seed")
                steps = gr.Slider(1, 50, 24, step=1, label="Inference steps")
                guidance = gr.Slider(0.0, 20.0, 5.0, step=0.5, label="Guidance scale")
        gr.Examples(["a poster that says OVIS"], [prompt])  # fn_index 0
        skip_fn_index(button)
        inputs = [prompt, height, width, seed, steps, guidance]
        gr.on([button.click, prompt.submit], generate, inputs, [image])
    return space
