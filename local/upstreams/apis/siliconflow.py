"""A stand-in for api.siliconflow.cn (wire-formats B6).

There is no endpoint for edits: pictures go to that for generations.
"""

import time
import uuid

from starlette.responses import JSONResponse, PlainTextResponse, Response
from starlette.types import ASGIApp

from .call import Call
from .chat import Chat
from .faults import Failure, Fault, Kind
from .fields import Fields, wrong_value
from .image_request import (
    ImageRequest,
    check_side,
    parse_size,
    picture_size,
    read_picture,
    to_base64,
)
from .shared_state import Studio
from .standin import StandIn, get, post

KOLORS, QWEN_IMAGE, EDIT = "Kwai-Kolors/Kolors", "Qwen/Qwen-Image", "Qwen/Qwen-Image-Edit"
DEFAULT_SIZES = {KOLORS: "1024x1024", QWEN_IMAGE: "1328x1328"}
DEFAULT_SIZE = "1024x1024"
MIN_SIDE_PX, MAX_SIDE_PX = 64, 2048
MAX_SEED = 9_999_999_999
IMAGE_FIELDS = ("image", "image2", "image3")

NO_MODEL, BAD_PARAMETER, NO_BALANCE, OVERLOADED, FAILED = 20012, 20015, 30001, 50505, 50501


def word(fault: Fault) -> Response:
    """Errors as odd as the real ones: JSON strings, objects with and without a code, plain text."""
    match fault.kind:
        case Kind.NO_TOKEN:
            return JSONResponse("Invalid token", 401)
        case Kind.BAD_TOKEN:
            return JSONResponse("Api key is invalid", 401)
        case Kind.QUOTA:
            return error(403, NO_BALANCE, "Sorry, your account balance is insufficient")
        case Kind.LIMITED:
            text = "Request was rejected due to rate limiting. Details: IPM limit reached."
            return JSONResponse({"message": text, "data": None}, 429)
        case Kind.UNAVAILABLE:
            return error(503, OVERLOADED, "Model service overloaded. Please try again later.")
        case Kind.REFUSED:
            return error(400, BAD_PARAMETER, "The prompt contains sensitive content.")
        case Kind.FAILED:
            return error(500, FAILED, "Failed to generate the image: internal error.")
        case Kind.NOT_FOUND:
            return error(400, NO_MODEL, "Model does not exist. Please check it carefully.")
        case Kind.NO_ROUTE:
            return PlainTextResponse("404 page not found", 404)
    return error(400, BAD_PARAMETER, fault.text or "The parameter is invalid.")


def error(status: int, code: int, message: str) -> JSONResponse:
    """The common shape."""
    return JSONResponse({"code": code, "message": message, "data": None}, status)


def build(studio: Studio) -> ASGIApp:
    """The server."""
    images = Images(studio)
    chat = Chat(studio, word, has_model=has_model)
    return StandIn(
        studio,
        word,
        work=[
            post("/v1/images/generations", images.generate),
            post("/v1/chat/completions", chat.complete),
        ],
        calls=[get("/v1/models", list_models)],
        stamp=lambda: {"x-siliconcloud-trace-id": f"ti_{uuid.uuid4().hex[:20]}"},
    )


async def list_models(call: Call) -> Response:
    """`GET /v1/models`"""
    model = {"id": KOLORS, "object": "model", "created": 0, "owned_by": ""}
    return JSONResponse({"object": "list", "data": [model]})


class Images:
    """The Images API."""

    def __init__(self, studio: Studio) -> None:
        self._studio = studio

    async def generate(self, call: Call) -> Response:
        """Paint from a prompt, and from pictures with the models that edit.

        Fields of other APIs, `size` and `n` among them, are passed over in silence.
        """
        image_request = self._read_order(Fields(call.json_object()))
        directives = await call.heed(image_request.prompt)
        started = time.monotonic()
        pictures = await image_request.paint_all(self._studio)
        urls = [call.keep(picture) for picture in pictures]
        if "b64" in directives:
            urls = [f"data:image/png;base64,{to_base64(picture)}" for picture in pictures]
        items = [] if directives.keys() & {"none", "words"} else [{"url": url} for url in urls]
        answer = {
            "images": items,
            "timings": {"inference": round(time.monotonic() - started, 3)},
            "seed": image_request.seed,
            "created": int(time.time()),
            "data": items,
        }
        if "none" in directives:
            del answer["images"], answer["data"]
        return JSONResponse(answer)

    def _read_order(self, fields: Fields) -> ImageRequest:
        model = fields.required_text("model")
        if not has_model(model):
            raise Failure(Kind.NOT_FOUND)
        prompt = fields.required_text("prompt")
        fields.text("negative_prompt")
        fields.integer("num_inference_steps", 20, 1, 100)
        fields.number("guidance_scale", 7.5, 0, 20)
        fields.number("cfg", 4, 0.1, 20)
        sources = tuple(
            read_picture(self._studio, name, fields.raw(name))
            for name in IMAGE_FIELDS
            if name in fields
        )
        width, height = read_size(fields, model, sources)
        return ImageRequest(
            prompt,
            width,
            height,
            seed=fields.integer("seed", self._studio.new_seed(), 0, MAX_SEED),
            count=fields.integer("batch_size", 1, 1, 4 if model == KOLORS else 1),
            sources=sources,
        )


def read_size(fields: Fields, model: str, sources: tuple[bytes, ...]) -> tuple[int, int]:
    """The size asked for; with a model that edits, that of the first picture."""
    if model.startswith(EDIT):
        if not sources:
            raise Failure(Kind.MISSING_FIELD, "The image is required.", "image")
        if "image_size" in fields:
            raise wrong_value("image_size", "not supported by this model.")
        return picture_size(sources[0])
    size = fields.text("image_size", DEFAULT_SIZES.get(model, DEFAULT_SIZE))
    width, height = parse_size("image_size", size)
    for side in (width, height):
        check_side("image_size", side, MIN_SIDE_PX, MAX_SIDE_PX)
    return width, height


def has_model(name: str) -> bool:
    """Whether it can exist: models are named after their owners."""
    return "/" in name and "no-such" not in name
