"""luca115/Z-Image-Turbo: `/generate_image`, fn_index 1, trigger_id 16.

data = [prompt, height, width, steps, seed, randomize_seed] -> [image (webp), seed]
"""

from dataclasses import dataclass

import gradio as gr
from gradio.components import Component
from PIL import Image

from ..numbering import skip_component_ids
from ..studio import TRACKED, Studio


@dataclass(frozen=True, slots=True)
class Controls:
    """What the two Spaces of this name have in common."""

    prompt: gr.Textbox
    inputs: list[Component]
    button: gr.Button


def lay_out_controls() -> Controls:
    """The form of Z-Image Turbo, for a column of which the component id is 3."""
    # A Row around inputs takes one id more, at its end, for a Form of Gradio's own.
    prompt = gr.Textbox(label="Prompt", lines=3)  # 4
    with gr.Row():  # 5
        height = gr.Slider(512, 2048, 1024, step=64, label="Height")  # 6
        width = gr.Slider(512, 2048, 1024, step=64, label="Width")  # 7
    with gr.Row():  # 9
        steps = gr.Slider(1, 20, 9, step=1, label="Inference Steps")  # 10
        seed = gr.Number(42, label="Seed", precision=0)  # 11
    randomize = gr.Checkbox(True, label="Randomize Seed")  # 13
    skip_component_ids(2)
    button = gr.Button("Generate", variant="primary")  # 16
    return Controls(prompt, [prompt, height, width, steps, seed, randomize], button)


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
    ) -> tuple[Image.Image | None, int]:
        painted = studio.generate(
            prompt, seed, width, height, num_inference_steps, randomize=randomize_seed
        )
        return painted.image, painted.seed

    space = gr.Blocks(title="Z-Image Turbo")
    with space:
        gr.Markdown("# Z-Image Turbo")
        with gr.Row():
            with gr.Column():
                controls = lay_out_controls()
            with gr.Column():
                image = gr.Image(label="Generated Image", type="pil")
                used_seed = gr.Number(label="Seed Used", interactive=False)
        # An Examples table registers a function, here fn_index 0.
        gr.Examples(
            ["Young Chinese woman in red Hanfu", "a neon street in the rain"], [controls.prompt]
        )
        controls.button.click(generate_image, controls.inputs, [image, used_seed])
    return space
