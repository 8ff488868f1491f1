"""`:predict`, the method of the Imagen models (wire-formats B2)."""

from typing import Any

from starlette.responses import JSONResponse, Response

from ..call import Call
from ..directives import Directives
from ..faults import Failure, Kind
from ..fields import Fields, wrong_type
from ..image_request import ImageRequest, to_base64
from ..shared_state import MAX_SEED, Studio
from .models import find_model
from .schema import PREDICT, check

MAX_SAMPLES = 4
PEOPLE = ("dont_allow", "allow_adult", "allow_all")
FORMATS = {"image/png": "png", "image/jpeg": "jpeg"}
FILTERED = (
    "Unable to show generated images. All images were filtered out because they violated the "
    "usage guidelines. You will not be charged for blocked images."
)


class Imagen:
    """Paints samples of one prompt."""

    def __init__(self, studio: Studio) -> None:
        self._studio = studio

    async def predict(self, call: Call) -> Response:
        """Predictions, each a picture or the reason why it is withheld."""
        model = find_model(call.path_params["model"], "predict")
        body = check(call.json_object(), PREDICT)
        prompt = read_prompt(body.get("instances"))
        parameters = read_parameters(body.get("parameters"))
        tier = parameters.text("imageSize") or parameters.text("sampleImageSize") or None
        ratio = parameters.text("aspectRatio") or None
        width, height = model.pick_size(ratio, tier)
        image_request = ImageRequest(
            prompt,
            width,
            height,
            parameters.integer("seed", self._studio.new_seed(), 0, MAX_SEED),
            count=parameters.integer("sampleCount", MAX_SAMPLES, 1, MAX_SAMPLES),
            format=read_format(parameters),
        )
        directives = await call.heed(prompt, later=("refuse",))
        return JSONResponse(await self._predict(image_request, directives))

    async def _predict(self, image_request: ImageRequest, directives: Directives) -> dict[str, Any]:
        if "none" in directives or "words" in directives:
            return {}
        if "refuse" in directives:
            return {"predictions": [{"raiFilteredReason": FILTERED}]}
        mime_type = f"image/{image_request.format}"
        pictures = await image_request.paint_all(self._studio)
        return {
            "predictions": [
                {"mimeType": mime_type, "bytesBase64Encoded": to_base64(picture)}
                for picture in pictures
            ]
        }


def read_prompt(instances: Any) -> str:
    """The prompt of the one instance, which may come in a list or bare."""
    instance = instances[0] if isinstance(instances, list) and instances else instances
    if not isinstance(instance, dict):
        raise wrong_type("instances", "a list of objects", instances)
    prompt = instance.get("prompt")
    if not isinstance(prompt, str) or not prompt:
        raise Failure(Kind.MISSING_FIELD, "Prompt is required.", "instances[0].prompt")
    return prompt


def read_parameters(value: Any) -> Fields:
    """The parameters, which may be missing altogether; unknown ones are ignored."""
    if value is not None and not isinstance(value, dict):
        raise wrong_type("parameters", "an object", value)
    parameters = Fields(value or {})
    parameters.choice("personGeneration", PEOPLE, "allow_adult")
    return parameters


def read_format(parameters: Fields) -> str:
    """PNG, unless the output options say JPEG."""
    options = parameters.raw("outputOptions") or {}
    if not isinstance(options, dict):
        raise wrong_type("parameters.outputOptions", "an object", options)
    mime_type = options.get("mimeType", "image/png")
    if mime_type not in FORMATS:
        raise Failure(Kind.WRONG_VALUE, f"Unsupported output mime type: {mime_type}")
    return FORMATS[mime_type]
