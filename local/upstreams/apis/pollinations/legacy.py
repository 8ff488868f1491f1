"""The legacy hosts, text.pollinations.ai and image.pollinations.ai (wire-formats B10).

Both are anonymous. Who sends a key to the text host gets a notice where the answer should be
(image-providers §4.5; its words are those of xtekky/gpt4free#3392).
"""

from typing import Any

from starlette.responses import HTMLResponse, JSONResponse, Response

from ..call import Call
from ..chat import Chat, completion_head
from ..directives import parse_directives
from ..image_request import ImageRequest
from ..shared_state import Studio
from .errors import legacy_word
from .images import picture_response

DEFAULT_MODEL = "openai"
DEFAULT_SIDE_PX = 1024
DEFAULT_SEED = 42
MIN_SIDE_PX, MAX_SIDE_PX = 16, 2048
NOTICE = """⚠️ **IMPORTANT NOTICE** ⚠️

The Pollinations legacy text API is being deprecated for **authenticated users**.

Please migrate to our new service at https://enter.pollinations.ai for better performance and \
access to all the latest models.

Note: Anonymous requests to text.pollinations.ai are NOT affected and will continue to work \
normally."""


class Legacy:
    """`POST /openai` and `GET /prompt/{prompt}`."""

    def __init__(self, studio: Studio) -> None:
        self._studio = studio
        self._chat = Chat(studio, legacy_word, default_model=DEFAULT_MODEL)

    async def chat(self, call: Call) -> Response:
        """Chat with whoever sends no key."""
        if "authorization" in call.headers or b"[[notice]]" in call.raw_body:
            return JSONResponse(notice(call.json_object()))
        return await self._chat.complete(call)

    async def show(self, call: Call) -> Response:
        """A JPEG. Numbers that are none, and sizes out of bounds, are put right in silence."""
        prompt = call.path_params["prompt"]
        if "notice" in parse_directives(prompt):
            return HTMLResponse(f"<!DOCTYPE html><title>Pollinations</title><p>{NOTICE}</p>")
        directives = await call.heed(prompt)
        width, height = (
            min(MAX_SIDE_PX, max(MIN_SIDE_PX, read_number(call, name, DEFAULT_SIDE_PX)))
            for name in ("width", "height")
        )
        seed = read_number(call, "seed", DEFAULT_SEED)
        image_request = ImageRequest(prompt, width, height, seed, format="jpeg")
        return picture_response(directives, image_request, await image_request.paint(self._studio))


def notice(fields: dict[str, Any]) -> dict[str, Any]:
    """The notice in the shape of an answer."""
    message = {"role": "assistant", "content": NOTICE}
    head = completion_head(fields.get("model", DEFAULT_MODEL), "chat.completion")
    return {
        **head,
        "choices": [{"index": 0, "message": message, "finish_reason": "stop"}],
        "usage": {"prompt_tokens": 0, "completion_tokens": 0, "total_tokens": 0},
    }


def read_number(call: Call, name: str, default: int) -> int:
    """A whole number of the query."""
    try:
        return int(call.query.get(name, default))
    except ValueError:
        return default
