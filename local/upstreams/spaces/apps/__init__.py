"""The Spaces that are served, by their subdomain of hf.space."""

from collections.abc import Callable

import gradio as gr

from ..studio import Studio
from . import (
    flux_1_schnell,
    kitchen_sink,
    ovis_image_7b,
    preview_stream,
    qwen_image,
    qwen_image_edit,
    qwen_image_fast,
    qwen_image_layered,
    stable_diffusion,
    upscaler,
    z_image,
    z_image_turbo,
    z_image_turbo_gallery,
)

SPACES: dict[str, Callable[[Studio], gr.Blocks]] = {
    "luca115-z-image-turbo": z_image_turbo.build,
    "mrfakename-z-image-turbo": z_image_turbo_gallery.build,
    "mrfakename-z-image": z_image.build,
    "mcp-tools-qwen-image-fast": qwen_image_fast.build,
    "aidc-ai-ovis-image-7b": ovis_image_7b.build,
    "black-forest-labs-flux-1-schnell": flux_1_schnell.build,
    "qwen-qwen-image": qwen_image.build,
    "linoyts-qwen-image-edit-2511-fast": qwen_image_edit.build,
    "linoyts-qwen-image-edit-2509-fast": qwen_image_edit.build,
    "qwen-qwen-image-layered": qwen_image_layered.build,
    "tuan2308-upscaler": upscaler.build,
    "stabilityai-stable-diffusion": stable_diffusion.build,
    "standin-preview-stream": preview_stream.build,
    "standin-kitchen-sink": kitchen_sink.build,
}
