"""The paths of AUTOMATIC1111's API, each with its handler and what is told of it."""

from typing import Annotated, Any

from pydantic import ConfigDict, Field
from typing_extensions import TypedDict  # pydantic reads that of `typing` from Python 3.12 on

from darkroom.context import Handler
from darkroom.described import JSON, Answer, Described
from darkroom.dialects.a1111.errors import ErrorAnswer, NothingThere, error_frame, error_reply
from darkroom.dialects.a1111.extras import upscale_batch, upscale_one
from darkroom.dialects.a1111.generate import read_img2img, read_txt2img
from darkroom.dialects.a1111.generate_body import PaintBody
from darkroom.dialects.a1111.interrogate import interrogate, show_png_info
from darkroom.dialects.a1111.lists import FIXED, always, list_checkpoints, list_upscalers
from darkroom.dialects.a1111.options import get_options, set_options
from darkroom.dialects.a1111.progress import get_progress, halting
from darkroom.dialects.a1111.session import caller_of
from darkroom.dialects.openai.routes import PAINTED, PAINTING
from darkroom.endpoint import Dialect, Endpoint
from darkroom.generation.parameters import MAX_IMAGES
from darkroom.stores.progress import Interrupt
from darkroom.tasks.dispatch import with_tasks
from darkroom.tasks.plain_shape import plain_shape
from darkroom.validation_error import Unprocessable

ROOT = "/sdapi/v1"
TAG = "AUTOMATIC1111"
A1111 = Dialect(
    "a1111",
    error_reply,
    error_frame,
    ErrorAnswer,
    time_header="x-process-time",
    scoped_by_address=True,
    caller_of=caller_of,
)

# What a server does with its files and its memory: there is nothing to do, and it answers so.
_NULL = ("refresh-checkpoints", "refresh-vae", "refresh-loras", "refresh-embeddings")
_EMPTY = ("reload-checkpoint", "unload-checkpoint")


# One sentence for each field that has an effect; all others of AUTOMATIC1111's are passed over.
FIELDS = {
    "prompt": "What the picture should show.",
    "negative_prompt": "What it should not show.",
    "styles": "Names of `prompt-styles`, worked into both prompts; unknown ones are passed over.",
    "model": "A model by any of its names; `override_settings` come before it.",
    "seed": "-1 means any; the one that was used stands in `info`.",
    "subseed": "Has no effect.",
    "sampler_name": "One of those that are listed; has no effect.",
    "sampler_index": "The same by its older name.",
    "scheduler": "Has no effect.",
    "batch_size": "How many pictures; times `n_iter`, 10 at the most.",
    "n_iter": "How many times as many.",
    "steps": "The nearest that the model takes is used.",
    "cfg_scale": "The guidance scale; the nearest that the model takes is used.",
    "width": "Pixels; the nearest that the model paints is used.",
    "height": "Pixels, likewise.",
    "denoising_strength": "How far an edit may go from its source, for models that can be told.",
    "enable_hr": "Paint the size of the second pass.",
    "hr_scale": "How many times longer each side of that is.",
    "hr_resize_x": "Its width in pixels, instead.",
    "hr_resize_y": "Its height in pixels, instead.",
    "inpainting_mask_invert": "Whether the mask's black may change instead of its white.",
    "include_init_images": "Whether `parameters` repeat the sources.",
    "override_settings": "`sd_model_checkpoint` for this request.",
    "override_settings_restore_afterwards": "`false` makes that the caller's option.",
    "send_images": "`false` leaves `images` empty.",
    "init_images": "The pictures to start from: base64, data URLs or https addresses.",
    "mask": "Of the first one's size: white where it may change; base64, a data URL or an address.",
}


def _explain(schema: dict[str, Any]) -> None:
    for name, field in schema["properties"].items():
        field["description"] = FIELDS[name]


class PaintRequest(PaintBody):
    """What to paint, in AUTOMATIC1111's words."""

    model_config = ConfigDict(defer_build=True, json_schema_extra=_explain)


class RepaintRequest(PaintRequest):
    """What to paint, and from which pictures."""

    init_images: Annotated[list[str], Field(min_length=1, max_length=MAX_IMAGES)]
    mask: str | None = None


class PaintedAnswer(TypedDict):
    """Pictures as bare base64; `info` is JSON in a string, as clients expect it."""

    images: list[str]
    parameters: dict[str, Any]
    info: str


def _described(
    name: str, handler: Handler, summary: str, shape: Any = Any, body: type | None = None
) -> Described:
    return Described(
        f"sdapi{''.join(part.title() for part in name.split('-'))}",
        handler,
        summary,
        TAG,
        [Answer({JSON: shape}, (*PAINTED, "x-darkroom-ignored", "x-process-time"))],
        body=body,
        failures=(*PAINTING, Unprocessable, NothingThere),
        takes_token=True,
    )


def _post(name: str, handler: Handler, summary: str, **more: Any) -> Endpoint:
    return Endpoint(f"{ROOT}/{name}", {"POST": _described(name, handler, summary, **more)}, A1111)


def _get(name: str, handler: Handler, summary: str) -> Endpoint:
    return Endpoint(f"{ROOT}/{name}", {"GET": _described(name, handler, summary)}, A1111)


ENDPOINTS = (
    _post(
        "txt2img",
        with_tasks(read_txt2img, plain_shape("a1111")),
        "Paint a prompt",
        shape=PaintedAnswer,
        body=PaintRequest,
    ),
    _post(
        "img2img",
        with_tasks(read_img2img, plain_shape("a1111")),
        "Change a picture",
        shape=PaintedAnswer,
        body=RepaintRequest,
    ),
    _post("extra-single-image", upscale_one, "Upscale a picture"),
    _post("extra-batch-images", upscale_batch, "Upscale pictures"),
    Endpoint(
        f"{ROOT}/options",
        {
            "GET": _described("get-options", get_options, "Tell the caller's options"),
            "POST": _described("set-options", set_options, "Change the caller's options"),
        },
        A1111,
    ),
    _get("sd-models", list_checkpoints, "List the models as checkpoints"),
    _get("upscalers", list_upscalers, "List the upscalers"),
    _get("progress", get_progress, "Tell how far the caller's picture is"),
    _post("interrupt", halting(Interrupt.INTERRUPT, {}), "Stop the caller's picture"),
    _post("skip", halting(Interrupt.SKIP, None), "Skip the caller's picture"),
    _post("png-info", show_png_info, "Read what a PNG says of its making"),
    _post("interrogate", interrogate, "Describe a picture in words"),
    *(
        _get(name, always(value), f"List {name.replace('-', ' ')}, a fixed answer")
        for name, value in FIXED.items()
    ),
    *(_post(name, always(None), "Do nothing: there is nothing to refresh") for name in _NULL),
    *(_post(name, always({}), "Do nothing: there is nothing to load") for name in _EMPTY),
    Endpoint("/sdapi", {}, A1111),
    Endpoint("/sdapi/", {}, A1111),  # the last: whatever else begins like this
)
