"""Qwen/Qwen-Image: fn_index 1, trigger_id 5, /infer.

data = [prompt, seed, randomize_seed, aspect_ratio, guidance_scale, steps, prompt_enhance]
    -> ["data:image/png;base64,...", seed]
"""

import gradio as gr

from ..aspects import ASPECTS
from ..painting import MAX_SEED, data_url
from ..studio import TRACKED, Painted, Studio


class Functions:
    """What the buttons of the Space call."""

    def __init__(self, studio: Studio) -> None:
        self._studio = studio

    def infer(
        self,
        prompt: str,
        seed: float = 42,
        randomize_seed: bool = False,
        aspect_ratio: str = "16:9",
        guidance_scale: float = 4.0,
        num_inference_steps: float = 50,
        prompt_enhance: bool = True,
        progress: gr.Progress = TRACKED,
    ) -> tuple[str | None, int]:
        """Generate an image, as a data URL."""
        parsed = enhanced(prompt) if prompt_enhance else prompt
        painted = self._generate(parsed, seed, randomize_seed, aspect_ratio, num_inference_steps)
        return data_url(painted.image) if painted.image else painted.words, painted.seed

    def _generate(
        self, prompt: str, seed: float, randomize: bool, aspect_ratio: str, steps: float
    ) -> Painted:
        width, height = ASPECTS[aspect_ratio]
        return self._studio.generate(prompt, seed, width, height, steps, randomize=randomize)


def enhanced(prompt: str) -> str:
    """The prompt as the Space rewrites it on request."""
    return prompt + ", Ultra HD, 4K, cinematic composition."


def build(studio: Studio) -> gr.Blocks:
    """Lay out the Space."""
    functions = Functions(studio)
    space = gr.Blocks(title="Qwen-Image")
    with space:
        with gr.Column(elem_id="col-container"):
            gr.Markdown("# Qwen-Image")
            with gr.Row():
                prompt = gr.Text(label="Prompt", show_label=False)
                button = gr.Button("Run", scale=0, variant="primary")  # 5
            image = gr.Textbox(label="Result", show_label=False)
            with gr.Accordion("Advanced Settings", open=False):
                seed = gr.Slider(0, MAX_SEED, 0, step=1, label="Seed")
                randomize = gr.Checkbox(True, label="Randomize seed")
                aspect = gr.Radio(list(ASPECTS), value="16:9", label="Image size (ratio)")
                guidance = gr.Slider(0.0, 20.0, 4.0, step=0.1, label="Guidance scale")
                steps = gr.Slider(1, 100, 50, step=1, label="Number of inference steps")
                enhance = gr.Checkbox(True, label="Prompt Enhance")
            gr.Examples(["a coffee shop with a chalkboard sign"], [prompt])  # fn_index 0
        inputs = [prompt, seed, randomize, aspect, guidance, steps, enhance]
        gr.on([button.click, prompt.submit], functions.infer, inputs, [image, seed])
    return space
