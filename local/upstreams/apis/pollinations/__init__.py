"""A stand-in for Pollinations' three hosts (wire-formats B10, image-providers §4.5).

The paths of gen.pollinations.ai need a key, in a header or as `?key=`. Those of the legacy hosts
need none: `POST /openai` of text.pollinations.ai and `GET /prompt/...` of image.pollinations.ai.

    [[notice]]      the legacy hosts answer with their notice of deprecation
"""

from starlette.requests import Request
from starlette.responses import JSONResponse, Response
from starlette.types import ASGIApp

from ..call import Call
from ..chat import Chat
from ..shared_state import Studio
from ..standin import StandIn, get, post
from ..tokens import bearer_token
from .errors import legacy_word, word
from .images import Images
from .legacy import Legacy

CREATED = 1_780_000_000
TEXT_MODELS = ("openai", "openai-fast", "mistral", "llama")
IMAGE_MODELS = ("flux", "zimage", "turbo", "gptimage", "kontext", "nanobanana", "seedream")


def build(studio: Studio) -> ASGIApp:
    """The server."""
    images, chat, legacy = Images(studio), Chat(studio, word), Legacy(studio)
    return StandIn(
        studio,
        word,
        work=[
            post("/v1/images/generations", images.generate),
            post("/v1/images/edits", images.edit),
            get("/image/{prompt:path}", images.show),
            post("/v1/chat/completions", chat.complete),
        ],
        calls=[get("/account/key", tell_key)],
        public=[
            get("/v1/models", list_models),
            get("/image/models", list_image_models),
            post("/openai", legacy.chat, legacy_word),
            get("/prompt/{prompt:path}", legacy.show, legacy_word),
        ],
        token_of=key_of,
    )


def key_of(request: Request) -> str:
    """The key in a header, else that in the query."""
    return bearer_token(request) or request.query_params.get("key", "")


async def tell_key(call: Call) -> Response:
    """`GET /account/key`: what kind of key it is, and what is left of its budget."""
    kind = "publishable" if call.token.startswith("pk_") else "secret"
    return JSONResponse({"valid": True, "type": kind, "expiresAt": None, "pollenBudget": None})


async def list_models(call: Call) -> Response:
    """`GET /v1/models`"""
    models = [
        {"id": name, "object": "model", "created": CREATED, "owned_by": "pollinations"}
        for name in TEXT_MODELS
    ]
    return JSONResponse({"object": "list", "data": models})


async def list_image_models(call: Call) -> Response:
    """`GET /image/models`"""
    models = [
        {
            "name": name,
            "aliases": [],
            "description": f"The model {name}",
            "input_modalities": ["text", "image"] if name == "kontext" else ["text"],
            "output_modalities": ["image"],
        }
        for name in IMAGE_MODELS
    ]
    return JSONResponse(models)
