"""The routes of the studio: those that paint and encode work, the rest say what is not there."""

import hashlib
import math
import time
from typing import Any

from starlette.responses import JSONResponse, PlainTextResponse, Response
from starlette.types import ASGIApp

from ..call import Call, Handler
from ..directives import Directives
from ..faults import Answer, Fault, Kind
from ..image_request import to_base64
from ..shared_state import Studio
from ..standin import StandIn, Way, get, post
from ..validation import read_body, unprocessable
from ..words import WORDS
from .layers import Layers
from .refusals import refuse
from .requests import Encode, Generate
from .resolutions import CONFIG, VAE_MULTIPLE
from .rewriting import rewrite
from .templates import list_rewriters, list_templates
from .vision import Extractor

MAX_HISTORY = 50
MAX_TOKENS = 1504
CHARS_PER_TOKEN = 3.5
EMBEDDING_DIM = 2560
PIPELINE_MISSING = "Pipeline not loaded"
ECHOED = (
    "prompt system_prompt thinking_content assistant_content template force_think_block "
    "strip_quotes"
).split()
REMEMBERED = (
    "prompt system_prompt thinking_content assistant_content force_think_block strip_quotes width "
    "height steps seed template guidance_scale shift long_prompt_mode hidden_layer "
    "cfg_normalization cfg_truncation"
).split()

HEALTH = {
    "status": "ok",
    "pipeline_loaded": True,
    "encoder_loaded": True,
    "encoder_only_mode": False,
    "vl_available": True,
    "qwen_image_available": True,
}
TEXT_MODEL = {"id": "qwen3-4b", "name": "Qwen3-4B (Text)", "supports_image": False, "loaded": True}
# What a studio answers on which no rewriter that sees is configured (§5, §8).
STATIC: dict[str, Any] = {
    "/health": HEALTH,
    "/api/resolution-config": CONFIG,
    "/api/templates": {"templates": list_templates()},
    "/api/rewriters": {"rewriters": list_rewriters()},
    "/api/rewriter-models": {
        "models": [TEXT_MODEL],
        "default": "qwen3-4b",
        "vl_available": False,
        "vl_enabled": True,
    },
    "/api/rewriter-config": {
        "temperature": 0.6,
        "top_p": 0.95,
        "top_k": 20,
        "min_p": 0.0,
        "presence_penalty": 0.0,
        "max_tokens": 512,
        "use_api": False,
    },
    "/api/vl/config": {
        "alpha": 0.3,
        "hidden_layer": -2,
        "auto_unload": True,
        "blend_mode": "linear",
    },
    "/api/qwen-image/config": {"layer_num": 3, "cfg_scale": 4.0, "resolution": 1024, "steps": 30},
    "/api/qwen-image/edit-status": {
        "available": True,
        "edit_model_loaded": True,
        "edit_model_path": "Qwen/Qwen-Image-Edit-2511",
        "supports_multi_image": True,
    },
}


def build(studio: Studio) -> ASGIApp:
    """The server."""
    room, extractor = Room(studio), Extractor(studio)
    layers = Layers(studio, refuse, room.remember)
    return StandIn(
        studio,
        word,
        work=[
            post("/api/generate", room.generate),
            post("/api/qwen-image/decompose", layers.decompose),
            post("/api/qwen-image/edit-layer", layers.edit_layer),
            post("/api/qwen-image/edit-multi", layers.edit_multi),
            post("/api/encode", encode),
            post("/api/format-prompt", format_prompt),
            post("/api/rewrite", rewrite),
            post("/api/save-embeddings", save_embeddings),
            post("/api/vl/extract", extractor.extract),
            post("/api/vl/generate", extractor.generate),
        ],
        calls=[
            *(get(path, always(value)) for path, value in STATIC.items()),
            get("/api/history", room.list_history),
            Way("DELETE", "/api/history", room.clear_history),
            Way("DELETE", "/api/history/{index}", room.delete_history),
            get("/api/vl/status", extractor.status),
            Way("DELETE", "/api/vl/cache", extractor.clear),
            Way("DELETE", "/api/vl/cache/{id}", extractor.delete),
        ],
        needs_token=False,
    )


def word(fault: Fault) -> Response:
    """Every trouble is a `detail` (§0)."""
    match fault.kind:
        case Kind.NO_TOKEN | Kind.BAD_TOKEN:
            return refuse(401, "Invalid or missing password")
        case Kind.QUOTA:
            return refuse(429, "The quota of this password is used up")
        case Kind.LIMITED:
            return refuse(429, "Too many requests")
        case Kind.UNAVAILABLE:
            return refuse(503, PIPELINE_MISSING)
        case Kind.FAILED:
            return refuse(500, "CUDA out of memory. Tried to allocate 2.00 GiB.")
        case Kind.REFUSED:
            return refuse(400, "The prompt was rejected by the content filter of this server")
        case Kind.NO_ROUTE:
            return refuse(404, "Not Found")
    return refuse(400, fault.text or "Bad Request")


def always(value: Any) -> Handler:
    """A handler that always answers the same."""

    async def answer(call: Call) -> Response:
        return JSONResponse(value)

    return answer


class Room:
    """The pipeline, and the memory of what it has painted."""

    def __init__(self, studio: Studio) -> None:
        self._studio = studio
        self._history: list[dict[str, Any]] = []
        """Newest first."""

    async def generate(self, call: Call) -> Response:
        """A picture as the body, and what is to be known of it in headers (§1.1)."""
        request = read_body(call, Generate)
        directives = await call.heed(request.prompt)
        width, height = settle_size(request)
        started_at = time.monotonic()
        for _ in range(max(1, int(directives.number("steps", request.steps)))):
            await call.pause(self._studio.step_s)
        seed = self._studio.new_seed() if request.seed is None else request.seed
        picture = await self._studio.paint(request.format(), seed, width, height)
        took_s = time.monotonic() - started_at
        item = self.remember(
            {
                "model_type": "zimage",
                **{name: getattr(request, name) for name in REMEMBERED},
                "gen_time": took_s,
                "image_b64": to_base64(picture),
                "formatted_prompt": request.format(),
            }
        )
        headers = {
            "X-Generation-Time": str(took_s),
            # Not the seed that was drawn, and 0 is taken for none.
            "X-Seed": str(request.seed) if request.seed else "random",
            "X-History-Id": str(item["id"]),
        }
        return send(picture, directives, headers)

    def remember(self, fields: dict[str, Any]) -> dict[str, Any]:
        """Put what was painted before all the rest; the item that it became."""
        item = {"id": len(self._history), "timestamp": time.time(), **fields}
        self._history.insert(0, item)
        del self._history[MAX_HISTORY:]
        return item

    async def list_history(self, call: Call) -> Response:
        """All that is remembered, pictures and all (§6)."""
        return JSONResponse({"history": self._history})

    async def clear_history(self, call: Call) -> Response:
        """Forget everything."""
        count = len(self._history)
        self._history.clear()
        return JSONResponse({"cleared": count})

    async def delete_history(self, call: Call) -> Response:
        """Forget the item at a place in the list: the place, not the id."""
        text = call.path_params["index"]
        if not text.lstrip("-").isdecimal():
            raise unprocessable(
                {
                    "type": "int_parsing",
                    "loc": ["path", "index"],
                    "msg": "Input should be a valid integer, unable to parse string as an integer",
                    "input": text,
                }
            )
        index = int(text)
        if not 0 <= index < len(self._history):
            return refuse(404, "History item not found")
        item = self._history.pop(index)
        return JSONResponse({"deleted": item, "remaining": len(self._history)})


def settle_size(request: Generate) -> tuple[int, int]:
    """Width and height. Nobody checks them but the pipeline itself, which then falls over."""
    if request.is_multipass:
        return floor(request.width), floor(request.height)
    for name, side in (("Height", request.height), ("Width", request.width)):
        if side <= 0 or side % VAE_MULTIPLE:
            raise Answer(refuse(500, f"{name} must be divisible by {VAE_MULTIPLE} (got {side})"))
    return request.width, request.height


def floor(side: int) -> int:
    """The multiple that is not larger, at least one."""
    return max(1, side // VAE_MULTIPLE) * VAE_MULTIPLE


def send(picture: bytes, directives: Directives, headers: dict[str, str]) -> Response:
    """The picture, unless a directive wants something else."""
    if "words" in directives:
        return PlainTextResponse(WORDS, headers=headers)
    body = b"" if "none" in directives else picture
    return Response(body, headers=headers, media_type="image/png")


async def encode(call: Call) -> Response:
    """How long the embedding would be: the embedding itself is never sent (§1.2)."""
    request = read_body(call, Encode)
    await call.heed(request.prompt)
    formatted = request.format()
    tokens = count_tokens(formatted)
    return JSONResponse(
        {
            "shape": [tokens, EMBEDDING_DIM],
            "dtype": "torch.bfloat16",
            "encode_time": 0.01,
            "token_count": tokens,
            "prompt": request.prompt,
            "formatted_prompt": formatted,
        }
    )


async def save_embeddings(call: Call) -> Response:
    """Where the file would be: of the request only three fields count (§9)."""
    request = read_body(call, Encode)
    await call.heed(request.prompt)
    counted = Encode(
        prompt=request.prompt,
        template=request.template,
        force_think_block=request.force_think_block,
    )
    digest = hashlib.md5(request.prompt.encode()).hexdigest()[:8]
    return JSONResponse(
        {
            "path": f"/srv/studio/embeddings/embeddings_{digest}.safetensors",
            "shape": [count_tokens(counted.format()), EMBEDDING_DIM],
            "encode_time": 0.01,
        }
    )


async def format_prompt(call: Call) -> Response:
    """The formatted prompt, and the request as it was sent (§1.3)."""
    request = read_body(call, Encode)
    await call.heed(request.prompt)
    formatted = request.format()
    return JSONResponse(
        {
            "formatted_prompt": formatted,
            "char_count": len(formatted),
            "token_count": count_tokens(formatted),
            "max_tokens": MAX_TOKENS,
            **{name: getattr(request, name) for name in ECHOED},
        }
    )


def count_tokens(text: str) -> int:
    """An estimate: there is no tokenizer here."""
    return math.ceil(len(text) / CHARS_PER_TOKEN)
