"""mrfakename/Z-Image: `/generate_image`, fn_index 2, trigger_id 18.

data = [prompt, negative_prompt, height, width, steps, guidance, seed, randomize_seed]
    -> [image (png), seed]
"""

import gradio as gr
from PIL import Image

from ..numbering import skip_fn_index
from ..studio import TRACKED, Studio


def build(studio: Studio) -> gr.Blocks:
    """Lay out the Space."""

    def generate_image(
        prompt: str,
        negative_prompt: str,
        height: float,
        width: float,
        num_inference_steps: float,
        guidance_scale: float,
        seed: float,
        randomize_seed: bool,
        progress: gr.Progress = TRACKED,
    ) -> tuple[Image.Image | None, int]:
        parsed = f"{prompt} -{negative_prompt}" if negative_prompt else prompt
        painted = studio.generate(
            parsed, seed, width, height, num_inference_steps, randomize=randomize_seed
        )
        return painted.image, painted.seed

    space = gr.Blocks(title="Z-Image")  # 0
    with space:
        gr.Markdown("# Z-Image")  # 1
        with gr.Row():  # 2
            with gr.Column():  # 3
                prompt = gr.Textbox(label="Prompt", lines=3)  # 4
                negative = gr.Textbox(label="Negative Prompt")  # 5
                # A Row around inputs takes one id more, at its end, for a Form of Gradio's own.
                with gr.Row():  # 6
                    height = gr.Slider(512, 2048, 1024, step=64, label="Height")  # 7
                    width = gr.Slider(512, 2048, 1024, step=64, label="Width")  # 8
                with gr.Row():  # 10
                    steps = gr.Slider(1, 100, 30, step=1, label="Steps")  # 11
                    guidance = gr.Slider(1.0, 20.0, 4.0, step=0.1, label="CFG Scale")  # 12
                with gr.Row():  # 14
                    seed = gr.Number(42, label="Seed", precision=0)  # 15
                    randomize = gr.Checkbox(True, label="Randomize Seed")  # 16
                button = gr.Button("Generate", variant="primary")  # 18
            with gr.Column():
                image = gr.Image(label="Result", type="pil", format="png")
                used_seed = gr.Number(label="Seed Used", interactive=False)
        gr.Examples(["a cat in a hat"], [prompt])  # fn_index 0
        skip_fn_index(button)
        inputs = [prompt, negative, height, width, steps, guidance, seed, randomize]
        gr.on([button.click, prompt.submit], generate_image, inputs, [image, used_seed])
    return space
