"""`POST /v2/image/…`: the relay's image routes, all by the table of families."""

from darkroom.async_options import pop_async_options
from darkroom.context import Job, Painting, ReadPainting, RequestContext
from darkroom.dialects.relay.families import Family
from darkroom.dialects.relay.image_request import parse_image_request
from darkroom.dialects.relay.parse import parse_request
from darkroom.dialects.relay.response import images_reply
from darkroom.generation.prepare import paint
from darkroom.generation.run import Generation, run_to_end
from darkroom.http import Reply


def reader_of(family: Family) -> ReadPainting:
    """The reader of one family's requests.

    Tokens of providers that do not serve it are left aside: one list of them serves all routes.
    """

    async def read(context: RequestContext) -> Painting:
        document = await context.read_document()
        options = pop_async_options(document, context.request.headers)
        requested = parse_request(document, family)

        async def answer(generation: Generation) -> Reply:
            return images_reply(requested, generation, await run_to_end(generation))

        async def build() -> Job:
            image_request = await parse_image_request(requested, context)
            return paint(image_request, context, answer, narrowed=True)

        return Painting(options, build)

    return read
