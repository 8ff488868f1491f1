"""`/api/vl/*`: pictures conditioned on others (reference/studio-api.md section 7).

A studio does it with embeddings. Where there is none, or it fails, the picture is told in words,
and the answer says so: `emulated`, `x-vl-emulated`.
"""

import re
from collections.abc import Awaitable, Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, TypeVar

from darkroom.access import Caller, identify
from darkroom.deadline import Deadline
from darkroom.dialects.context import Gateway
from darkroom.dialects.order import ANY_SEED
from darkroom.dialects.sources import load_sources, read_source
from darkroom.dialects.studio.bodies import read_document
from darkroom.dialects.studio.errors import NotFound
from darkroom.dialects.studio.replies import ignored_header, json_reply
from darkroom.dialects.studio.seeing import Seen, caption_picture, seers
from darkroom.dialects.studio.upstreams import (
    STUDIO,
    Served,
    first_of,
    provider_of,
    said_to_studio,
    studio_for,
)
from darkroom.dialects.studio.vision_bodies import (
    ExtractBody,
    VisionBody,
    read_extract,
    read_vision,
)
from darkroom.dialects.studio.vision_cache import LikenessCache, cache_of, likeness_id
from darkroom.dialects.studio.vision_painting import PaintedFile, paint_in_words
from darkroom.dialects.timing import tried_header
from darkroom.errors import InvalidRequest, UpstreamBroken
from darkroom.http import Reply, Request
from darkroom.image import ImageFile, NotAnImage
from darkroom.json_body import TextBlob
from darkroom.prompts.tokens import estimate_tokens
from darkroom.providers.answers import whole_number
from darkroom.providers.studio_models import StudioServer

T = TypeVar("T")

CACHE = "/api/vl/cache/"
EMBEDDING_DIM = 2560
OTHERWISE = "interpolate"  # what a studio does by a name that it does not know
_NAME = re.compile(r"[\w-]+", re.ASCII)
IN_WORDS = "words"  # how the way without a studio is called among what was tried
_TO_STUDIO = (
    "width", "height", "steps", "seed", "guidance_scale", "shift", "long_prompt_mode",
    "hidden_layer", "vl_alpha", "vl_blend_mode", "vl_hidden_layer", "vl_image_tokens_only",
    "vl_text",
)  # fmt: skip


@dataclass(frozen=True, slots=True)
class Visit:
    """One request, and who sends it."""

    request: Request
    gateway: Gateway
    deadline: Deadline
    caller: Caller

    @classmethod
    def of(cls, request: Request, gateway: Gateway) -> "Visit":
        """Raises as `identify` does."""
        caller = identify(
            request.headers.get("authorization"), gateway.settings, gateway.catalog.providers
        )
        deadline = Deadline.after(gateway.settings.request_timeout_s, gateway.clock)
        return cls(request, gateway, deadline, caller)

    async def document(self) -> dict[str, Any]:
        """The body's fields."""
        async with self.deadline.enforced():
            raw = await self.request.body.read(self.gateway.settings.max_body_bytes)
        return read_document(raw)

    async def picture(self, value: object, param: str) -> ImageFile:
        """A picture of the body, as the bytes of its file; raises `InvalidRequest`."""
        source = read_source(value, param)
        origin, gateway, deadline = self.request.origin, self.gateway, self.deadline
        async with deadline.enforced():
            (file,) = await load_sources([source], param, origin, gateway, deadline)
        try:
            return ImageFile(data=await file.to_bytes())
        except NotAnImage:
            raise InvalidRequest(f"{param}: the text is not base64.", param=param) from None

    @property
    def cache(self) -> LikenessCache:
        """What this caller has extracted; raises a `Failure` where there can be nothing."""
        return cache_of(self.request, self.gateway, self.deadline)

    @property
    def has_studio(self) -> bool:
        """Whether there is a studio to be asked first."""
        return provider_of(STUDIO, self.gateway) is not None

    @property
    def has_words(self) -> bool:
        """Whether there is a model that puts pictures into words."""
        return next(seers(self.gateway), None) is not None

    def ways(
        self,
        studio: tuple[str, Callable[[], Awaitable[T]]],
        in_words: Callable[[], Awaitable[T]],
        *,
        needs_eyes: bool = True,
    ) -> Sequence[tuple[str, str, Callable[[], Awaitable[T]]]]:
        """A studio before words; words where somebody sees, or where there is nobody else."""
        ways = [(STUDIO, *studio)] if self.has_studio else []
        if not ways or self.has_words or not needs_eyes:
            ways.append((IN_WORDS, "caption", in_words))
        return ways

    def studio(self) -> StudioServer:
        """The studio, for a caller who may use it; raises `CredentialMissing` for another."""
        server = studio_for(self.caller, self.gateway, self.deadline)
        assert server is not None  # noqa: S101 - it is known where it answers
        return server

    async def caption(self, picture: ImageFile, text: str | None) -> Seen:
        """The picture in words."""
        return await caption_picture(picture, text, self.caller, self.gateway, self.deadline)


async def extract_embeddings(request: Request, gateway: Gateway) -> Reply:
    """Keep a picture for conditioning: its embedding at a studio, or its caption here."""
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
        await cache.keep(name, None, picture.dimensions)
        return STUDIO, {**facts, "shape": shape, "emulated": False}

    async def in_words() -> tuple[str, Mapping[str, object]]:
        seen = await visit.caption(picture, body.text)
        await cache.keep(name, seen.caption, picture.dimensions)
        tokens = estimate_tokens(seen.caption)
        return seen.model.provider.id, {
            "num_tokens": tokens,
            "original_std": None,
            "scaled_std": None,
            "shape": [tokens, EMBEDDING_DIM],
            "emulated": True,
            "caption": seen.caption,
            "model": seen.model.id,
        }

    served = await first_of(visit.ways(("vl/extract", by_studio), in_words))
    provider, found = served.value
    answer = {
        "embeddings_id": name,
        **found,
        "hidden_layer": body.hidden_layer,
        "extract_time": gateway.clock.monotonic() - began,
    }
    ignored = [field for field in document if field not in ExtractBody.model_fields]
    if found["emulated"]:
        ignored += [field for field in ("image_tokens_only", "scale_to_text") if field in document]
    headers = {**served.headers, "x-darkroom-provider": provider, **ignored_header(ignored)}
    return json_reply(answer, headers=headers)


async def generate_with_vision(request: Request, gateway: Gateway) -> Reply:
    """Paint a prompt so that it resembles a picture; the answer is the file."""
    visit = Visit.of(request, gateway)
    body, value, ignored = read_vision(await visit.document())
    began = gateway.clock.monotonic()
    if body.vl_embeddings_id:
        served = await _by_id(visit, body, body.vl_embeddings_id)
    else:
        served = await _by_picture(visit, body, value)
    painted, mode = served.value, body.vl_blend_mode
    told = {
        "content-type": painted.media_type,
        "cache-control": "no-store",
        "x-generation-time": str(gateway.clock.monotonic() - began),
        "x-vl-alpha": str(body.vl_alpha),
        "x-vl-blend-mode": mode if _NAME.fullmatch(mode) else OTHERWISE,
        "x-vl-emulated": "true" if served.provider == IN_WORDS else "false",
    }
    if painted.seed is not None:
        told["x-seed"] = str(painted.seed)
    headers = {**told, **(painted.headers or {"x-darkroom-provider": served.provider})}
    tried = [*tried_header(served.trials).values(), headers.pop("x-darkroom-tried", "")]
    if told_of := ", ".join(filter(None, tried)):
        headers["x-darkroom-tried"] = told_of
    headers |= ignored_header([*ignored, *painted.ignored])
    return Reply(200, headers, [painted.content])


async def delete_embeddings(request: Request, gateway: Gateway) -> Reply:
    """Forget one picture that this caller has kept."""
    name = request.path_after(CACHE)
    if not await Visit.of(request, gateway).cache.forget(name):
        raise _unknown(name)
    return json_reply({"deleted": name})


async def clear_embeddings(request: Request, gateway: Gateway) -> Reply:
    """Forget all pictures that this caller has kept."""
    return json_reply({"cleared": await Visit.of(request, gateway).cache.clear()})


async def _by_id(visit: Visit, body: VisionBody, name: str) -> Served[PaintedFile]:
    """Paint like a picture that was kept, in the way in which it was kept."""
    kept = await visit.cache.find(name)
    if kept is None:
        raise _unknown(name)
    if kept.caption is not None:
        painted = await _paint_in_words(visit, body, kept.caption)
        return Served(painted, IN_WORDS)
    painted = await _paint_at_studio(visit, body, {"vl_embeddings_id": name})
    return Served(painted, STUDIO)


async def _by_picture(visit: Visit, body: VisionBody, value: object) -> Served[PaintedFile]:
    """Paint like a picture that came along, or like none."""
    picture = await visit.picture(value, "vl_image") if value else None

    async def by_studio() -> PaintedFile:
        sent = {"vl_image": TextBlob(await picture.to_base64())} if picture else {}
        return await _paint_at_studio(visit, body, sent)

    async def in_words() -> PaintedFile:
        caption = None
        if picture is not None and body.vl_alpha > 0:
            caption = (await visit.caption(picture, body.vl_text)).caption
        return await _paint_in_words(visit, body, caption)

    needs_eyes = picture is not None and body.vl_alpha > 0
    ways = visit.ways(("vl/generate", by_studio), in_words, needs_eyes=needs_eyes)
    return await first_of(ways)


async def _paint_at_studio(
    visit: Visit, body: VisionBody, sent: Mapping[str, object]
) -> PaintedFile:
    fields = {name: getattr(body, name) for name in _TO_STUDIO if name in body.model_fields_set}
    fields = {name: value for name, value in fields.items() if value is not None}
    if fields.get("seed") == ANY_SEED:
        del fields["seed"]
    said = said_to_studio(body.chat_prompt(), body.strip_quotes)
    defaults = {"vl_alpha": body.vl_alpha, "vl_blend_mode": body.vl_blend_mode}
    reply, file = await visit.studio().paint({**said, **defaults, **fields, **sent})
    # "random" stands for 0 too, which is a seed like any other.
    seed = whole_number(reply.headers.get("x-seed"))
    return PaintedFile(
        content=await file.to_bytes(),
        media_type=file.media_type,
        seed=fields.get("seed") if seed is None else seed,
    )


async def _paint_in_words(visit: Visit, body: VisionBody, caption: str | None) -> PaintedFile:
    return await paint_in_words(
        body,
        caption,
        caller=visit.caller,
        request=visit.request,
        gateway=visit.gateway,
        deadline=visit.deadline,
    )


def _unknown(name: str) -> NotFound:
    return NotFound(
        f"vl_embeddings_id: you have kept none called {name[:80]!r}, or it is over, which it is "
        "after seven days. POST /api/vl/extract keeps pictures.",
        param="vl_embeddings_id",
    )
