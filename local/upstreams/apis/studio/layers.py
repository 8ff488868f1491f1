"""Qwen-Image: pictures taken apart, layers edited, pictures combined (§8, and §1.24's extras).

The original unloads other models for an edit, so that what it could do before fails afterwards;
this one has memory for all.
"""

import asyncio
import base64
import io
import time
import zipfile
from collections.abc import Callable
from typing import Any

from PIL import Image, ImageDraw
from pydantic import BaseModel
from starlette.responses import JSONResponse, Response

from ..call import Call
from ..faults import Answer
from ..image_request import to_base64
from ..painting import encode, paint
from ..references import fit_area
from ..shared_state import Studio
from ..validation import read_body

RESOLUTIONS = (640, 1024)
MULTIPLE_PX = 32
MOST_LAYERS = 10
LONGEST_EDITED_SIDE_PX = 1024
FEWEST_COMBINED = 2

Refuse = Callable[[int, str], Response]
Remember = Callable[[dict[str, Any]], Any]


class Decompose(BaseModel):
    """A picture to be taken apart."""

    image: str
    prompt: str
    layer_num: int = 3
    resolution: int = 1024
    steps: int = 30
    cfg_scale: float = 4.0
    seed: int | None = None
    shift: float | None = None


class Edit(BaseModel):
    """How pictures are changed."""

    instruction: str
    steps: int = 40
    cfg_scale: float = 4.0
    seed: int | None = None


class EditLayer(Edit):
    """A layer to be changed."""

    layer_image: str


class EditMulti(Edit):
    """Pictures to be made one."""

    images: list[str]


class Layers:
    """The routes; `refuse` words what goes wrong, `remember` keeps it in the history."""

    def __init__(self, studio: Studio, refuse: Refuse, remember: Remember) -> None:
        self._studio, self._refuse, self._remember = studio, refuse, remember

    async def decompose(self, call: Call) -> Response:
        """A picture's layers, and all of them in a ZIP."""
        request = read_body(call, Decompose)
        await call.heed(request.prompt)
        if request.resolution not in RESOLUTIONS:
            raise Answer(self._refuse(400, f"resolution must be one of {list(RESOLUTIONS)}"))
        if not 1 <= request.layer_num <= MOST_LAYERS:
            raise Answer(self._refuse(500, f"layers must be between 1 and {MOST_LAYERS}"))
        picture = self._open(request.image)
        started_at = time.monotonic()
        seed = self._studio.new_seed() if request.seed is None else request.seed
        layers = await asyncio.to_thread(take_apart, picture, request, seed)
        took_s = time.monotonic() - started_at
        self._remember(
            {
                "model_type": "qwenimage",
                **request.model_dump(exclude={"image", "shift"}),
                "gen_time": took_s,
                "image_b64": to_base64(layers[0]),
            }
        )
        names = ["Composite", *(f"Layer {number}" for number in range(1, len(layers)))]
        answer = {
            "layers": [
                {"name": name, "image": f"data:image/png;base64,{to_base64(layer)}", "index": index}
                for index, (name, layer) in enumerate(zip(names, layers, strict=True))
            ],
            "zip_data": to_base64(archive(layers)),
            "generation_time": took_s,
            "layer_count": len(layers),
            "seed": request.seed,
            "resolution": request.resolution,
        }
        return JSONResponse(answer)

    async def edit_layer(self, call: Call) -> Response:
        """The layer, changed, with the transparency that it had."""
        request = read_body(call, EditLayer)
        await call.heed(request.instruction)
        layer = self._open(request.layer_image).convert("RGBA")
        layer.thumbnail((LONGEST_EDITED_SIDE_PX, LONGEST_EDITED_SIDE_PX))
        started_at = time.monotonic()
        seed = self._studio.new_seed() if request.seed is None else request.seed
        painted = await self._paint(request, seed, [layer])
        painted.putalpha(layer.getchannel("A"))
        headers = {
            "Content-Disposition": f"attachment; filename=edited_layer_{int(time.time())}.png",
            "X-Edit-Time": str(time.monotonic() - started_at),
            "X-Seed": str(request.seed) if request.seed else "random",
        }
        return Response(encode(painted, "png"), headers=headers, media_type="image/png")

    async def edit_multi(self, call: Call) -> Response:
        """One picture of several."""
        request = read_body(call, EditMulti)
        await call.heed(request.instruction)
        if len(request.images) < FEWEST_COMBINED:
            raise Answer(self._refuse(400, "At least 2 images required"))
        pictures = [self._open(text) for text in request.images]
        started_at = time.monotonic()
        seed = self._studio.new_seed() if request.seed is None else request.seed
        painted = await self._paint(request, seed, pictures)
        headers = {
            "X-Inference-Time": f"{time.monotonic() - started_at:.2f}",
            "X-Image-Count": str(len(pictures)),
        }
        return Response(encode(painted, "png"), headers=headers, media_type="image/png")

    async def _paint(self, request: Edit, seed: int, pictures: list[Image.Image]) -> Image.Image:
        sources = [encode(picture.convert("RGB"), "png") for picture in pictures]
        size = pictures[0].size
        content = await self._studio.paint(request.instruction, seed, *size, sources=sources)
        return Image.open(io.BytesIO(content)).convert("RGB")

    def _open(self, text: str) -> Image.Image:
        """A data URL or base64. The original falls over anything else."""
        try:
            picture = Image.open(io.BytesIO(base64.b64decode(text.rpartition(",")[2])))
            picture.load()
        except (OSError, ValueError) as error:
            raise Answer(self._refuse(500, f"cannot identify image file: {error}")) from error
        return picture


def take_apart(picture: Image.Image, request: Decompose, seed: int) -> list[bytes]:
    """From the back to the front: the picture, then bars of paint, all of one size."""
    area = request.resolution * request.resolution
    size = fit_area(picture.width / picture.height, area, MULTIPLE_PX)
    layers = [encode(picture.convert("RGBA").resize(size), "png")]
    for number in range(1, request.layer_num):
        alpha = Image.new("L", size)
        left = number * size[0] // (request.layer_num + 1)
        ImageDraw.Draw(alpha).rectangle((left, 0, left + size[0] // 4, size[1]), fill=200)
        painted = paint(f"{request.prompt} {number}", seed, *size)
        layer = Image.open(io.BytesIO(painted)).convert("RGBA")
        layer.putalpha(alpha)
        layers.append(encode(layer, "png"))
    return layers


def archive(layers: list[bytes]) -> bytes:
    """A ZIP of the layers."""
    buffer = io.BytesIO()
    with zipfile.ZipFile(buffer, "w", zipfile.ZIP_DEFLATED) as file:
        for number, layer in enumerate(layers):
            file.writestr(f"layer_{number}.png" if number else "composite.png", layer)
    return buffer.getvalue()
