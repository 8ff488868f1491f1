"""A stand-in for api.deepseek.com: chat only (image-providers §4.7)."""

from starlette.responses import JSONResponse, Response
from starlette.types import ASGIApp

from .call import Call
from .chat import Chat
from .faults import Kind
from .openai_errors import INVALID, Phrase, openai_wording
from .shared_state import Studio
from .standin import StandIn, get, post

word = openai_wording(
    {
        Kind.NO_TOKEN: Phrase(
            401,
            "Authentication Fails (auth header format should be Bearer sk-...)",
            "authentication_error",
            INVALID,
        ),
        Kind.BAD_TOKEN: Phrase(
            401,
            "Authentication Fails, Your api key: {text} is invalid",
            "authentication_error",
            INVALID,
        ),
        Kind.QUOTA: Phrase(402, "Insufficient Balance", "unknown_error", INVALID),
        Kind.LIMITED: Phrase(
            429, "Rate limit reached: you are sending requests too quickly.", "rate_limit_error"
        ),
        Kind.UNAVAILABLE: Phrase(
            503,
            "Service is too busy. We advise users to temporarily switch to alternative LLM API "
            "service providers.",
            "service_unavailable_error",
        ),
        Kind.REFUSED: Phrase(400, "Content Exists Risk", code=INVALID),
        Kind.FAILED: Phrase(500, "Internal Server Error", "server_error", "internal_error"),
        Kind.NOT_FOUND: Phrase(400, "Model Not Exist", code=INVALID),
        # Malformed bodies are a 400 "Invalid Format", wrong values a 422 "Invalid Parameters".
        Kind.WRONG_VALUE: Phrase(422, code=INVALID),
    }
)


def build(studio: Studio) -> ASGIApp:
    """The server."""
    chat = Chat(studio, word, has_model=lambda name: name.startswith("deepseek-"))
    paths = ("/chat/completions", "/v1/chat/completions")
    return StandIn(
        studio,
        word,
        work=[post(path, chat.complete) for path in paths],
        calls=[get(path, list_models) for path in ("/models", "/v1/models")],
    )


async def list_models(call: Call) -> Response:
    """`GET /models`"""
    names = ("deepseek-chat", "deepseek-reasoner")
    models = [{"id": name, "object": "model", "owned_by": "deepseek"} for name in names]
    return JSONResponse({"object": "list", "data": models})
