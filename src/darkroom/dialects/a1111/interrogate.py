"""`POST /sdapi/v1/png-info` and `/interrogate` (B5)."""

from collections.abc import Mapping
from typing import Any

from darkroom.catalog.model import ChatModel
from darkroom.context import RequestContext
from darkroom.dialects.a1111.errors import NothingThere
from darkroom.dialects.a1111.infotext import MAX_INFOTEXT_CHARS, parse_infotext
from darkroom.dialects.a1111.lists import json_reply
from darkroom.dialects.a1111.png_text import read_texts
from darkroom.dialects.a1111.session import read_fields
from darkroom.errors import JobFailed, NotConfigured, UpstreamSilent
from darkroom.gateway import Gateway
from darkroom.generation.chat import complete
from darkroom.generation.failure_headers import tried_header
from darkroom.generation.input_images import is_nothing, load_sources, read_source
from darkroom.http import Reply
from darkroom.image import ImageFile
from darkroom.json_writer import TextBlob
from darkroom.prompts.instructions import caption_prompt

INFOTEXT = "parameters"  # the keyword that the server writes its lines under
CAPTIONERS = ("clip", "deepdanbooru", "deepbooru")
CAPTION_LIMIT_S = 90.0
MAX_TOKENS = 300


async def show_png_info(context: RequestContext) -> Reply:
    """The lines that tell how a picture was made, and all other texts in it."""
    image = await _read_image(await read_fields(context), context)
    texts = await read_texts(image)
    info = texts.get(INFOTEXT, "").strip()
    parameters = parse_infotext(info) if 0 < len(info) <= MAX_INFOTEXT_CHARS else {}
    return json_reply({"info": info, "items": texts, "parameters": parameters})


async def interrogate(context: RequestContext) -> Reply:
    """A description of a picture, by a text model that can see."""
    fields = await read_fields(context)
    image = await _read_image(fields, context)
    model = _find_captioner(fields.get("model"), context.gateway)
    address = TextBlob(await image.to_base64(), f"data:{image.media_type};base64,")
    parts = [
        {"type": "text", "text": caption_prompt()},
        {"type": "image_url", "image_url": {"url": address}},
    ]
    conversation = {
        "messages": [{"role": "user", "content": parts}],
        "max_tokens": MAX_TOKENS,
        "stream": False,
    }
    with context.deadline.limit(
        CAPTION_LIMIT_S, lambda: UpstreamSilent(f"{model.id} took too long.")
    ):
        completion = await complete(model, conversation, context)
    caption = " ".join(completion.content.split())
    if not caption:
        raise JobFailed(f"{model.id} answered without a word.")
    headers = {"x-darkroom-provider": model.provider.id, **tried_header(completion.attempt_log)}
    return json_reply({"caption": caption}, headers)


def _find_captioner(requested: object, gateway: Gateway) -> ChatModel:
    """The model that is named as `provider/name`, or the operator's choice for the server's own."""
    name = requested if isinstance(requested, str) and requested else CAPTIONERS[0]
    if name not in CAPTIONERS:
        return gateway.catalog.find_chat(name)
    if gateway.settings.default_vision_model is None:
        raise NotConfigured(
            "There is no model here that describes pictures. Name a text model that can see as "
            "model, such as provider/name, or let the operator set DEFAULT_VISION_MODEL."
        )
    return gateway.catalog.find_chat(gateway.settings.default_vision_model)


async def _read_image(fields: Mapping[str, Any], context: RequestContext) -> ImageFile:
    value = fields.get("image")
    if is_nothing(value):
        raise NothingThere("Image not found", param="image")
    source = read_source(value, "image")
    (image,) = await load_sources([source], "image", context)
    return image
