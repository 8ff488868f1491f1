"""Pictures conditioned on others (§7), as the original means it.

At its newest it always fails to paint them: `[[head]]` in a prompt has it so here.
"""

import base64
import binascii
import hashlib
import time
from typing import Any

from starlette.responses import JSONResponse, Response

from ..call import Call
from ..shared_state import Studio
from ..validation import read_body
from .refusals import refuse
from .requests import Extract, VisionGenerate

EMBEDDING_DIM = 2560
BLEND_MODES = (
    "interpolate adain_per_dim adain linear style_only graduated attention_weighted"
).split()
STRICT_MODES = ("linear", "interpolate")


class Extractor:
    """The vision model, and the memory of what it has seen."""

    def __init__(self, studio: Studio) -> None:
        self._studio = studio
        self._seen: dict[str, bytes] = {}

    async def status(self, call: Call) -> Response:
        """Which embeddings are there."""
        return JSONResponse(
            {
                "available": True,
                "configured": True,
                "model_path": "/models/Qwen3-VL-4B-Instruct",
                "device": "cuda",
                "default_alpha": 0.3,
                "default_hidden_layer": -2,
                "blend_modes": BLEND_MODES,
                "cached_embeddings": list(self._seen),
            }
        )

    async def extract(self, call: Call) -> Response:
        """Keep a picture under the digests of its bytes and of the words with it."""
        request = read_body(call, Extract)
        await call.heed(request.text or "")
        if request.image_tokens_only:
            return refuse(500, "text_tokens_only and image_tokens_only exclude each other")
        picture = decode(request.image)
        if picture is None:
            return refuse(500, "cannot identify image file")
        name = name_of(picture, request.text, request.hidden_layer)
        self._seen[name] = picture
        tokens = 4 + len((request.text or "").split())
        answer: dict[str, Any] = {
            "embeddings_id": name,
            "num_tokens": tokens,
            "shape": [tokens, EMBEDDING_DIM],
            "hidden_layer": request.hidden_layer,
            "original_std": 12.5,
            "scaled_std": 61.0 if request.scale_to_text else 12.5,
            "extract_time": 0.01,
        }
        return JSONResponse(answer)

    async def generate(self, call: Call) -> Response:
        """A picture as the body; an id goes before a picture."""
        request = read_body(call, VisionGenerate)
        directives = await call.heed(request.prompt)
        picture = b""
        if request.vl_embeddings_id:
            if request.vl_embeddings_id not in self._seen:
                return refuse(404, f"VL embeddings not found: {request.vl_embeddings_id}")
            picture = self._seen[request.vl_embeddings_id]
        elif request.vl_image:
            decoded = decode(request.vl_image)
            if decoded is None:
                return refuse(500, "VL extraction failed: cannot identify image file")
            picture = decoded
        if request.vl_blend_mode in STRICT_MODES and not 0 <= request.vl_alpha <= 1:
            return refuse(500, f"alpha must be in [0, 1], got {request.vl_alpha}")
        for name, side in (("Height", request.height), ("Width", request.width)):
            if side <= 0 or side % 16:
                return refuse(500, f"{name} must be divisible by 16 (got {side})")
        if "head" in directives:
            return refuse(500, "encode() got an unexpected keyword argument 'hidden_layer'")
        began = time.monotonic()
        seed = self._studio.new_seed() if request.seed is None else request.seed
        blended = f"{request.format()} {hashlib.md5(picture).hexdigest()} {request.vl_alpha}"
        painted = await self._studio.paint(blended, seed, request.width, request.height)
        headers = {
            "X-Generation-Time": str(time.monotonic() - began),
            "X-Seed": str(request.seed) if request.seed else "random",
            "X-VL-Alpha": str(request.vl_alpha),
            "X-VL-Blend-Mode": request.vl_blend_mode,
        }
        return Response(painted, headers=headers, media_type="image/png")

    async def delete(self, call: Call) -> Response:
        """Forget one."""
        name = call.path_params["id"]
        if self._seen.pop(name, None) is None:
            return refuse(404, f"VL embeddings not found: {name}")
        return JSONResponse({"deleted": name})

    async def clear(self, call: Call) -> Response:
        """Forget all."""
        count = len(self._seen)
        self._seen.clear()
        return JSONResponse({"cleared": count})


def name_of(picture: bytes, text: str | None, hidden_layer: int) -> str:
    """`vl_90015098_d41d_L-2`"""
    words = hashlib.md5((text or "").encode()).hexdigest()
    return f"vl_{hashlib.md5(picture).hexdigest()[:8]}_{words[:4]}_L{hidden_layer}"


def decode(text: str) -> bytes | None:
    """Bare base64: a data URL is none."""
    try:
        return base64.b64decode(text, validate=True)
    except binascii.Error:
        return None
