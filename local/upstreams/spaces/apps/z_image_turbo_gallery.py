"""mrfakename/Z-Image-Turbo: `/generate_image`, fn_index 2, trigger_id 16.

data = [prompt, height, width, steps, seed, randomize_seed] -> [gallery of one picture, seed]
"""

import gradio as gr
from PIL import Image

from ..numbering import skip_fn_index
from ..studio import TRACKED, Studio
from .z_image_turbo import lay_out_controls


def build(studio: Studio) -> gr.Blocks:
    """Lay out the Space."""

    def generate_image(
        prompt: str,
        height: float,
        width: float,
        num_inference_steps: float,
        seed: float,
        randomize_seed: bool,
        progress: gr.Progress = TRACKED,
    ) -> tuple[list[Image.Image] | None, int]:
        painted = studio.generate(
            prompt, seed, width, height, num_inference_steps, randomize=randomize_seed
        )
        return [painted.image] if painted.image else None, painted.seed

    space = gr.Blocks(title="Z-Image Turbo")
    with space:
        gr.Markdown("# Z-Image Turbo")
        with gr.Row():
            with gr.Column():
                controls = lay_out_controls()
            with gr.Column():
                pictures = gr.Gallery(label="Generated Images")
                used_seed = gr.Number(label="Seed Used", interactive=False)
        gr.Examples(["a lantern on a frozen lake"], [controls.prompt])  # fn_index 0
        skip_fn_index(controls.button)
        controls.button.click(generate_image, controls.inputs, [pictures, used_seed])
    return space
