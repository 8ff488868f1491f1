"""The image endpoints of gen.pollinations.ai (wire-formats B10)."""

import time

from starlette.responses import JSONResponse, Response

from ..body import Form
from ..call import Call
from ..chat import has_any_model
from ..directives import Directives
from ..faults import Failure, Kind
from ..fields import Fields, wrong_value
from ..image_request import (
    ImageRequest,
    check_picture,
    check_side,
    openai_items,
    parse_size,
    picture_size,
    read_picture,
)
from ..painting import MEDIA_TYPES
from ..shared_state import MAX_SEED, Studio

MAX_PROMPT_CHARS = 32_000
MIN_SIDE_PX, MAX_SIDE_PX = 16, 4096
DEFAULT_SIDE_PX = 1024
RANDOM_SEED = -1
QUALITIES = ("standard", "hd", "low", "medium", "high")
SOURCE_SEPARATORS = ("|", ",")


class Images:
    """By POST as OpenAI has it, and by GET with everything in the address."""

    def __init__(self, studio: Studio) -> None:
        self._studio = studio

    async def generate(self, call: Call) -> Response:
        """Paint from a prompt. Unknown fields are passed on to the model, which ignores them."""
        fields = Fields(call.json_object())
        return await self._answer(call, fields, self._read_sources(fields))

    async def edit(self, call: Call) -> Response:
        """Paint from a prompt and pictures, of a form or of JSON."""
        form = call.form
        fields = Fields.of_form(form) if form else Fields(call.json_object())
        sources = read_files(form) if form else self._read_sources(fields)
        if not sources:
            raise Failure(Kind.MISSING_FIELD, "Missing required parameter: 'image'.", "image")
        return await self._answer(call, fields, sources)

    async def show(self, call: Call) -> Response:
        """`GET /image/{prompt}`"""
        fields = Fields(call.query, are_texts=True)
        prompt = call.path_params["prompt"]
        sources = tuple(
            read_picture(self._studio, "image", address)
            for address in split_addresses(fields.text("image"))
        )
        check_model(fields)
        width = fields.integer("width", DEFAULT_SIDE_PX, MIN_SIDE_PX, MAX_SIDE_PX)
        height = fields.integer("height", DEFAULT_SIDE_PX, MIN_SIDE_PX, MAX_SIDE_PX)
        for name in ("enhance", "safe", "transparent"):
            fields.flag(name)
        fields.choice("quality", ("low", "medium", "high", "hd"), "medium")
        format = "png" if fields.flag("transparent") else "jpeg"
        seed = self._read_seed(fields)
        directives = await call.heed(prompt)
        image_request = ImageRequest(prompt, width, height, seed, format=format, sources=sources)
        return picture_response(directives, image_request, await image_request.paint(self._studio))

    async def _answer(self, call: Call, fields: Fields, sources: tuple[bytes, ...]) -> Response:
        prompt = fields.required_text("prompt", MAX_PROMPT_CHARS)
        check_model(fields)
        fields.integer("n", 1, 1, 1)
        fields.choice("quality", QUALITIES, "standard")
        as_url = fields.choice("response_format", ("url", "b64_json"), "b64_json") == "url"
        width, height = read_size(fields, sources)
        seed = self._read_seed(fields)
        directives = await call.heed(prompt)
        image_request = ImageRequest(prompt, width, height, seed, format="jpeg", sources=sources)
        pictures = await image_request.paint_all(self._studio)
        items = openai_items(call, directives, image_request, pictures, as_url=as_url)
        return JSONResponse({"created": int(time.time()), **items})

    def _read_seed(self, fields: Fields) -> int:
        seed = fields.integer("seed", RANDOM_SEED, RANDOM_SEED, MAX_SEED)
        return self._studio.new_seed() if seed == RANDOM_SEED else seed

    def _read_sources(self, fields: Fields) -> tuple[bytes, ...]:
        value = fields.raw("image")
        addresses = value if isinstance(value, list) else [value]
        return tuple(
            read_picture(self._studio, "image", address)
            for address in addresses
            if address is not None
        )


def check_model(fields: Fields) -> None:
    """Fail when there is no such model."""
    model = fields.text("model", "flux")
    if not has_any_model(model):
        raise wrong_value("model", f"'{model}' is not a model.")


def read_files(form: Form) -> tuple[bytes, ...]:
    """The pictures of a form."""
    return tuple(check_picture("image", upload.data) for upload in form.uploads("image", "image[]"))


def read_size(fields: Fields, sources: tuple[bytes, ...]) -> tuple[int, int]:
    """The size asked for, else that of the first picture."""
    if "size" in fields:
        width, height = parse_size("size", fields.text("size"))
        for side in (width, height):
            check_side("size", side, MIN_SIDE_PX, MAX_SIDE_PX)
        return width, height
    return picture_size(sources[0]) if sources else (DEFAULT_SIDE_PX, DEFAULT_SIDE_PX)


def split_addresses(text: str) -> list[str]:
    """`"u1|u2"` -> `["u1", "u2"]`; a comma separates just as well."""
    for separator in SOURCE_SEPARATORS:
        if separator in text:
            return text.split(separator)
    return [text] if text else []


def picture_response(
    directives: Directives, image_request: ImageRequest, picture: bytes
) -> Response:
    """The picture itself; the words of `[[words]]` and nothing at all for `[[none]]`."""
    media_type = MEDIA_TYPES[image_request.format]
    if "words" in directives:
        return Response("A picture in words: soft colours.", media_type="text/plain")
    if "none" in directives:
        return Response(b"", media_type=media_type)
    return Response(picture, media_type=media_type)
