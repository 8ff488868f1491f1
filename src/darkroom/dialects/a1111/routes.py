"""The paths of AUTOMATIC1111's API, each with its handlers."""

from collections.abc import Mapping

from darkroom.dialects.a1111.extras import upscale_batch, upscale_one
from darkroom.dialects.a1111.lists import FIXED, always, list_checkpoints, list_upscalers
from darkroom.dialects.a1111.options import get_options, set_options
from darkroom.dialects.a1111.painting import img2img, txt2img
from darkroom.dialects.a1111.progress import get_progress, halting
from darkroom.dialects.a1111.reading import interrogate, show_png_info
from darkroom.dialects.context import Gateway, Handler
from darkroom.errors import RouteNotFound
from darkroom.http import Reply, Request
from darkroom.stores.boards import Halt

ROOT = "/sdapi/v1"
# What a server does with its files and its memory: there is nothing to do, and it answers so.
_NULL = (
    "refresh-checkpoints", "refresh-vae", "refresh-loras", "refresh-embeddings",
)  # fmt: skip
_EMPTY = ("reload-checkpoint", "unload-checkpoint")


async def _refuse(request: Request, gateway: Gateway) -> Reply:
    raise RouteNotFound(
        f"There is no route {request.path[:200]}. docs/api.md lists those of AUTOMATIC1111's that "
        "there are."
    )


ROUTES: Mapping[str, Mapping[str, Handler]] = {
    f"{ROOT}/txt2img": {"POST": txt2img},
    f"{ROOT}/img2img": {"POST": img2img},
    f"{ROOT}/extra-single-image": {"POST": upscale_one},
    f"{ROOT}/extra-batch-images": {"POST": upscale_batch},
    f"{ROOT}/options": {"GET": get_options, "POST": set_options},
    f"{ROOT}/sd-models": {"GET": list_checkpoints},
    f"{ROOT}/upscalers": {"GET": list_upscalers},
    f"{ROOT}/progress": {"GET": get_progress},
    f"{ROOT}/interrupt": {"POST": halting(Halt.INTERRUPT, {})},
    f"{ROOT}/skip": {"POST": halting(Halt.SKIP, None)},
    f"{ROOT}/png-info": {"POST": show_png_info},
    f"{ROOT}/interrogate": {"POST": interrogate},
    **{f"{ROOT}/{name}": {"GET": always(value)} for name, value in FIXED.items()},
    **{f"{ROOT}/{name}": {"POST": always(None)} for name in _NULL},
    **{f"{ROOT}/{name}": {"POST": always({})} for name in _EMPTY},
    "/sdapi/": {"GET": _refuse, "POST": _refuse},  # the last: whatever else begins like this
}
