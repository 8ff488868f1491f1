"""`/api/vl/extract` and what it keeps: pictures for others to resemble.

A studio keeps their embeddings (reference/studio-api.md section 7). Where there is none, or it
fails, a picture is kept in words, and the answer says so: `emulated`, `x-vl-emulated`.
"""

from collections.abc import Mapping

from darkroom.context import RequestContext
from darkroom.dialects.studio.json_replies import json_reply
from darkroom.dialects.studio.upstreams import STUDIO, first_of
from darkroom.dialects.studio.vision_bodies import ExtractBody, read_extract
from darkroom.dialects.studio.vision_cache import likeness_id
from darkroom.dialects.studio.vision_request import Visit, unknown
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
    request, gateway = context.request, context.gateway
    visit = Visit.of(request, gateway)
    document = await visit.document()
    body, value = read_extract(document)
    cache = visit.cache
    picture = await visit.picture(value, "image")
    assert picture.data is not None  # noqa: S101 - it was asked for so
    name = await likeness_id(picture.data, body.text, body.hidden_layer)
    began = gateway.clock.monotonic()

    async def by_studio() -> tuple[str, Mapping[str, object]]:
        answer = await visit.studio().extract(
            {"image": TextBlob(await picture.to_base64()), **body.model_dump(exclude={"image"})}
        )
        shape, told = answer.get("shape"), answer.get("embeddings_id")
        if not isinstance(shape, list) or told != name:
            raise UpstreamBroken("The studio did not say what it has kept.")
        facts = {key: answer.get(key) for key in ("num_tokens", "original_std", "scaled_std")}
        await cache.keep(name, picture, body)
        return STUDIO, {**facts, "shape": shape, "emulated": False}

    async def in_words() -> tuple[str, Mapping[str, object]]:
        seen = await visit.caption(picture, body.text)
        await cache.keep(name, picture, body, seen.caption)
        tokens = await estimate_tokens(seen.caption)
        return seen.model.provider.id, {
            "num_tokens": tokens,
            "original_std": None,
            "scaled_std": None,
            "shape": [tokens, EMBEDDING_DIM],
            "emulated": True,
            "caption": seen.caption,
            "model": seen.model.id,
        }

    served = await first_of(visit.ways("vl/extract", [by_studio], in_words))
    provider, found = served.value
    answer = {
        "embeddings_id": name,
        **found,
        "hidden_layer": body.hidden_layer,
        "extract_time": gateway.clock.monotonic() - began,
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
    request, gateway = context.request, context.gateway
    name = request.path_after(CACHE)
    if not await Visit.of(request, gateway).cache.forget(name):
        raise unknown(name)
    return json_reply({"deleted": name})


async def clear_embeddings(context: RequestContext) -> Reply:
    """Forget all pictures that this caller has kept."""
    request, gateway = context.request, context.gateway
    return json_reply({"cleared": await Visit.of(request, gateway).cache.clear()})
