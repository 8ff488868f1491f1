"""`POST /v1/images/generations` and `/v1/images/edits` (wire-formats B3)."""

import json
import time
from collections.abc import AsyncIterator
from dataclasses import dataclass
from typing import Any

from starlette.responses import JSONResponse, Response

from ..call import Call, event_stream, sse
from ..directives import Directives
from ..faults import Fault, Kind, Wording
from ..fields import Fields
from ..image_request import ImageRequest, openai_items, picture_size, to_base64
from ..painting import coarsen
from ..shared_state import Studio
from .parameters import SHARED, Parameters, read_parameters
from .sources import read_edit

CHARS_PER_TOKEN = 4
INPUT_IMAGE_TOKENS = 323
PIXELS_PER_OUTPUT_TOKEN = 1024
FINEST_PARTIAL = 0.25
SQUARE, LANDSCAPE, PORTRAIT = (1024, 1024), (1536, 1024), (1024, 1536)


@dataclass(frozen=True, slots=True)
class CheckedRequest:
    """A checked request. `event` is what the events of its stream begin with."""

    parameters: Parameters
    image_request: ImageRequest
    event: str

    @property
    def traits(self) -> dict[str, str]:
        """What the answer says of the pictures: where the model chose, what it chose."""
        background, quality = self.parameters.background, self.parameters.quality
        return {
            "background": "opaque" if background == "auto" else background,
            "output_format": self.parameters.format,
            "quality": "medium" if quality == "auto" else quality,
            "size": self.image_request.size,
        }


class Images:
    """The Images API."""

    def __init__(self, studio: Studio, word: Wording) -> None:
        self._studio, self._word = studio, word

    async def generate(self, call: Call) -> Response:
        """Paint from a prompt."""
        fields = Fields(call.json_object())
        fields.refuse_others(SHARED)
        return await self._answer(call, read_parameters(fields), [], "image_generation")

    async def edit(self, call: Call) -> Response:
        """Paint from a prompt and pictures."""
        edit = read_edit(call, self._studio)
        parameters = read_parameters(edit.fields)
        edit.check_family(parameters.family)
        return await self._answer(call, parameters, edit.pictures, "image_edit")

    async def _answer(
        self, call: Call, parameters: Parameters, sources: list[bytes], event: str
    ) -> Response:
        later = ("fail", "stall") if parameters.is_stream else ()
        directives = await call.heed(parameters.prompt, later)
        image_request = take_order(parameters, sources, self._studio.new_seed())
        checked = CheckedRequest(parameters, image_request, event)
        if parameters.is_stream:
            return event_stream(self._stream(call, checked, directives))
        pictures = await image_request.paint_all(self._studio)
        items = openai_items(call, directives, image_request, pictures, as_url=False)
        head = {"created": int(time.time()), **items, **checked.traits}
        return JSONResponse({**head, "usage": count_usage(image_request)})

    async def _stream(
        self, call: Call, checked: CheckedRequest, directives: Directives
    ) -> AsyncIterator[str]:
        for index in range(checked.image_request.count):
            picture = await checked.image_request.paint(self._studio, index)
            async for event in self._show_partials(call, checked, picture):
                yield event
                if "stall" in directives:
                    await call.stall()
                if "fail" in directives:
                    break
            if directives.keys() & {"fail", "stall", "words", "none"}:
                break
            await call.pause(self._studio.step_s)
            usage = {"usage": count_usage(checked.image_request)}
            yield picture_event(f"{checked.event}.completed", picture, checked.traits, usage)
        if "stall" in directives:
            await call.stall()
        if "fail" in directives:
            failure = json.loads(bytes(self._word(Fault(Kind.FAILED)).body))
            yield sse({"type": "error", **failure}, "error")

    async def _show_partials(
        self, call: Call, checked: CheckedRequest, picture: bytes
    ) -> AsyncIterator[str]:
        count = checked.parameters.partial_images
        for index in range(count):
            await call.pause(self._studio.step_s)
            sharpness = FINEST_PARTIAL * (index + 1) / count
            coarse = coarsen(picture, sharpness, checked.image_request.format)
            name, body = f"{checked.event}.partial_image", {"partial_image_index": index}
            yield picture_event(name, coarse, checked.traits, body)


def picture_event(name: str, picture: bytes, traits: dict[str, str], body: dict[str, Any]) -> str:
    """One event with a picture in it (B3.5)."""
    head = {"type": name, "b64_json": to_base64(picture), "created_at": int(time.time())}
    return sse({**head, **traits, **body}, name)


def take_order(parameters: Parameters, sources: list[bytes], seed: int) -> ImageRequest:
    """The order, of a size chosen here where the caller left it to the model."""
    width, height = parameters.width, parameters.height
    if not width:
        width, height = choose_size(sources)
    return ImageRequest(
        prompt=parameters.prompt,
        width=width,
        height=height,
        seed=seed,
        count=parameters.count,
        format=parameters.format,
        sources=tuple(sources),
    )


def choose_size(sources: list[bytes]) -> tuple[int, int]:
    """The size that is nearest to the first picture's shape."""
    width, height = picture_size(sources[0]) if sources else SQUARE
    if width == height:
        return SQUARE
    return LANDSCAPE if width > height else PORTRAIT


def count_usage(image_request: ImageRequest) -> dict[str, Any]:
    """Tokens, roughly; all of them integers (B3.4)."""
    text = len(image_request.prompt) // CHARS_PER_TOKEN + 1
    images = INPUT_IMAGE_TOKENS * len(image_request.sources)
    output = (
        image_request.width * image_request.height // PIXELS_PER_OUTPUT_TOKEN * image_request.count
    )
    return {
        "total_tokens": text + images + output,
        "input_tokens": text + images,
        "output_tokens": output,
        "input_tokens_details": {"text_tokens": text, "image_tokens": images},
        "output_tokens_details": {"text_tokens": 0, "image_tokens": output},
    }
