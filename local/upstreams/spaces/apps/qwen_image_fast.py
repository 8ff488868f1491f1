"""mcp-tools/Qwen-Image-Fast: `/generate_image`, fn_index 1, trigger_id 6.

data = [prompt, seed, randomize_seed, aspect_ratio, guidance_scale, steps]
    -> [image (webp), "Seed used for generation: N"]
"""

import gradio as gr
from PIL import Image

from ..aspects import ASPECTS
from ..painting import MAX_SEED
from ..studio import TRACKED, Studio


def build(studio: Studio) -> gr.Blocks:
    """Lay out the Space."""

    def generate_image(
        prompt: str,
        seed: float = 42,
        randomize_seed: bool = True,
        aspect_ratio: str = "1:1",
        guidance_scale: float = 1,
        num_inference_steps: float = 8,
        progress: gr.Progress = TRACKED,
    ) -> tuple[Image.Image | None, str]:
        """Generate an image with Qwen-Image."""
        width, height = ASPECTS[aspect_ratio]
        painted = studio.generate(
            prompt, seed, width, height, num_inference_steps, randomize=randomize_seed
        )
        return painted.image, painted.words or f"Seed used for generation: {painted.seed}"

    space = gr.Blocks(title="Qwen-Image Fast")  # 0
    with space:
        with gr.Column(elem_id="col-container"):  # 1
            gr.HTML("<h1>Qwen-Image Fast</h1>")  # 2
            gr.Markdown("8 steps")  # 3
            with gr.Row():  # 4
                prompt = gr.Text(label="Prompt", show_label=False)  # 5
                button = gr.Button("Run", scale=0, variant="primary")  # 6
            image = gr.Image(label="Result", show_label=False, type="pil")
            info = gr.Textbox(label="Seed Info")
            with gr.Accordion("Advanced Settings", open=False):
                seed = gr.Slider(0, MAX_SEED, 42, step=1, label="Seed")
                randomize = gr.Checkbox(True, label="Randomize seed")
                aspect = gr.Radio(list(ASPECTS), value="16:9", label="Aspect ratio")
                guidance = gr.Slider(1.0, 5.0, 1.0, step=0.1, label="Guidance scale")
                steps = gr.Slider(4, 28, 8, step=1, label="Number of inference steps")
        gr.Examples(["a shop sign that says open"], [prompt])  # fn_index 0
        inputs = [prompt, seed, randomize, aspect, guidance, steps]
        gr.on([button.click, prompt.submit], generate_image, inputs, [image, info])
    return space
