"""The parameters of Gitee's image endpoints (wire-formats B8, image-providers §3.3 and §4.2)."""

import json
from collections.abc import Mapping

from ..body import Form
from ..faults import Failure, Kind
from ..fields import Fields, wrong_type, wrong_value
from ..image_request import (
    ImageRequest,
    check_picture,
    check_side,
    parse_size,
    picture_size,
    read_picture,
)
from ..shared_state import Studio

MAX_SEED = 2**63 - 1
RANDOM_SEED = -1
DEFAULT_SIDE_PX = 1024
MIN_SIDE_PX, MAX_SIDE_PX = 64, 2048
MAX_COUNT = 10
OTHER_MAX_STEPS = 100
STEPS = {
    "z-image-turbo": (1, 20),
    "GLM-Image": (1, 50),
    "Qwen-Image": (4, 50),
    "Qwen-Image-2512": (1, 50),
    "flux-1-schnell": (1, 50),
    "FLUX_1-Krea-dev": (1, 50),
    "FLUX.1-dev": (1, 50),
}
MAX_GUIDANCE = {"GLM-Image": 20, "Qwen-Image-2512": 20, "FLUX_1-Krea-dev": 20, "FLUX.1-dev": 20}
OTHER_MAX_GUIDANCE = 50

OF_GENERATIONS = frozenset(
    "model prompt negative_prompt size width height num_inference_steps guidance_scale cfg_scale "
    "seed n response_format lora_weights loras user".split()
)
OF_EDITS = OF_GENERATIONS | {"image", "mask", "task_types"}


def read_generation(fields: Fields, studio: Studio) -> ImageRequest:
    """Check a request for pictures from a prompt."""
    fields.refuse_others(OF_GENERATIONS)
    return _read_order(fields, studio, ())


def read_edit(form: Form | None, studio: Studio) -> ImageRequest:
    """Check a form with pictures to edit: files, or addresses in texts of the same name."""
    if form is None:
        raise Failure(Kind.MALFORMED, "Expected a multipart form.")
    fields = Fields.of_form(form)
    fields.refuse_others(OF_EDITS)
    files = [check_picture("image", upload.data) for upload in form.uploads("image")]
    texts = [read_picture(studio, "image", text) for text in form.fields.get("image", [])]
    sources = (*files, *texts)
    if not sources:
        raise Failure(Kind.MISSING_FIELD, "Missing required parameter: 'image'.", "image")
    types = form.fields.get("task_types", [])
    if types and len(types) != len(sources):
        raise wrong_value("task_types", f"{len(types)} types for {len(sources)} images.")
    return _read_order(fields, studio, sources)


def wants_url(fields: Fields) -> bool:
    """Whether the pictures shall be handed out by URL."""
    return fields.choice("response_format", ("url", "b64_json"), "url") == "url"


def _read_order(fields: Fields, studio: Studio, sources: tuple[bytes, ...]) -> ImageRequest:
    model = fields.required_text("model")
    if "no-such" in model:
        raise Failure(Kind.NOT_FOUND, f"The model '{model}' does not exist.", "model")
    prompt = fields.required_text("prompt")
    if "flux" in model.lower() and "negative_prompt" in fields:
        message = f"The model '{model}' does not support 'negative_prompt'."
        raise Failure(Kind.UNKNOWN_FIELD, message, "negative_prompt")
    fields.text("negative_prompt")
    fields.integer("num_inference_steps", 10, *STEPS.get(model, (1, OTHER_MAX_STEPS)))
    fields.number("guidance_scale", 1, 0, MAX_GUIDANCE.get(model, OTHER_MAX_GUIDANCE))
    fields.number("cfg_scale", 1, 0, OTHER_MAX_GUIDANCE)
    check_loras(fields)
    seed = fields.integer("seed", RANDOM_SEED, RANDOM_SEED, MAX_SEED)
    width, height = read_size(fields, sources)
    return ImageRequest(
        prompt,
        width,
        height,
        seed=studio.new_seed() if seed == RANDOM_SEED else seed,
        count=fields.integer("n", 1, 1, MAX_COUNT),
        sources=sources,
    )


def read_size(fields: Fields, sources: tuple[bytes, ...]) -> tuple[int, int]:
    """The size, asked for in one of two ways, else that of the first picture."""
    has_sides = "width" in fields or "height" in fields
    if "size" in fields and has_sides:
        raise wrong_value("size", "use either 'size' or 'width' and 'height'.")
    if "size" in fields:
        width, height = parse_size("size", fields.text("size"))
        for side in (width, height):
            check_side("size", side, MIN_SIDE_PX, MAX_SIDE_PX)
        return width, height
    if sources and not has_sides:
        return picture_size(sources[0])
    width = fields.integer("width", DEFAULT_SIDE_PX, MIN_SIDE_PX, MAX_SIDE_PX)
    height = fields.integer("height", DEFAULT_SIDE_PX, MIN_SIDE_PX, MAX_SIDE_PX)
    return width, height


def check_loras(fields: Fields) -> None:
    """Fail unless the weights are `{"url", "weight"}`: an object, or its JSON in a form."""
    value = fields.raw("lora_weights")
    if isinstance(value, str):
        try:
            value = json.loads(value)
        except ValueError as error:
            raise wrong_value("lora_weights", "not valid JSON.") from error
    if value is not None and not isinstance(value, Mapping | list):
        raise wrong_type("lora_weights", "an object", value)
