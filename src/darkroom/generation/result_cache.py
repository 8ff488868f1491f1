"""The result cache: the same request with the same seed is not painted twice."""

import hashlib
import json
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass
from typing import Any

from darkroom.access import Caller
from darkroom.blob import BytesBlob
from darkroom.caller_key import credential_key_of
from darkroom.catalog.parameters import ResolvedParameters
from darkroom.context import RequestContext
from darkroom.deadline import Clock, Deadline
from darkroom.errors import Failure, JobFailed
from darkroom.generation.output import Completed, RenderedPicture, Renderer
from darkroom.generation.request import ImageRequest
from darkroom.image import ImageFile
from darkroom.job import ImageJob
from darkroom.limit_settings import DAY_S
from darkroom.stores.media import MediaStore
from darkroom.stores.unavailable import StoreUnavailable

LIMIT_S = 5.0
EVERYBODY = "everybody"
_RECORD_TYPE = "application/json"


@dataclass(frozen=True, slots=True)
class ResultCache:
    """The cached results of one caller, in the bucket of stored images.

    `scope` is the caller's key, `reads` and `writes` are what the request's `Cache-Control` allows.
    """

    media: MediaStore
    clock: Clock
    scope: str
    lifetime_s: float
    picture_lasts_s: float
    reads: bool
    writes: bool

    async def get(
        self, image_request: ImageRequest, seed: int, renderer: Renderer
    ) -> Completed | None:
        """The cached image of a request with this seed; None where there is none."""
        if not self.reads:
            return None
        try:
            with renderer.deadline.limit(LIMIT_S, lambda: JobFailed("too slow")):
                return await self._read(image_request, seed, renderer)
        except (StoreUnavailable, JobFailed, ValueError, KeyError, TypeError):
            return None  # it is painted anew

    async def _read(
        self, image_request: ImageRequest, seed: int, renderer: Renderer
    ) -> Completed | None:
        found = await self.media.get(await self._name(image_request, seed))
        if found is None:
            return None
        record = json.loads(found.content.head(found.content.size))
        if record["until"] <= self.clock.time():
            return None
        served = {choice.model.id: choice for choice in image_request.choices}[record["model"]]
        kept = await self.media.get(record["picture"])
        if kept is None:
            return None
        delivery, address = image_request.delivery, renderer.address_of(record["picture"])
        value, base64 = await renderer.forms(ImageFile(data=kept.content), delivery, address)
        picture = RenderedPicture(
            delivery.field, value, record["output_format"], record["size"],
            lasts_s=record["kept_until"] - self.clock.time() if address is value else None,
            media_name=record["picture"], base64=base64,
        )  # fmt: skip
        return Completed(
            picture=picture,
            served=served,
            provider=record["provider"],
            seed=record["seed"],
            revised_prompt=record["revised_prompt"],
            missed=tuple(record["missed"]),
            recalled=True,
        )

    async def put(self, image_request: ImageRequest, seed: int, completed: Completed) -> None:
        """Cache an image; does nothing where that cannot be done."""
        if not self.writes or completed.picture.media_name is None:
            return
        if not completed.served.model.seed:
            return
        record = {
            "until": self.clock.time() + self.lifetime_s,
            "picture": completed.picture.media_name,
            "kept_until": self.clock.time() + self.picture_lasts_s,
            "model": completed.served.model.id,
            "provider": completed.provider,
            "seed": completed.seed,
            "output_format": completed.picture.output_format,
            "size": completed.picture.size,
            "revised_prompt": completed.revised_prompt,
            "missed": completed.missed,
        }
        content = BytesBlob(json.dumps(record).encode())
        deadline = Deadline.after(2 * LIMIT_S, self.clock)
        try:
            with deadline.limit(LIMIT_S, lambda: JobFailed("too slow")):
                await self.media.put(await self._name(image_request, seed), content, _RECORD_TYPE)
        except (StoreUnavailable, Failure):
            return

    async def _name(self, image_request: ImageRequest, seed: int) -> str:
        """The cache key: a digest that nobody can guess or read the request from."""
        requested = {
            "scope": self.scope,
            "seed": seed,
            "format": [image_request.delivery.output_format, image_request.delivery.compression],
            "choices": [await _describe(choice) for choice in _in_order(image_request)],
        }
        text = json.dumps(requested, sort_keys=True, default=str)
        return f"results/{hashlib.sha256(text.encode()).hexdigest()}"


def result_cache_for(
    image_request: ImageRequest, caller: Caller, context: RequestContext
) -> ResultCache | None:
    """The result cache of a request; None where it must be painted in any case.

    Only requests with a seed of the caller's own are cached, and only for callers whom a credential
    tells apart, unless the operator shares results among all.
    """
    gateway, settings = context.gateway, context.gateway.settings
    scope = (
        EVERYBODY
        if settings.share_results
        else credential_key_of(caller, context.request.headers, settings)
    )
    directives = cache_directives(context.request.headers)
    if gateway.media is None or scope is None or not image_request.seeded or image_request.enhance:
        return None
    if "no-store" in directives or not settings.result_lifetime_s:
        return None
    choices = image_request.choices
    if any(choice.job.conditioning is not None for choice in choices):
        return None
    enough = any if image_request.pool else all  # what others of a pool paint is not kept
    if not enough(choice.model.seed for choice in choices):
        return None
    return ResultCache(
        media=gateway.media,
        clock=gateway.clock,
        scope=scope,
        lifetime_s=settings.result_lifetime_s,
        picture_lasts_s=settings.lifetimes.media_lifetime_days * DAY_S,
        reads="no-cache" not in directives,
        writes=True,
    )


def cache_directives(headers: Mapping[str, str]) -> set[str]:
    """The directives of a request's `Cache-Control`."""
    return {part.strip().lower() for part in headers.get("cache-control", "").split(",")}


def _in_order(image_request: ImageRequest) -> Sequence[ResolvedParameters]:
    """The choices; those of a pool, whose order changes with time, by their names."""
    if image_request.pool is None:
        return image_request.choices
    return sorted(image_request.choices, key=lambda choice: choice.model.id)


async def _describe(choice: ResolvedParameters) -> Mapping[str, Any]:
    """The fields of a job that determine its picture, source images by their hashes."""
    job, overlay = choice.job, choice.overlay
    mask = overlay.mask if overlay else job.mask
    fields = {
        name: getattr(job, name)
        for name in ImageJob.__dataclass_fields__
        if name not in ("seed", "images", "mask", "conditioning", "watched")
    }
    sources = [*job.images, *([mask.file] if mask else [])]
    return {
        **fields,
        "size": asdict(job.size),
        "options": sorted(job.options.items()),
        "sources": [await _digest(image) for image in sources],
        "mask": mask.convention if mask else None,
    }


async def _digest(image: ImageFile) -> str:
    content = image.data or image.base64
    return await content.sha256() if content else ""
