"""`POST /hf-inference/models/{owner}/{name}`: a prompt in, the bytes of a picture out (B11)."""

from typing import Any

from starlette.responses import JSONResponse, Response

from ..body import sniff
from ..call import Call
from ..directives import Directives
from ..faults import Answer, Failure, Kind
from ..fields import Fields, wrong_type
from ..image_request import ImageRequest, check_picture, picture_size, read_picture
from ..painting import MEDIA_TYPES
from ..shared_state import Studio

DEFAULT_SIDE_PX = 1024
MIN_SIDE_PX, MAX_SIDE_PX = 16, 2048
MAX_SEED = 2**64 - 1
LOADING_S = 20.0


class Images:
    """Text to image, and image to image."""

    def __init__(self, studio: Studio) -> None:
        self._studio = studio

    async def generate(self, call: Call) -> Response:
        """A PNG for who accepts that alone, else a JPEG."""
        model = call.path_params["model"]
        if model.count("/") != 1 or "no-such" in model:
            raise Failure(Kind.NOT_FOUND, f"Model {model} does not exist")
        format = "png" if call.headers.get("accept") == "image/png" else "jpeg"
        image_request = self._read_order(call, format)
        directives = await call.heed(image_request.prompt)
        if "loading" in directives:
            raise Answer(loading(model))
        return picture_response(directives, image_request, await image_request.paint(self._studio))

    def _read_order(self, call: Call, format: str) -> ImageRequest:
        """The order. A body that is a picture itself comes without prompt or parameters."""
        if sniff(call.raw_body):
            source = check_picture("inputs", call.raw_body)
            return self._take_order("", Fields({}), source, format)
        body = Fields(call.json_object())
        inputs = body.required_text("inputs")
        parameters = body.raw("parameters") or {}
        if not isinstance(parameters, dict):
            raise wrong_type("parameters", "an object", parameters)
        fields = Fields(parameters)
        prompt = fields.text("prompt")
        if prompt:
            return self._take_order(
                prompt, fields, read_picture(self._studio, "inputs", inputs), format
            )
        return self._take_order(inputs, fields, None, format)

    def _take_order(
        self, prompt: str, fields: Fields, source: bytes | None, format: str
    ) -> ImageRequest:
        fields.text("negative_prompt")
        fields.integer("num_inference_steps", 20, 1, 500)
        fields.number("guidance_scale", 7.5, 0, 50)
        width, height = picture_size(source) if source else (DEFAULT_SIDE_PX, DEFAULT_SIDE_PX)
        return ImageRequest(
            prompt,
            fields.integer("width", width, MIN_SIDE_PX, MAX_SIDE_PX),
            fields.integer("height", height, MIN_SIDE_PX, MAX_SIDE_PX),
            fields.integer("seed", self._studio.new_seed(), 0, MAX_SEED),
            format=format,
            sources=(source,) if source else (),
        )


def loading(model: str) -> Response:
    """The answer of a model that nobody has used for a while."""
    body: dict[str, Any] = {
        "error": f"Model {model} is currently loading",
        "estimated_time": LOADING_S,
    }
    return JSONResponse(body, 503)


def picture_response(
    directives: Directives, image_request: ImageRequest, picture: bytes
) -> Response:
    """The picture itself; a text for `[[words]]` and nothing at all for `[[none]]`."""
    if "words" in directives:
        return JSONResponse([{"generated_text": "A picture in words: soft colours."}])
    if "none" in directives:
        return Response(b"", media_type=MEDIA_TYPES[image_request.format])
    return Response(picture, media_type=MEDIA_TYPES[image_request.format])
