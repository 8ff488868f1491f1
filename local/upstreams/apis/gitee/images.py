"""The endpoints that answer with the pictures themselves."""

import time

from starlette.responses import JSONResponse, Response

from ..call import Call
from ..fields import Fields
from ..image_request import ImageRequest, openai_items
from ..shared_state import Studio
from .parameters import read_edit, read_generation, wants_url


class Images:
    """`POST /v1/images/generations` and `/v1/images/edits`."""

    def __init__(self, studio: Studio) -> None:
        self._studio = studio

    async def generate(self, call: Call) -> Response:
        """Paint from a prompt."""
        fields = Fields(call.json_object())
        return await self._answer(call, read_generation(fields, self._studio), wants_url(fields))

    async def edit(self, call: Call) -> Response:
        """Paint from a prompt and the pictures of a form."""
        image_request = read_edit(call.form, self._studio)
        as_url = call.form is None or wants_url(Fields.of_form(call.form))
        return await self._answer(call, image_request, as_url)

    async def _answer(self, call: Call, image_request: ImageRequest, as_url: bool) -> Response:
        directives = await call.heed(image_request.prompt)
        pictures = await image_request.paint_all(self._studio)
        items = openai_items(call, directives, image_request, pictures, as_url=as_url)
        return JSONResponse({"created": int(time.time()), **items})
