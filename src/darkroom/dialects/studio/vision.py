"""`/api/vl/extract` and its cache: pictures that later images are conditioned on.

A studio keeps their embeddings (reference/studio-api.md section 7). Where there is none, or it
fails, a picture is kept in words, and the answer says so: `emulated`, `x-vl-emulated`.
"""

from collections.abc import Mapping

from darkroom.context import RequestContext
from darkroom.dialects.studio.bodies import read_document
from darkroom.dialects.studio.captions import caption_picture
from darkroom.dialects.studio.json_replies import json_reply
from darkroom.dialects.studio.upstreams import STUDIO, first_of
from darkroom.dialects.studio.vision_bodies import ExtractBody, read_extract
from darkroom.dialects.studio.vision_cache import cache_of, likeness_id
from darkroom.dialects.studio.vision_request import load_picture, studio_of, unknown, ways_to_serve
from darkroom.errors import UpstreamBroken
from darkroom.generation.ignored_fields import ignored_header
from darkroom.http import Reply
from darkroom.json_writer import TextBlob
from darkroom.prompts.tokens import estimate_tokens

CACHE = "/api/vl/cache/"
EMBEDDING_DIM = 2560
# What only a studio heeds of what is to be extracted.
EXTRACTION = ("image_tokens_only", "scale_to_text")


async def extract_embeddings(context: RequestContext) -> Reply:
    """Keep a picture for conditioning: its embedding at a studio, or its caption here."""
    _ = context.caller  # who must not call is told so before anything is read
    document = read_document(await context.read_body())
    body, value = read_extract(document)
    cache = cache_of(context)
    picture = await load_picture(value, "image", context)
    assert picture.data is not None  # noqa: S101 - it was asked for so
    name = await likeness_id(picture.data, body.text, body.hidden_layer)
    began = context.gateway.clock.monotonic()

    async def by_studio() -> tuple[str, Mapping[str, object]]:
        answer = await studio_of(context).extract(
            {"image": TextBlob(await picture.to_base64()), **body.model_dump(exclude={"image"})}
        )
        shape, told = answer.get("shape"), answer.get("embeddings_id")
        if not isinstance(shape, list) or told != name:
            raise UpstreamBroken("The studio did not say what it has kept.")
        facts = {key: answer.get(key) for key in ("num_tokens", "original_std", "scaled_std")}
        await cache.keep(name, picture, body)
        return STUDIO, {**facts, "shape": shape, "emulated": False}

    async def in_words() -> tuple[str, Mapping[str, object]]:
        seen = await caption_picture(picture, body.text, context)
        await cache.keep(name, picture, body, seen.text)
        tokens = await estimate_tokens(seen.text)
        return seen.model.provider.id, {
            "num_tokens": tokens,
            "original_std": None,
            "scaled_std": None,
            "shape": [tokens, EMBEDDING_DIM],
            "emulated": True,
            "caption": seen.text,
            "model": seen.model.id,
        }

    served = await first_of(ways_to_serve(context, "vl/extract", [by_studio], in_words))
    provider, found = served.value
    answer = {
        "embeddings_id": name,
        **found,
        "hidden_layer": body.hidden_layer,
        "extract_time": context.gateway.clock.monotonic() - began,
    }
    ignored = [field for field in document if field not in ExtractBody.model_fields]
    if found["emulated"]:
        ignored += [field for field in EXTRACTION if field in document]
    headers = {
        **served.headers,
        "x-darkroom-provider": provider,
        "x-vl-emulated": "true" if found["emulated"] else "false",
        **ignored_header(ignored),
    }
    return json_reply(answer, headers=headers)


async def delete_embeddings(context: RequestContext) -> Reply:
    """Forget one picture that this caller has kept."""
    name = context.request.path_after(CACHE)
    if not await cache_of(context).forget(name):
        raise unknown(name)
    return json_reply({"deleted": name})


async def clear_embeddings(context: RequestContext) -> Reply:
    """Forget all pictures that this caller has kept."""
    return json_reply({"cleared": await cache_of(context).clear()})
