"""`POST /v1/images/generations` and `/v1/images/edits` (wire-formats B3)."""

import json
import time
from collections.abc import AsyncIterator
from dataclasses import dataclass
from typing import Any

from starlette.responses import JSONResponse, Response

from ..call import Call, event_stream, sse
from ..directives import Directives
from ..fields import Fields
from ..orders import Order, openai_items, picture_size, to_base64
from ..painting import coarsen
from ..sharing import Studio
from ..troubles import Kind, Trouble, Wording
from .parameters import SHARED, Parameters, read_parameters
from .sources import read_edit

CHARS_PER_TOKEN = 4
INPUT_IMAGE_TOKENS = 323
PIXELS_PER_OUTPUT_TOKEN = 1024
FINEST_PARTIAL = 0.25
SQUARE, LANDSCAPE, PORTRAIT = (1024, 1024), (1536, 1024), (1024, 1536)


@dataclass(frozen=True, slots=True)
class Commission:
    """A checked request. `event` is what the events of its stream begin with."""

    parameters: Parameters
    order: Order
    event: str

    @property
    def traits(self) -> dict[str, str]:
        """What the answer says of the pictures: where the model chose, what it chose."""
        background, quality = self.parameters.background, self.parameters.quality
        return {
            "background": "opaque" if background == "auto" else background,
            "output_format": self.parameters.format,
            "quality": "medium" if quality == "auto" else quality,
            "size": self.order.size,
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
        asked = await call.heed(parameters.prompt, later)
        order = take_order(parameters, sources, self._studio.new_seed())
        commission = Commission(parameters, order, event)
        if parameters.is_stream:
            return event_stream(self._stream(call, commission, asked))
        pictures = await order.paint_all(self._studio)
        items = openai_items(call, asked, order, pictures, as_url=False)
        head = {"created": int(time.time()), **items, **commission.traits}
        return JSONResponse({**head, "usage": count_usage(order)})

    async def _stream(
        self, call: Call, commission: Commission, asked: Directives
    ) -> AsyncIterator[str]:
        for index in range(commission.order.count):
            picture = await commission.order.paint(self._studio, index)
            async for event in self._show_partials(call, commission, picture):
                yield event
                if "stall" in asked:
                    await call.stall()
                if "fail" in asked:
                    break
            if asked.keys() & {"fail", "stall", "words", "none"}:
                break
            await call.pause(self._studio.step_s)
            usage = {"usage": count_usage(commission.order)}
            yield picture_event(f"{commission.event}.completed", picture, commission.traits, usage)
        if "stall" in asked:
            await call.stall()
        if "fail" in asked:
            failure = json.loads(bytes(self._word(Trouble(Kind.FAILED)).body))
            yield sse({"type": "error", **failure}, "error")

    async def _show_partials(
        self, call: Call, commission: Commission, picture: bytes
    ) -> AsyncIterator[str]:
        count = commission.parameters.partial_images
        for index in range(count):
            await call.pause(self._studio.step_s)
            sharpness = FINEST_PARTIAL * (index + 1) / count
            coarse = coarsen(picture, sharpness, commission.order.format)
            name, body = f"{commission.event}.partial_image", {"partial_image_index": index}
            yield picture_event(name, coarse, commission.traits, body)


def picture_event(name: str, picture: bytes, traits: dict[str, str], body: dict[str, Any]) -> str:
    """One event with a picture in it (B3.5)."""
    head = {"type": name, "b64_json": to_base64(picture), "created_at": int(time.time())}
    return sse({**head, **traits, **body}, name)


def take_order(parameters: Parameters, sources: list[bytes], seed: int) -> Order:
    """The order, of a size chosen here where the caller left it to the model."""
    width, height = parameters.width, parameters.height
    if not width:
        width, height = choose_size(sources)
    return Order(
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


def count_usage(order: Order) -> dict[str, Any]:
    """Tokens, roughly; all of them integers (B3.4)."""
    text = len(order.prompt) // CHARS_PER_TOKEN + 1
    images = INPUT_IMAGE_TOKENS * len(order.sources)
    output = order.width * order.height // PIXELS_PER_OUTPUT_TOKEN * order.count
    return {
        "total_tokens": text + images + output,
        "input_tokens": text + images,
        "output_tokens": output,
        "input_tokens_details": {"text_tokens": text, "image_tokens": images},
        "output_tokens_details": {"text_tokens": 0, "image_tokens": output},
    }
