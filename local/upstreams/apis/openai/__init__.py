"""A stand-in for api.openai.com: Images, Chat Completions and Models (wire-formats B3)."""

import uuid
from typing import Any

from starlette.responses import JSONResponse, Response
from starlette.types import ASGIApp

from ..call import Call
from ..chat import KNOWN_FIELDS, Chat
from ..faults import Failure, Kind
from ..shared_state import Studio
from ..standin import StandIn, get, post
from .errors import word
from .images import Images
from .models import CHAT_MODELS, FAMILIES, is_chat_model

CREATED = 1_780_000_000


def build(studio: Studio) -> ASGIApp:
    """The server."""
    images = Images(studio, word)
    chat = Chat(studio, word, known=KNOWN_FIELDS, has_model=is_chat_model)
    return StandIn(
        studio,
        word,
        work=[
            post("/v1/images/generations", images.generate),
            post("/v1/images/edits", images.edit),
            post("/v1/chat/completions", chat.complete),
        ],
        calls=[get("/v1/models", list_models), get("/v1/models/{id}", show_model)],
        stamp=stamp,
    )


def stamp() -> dict[str, str]:
    """The headers of every answer."""
    return {
        "x-request-id": f"req_{uuid.uuid4().hex}",
        "openai-version": "2020-10-01",
        "openai-organization": "darkroom",
        "openai-processing-ms": "42",
    }


async def list_models(call: Call) -> Response:
    """`GET /v1/models`"""
    models = [describe(name) for name in (*FAMILIES, *CHAT_MODELS)]
    return JSONResponse({"object": "list", "data": models})


async def show_model(call: Call) -> Response:
    """`GET /v1/models/{id}`"""
    name = call.path_params["id"]
    if name not in FAMILIES and name not in CHAT_MODELS:
        raise Failure(Kind.NOT_FOUND, f"The model '{name}' does not exist", "model")
    return JSONResponse(describe(name))


def describe(name: str) -> dict[str, Any]:
    """A model as the API lists it."""
    return {"id": name, "object": "model", "created": CREATED, "owned_by": "system"}
