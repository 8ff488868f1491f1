"""A Space that yields previews before the final picture: `/infer`, fn_index 0.

data = [prompt, seed, width, height, steps] -> [image (jpeg), status text]

Each step is one `process_generating` event, less blurred than the one before.
"""

from collections.abc import Iterator

import gradio as gr
from PIL import Image, ImageFilter

from ..painting import paint
from ..studio import Studio

BLUR_PX_PER_STEP_LEFT = 2
# Reported by hand, unlike in the Spaces whose tqdm loops are tracked.
BY_HAND = gr.Progress()


def build(studio: Studio) -> gr.Blocks:
    """Lay out the Space."""

    def infer(
        prompt: str,
        seed: float,
        width: float,
        height: float,
        steps: float,
        progress: gr.Progress = BY_HAND,
    ) -> Iterator[tuple[Image.Image | None, str]]:
        directives = studio.obey(prompt)
        total = studio.count_steps(directives, steps)
        picture = paint(prompt, int(seed), width, height)
        for step in range(total):
            progress((step, total), desc="Denoising", unit="steps")
            studio.take_step(directives, step, total)
            blur = ImageFilter.GaussianBlur(BLUR_PX_PER_STEP_LEFT * (total - step))
            yield picture.filter(blur), f"step {step + 1}/{total}"
        painted = studio.finish(directives, prompt, int(seed), width, height)
        yield painted.image, painted.words or "done"

    space = gr.Blocks(title="Preview stream")
    with space:
        prompt = gr.Text(label="Prompt")
        seed = gr.Number(0, precision=0, label="Seed")
        width = gr.Slider(256, 2048, 512, step=8, label="Width")
        height = gr.Slider(256, 2048, 512, step=8, label="Height")
        steps = gr.Slider(1, 50, 4, step=1, label="Steps")
        button = gr.Button("Run")
        image = gr.Image(label="Result", format="jpeg")
        status = gr.Textbox(label="Status")
        run = button.click(infer, [prompt, seed, width, height, steps], [image, status])
        stop = gr.Button("Stop")
        stop.click(None, None, None, cancels=[run])
    return space
