"""Qwen/Qwen-Image-Layered: `/infer_1`; `/infer` is the function of its examples.

data = [picture, seed, randomize_seed, prompt, negative_prompt, true_guidance_scale, steps, layers,
        cfg_normalize, use_en_prompt]
    -> [gallery of the layers (png), a presentation, a ZIP of the layers]
"""

import io
import tempfile
import zipfile
from collections.abc import Sequence
from pathlib import Path

import gradio as gr
from PIL import Image, ImageDraw

from ..painting import MAX_SEED, paint
from ..studio import TRACKED, Studio

RESOLUTION = 640  # the side of a square with the area of every layer
MULTIPLE_PX = 32
FEWEST, MOST = 2, 10

Decomposed = tuple[list[Image.Image] | None, str | None, str | None]


def build(studio: Studio) -> gr.Blocks:
    """Lay out the Space."""

    def infer(
        input_image: Image.Image | None,
        seed: float = 777,
        randomize_seed: bool = False,
        prompt: str | None = None,
        neg_prompt: str = " ",
        true_guidance_scale: float = 4.0,
        num_inference_steps: float = 50,
        layer: float = 4,
        cfg_norm: bool = True,
        use_en_prompt: bool = True,
        progress: gr.Progress = TRACKED,
    ) -> Decomposed:
        """Take the picture apart."""
        if input_image is None:
            raise gr.Error("Please upload a picture.")
        size = bucket(input_image.size)
        words = prompt or ("a picture" if use_en_prompt else "一张图片")
        painted = studio.generate(words, seed, *size, num_inference_steps, randomize=randomize_seed)
        if painted.image is None:
            return None, None, None
        layers = take_apart(input_image.convert("RGBA"), size, words, painted.seed, int(layer))
        folder = Path(tempfile.mkdtemp())
        return layers, present(layers, folder), archive(layers, folder)

    def infer_example(input_image: Image.Image | None) -> Decomposed:
        """The examples bring a picture and nothing else."""
        return infer(input_image)

    space = gr.Blocks(title="Qwen-Image-Layered")
    with space:
        gr.HTML("<h2>Qwen-Image-Layered</h2>")
        with gr.Row():
            with gr.Column():
                image = gr.Image(label="Input Image", image_mode="RGBA", type="pil")
                with gr.Accordion("Advanced Settings", open=False):
                    prompt = gr.Textbox(label="Prompt (Optional)", value="", lines=2)
                    negative = gr.Textbox(label="Negative Prompt (Optional)", value=" ", lines=2)
                    seed = gr.Slider(0, MAX_SEED, 0, step=1, label="Seed")
                    randomize = gr.Checkbox(True, label="Randomize seed")
                    guidance = gr.Slider(1.0, 10.0, 4.0, step=0.1, label="True guidance scale")
                    steps = gr.Slider(1, 50, 50, step=1, label="Number of inference steps")
                    layers = gr.Slider(FEWEST, MOST, 4, step=1, label="Layers")
                    normalize = gr.Checkbox(True, label="Enable CFG normalization")
                    english = gr.Checkbox(True, label="Caption in English")
                example = gr.Button("Example", visible=False)
                button = gr.Button("Decompose!", variant="primary")
            with gr.Column():
                gallery = gr.Gallery(label="Layers", columns=4, rows=1, format="png")
                presentation = gr.File(label="Download PPTX")
                zipped = gr.File(label="Download ZIP")
        outputs = [gallery, presentation, zipped]
        example.click(infer_example, [image], outputs, api_name="infer")
        inputs = [
            image, seed, randomize, prompt, negative, guidance, steps, layers, normalize, english,
        ]  # fmt: skip
        button.click(infer, inputs, outputs, api_name="infer_1")
    return space


def bucket(size: tuple[int, int]) -> tuple[int, int]:
    """The picture's ratio at the Space's area, as diffusers reckons it."""
    ratio = size[0] / size[1]
    width = (RESOLUTION * RESOLUTION * ratio) ** 0.5
    return (
        max(MULTIPLE_PX, MULTIPLE_PX * round(width / MULTIPLE_PX)),
        max(MULTIPLE_PX, MULTIPLE_PX * round(width / ratio / MULTIPLE_PX)),
    )


def take_apart(
    picture: Image.Image, size: tuple[int, int], words: str, seed: int, count: int
) -> list[Image.Image]:
    """From the back to the front: the picture, then discs of paint that get smaller."""
    width, height = size
    layers = [picture.resize(size)]
    for number in range(1, count):
        margin = 0.5 * number / count
        alpha = Image.new("L", size)
        box = (margin * width, margin * height, (1 - margin) * width, (1 - margin) * height)
        ImageDraw.Draw(alpha).ellipse(box, fill=255 - 10 * number)
        layer = paint(f"{words} {number}", seed, *size).convert("RGBA")
        layer.putalpha(alpha)
        layers.append(layer)
    return layers


def archive(layers: Sequence[Image.Image], folder: Path) -> str:
    """A ZIP with a PNG of each layer."""
    path = folder / "layers.zip"
    with zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED) as file:
        for number, layer in enumerate(layers, 1):
            file.writestr(f"layer_{number}.png", png(layer))
    return str(path)


def present(layers: Sequence[Image.Image], folder: Path) -> str:
    """What goes for a presentation here: its pictures, where PowerPoint keeps them."""
    path = folder / "layers.pptx"
    with zipfile.ZipFile(path, "w") as file:
        for number, layer in enumerate(layers, 1):
            file.writestr(f"ppt/media/image{number}.png", png(layer))
    return str(path)


def png(layer: Image.Image) -> bytes:
    """A layer's file."""
    buffer = io.BytesIO()
    layer.save(buffer, "PNG")
    return buffer.getvalue()
