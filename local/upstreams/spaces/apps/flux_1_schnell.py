"""black-forest-labs/FLUX.1-schnell: `/infer`, fn_index 2, trigger_id 5.

data = [prompt, seed, randomize_seed, width, height, steps] -> [image (webp), seed]
"""

import gradio as gr
from PIL import Image

from ..numbering import skip_fn_index
from ..painting import MAX_SEED
from ..studio import TRACKED, Studio

MAX_SIDE_PX = 2048


def build(studio: Studio) -> gr.Blocks:
    """Lay out the Space."""

    def infer(
        prompt: str,
        seed: float = 42,
        randomize_seed: bool = False,
        width: float = 1024,
        height: float = 1024,
        num_inference_steps: float = 4,
        progress: gr.Progress = TRACKED,
    ) -> tuple[Image.Image | None, int]:
        painted = studio.generate(
            prompt, seed, width, height, num_inference_steps, randomize=randomize_seed
        )
        return painted.image, painted.seed

    space = gr.Blocks(title="FLUX.1 [schnell]")  # 0
    with space:
        with gr.Column(elem_id="col-container"):  # 1
            gr.Markdown("# FLUX.1 [schnell]")  # 2
            with gr.Row():  # 3
                prompt = gr.Text(label="Prompt", show_label=False, max_lines=1)  # 4
                button = gr.Button("Run", scale=0)  # 5
            image = gr.Image(label="Result", show_label=False)
            with gr.Accordion("Advanced Settings", open=False):
                seed = gr.Slider(0, MAX_SEED, 0, step=1, label="Seed")
                randomize = gr.Checkbox(True, label="Randomize seed")
                with gr.Row():
                    width = gr.Slider(256, MAX_SIDE_PX, 1024, step=32, label="Width")
                    height = gr.Slider(256, MAX_SIDE_PX, 1024, step=32, label="Height")
                steps = gr.Slider(1, 50, 4, step=1, label="Number of inference steps")
            gr.Examples(["a tiny astronaut hatching from an egg"], [prompt])  # fn_index 0
            skip_fn_index(button)
        inputs = [prompt, seed, randomize, width, height, steps]
        gr.on([button.click, prompt.submit], infer, inputs, [image, seed])
    return space
