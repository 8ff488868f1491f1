"""`POST /api/rewrite`: a prompt rewritten, or a picture described, by a text model."""

from collections.abc import Mapping
from typing import Any

from darkroom.catalog.provider_row import ProviderRow
from darkroom.context import RequestContext
from darkroom.dialects.studio.bodies import RewriteBody, read_body, read_document
from darkroom.dialects.studio.defaults import DEFAULTS
from darkroom.dialects.studio.errors import NotFound
from darkroom.dialects.studio.json_replies import json_reply
from darkroom.dialects.studio.rewrite import REWRITING_LIMIT_S, Rewrite
from darkroom.dialects.studio.rewrite_stream import stream_rewrite
from darkroom.dialects.studio.rewriters import choose_model
from darkroom.errors import DeadlineExceeded, InvalidRequest
from darkroom.generation.chat import complete
from darkroom.generation.input_images import load_sources, read_source
from darkroom.http import Reply
from darkroom.image import ImageFile
from darkroom.json_writer import TextBlob
from darkroom.prompts.instructions import description_instruction
from darkroom.prompts.template import TEMPLATES

BEYOND_OPENAI = ("top_k", "min_p")
WITHOUT_EFFECT_AT_ZERO = ("min_p", "presence_penalty")


async def rewrite_prompt(context: RequestContext) -> Reply:
    """Have a prompt rewritten (reference/studio-api.md section 5)."""
    caller, gateway, deadline = context.caller, context.gateway, context.deadline
    document = read_document(await context.read_body())
    body = read_body(RewriteBody, document)
    ignored = [name for name in document if name not in RewriteBody.model_fields]
    prompt, image = (body.prompt or "").strip(), document.get("image")
    if not prompt and not image:
        raise InvalidRequest("Send a prompt, an image, or both.", param="prompt")
    chosen = choose_model(body.model, caller, gateway)
    if image and not chosen.sees:
        if not prompt:
            raise InvalidRequest(
                f"image: {body.model} reads text alone. Send a prompt, or name a model of "
                "GET /api/rewriter-models that supports images.",
                param="image",
            )
        image = None
        ignored.append("image")
    looks = bool(image) or (chosen.rewriter is not None and chosen.rewriter.supports_image)
    instruction, told_by = _instruction(body, looks=looks)
    sampling, dropped = _sampling(body, chosen.model.provider)
    async with deadline.enforced():
        source = read_source(image, "image") if image else None
        files = await load_sources([source] if source else [], "image", context)
    messages = [
        {"role": "system", "content": instruction},
        {"role": "user", "content": await _content(prompt, files[0]) if files else prompt},
    ]
    rewrite = Rewrite(
        model=chosen.model,
        prompt=body.prompt or "",
        looks=looks,
        told_by=told_by,
        body={"messages": messages, **sampling},
        ignored=[*ignored, *dropped],
    )
    if body.stream:
        return await stream_rewrite(rewrite, context)
    began = gateway.clock.monotonic()
    slow = f"{rewrite.model.id} did not answer within {REWRITING_LIMIT_S:.0f} s."
    async with deadline.limit(REWRITING_LIMIT_S, lambda: DeadlineExceeded(slow)):
        said = await complete(rewrite.model, rewrite.body, context)
    answer = rewrite.answer(said, gateway.clock.monotonic() - began)
    return json_reply(answer, headers=rewrite.headers(said.attempt_log))


def _instruction(body: RewriteBody, *, looks: bool) -> tuple[str, str | None]:
    """What the model is told, and how the answer names that: own words go before a rewriter."""
    if own := (body.custom_system_prompt or "").strip():
        return own, "custom" if looks else body.rewriter
    if body.rewriter:
        template = TEMPLATES.get(body.rewriter)
        if template is None:
            raise NotFound(
                f"rewriter: there is none called {body.rewriter[:80]!r}. GET /api/rewriters lists "
                "all there are.",
                param="rewriter",
            )
        if not template.is_rewriter:
            raise InvalidRequest(
                f"rewriter: {template.name} is a template of prompts, and tells no text model "
                "what to do.",
                param="rewriter",
            )
        return template.system_prompt, template.name
    if looks:
        return description_instruction(), "default_vl"
    raise InvalidRequest(
        "rewriter: name one of GET /api/rewriters, or send a custom_system_prompt.",
        param="rewriter",
    )


def _sampling(body: RewriteBody, provider: ProviderRow) -> tuple[Mapping[str, float], list[str]]:
    """What the model is tuned by, and which of the caller's fields its provider does not know."""
    known = provider.chat.sampling if provider.chat else ()
    fields: dict[str, float] = {}
    dropped = []
    for name, default in DEFAULTS["rewriter"].items():
        asked = getattr(body, name)
        value = default if asked is None else asked
        if name in BEYOND_OPENAI and name not in known:
            dropped += [] if asked is None else [name]
        elif value or name not in WITHOUT_EFFECT_AT_ZERO:
            fields[name] = value
    return fields, dropped


async def _content(prompt: str, picture: ImageFile) -> list[Mapping[str, Any]]:
    """A message of the prompt, if there is one, and of the picture as a data URL."""
    text = [{"type": "text", "text": prompt}] if prompt else []
    url = TextBlob(await picture.to_base64(), f"data:{picture.media_type};base64,")
    return [*text, {"type": "image_url", "image_url": {"url": url}}]
