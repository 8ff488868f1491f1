"""The models: a prompt in, JSON or the bytes of a picture out."""

import base64
import json
from typing import Any

from jsonschema import Draft202012Validator, ValidationError
from starlette.responses import JSONResponse, Response

from ..body import Form
from ..call import Call
from ..chat import Chat
from ..directives import Directives
from ..faults import Answer, Failure, Kind
from ..image_request import check_picture, picture_size, read_picture, to_base64
from ..painting import MEDIA_TYPES
from ..shared_state import Studio
from .errors import ALLOCATION, BUSY, refusal, word
from .schemas import BINARY, COMMON, ENVELOPE, FORMS, HOSTED, OPTIONS, UNIFIED, Schema

SIDE_PX = 1024
SMALLER_THAN_PX = 512  # of each side of a picture that FLUX.2 refers to
# Pixels of a ratio in a tier of 1K.
SIDES = {
    "1:1": (1024, 1024), "4:3": (1152, 864), "3:4": (864, 1152), "16:9": (1280, 720),
    "9:16": (720, 1280), "3:2": (1248, 832), "2:3": (832, 1248),
}  # fmt: skip


class Models:
    """Hosted models, those of the unified catalog, and text models."""

    def __init__(self, studio: Studio) -> None:
        self._studio = studio
        self.chat = Chat(studio, word, default_model="@cf/meta/llama-3.1-8b-instruct")

    async def search(self, call: Call) -> Response:
        """`GET …/ai/models/search`: the hosted models."""
        return enveloped([{"name": model} for model in HOSTED])

    async def run_hosted(self, call: Call) -> Response:
        """`POST …/ai/run/{model}`: the body is the input."""
        model = call.path_params["model"]
        if model not in HOSTED:
            return await self._run_text(call, model)
        if model in FORMS:
            if call.form is None:
                raise Answer(no_form())
            fields, sources = read_form(call.form, HOSTED[model])
            options: dict[str, Any] = {}
        else:
            fields, sources = call.json_object(), []
            options = fields.pop("options", {})
            check(options, OPTIONS)
        check(fields, HOSTED[model])
        directives = await heed(call, fields["prompt"], options, self._studio)
        if "image_b64" in fields:
            sources = [check_picture("image_b64", decoded(fields["image_b64"]))]
        if model.endswith(("-img2img", "-inpainting")) and not sources:
            raise Failure(Kind.MISSING_FIELD, "required properties at '/' are 'image'")
        if "mask" in fields:
            sources.append(check_picture("mask", bytes(fields["mask"])))
        elif model.endswith("-inpainting"):
            raise Failure(Kind.MISSING_FIELD, "required properties at '/' are 'mask'")
        format = BINARY.get(model, "jpeg")
        default = (1120, 1120) if model.endswith("lucid-origin") else (SIDE_PX, SIDE_PX)
        size = (fields.get("width", default[0]), fields.get("height", default[1]))
        picture = await self._paint(fields, size, format, sources)
        if "words" in directives or "none" in directives:
            return enveloped({"description": "soft colours"} if "words" in directives else {})
        if model in BINARY:
            return Response(picture, media_type=MEDIA_TYPES[format])
        return enveloped({"image": to_base64(picture)})

    async def run_unified(self, call: Call) -> Response:
        """`POST …/ai/run`: the model and its input."""
        body = call.json_object()
        check(body, ENVELOPE)
        check(body.get("options", {}), OPTIONS)
        model, fields = body["model"], body["input"]
        if model.startswith("no-such"):
            raise Failure(Kind.NOT_FOUND)
        check(fields, UNIFIED.get(model, COMMON))
        directives = await heed(call, fields["prompt"], body.get("options", {}), self._studio)
        images = [fields["image"]] if "image" in fields else fields.get("image_input", [])
        sources = [read_picture(self._studio, "image", image) for image in images]
        size = (fields.get("width", SIDE_PX), fields.get("height", SIDE_PX))
        if "size" in fields:
            wide, high = SIDES[fields.get("aspect_ratio", "1:1")]
            scale = int(fields["size"].removesuffix("K"))
            size = (wide * scale, high * scale)
        picture = await self._paint(fields, size, "png", sources)
        url = call.keep(picture)
        result: dict[str, Any] = {"images": [url]} if "size" in fields else {"image": url}
        if "words" in directives or "none" in directives:
            result = {}
        return JSONResponse(
            {"state": "Completed", "result": result, "gatewayMetadata": {"keySource": "Unified"}}
        )

    async def _run_text(self, call: Call, model: str) -> Response:
        """A text model in the shape of `AI.run`: `{"response": "…"}`."""
        if "no-such" in model or "messages" not in call.json_object():
            raise Failure(Kind.NOT_FOUND)
        answer = json.loads(bytes((await self.chat.complete(call)).body))
        words = answer["choices"][0]["message"]["content"]
        return enveloped({"response": words, "usage": answer["usage"]})

    async def _paint(
        self, fields: dict[str, Any], size: tuple[int, int], format: str, sources: list[bytes]
    ) -> bytes:
        seed = int(fields.get("seed", self._studio.new_seed()))
        width, height = map(int, size)
        return await self._studio.paint(
            fields["prompt"], seed, width, height, format, sources=sources[:1]
        )


async def heed(call: Call, prompt: str, options: dict[str, Any], studio: Studio) -> Directives:
    """The directives of a prompt, those of this provider's own obeyed as well."""
    directives = await call.heed(prompt)
    if "allocation" in directives:
        raise Answer(refusal(*ALLOCATION))
    if "multipart" in directives:
        raise Answer(no_form())
    if "busy" in directives:
        if options.get("rejectIfBusy") or call.headers.get("x-reject-if-busy"):
            raise Answer(refusal(*BUSY))
        await call.pause(studio.step_s)
    return directives


def read_form(form: Form, schema: Schema) -> tuple[dict[str, Any], list[bytes]]:
    """The fields of a form as the types of a schema, and its pictures."""
    fields: dict[str, Any] = {}
    for name, texts in form.fields.items():
        kind = schema["properties"].get(name, {}).get("type")
        try:
            fields[name] = json.loads(texts[-1]) if kind in ("integer", "number") else texts[-1]
        except ValueError as error:
            raise Failure(Kind.WRONG_TYPE, f"{name} is no {kind}", name) from error
    sources = []
    for index, upload in enumerate(form.files):
        if upload.name != f"input_image_{index}" or index > 3:
            raise Failure(Kind.UNKNOWN_FIELD, f"unknown file {upload.name}", upload.name)
        picture = check_picture(upload.name, upload.data)
        if max(picture_size(picture)) >= SMALLER_THAN_PX:
            raise Failure(Kind.WRONG_VALUE, f"{upload.name} must be smaller than 512x512")
        sources.append(picture)
    return fields, sources


def check(value: Any, schema: Schema) -> None:
    """Fail, naming the place, for what the schema does not allow."""
    try:
        Draft202012Validator(schema).validate(value)
    except ValidationError as error:
        raise Failure(Kind.WRONG_VALUE, f"{error.json_path}: {error.message[:200]}") from error


def decoded(text: str) -> bytes:
    """The bytes of base64."""
    try:
        return base64.b64decode(text, validate=True)
    except ValueError as error:
        raise Answer(refusal(400, 5004, "Invalid base64 data")) from error


def no_form() -> Response:
    """The answer to an input that is no form, where one is needed."""
    return refusal(400, 5006, "Error: required properties at '/' are 'multipart'")


def enveloped(result: Any) -> Response:
    """A good answer in the envelope of the API."""
    return JSONResponse({"result": result, "success": True, "errors": [], "messages": []})
