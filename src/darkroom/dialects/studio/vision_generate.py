"""`POST /api/vl/generate`: an image conditioned on another (reference/studio-api.md section 7).

A studio blends embeddings. Where there is none, or it fails, which the original's newest version
does every time, the picture is told in words, and the answer says so: `x-vl-emulated`.
"""

import re

from darkroom.async_options import pop_async_options
from darkroom.context import Job, Painting, RequestContext
from darkroom.dialects.studio.bodies import read_document
from darkroom.dialects.studio.captions import caption_picture
from darkroom.dialects.studio.default_models import painters_for
from darkroom.dialects.studio.image_response import told_of
from darkroom.dialects.studio.json_replies import FRESH
from darkroom.dialects.studio.upstreams import Served, first_of
from darkroom.dialects.studio.vision_bodies import VisionParameters, read_vision
from darkroom.dialects.studio.vision_cache import cache_of
from darkroom.dialects.studio.vision_conditioning import Painted, paint_at_studio, paint_in_words
from darkroom.dialects.studio.vision_request import IN_WORDS, load_picture, unknown, ways_to_serve
from darkroom.generation.failure_headers import tried_header
from darkroom.http import Reply
from darkroom.image import ImageFile
from darkroom.job import Operation
from darkroom.json_writer import TextBlob
from darkroom.providers.studio_models import EmbeddingForgotten

PLACE = "vl/generate"
OTHERWISE = "interpolate"  # what a studio does by a name that it does not know
_NAME = re.compile(r"[\w-]+", re.ASCII)
# What an id says already.
OF_A_PICTURE = ("vl_image", "vl_text", "vl_hidden_layer", "vl_image_tokens_only")


async def read_vision_generate(context: RequestContext) -> Painting:
    """Read a request for a picture of a prompt that resembles another; the answer is the file."""
    document = read_document(await context.read_body())
    options = pop_async_options(document, context.request.headers)

    async def build() -> Job:
        asked = read_vision(document)
        param, picture = asked.spelling("vl_image"), None
        if asked.image and not asked.body.vl_embeddings_id:
            picture = await load_picture(asked.image, param, context)
        model = painters_for(context.gateway, Operation.GENERATE).models[0].id

        async def run() -> Reply:
            return await _generate(context, asked, picture)

        return Job(model, stream=False, run=run)

    return Painting(options, build)


async def _generate(
    context: RequestContext, asked: VisionParameters, picture: ImageFile | None
) -> Reply:
    body, clock = asked.body, context.gateway.clock
    began = clock.monotonic()
    if body.vl_embeddings_id:
        served = await _by_id(context, asked, body.vl_embeddings_id)
    else:
        served = await _by_picture(context, asked, picture)
    painted, mode = served.value, body.vl_blend_mode
    headers = {
        "content-type": f"image/{painted.completed.picture.output_format}",
        "cache-control": FRESH,
        "x-generation-time": str(clock.monotonic() - began),
        "x-vl-alpha": str(body.vl_alpha),
        "x-vl-blend-mode": mode if _NAME.fullmatch(mode) else OTHERWISE,
        "x-vl-emulated": "true" if served.provider == IN_WORDS else "false",
        **painted.headers,
        **told_of(painted.image_request, painted.completed),
    }
    tried = [*tried_header(served.attempt_log).values(), headers.pop("x-darkroom-tried", "")]
    if told := ", ".join(filter(None, tried)):
        headers["x-darkroom-tried"] = told
    file = painted.completed.picture.value
    assert not isinstance(file, str | TextBlob)  # noqa: S101 - it was ordered as a file
    return Reply(200, headers, [file])


async def _by_id(context: RequestContext, asked: VisionParameters, name: str) -> Served[Painted]:
    """Paint like a picture that was kept, in the way in which it was kept if that can be.

    A studio may have forgotten it, or know no way to use it: then the picture itself is told.
    """
    kept = await cache_of(context).find(name)
    if kept is None:
        raise unknown(name)
    if kept.caption is not None:
        painted = await paint_in_words(context, asked, kept.caption, OF_A_PICTURE)
        return Served(painted, IN_WORDS)

    needs_eyes = asked.body.vl_alpha > 0

    async def by_id() -> Painted:
        return await paint_at_studio(context, asked, {"vl_embeddings_id": name}, OF_A_PICTURE)

    async def by_picture() -> Painted:
        picture = await _kept_picture(context, name)
        sent = {
            "vl_image": TextBlob(await picture.to_base64()),
            "vl_text": kept.text,
            "vl_hidden_layer": kept.hidden_layer,
            "vl_image_tokens_only": kept.image_tokens_only,
        }
        return await paint_at_studio(context, asked, sent, OF_A_PICTURE)

    async def in_words() -> Painted:
        picture = await _kept_picture(context, name) if needs_eyes else None
        caption = await _caption(context, asked, picture, kept.text)
        return await paint_in_words(context, asked, caption, OF_A_PICTURE)

    ways = ways_to_serve(context, PLACE, [by_id, by_picture], in_words, needs_eyes=needs_eyes)
    try:
        return await first_of(ways)
    except EmbeddingForgotten as forgotten:
        failure = unknown(name)
        failure.attempt_log = forgotten.attempt_log
        raise failure from None


async def _by_picture(
    context: RequestContext, asked: VisionParameters, picture: ImageFile | None
) -> Served[Painted]:
    """Paint like a picture that came along, or like none."""
    body = asked.body

    async def by_studio() -> Painted:
        sent = {"vl_image": TextBlob(await picture.to_base64())} if picture else {}
        return await paint_at_studio(context, asked, sent)

    async def in_words() -> Painted:
        caption = await _caption(context, asked, picture, body.vl_text)
        return await paint_in_words(context, asked, caption)

    needs_eyes = picture is not None and body.vl_alpha > 0
    return await first_of(
        ways_to_serve(context, PLACE, [by_studio], in_words, needs_eyes=needs_eyes)
    )


async def _kept_picture(context: RequestContext, name: str) -> ImageFile:
    picture = await cache_of(context).picture(name)
    if picture is None:
        raise EmbeddingForgotten("The picture is not kept here any more.")
    return picture


async def _caption(
    context: RequestContext, asked: VisionParameters, picture: ImageFile | None, text: str | None
) -> str | None:
    """A picture in words, where there is one and it counts."""
    if picture is None or asked.body.vl_alpha <= 0:
        return None
    return (await caption_picture(picture, text, context)).text
