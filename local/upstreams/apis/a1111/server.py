"""The routes below `/sdapi/v1`."""

import base64
import binascii
import random
import time
from typing import Any

from starlette.requests import Request
from starlette.responses import JSONResponse, Response
from starlette.types import ASGIApp

from ..call import Call, Handler
from ..faults import Answer
from ..image_request import ImageRequest, picture_size, to_base64
from ..references import read_reference
from ..shared_state import Studio
from ..standin import StandIn, get, post
from ..validation import read_body
from .catalog import (
    CHECKPOINTS,
    LISTS,
    OPTIONS,
    SCRIPTS,
    UPSCALERS,
    Checkpoint,
    find_checkpoint,
    find_sampler,
)
from .errors import crash, refusal, word
from .machine import Job, Machine
from .replies import Settled
from .requests import (
    Generation,
    Img2Img,
    Interrogation,
    PngInfo,
    Txt2Img,
    Upscale,
    UpscaleBatch,
    UpscaleOne,
)

ROOT = "/sdapi/v1"
MAX_SEED = 2**32 - 2
MAX_PIXELS = 4096 * 4096
CAPTIONERS = ("clip", "deepdanbooru", "deepbooru")


def build(studio: Studio) -> ASGIApp:
    """The server: open to those without a password, closed to the bad."""
    web_ui = WebUI(studio)
    lists = [get(f"{ROOT}/{name}", list_all(items)) for name, items in LISTS.items()]
    return StandIn(
        studio,
        word,
        work=[
            post(f"{ROOT}/txt2img", web_ui.txt2img),
            post(f"{ROOT}/img2img", web_ui.img2img),
            post(f"{ROOT}/extra-single-image", web_ui.upscale),
            post(f"{ROOT}/extra-batch-images", web_ui.upscale_batch),
        ],
        calls=[
            *lists,
            get(f"{ROOT}/options", web_ui.get_options),
            post(f"{ROOT}/options", web_ui.set_options),
            get(f"{ROOT}/progress", web_ui.progress),
            post(f"{ROOT}/interrupt", web_ui.interrupt),
            post(f"{ROOT}/skip", web_ui.skip),
            post(f"{ROOT}/refresh-checkpoints", list_all(None)),
            post(f"{ROOT}/png-info", show_png_info),
            post(f"{ROOT}/interrogate", interrogate),
        ],
        token_of=password_of,
        needs_token=False,
    )


def password_of(request: Request) -> str:
    """The password of `Authorization: Basic`; an empty header counts as none."""
    scheme, _, credentials = request.headers.get("authorization", "").partition(" ")
    if scheme.lower() != "basic":
        return ""
    try:
        return base64.b64decode(credentials).decode().partition(":")[2]
    except (binascii.Error, UnicodeDecodeError):
        return "bad"


def list_all(items: Any) -> Handler:
    """A handler that always answers the same."""

    async def answer(call: Call) -> Response:
        return JSONResponse(items)

    return answer


class WebUI:
    """Everything that has a memory."""

    def __init__(self, studio: Studio) -> None:
        self._studio = studio
        self._machine = Machine(studio)
        self._options = dict(OPTIONS)

    async def txt2img(self, call: Call) -> Response:
        """Pictures from a text."""
        request = read_body(call, Txt2Img)
        return await self._generate(call, request, "txt2img", ())

    async def img2img(self, call: Call) -> Response:
        """Pictures from a picture."""
        request = read_body(call, Img2Img)
        if not request.init_images:
            raise refusal(404, "Init image not found")
        texts = [*request.init_images, *([request.mask] if request.mask else [])]
        sources = tuple(decode(text) for text in texts)
        return await self._generate(call, request, "img2img", sources)

    async def upscale(self, call: Call) -> Response:
        """One picture, larger."""
        request = read_body(call, UpscaleOne)
        image = await self._enlarge(request, request.image)
        return JSONResponse({"html_info": "", "image": image})

    async def upscale_batch(self, call: Call) -> Response:
        """Several pictures, larger."""
        request = read_body(call, UpscaleBatch)
        images = [await self._enlarge(request, item.data) for item in request.imageList]
        return JSONResponse({"html_info": "", "images": images})

    async def get_options(self, call: Call) -> Response:
        """All options."""
        return JSONResponse(self._options)

    async def set_options(self, call: Call) -> Response:
        """Change those that are given; null is the answer to everything."""
        changes = call.json_object()
        if "sd_model_checkpoint" in changes:
            name = changes["sd_model_checkpoint"]
            checkpoint = find_checkpoint(name)
            if name and checkpoint is None:
                raise Answer(crash("RuntimeError", f"model {name!r} not found"))
            changes["sd_model_checkpoint"] = checkpoint and checkpoint.title
        known = {name: value for name, value in changes.items() if name in self._options}
        self._options |= {name: value for name, value in known.items() if value is not None}
        return JSONResponse(None)

    async def progress(self, call: Call) -> Response:
        """How far the job that runs has come."""
        with_image = call.query.get("skip_current_image", "false").lower() != "true"
        return JSONResponse(await self._machine.report(with_image=with_image))

    async def interrupt(self, call: Call) -> Response:
        """End the job that runs."""
        self._machine.interrupt()
        return JSONResponse({})

    async def skip(self, call: Call) -> Response:
        """End the turn that runs."""
        self._machine.skip()
        return JSONResponse(None)

    async def _generate(
        self, call: Call, request: Generation, kind: str, sources: tuple[bytes, ...]
    ) -> Response:
        started_at = time.monotonic()
        settled = self._settle(request, kind, sources)
        directives = await call.heed(request.prompt, later=("fail", "stall"))
        steps = max(1, int(directives.number("steps", request.steps)))
        job = Job(f"scripts_{kind}", settled.image_request, request.n_iter, steps, directives)
        pictures = await self._machine.run(job, call)
        if "words" in directives or "none" in directives:
            pictures = []
        took = {"X-Process-Time": f"{time.monotonic() - started_at:.4f}"}
        return JSONResponse(settled.reply(pictures), headers=took)

    def _settle(self, request: Generation, kind: str, sources: tuple[bytes, ...]) -> Settled:
        sampler = find_sampler(request.sampler_name or request.sampler_index, request.scheduler)
        if sampler is None:
            raise refusal(400, "Sampler not found")
        check_scripts(request, SCRIPTS[kind])
        width, height = request.size()
        if width * height > MAX_PIXELS:
            raise Answer(crash("OutOfMemoryError", "CUDA out of memory."))
        image_request = ImageRequest(
            request.prompt,
            width,
            height,
            request.seed if request.seed >= 0 else random.randint(0, MAX_SEED),
            count=request.batch_size * request.n_iter,
            sources=sources,
        )
        return Settled(request, image_request, self._pick_checkpoint(request), *sampler)

    def _pick_checkpoint(self, request: Generation) -> Checkpoint:
        """That of the request, if it is known: else, in silence, the one that is loaded."""
        wanted = (request.override_settings or {}).get("sd_model_checkpoint")
        checkpoint = find_checkpoint(wanted)
        if checkpoint and not request.override_settings_restore_afterwards:
            self._options["sd_model_checkpoint"] = checkpoint.title
        loaded = find_checkpoint(self._options["sd_model_checkpoint"])
        return checkpoint or loaded or CHECKPOINTS[0]

    async def _enlarge(self, request: Upscale, text: str) -> str:
        if request.upscaler_1 not in UPSCALERS:
            reason = f"could not find upscaler named {request.upscaler_1}"
            raise Answer(crash("AssertionError", reason))
        picture = decode(text)
        width, height = picture_size(picture)
        size = (round(width * request.upscaling_resize), round(height * request.upscaling_resize))
        if request.resize_mode == 1:
            size = (request.upscaling_resize_w, request.upscaling_resize_h)
        return to_base64(await self._studio.paint("", 0, *size, sources=[picture]))


def check_scripts(request: Generation, installed: list[str]) -> None:
    """Fail when a script is named that is not installed."""
    if request.script_name and request.script_name.lower() not in installed:
        raise refusal(422, f"Script '{request.script_name}' not found")
    for name in request.alwayson_scripts:
        if name.lower() not in installed:
            raise refusal(422, f"always on script {name} not found")


def decode(text: str) -> bytes:
    """A picture, as base64 or a data URI; what is on the web is not fetched."""
    if text.startswith(("http://", "https://")):
        raise refusal(500, "Requests not allowed")
    try:
        return read_reference(text)
    except ValueError as error:
        raise refusal(500, "Invalid encoded image") from error


async def show_png_info(call: Call) -> Response:
    """What is written in a picture: nothing, in those that the stand-in paints."""
    decode(read_body(call, PngInfo).image)
    return JSONResponse({"info": "", "items": {}, "parameters": {}})


async def interrogate(call: Call) -> Response:
    """A description of a picture."""
    request = read_body(call, Interrogation)
    if request.model not in CAPTIONERS:
        raise refusal(404, "Model not found")
    decode(request.image)
    return JSONResponse({"caption": "soft colours, a few discs and no frame"})
