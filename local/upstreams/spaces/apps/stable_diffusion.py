"""stabilityai/stable-diffusion: `/infer`, fn_index 0; four pictures of 512x512 at once.

data = [prompt, negative_prompt, guidance_scale] -> [gallery of four, captioned with their seeds]
"""

import gradio as gr
from PIL import Image

from ..painting import paint
from ..studio import TRACKED, Studio

PICTURES = 4
SIDE_PX = 512
STEPS = 10


def build(studio: Studio) -> gr.Blocks:
    """Lay out the Space."""

    def infer(
        prompt: str,
        negative: str,
        scale: float,
        progress: gr.Progress = TRACKED,
    ) -> list[tuple[Image.Image, str]] | None:
        first = studio.generate(prompt, 0, SIDE_PX, SIDE_PX, STEPS).image
        if first is None:
            return None
        others = [paint(prompt, seed, SIDE_PX, SIDE_PX) for seed in range(1, PICTURES)]
        return [(picture, f"seed {seed}") for seed, picture in enumerate([first, *others])]

    space = gr.Blocks(title="Stable Diffusion")
    with space:
        prompt = gr.Text(label="Prompt")
        negative = gr.Text(label="Negative prompt")
        scale = gr.Slider(0, 50, 9, step=0.1, label="Guidance Scale")
        button = gr.Button("Generate image")
        gallery = gr.Gallery(label="Generated images", columns=2)
        button.click(infer, [prompt, negative, scale], [gallery])
    return space
