"""`POST /api/vl/generate`: an image conditioned on another (reference/studio-api.md section 7).

A studio conditions on the other picture's embedding. Where there is none, or it fails, which the
original's newest version does every time, the other picture is captioned and the caption goes into
the prompt (prompts/likeness.py); the answer says so: `x-vl-emulated`.
"""

from collections.abc import Awaitable, Callable, Iterable, Sequence
from dataclasses import dataclass, replace

from darkroom.async_options import pop_async_options
from darkroom.attempt import Attempt
from darkroom.context import Job, Painting, RequestContext
from darkroom.dialects.studio.generate import file_reply
from darkroom.dialects.studio.generate_request import painting_request
from darkroom.dialects.studio.parse import read_document
from darkroom.dialects.studio.vision_cache import LikenessCache, cache_of, not_kept
from darkroom.dialects.studio.vision_request import (
    VISION,
    VisionBody,
    VisionRequest,
    load_picture,
    read_vision,
)
from darkroom.embedding import EmbeddingForgotten
from darkroom.generation.captions import caption_picture, vision_models
from darkroom.generation.failure_headers import tried_header
from darkroom.generation.fallback import first_success
from darkroom.generation.planning import within_reach
from darkroom.generation.request import Delivery, ImageRequest
from darkroom.generation.run import Generation, GenerationResult, plan_generation, run_to_end
from darkroom.http import Reply
from darkroom.image import ImageFile
from darkroom.job import Conditioning
from darkroom.prompts.likeness import with_likeness

STYLE_ONLY = "style_only"
# The blend modes that have an effect on a caption.
CAPTION_BLEND_MODES = (VISION["blend_mode"], STYLE_ONLY)
# Fields without effect where a picture is named by an id, and where it is captioned.
UNDER_AN_ID = ("vl_image", "vl_text", "vl_hidden_layer", "vl_image_tokens_only",
                "text_tokens_only")  # fmt: skip
IN_WORDS = ("vl_hidden_layer", "vl_image_tokens_only", "text_tokens_only")
# What the original's history has of such a request beside what every history has.
HISTORY_FIELDS = ("vl_alpha", "vl_blend_mode", "vl_embeddings_id")


@dataclass(frozen=True, slots=True)
class _Reference:
    """The picture that the new one is to resemble, and how it is to be embedded or captioned.

    A kept one has an `id`, and its `caption` where that is kept instead of an embedding. `load`
    loads its file, `counts` says whether it has an effect at all, `ignored` are the fields of the
    request without effect beside it.
    """

    load: Callable[[], Awaitable[ImageFile | None]]
    counts: bool
    text: str | None = None
    hidden_layer: int | None = None
    image_tokens_only: bool | None = None
    text_tokens_only: bool | None = None
    id: str | None = None
    caption: str | None = None
    ignored: Sequence[str] = ()


@dataclass(frozen=True, slots=True)
class _Painted:
    """A painted picture; `attempt_log` are the attempts before painting, such as for a caption."""

    generation: Generation
    result: GenerationResult
    emulated: bool
    attempt_log: Sequence[Attempt] = ()


async def read_vision_generate(context: RequestContext) -> Painting:
    """Read a request for a picture that resembles another; the answer is its file."""
    document = read_document(await context.read_body())
    options = pop_async_options(document, context.request.headers)

    async def build() -> Job:
        request = read_vision(document)
        reference = await _find_reference(request, context)
        image_request = _image_request(context, request, reference.ignored)
        # Raises where the caller may use none of the models.
        plan_generation(image_request, context, narrowed=True)
        painter = _Painter(context, request, reference, image_request)
        return Job(image_request.choices[0].model.id, stream=False, run=painter.run)

    return Painting(options, build)


async def _find_reference(request: VisionRequest, context: RequestContext) -> _Reference:
    """The picture that a request names or brings; raises a `Failure` where it cannot be had."""
    body, name = request.body, request.body.vl_embeddings_id
    if name:
        cache = cache_of(context)
        kept = await cache.find(name)
        if kept is None:
            raise not_kept(name)
        return _Reference(
            load=lambda: _kept_picture(cache, name),
            counts=body.vl_alpha > 0,
            text=kept.text,
            hidden_layer=kept.hidden_layer,
            image_tokens_only=kept.image_tokens_only,
            id=name,
            caption=kept.caption,
            ignored=UNDER_AN_ID,
        )
    picture = None
    if request.image:
        picture = await load_picture(request.image, request.spelling("vl_image"), context)

    async def load() -> ImageFile | None:
        return picture

    sent = body.model_fields_set
    return _Reference(
        load=load,
        counts=picture is not None and body.vl_alpha > 0,
        text=body.vl_text,
        hidden_layer=body.vl_hidden_layer if "vl_hidden_layer" in sent else None,
        image_tokens_only=body.vl_image_tokens_only if "vl_image_tokens_only" in sent else None,
        text_tokens_only=body.text_tokens_only if "text_tokens_only" in sent else None,
    )


async def _kept_picture(cache: LikenessCache, name: str) -> ImageFile:
    picture = await cache.picture(name)
    if picture is None:
        raise EmbeddingForgotten("The picture is not kept here any more.")
    return picture


@dataclass(frozen=True, slots=True)
class _Painter:
    """Paints one request in the first way that succeeds."""

    context: RequestContext
    request: VisionRequest
    reference: _Reference
    image_request: ImageRequest

    async def run(self) -> Reply:
        clock, body = self.context.gateway.clock, self.request.body
        began = clock.monotonic()
        try:
            painted, failed = await first_success(self._ways())
        except EmbeddingForgotten as forgotten:
            failure = not_kept(self.reference.id or "")
            failure.attempt_log = forgotten.attempt_log
            raise failure from None
        headers = {
            "x-generation-time": str(clock.monotonic() - began),
            "x-vl-alpha": str(body.vl_alpha),
            "x-vl-blend-mode": body.vl_blend_mode,
            "x-vl-emulated": "true" if painted.emulated else "false",
        }
        reply = file_reply(painted.generation, painted.result, headers)
        attempt_log = [*failed, *painted.attempt_log, *painted.result.timing.attempt_log]
        return replace(reply, headers={**reply.headers, **tried_header(attempt_log)})

    def _ways(self) -> Sequence[Callable[[], Awaitable[_Painted]]]:
        """Conditioning before words; words where a model sees, or where nothing else is there.

        An upstream may have forgotten the embedding that an id names, or know no way to use it:
        then it is sent the picture itself.
        """
        reference, gateway = self.reference, self.context.gateway
        ways: list[Callable[[], Awaitable[_Painted]]] = []
        if reference.caption is None and any(
            choice.model.conditioning for choice in self.image_request.choices
        ):
            ways = [self._by_id, self._by_picture] if reference.id else [self._by_picture]
        if not ways or not reference.counts or next(vision_models(gateway), None) is not None:
            ways.append(self._in_words)
        return ways

    async def _by_id(self) -> _Painted:
        return await self._conditioned(self._conditioning(embedding_id=self.reference.id))

    async def _by_picture(self) -> _Painted:
        reference = self.reference
        conditioning = self._conditioning(image=await reference.load())
        return await self._conditioned(
            replace(
                conditioning,
                text=reference.text,
                hidden_layer=reference.hidden_layer,
                image_tokens_only=reference.image_tokens_only,
                text_tokens_only=reference.text_tokens_only,
            )
        )

    def _conditioning(
        self, *, image: ImageFile | None = None, embedding_id: str | None = None
    ) -> Conditioning:
        body = self.request.body
        return Conditioning(body.vl_alpha, body.vl_blend_mode, image, embedding_id)

    async def _conditioned(self, conditioning: Conditioning) -> _Painted:
        """Have a model that can do so condition the picture on the other."""
        able = [choice for choice in self.image_request.choices if choice.model.conditioning]
        image_request = replace(
            self.image_request,
            providers=tuple(choice.model.provider for choice in able),
            choices=tuple(
                replace(choice, job=replace(choice.job, conditioning=conditioning))
                for choice in able
            ),
        )
        generation = plan_generation(image_request, self.context, narrowed=True)
        return _Painted(generation, await run_to_end(generation), emulated=False)

    async def _in_words(self) -> _Painted:
        """Paint the prompt with as much of the other picture's caption as `vl_alpha` says."""
        body, reference, context = self.request.body, self.reference, self.context
        caption = reference.caption
        attempt_log: Sequence[Attempt] = ()
        if caption is None and reference.counts and (image := await reference.load()) is not None:
            described = await caption_picture(image, reference.text, context)
            caption, attempt_log = described.text, described.attempt_log
        prompt = None
        if caption is not None:
            style_only = body.vl_blend_mode == STYLE_ONLY
            prompt = with_likeness(body.prompt, caption, body.vl_alpha, style_only=style_only)
        ignored = [*reference.ignored, *IN_WORDS]
        if body.vl_blend_mode not in CAPTION_BLEND_MODES:
            ignored.append("vl_blend_mode")
        image_request = _image_request(context, self.request, ignored, prompt)
        generation = plan_generation(image_request, context, narrowed=True)
        result = await run_to_end(generation)
        return _Painted(generation, result, emulated=True, attempt_log=attempt_log)


def _image_request(
    context: RequestContext,
    request: VisionRequest,
    ignored: Iterable[str],
    prompt: str | None = None,
) -> ImageRequest:
    """The image request of a body, for `prompt` or else for the body's own words."""
    body = request.body
    image_request = painting_request(
        body, context.gateway, delivery=Delivery("bytes", "png"), prompt=prompt
    )
    image_request = within_reach(image_request, context.caller)
    without_effect = [name for name in ignored if _matters(name, request)]
    image_request = replace(
        image_request,
        field_aliases={**image_request.field_aliases, **request.field_aliases},
        history_fields={
            **(image_request.history_fields or {}),
            **{name: getattr(body, name) for name in HISTORY_FIELDS},
            **({} if prompt is None else {"revised_prompt": prompt}),
        },
    )
    return image_request.with_unsupported(
        [*map(request.spelling, without_effect), *request.unknown]
    )


def _matters(name: str, request: VisionRequest) -> bool:
    """Whether a field was given another value than it has by default."""
    if name == "vl_image":
        return bool(request.image)
    default = VisionBody.model_fields[name].default
    return bool(getattr(request.body, name) != default)
