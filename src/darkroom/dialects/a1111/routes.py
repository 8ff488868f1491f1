"""The routes of AUTOMATIC1111's API."""

from collections.abc import Mapping

from darkroom.dialects.a1111.errors import error_frame, error_reply
from darkroom.dialects.a1111.extras import upscale_batch, upscale_one
from darkroom.dialects.a1111.generate import read_img2img, read_txt2img
from darkroom.dialects.a1111.interrogate import interrogate, show_png_info
from darkroom.dialects.a1111.lists import FIXED, always, list_checkpoints, list_upscalers
from darkroom.dialects.a1111.options import get_options, set_options
from darkroom.dialects.a1111.progress import get_progress, halting
from darkroom.dialects.a1111.session import caller_of
from darkroom.endpoint import Dialect, Endpoint, Route, painting_route
from darkroom.stores.progress import Interrupt
from darkroom.tasks.plain_shape import plain_shape

ROOT = "/sdapi/v1"
A1111 = Dialect(
    "a1111",
    error_reply,
    error_frame,
    time_header="x-process-time",
    scoped_by_address=True,
    caller_of=caller_of,
)
SHAPE = plain_shape("a1111")
# What a server does with its files and its memory: there is nothing to do, and it answers so.
NULL_ROUTES = ("refresh-checkpoints", "refresh-vae", "refresh-loras", "refresh-embeddings")
# What clients ask of the ControlNet extension, which is not installed: its lists are empty.
CONTROLNET: Mapping[str, object] = {
    "/controlnet/version": {"version": 0},
    "/controlnet/model_list": {"model_list": []},
    "/controlnet/module_list": {"module_list": [], "module_detail": {}},
    "/controlnet/control_types": {"control_types": {}},
    "/controlnet/settings": {"control_net_unit_count": 0},
}
EMPTY_ROUTES = ("reload-checkpoint", "unload-checkpoint")

_GET = {
    "sd-models": list_checkpoints,
    "upscalers": list_upscalers,
    "progress": get_progress,
    **{name: always(value) for name, value in FIXED.items()},
}
_POST = {
    "extra-single-image": upscale_one,
    "extra-batch-images": upscale_batch,
    "interrupt": halting(Interrupt.INTERRUPT, {}),
    "skip": halting(Interrupt.SKIP, None),
    "png-info": show_png_info,
    "interrogate": interrogate,
    **{name: always(None) for name in NULL_ROUTES},
    **{name: always({}) for name in EMPTY_ROUTES},
}

ENDPOINTS = (
    Endpoint(f"{ROOT}/txt2img", {"POST": painting_route(read_txt2img, SHAPE)}, A1111),
    Endpoint(f"{ROOT}/img2img", {"POST": painting_route(read_img2img, SHAPE)}, A1111),
    Endpoint(f"{ROOT}/options", {"GET": Route(get_options), "POST": Route(set_options)}, A1111),
    *(Endpoint(f"{ROOT}/{name}", {"GET": Route(each)}, A1111) for name, each in _GET.items()),
    *(Endpoint(f"{ROOT}/{name}", {"POST": Route(each)}, A1111) for name, each in _POST.items()),
    *(Endpoint(path, {"GET": Route(always(value))}, A1111) for path, value in CONTROLNET.items()),
    Endpoint("/sdapi", {}, A1111),
    Endpoint("/sdapi/", {}, A1111),  # the last: whatever else begins like this
)
