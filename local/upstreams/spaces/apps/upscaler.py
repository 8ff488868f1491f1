"""tuan2308/Upscaler: `/realesrgan`, fn_index 1, trigger_id 17.

data = [picture, model, denoise_strength, face_enhance, scale] -> [picture (png)]

There is no prompt, and so no directive: it misbehaves by its mode, by the caller's token, and with
a picture that is too large for it.
"""

import secrets
import tempfile
from pathlib import Path

import gradio as gr
from PIL import Image

from ..studio import Studio

MODELS = (
    "RealESRGAN_x4plus",
    "RealESRNet_x4plus",
    "RealESRGAN_x4plus_anime_6B",
    "RealESRGAN_x2plus",
    "realesr-general-x4v3",
)
MAX_SCALE = 4
MAX_SIDE_PX = 8192
TILES = 4


def describe(image: Image.Image | None) -> str | None:
    """What the Space tells of a picture that has been put into its form."""
    return f"Width: {image.width}, Height: {image.height}" if image else None


def build(studio: Studio) -> gr.Blocks:
    """Lay out the Space."""

    def realesrgan(
        img: Image.Image | None,
        model_name: str,
        denoise_strength: float,
        face_enhance: bool,
        outscale: float,
    ) -> str | None:
        """Restore and upscale a picture."""
        studio.admit()
        if img is None:
            return None
        studio.pause(TILES * studio.step_s)
        size = (int(img.width * outscale), int(img.height * outscale))
        if max(size) > MAX_SIDE_PX:
            return None  # out of memory, which the Space tells nobody but its own log
        path = Path(tempfile.mkdtemp()) / f"output_{secrets.token_hex(4)}.png"
        img.resize(size, Image.Resampling.LANCZOS).save(path, compress_level=1)
        return str(path)

    space = gr.Blocks(title="Real-ESRGAN")  # 0
    with space:
        gr.Markdown("# Upscaler")  # 1
        with gr.Accordion("Upscaling option"):  # 2
            # A Row or Group around inputs takes one id more, at its end, for a Form of Gradio's.
            with gr.Row():  # 3
                model = gr.Dropdown(MODELS, value=MODELS[2], label="Upscaler model")  # 4
                denoise = gr.Slider(0, 1, 0.5, step=0.1, label="Denoise Strength")  # 5
                scale = gr.Slider(1, MAX_SCALE, 4, step=1, label="Resolution upscale")  # 6
                enhance = gr.Checkbox(label="Face Enhancement (GFPGAN)")  # 7
        with gr.Row():  # 9
            with gr.Group():  # 10
                image = gr.Image(label="Input Image", type="pil", image_mode="RGBA")  # 11
                properties = gr.Textbox(label="Image Properties", max_lines=1)  # 12
            result = gr.Image(label="Output Image", image_mode="RGBA")  # 14
        with gr.Row():  # 15
            reset = gr.Button("Remove images")  # 16
            button = gr.Button("Upscale")  # 17
        image.change(describe, [image], [properties])  # fn_index 0
        button.click(realesrgan, [image, model, denoise, enhance, scale], [result])
        reset.click(lambda: (None, None), None, [result, image])
    return space
