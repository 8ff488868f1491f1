"""A stand-in for api.a4f.co, a clone of OpenAI's API (wire-formats B7, image-providers §4.4)."""

import re
import time

from starlette.responses import JSONResponse, Response
from starlette.types import ASGIApp

from .call import Call
from .chat import Chat, has_any_model
from .faults import Failure, Kind
from .fields import Fields, wrong_value
from .image_request import ImageRequest, check_picture, check_side, openai_items, parse_size
from .openai_errors import Phrase, openai_wording
from .shared_state import Studio
from .standin import StandIn, post

MODEL = re.compile(r"provider-\d+/.+")
MIN_SIDE_PX, MAX_SIDE_PX = 64, 2048
MAX_PROMPT_CHARS = 32_000
# Neither seed nor steps nor a negative prompt.
KNOWN_FIELDS = frozenset("model prompt n quality response_format size style user".split())
IMAGE_FIELDS = ("image", "image[]")

word = openai_wording(
    {
        Kind.NO_TOKEN: Phrase(401, "No API key provided.", "authentication_error"),
        Kind.BAD_TOKEN: Phrase(
            401, "Invalid API key provided: {text}", "authentication_error", "invalid_api_key"
        ),
        Kind.QUOTA: Phrase(
            402,
            "Insufficient credits: the daily quota of your plan is used up.",
            "insufficient_quota",
            "insufficient_quota",
        ),
        Kind.LIMITED: Phrase(
            429,
            "Rate limit exceeded: 5 requests per minute on your plan.",
            "rate_limit_error",
            "rate_limit_exceeded",
        ),
        Kind.UNAVAILABLE: Phrase(
            503, "The provider is currently unavailable.", "api_error", "service_unavailable"
        ),
        Kind.REFUSED: Phrase(
            400,
            "Your request was rejected as a result of our safety system.",
            code="content_policy_violation",
        ),
        Kind.FAILED: Phrase(
            500, "The provider failed to generate an image.", "api_error", "internal_server_error"
        ),
        Kind.NOT_FOUND: Phrase(404, code="model_not_found"),
    }
)


def build(studio: Studio) -> ASGIApp:
    """The server."""
    images = Images(studio)
    chat = Chat(studio, word, has_model=has_model)
    return StandIn(
        studio,
        word,
        work=[
            post("/v1/images/generations", images.generate),
            post("/v1/images/edits", images.edit),
            post("/v1/chat/completions", chat.complete),
        ],
    )


class Images:
    """The Images API."""

    def __init__(self, studio: Studio) -> None:
        self._studio = studio

    async def generate(self, call: Call) -> Response:
        """Paint from a prompt."""
        return await self._answer(call, Fields(call.json_object()), ())

    async def edit(self, call: Call) -> Response:
        """Paint from a prompt and the files of a form."""
        if call.form is None:
            raise Failure(Kind.MALFORMED, "Expected a multipart form.")
        uploads = call.form.uploads(*IMAGE_FIELDS)
        if not uploads:
            raise Failure(Kind.MISSING_FIELD, "Missing required parameter: 'image'.", "image")
        sources = tuple(check_picture("image", upload.data) for upload in uploads)
        return await self._answer(call, Fields.of_form(call.form), sources)

    async def _answer(self, call: Call, fields: Fields, sources: tuple[bytes, ...]) -> Response:
        fields.refuse_others(KNOWN_FIELDS)
        image_request = read_order(fields, sources, self._studio.new_seed())
        as_url = fields.choice("response_format", ("url", "b64_json"), "url") == "url"
        directives = await call.heed(image_request.prompt)
        pictures = await image_request.paint_all(self._studio)
        items = openai_items(call, directives, image_request, pictures, as_url=as_url)
        return JSONResponse({"created": int(time.time()), **items})


def read_order(fields: Fields, sources: tuple[bytes, ...], seed: int) -> ImageRequest:
    """Check the fields of a request for pictures."""
    model = fields.required_text("model")
    if not has_model(model):
        raise Failure(Kind.NOT_FOUND, f"The model `{model}` does not exist.", "model")
    prompt = fields.required_text("prompt", MAX_PROMPT_CHARS)
    fields.choice("quality", ("standard", "hd"), "standard")
    fields.choice("style", ("vivid", "natural"), "vivid")
    fields.text("user")
    width, height = parse_size("size", fields.text("size", "1024x1024"))
    for side in (width, height):
        check_side("size", side, MIN_SIDE_PX, MAX_SIDE_PX)
    count = fields.integer("n", 1, 1, 10)
    return ImageRequest(prompt, width, height, seed, count, sources=sources)


def has_model(name: str) -> bool:
    """Whether it can exist. Fails when it does not even name one of the providers behind A4F."""
    if not MODEL.fullmatch(name):
        raise wrong_value("model", f"'{name}' must be of the form provider-N/model.")
    return has_any_model(name)
