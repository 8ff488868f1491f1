"""`/api/vl/extract` and its cache: pictures that later images are conditioned on.

A studio keeps their embeddings (reference/studio-api.md section 7). Where there is none, or it
fails, a picture's caption is kept instead, and the answer says so: `emulated`, `x-vl-emulated`.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from darkroom.attempt import Attempt
from darkroom.blob import Blob
from darkroom.context import RequestContext
from darkroom.dialects.studio.parse import read_document
from darkroom.dialects.studio.vision_cache import LikenessCache, cache_of, likeness_id, not_kept
from darkroom.dialects.studio.vision_request import ExtractBody, load_picture, read_extract
from darkroom.embedding import ImageEmbeddingJob
from darkroom.generation.capabilities import capabilities_of
from darkroom.generation.captions import caption_picture, vision_models
from darkroom.generation.embeddings import embed
from darkroom.generation.failure_headers import tried_header
from darkroom.generation.fallback import first_success
from darkroom.generation.ignored_fields import ignored_header
from darkroom.http import Reply, json_reply
from darkroom.image import ImageFile
from darkroom.prompts.tokens import estimate_tokens

CACHE = "/api/vl/cache/"
EMBEDDING_DIM = 2560
# Fields of an extraction without effect on a caption.
EXTRACTION = ("image_tokens_only", "scale_to_text")


async def extract_embeddings(context: RequestContext) -> Reply:
    """Keep a picture for conditioning: its embedding at a studio, or its caption here."""
    _ = context.caller  # an unknown key is refused before anything is read
    document = read_document(await context.read_body())
    body, value = read_extract(document)
    cache = cache_of(context)
    picture = await load_picture(value, "image", context)
    assert picture.data is not None  # noqa: S101 - it was loaded so
    began = context.gateway.clock.monotonic()
    extraction = await _Extraction.of(context, body, picture, picture.data, cache)
    ways = [extraction.embed] if capabilities_of(context.gateway).image_embeddings else []
    if not ways or next(vision_models(context.gateway), None) is not None:
        ways.append(extraction.caption)
    extracted, failed = await first_success(ways)
    answer = {
        "embeddings_id": extraction.name,
        **extracted.fields,
        "hidden_layer": body.hidden_layer,
        "extract_time": context.gateway.clock.monotonic() - began,
    }
    ignored = [field for field in document if field not in ExtractBody.model_fields]
    if extracted.emulated:
        ignored += [field for field in EXTRACTION if field in document]
    headers = {
        "x-darkroom-provider": extracted.provider,
        "x-vl-emulated": "true" if extracted.emulated else "false",
        **tried_header([*failed, *extracted.attempt_log]),
        **ignored_header(ignored),
    }
    return json_reply(answer, headers=headers)


async def delete_embeddings(context: RequestContext) -> Reply:
    """Delete one picture that this caller has kept."""
    name = context.request.path_after(CACHE)
    if not await cache_of(context).forget(name):
        raise not_kept(name)
    return json_reply({"deleted": name})


async def clear_embeddings(context: RequestContext) -> Reply:
    """Delete all pictures that this caller has kept."""
    return json_reply({"cleared": await cache_of(context).clear()})


@dataclass(frozen=True, slots=True)
class _Extracted:
    """What the answer tells of a kept picture, and who extracted it after which attempts."""

    fields: Mapping[str, object]
    emulated: bool
    provider: str
    attempt_log: Sequence[Attempt]


@dataclass(frozen=True, slots=True)
class _Extraction:
    """One picture to keep under a name, in one of two ways."""

    context: RequestContext
    body: ExtractBody
    picture: ImageFile
    name: str
    cache: LikenessCache

    @classmethod
    async def of(
        cls,
        context: RequestContext,
        body: ExtractBody,
        picture: ImageFile,
        content: Blob,
        cache: LikenessCache,
    ) -> "_Extraction":
        name = await likeness_id(content, body.text, body.hidden_layer)
        return cls(context, body, picture, name, cache)

    async def embed(self) -> _Extracted:
        body = self.body
        job = ImageEmbeddingJob(
            self.name,
            self.picture,
            body.text,
            body.hidden_layer,
            body.image_tokens_only,
            body.scale_to_text,
        )
        embedded = await embed(job, self.context)
        found = embedded.embedding
        await self.cache.keep(self.name, self.picture, body)
        fields = {
            "num_tokens": found.num_tokens,
            "original_std": found.original_std,
            "scaled_std": found.scaled_std,
            "shape": list(found.shape),
            "emulated": False,
        }
        return _Extracted(fields, False, embedded.provider, embedded.attempt_log)

    async def caption(self) -> _Extracted:
        caption = await caption_picture(self.picture, self.body.text, self.context)
        await self.cache.keep(self.name, self.picture, self.body, caption.text)
        tokens = await estimate_tokens(caption.text)
        fields = {
            "num_tokens": tokens,
            "original_std": None,
            "scaled_std": None,
            "shape": [tokens, EMBEDDING_DIM],
            "emulated": True,
            "caption": caption.text,
            "model": caption.model.id,
        }
        return _Extracted(fields, True, caption.model.provider.id, caption.attempt_log)
