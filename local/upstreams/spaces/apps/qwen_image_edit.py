"""linoyts/Qwen-Image-Edit-2511-Fast, and -2509-Fast before it: `/infer`, fn_index 0, trigger_id 12.

data = [gallery, prompt, seed, randomize_seed, guidance_scale, steps, height, width, rewrite_prompt]
    -> [gallery of one picture (webp), seed, a change to a button]
"""

import math
from typing import Any

import gradio as gr
from PIL import Image, ImageOps

from ..painting import MAX_SEED
from ..studio import TRACKED, Studio

# Sliders without a value stand at their minimum: the Space cannot tell that size from none.
UNSET_PX = 256
MAX_SIDE_PX = 2048
AREA_PX = 1024 * 1024
PAINT_SHARE = 0.35

Pictures = list[tuple[Image.Image, str | None]]


def build(studio: Studio) -> gr.Blocks:
    """Lay out the Space."""

    def infer(
        images: Pictures | None,
        prompt: str,
        seed: float = 42,
        randomize_seed: bool = False,
        true_guidance_scale: float = 1.0,
        num_inference_steps: float = 4,
        height: float | None = None,
        width: float | None = None,
        rewrite_prompt: bool = True,
        progress: gr.Progress = TRACKED,
    ) -> tuple[list[Image.Image] | None, int, Any]:
        """Edit the pictures as the prompt says."""
        pictures = [image.convert("RGB") for image, _ in images or []]
        size = final_size(pictures[-1].size, width, height)
        parsed = rewritten(prompt) if rewrite_prompt else prompt
        painted = studio.generate(
            parsed, seed, *size, num_inference_steps, randomize=randomize_seed
        )
        edited = painted.image and Image.blend(
            side_by_side(pictures, size), painted.image, PAINT_SHARE
        )
        return [edited] if edited else None, painted.seed, gr.update(visible=True)

    space = gr.Blocks(title="Qwen-Image-Edit Fast")  # 0
    with space:
        with gr.Column(elem_id="col-container"):  # 1
            gr.HTML("<h2>Fast, 4 steps</h2>")  # 2
            gr.Markdown("# Qwen-Image-Edit")  # 3
            with gr.Row():  # 4
                with gr.Column():  # 5
                    images = gr.Gallery(label="Input Images", type="pil", interactive=True)  # 6
                with gr.Column():  # 7
                    result = gr.Gallery(label="Result", type="pil", interactive=False)  # 8
                    reuse = gr.Button("Use as input", visible=False)  # 9
            with gr.Row():  # 10
                prompt = gr.Text(label="Prompt", show_label=False, container=False)  # 11
                button = gr.Button("Edit!", variant="primary")  # 12
            with gr.Accordion("Advanced Settings", open=False):
                seed = gr.Slider(0, MAX_SEED, 0, step=1, label="Seed")
                randomize = gr.Checkbox(True, label="Randomize seed")
                with gr.Row():
                    guidance = gr.Slider(1.0, 10.0, 1.0, step=0.1, label="True guidance scale")
                    steps = gr.Slider(1, 40, 4, step=1, label="Number of inference steps")
                    height = gr.Slider(UNSET_PX, MAX_SIDE_PX, None, step=8, label="Height")
                    width = gr.Slider(UNSET_PX, MAX_SIDE_PX, None, step=8, label="Width")
                    rewrite = gr.Checkbox(True, label="Rewrite prompt")
        inputs = [images, prompt, seed, randomize, guidance, steps, height, width, rewrite]
        gr.on([button.click, prompt.submit], infer, inputs, [result, seed, reuse])
        reuse.click(lambda pictures: pictures or [], [result], [images])
    return space


def rewritten(prompt: str) -> str:
    """The prompt as a language model words it on request."""
    return prompt + " Keep everything else as it is."


def final_size(last: tuple[int, int], width: float | None, height: float | None) -> tuple[int, int]:
    """The size asked for, else one with the ratio of the last picture, as diffusers reckons it."""
    if width == height == UNSET_PX:
        width = height = None
    ratio = last[0] / last[1]
    automatic = math.sqrt(AREA_PX * ratio)
    width = width or 32 * round(automatic / 32)
    height = height or 32 * round(automatic / ratio / 32)
    return int(width) // 16 * 16, int(height) // 16 * 16


def side_by_side(pictures: list[Image.Image], size: tuple[int, int]) -> Image.Image:
    """A canvas with a column for each picture."""
    width, height = size
    canvas = Image.new("RGB", size)
    for place, picture in enumerate(pictures):
        left = place * width // len(pictures)
        right = (place + 1) * width // len(pictures)
        canvas.paste(ImageOps.fit(picture, (right - left, height)), (left, 0))
    return canvas
