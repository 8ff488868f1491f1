"""Requests to rewrite a prompt or to describe a picture (reference/studio-api.md section 5)."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Annotated, Any

from pydantic import BaseModel, ConfigDict, Field

from darkroom.attempt import Attempt
from darkroom.catalog.model import ChatModel
from darkroom.catalog.provider_row import ProviderRow
from darkroom.context import RequestContext
from darkroom.dialects.studio.defaults import DEFAULTS
from darkroom.dialects.studio.errors import NotFound
from darkroom.dialects.studio.parse import Text, read_body, read_document
from darkroom.dialects.studio.rewriters import choose_model
from darkroom.errors import InvalidRequest, JobFailed
from darkroom.field_types import NO_BOOLEAN
from darkroom.generation.chat import Completion
from darkroom.generation.failure_headers import tried_header
from darkroom.generation.ignored_fields import ignored_header
from darkroom.generation.input_images import is_nothing, load_sources, read_source
from darkroom.image import ImageFile
from darkroom.json_writer import TextBlob
from darkroom.prompts.instructions import description_instruction
from darkroom.prompts.template import TEMPLATES
from darkroom.prompts.thinking import split_thinking

MAX_ANSWER_TOKENS = 32_768
IMAGE_ONLY = "(image only)"
BEYOND_OPENAI = ("top_k", "min_p")
WITHOUT_EFFECT_AT_ZERO = ("min_p", "presence_penalty")


def _number(about: str, low: float, high: float) -> Any:
    return Field(description=about, ge=low, le=high, allow_inf_nan=False)


class RewriteBody(BaseModel):
    """A prompt to be rewritten, a picture to be described, or both (section 5)."""

    model_config = ConfigDict(defer_build=True)

    prompt: Annotated[Text | None, Field(description="The prompt as it is.")] = None
    image: Annotated[
        str | dict[str, Any] | None,
        Field(description="A picture: a data URL, base64 or an https address."),
    ] = None
    model: Annotated[
        str,
        Field(
            description="An id of `GET /api/rewriter-models`, or any text model as `provider/id`.",
        ),
    ] = "qwen3-4b"
    rewriter: Annotated[
        str | None, Field(description="A name of `GET /api/rewriters`: the model's instructions.")
    ] = None
    custom_system_prompt: Annotated[
        Text | None, Field(description="Instructions for the model, in place of a rewriter.")
    ] = None
    stream: Annotated[bool, Field(description="Answer with server-sent events.")] = False
    max_tokens: Annotated[
        int | None, _number("How long the answer may become.", 1, MAX_ANSWER_TOKENS)
    ] = None
    temperature: Annotated[float | None, _number("0 to 2.", 0, 2), NO_BOOLEAN] = None
    top_p: Annotated[float | None, _number("0 to 1.", 0, 1), NO_BOOLEAN] = None
    top_k: Annotated[int | None, _number("For providers that know it.", 0, 1000), NO_BOOLEAN] = None
    min_p: Annotated[
        float | None, _number("0 to 1, for providers that know it.", 0, 1), NO_BOOLEAN
    ] = None
    presence_penalty: Annotated[float | None, _number("-2 to 2.", -2, 2), NO_BOOLEAN] = None


@dataclass(frozen=True, slots=True)
class Rewrite:
    """A validated request for one rewrite.

    `by_vision` says that it is a matter for a vision model; `rewriter` is how the answer names the
    model's instruction; `body` is sent to the model; `ignored` are the caller's fields without
    effect.
    """

    model: ChatModel
    prompt: str
    by_vision: bool
    rewriter: str | None
    body: Mapping[str, object]
    ignored: Sequence[str]
    stream: bool

    def answer(self, completion: Completion, took_s: float) -> Mapping[str, Any]:
        """The answer's body; raises `JobFailed` where the model gave nothing but its reasoning."""
        found = split_thinking(completion.content, guess=not self.by_vision)
        if not found.text:
            raise JobFailed(
                f"{self.model.id} answered without a word. If it thinks first, max_tokens may have "
                "been too few."
            )
        thinking = found.thinking
        if thinking is None:
            thinking = completion.reasoning.strip() or None
        return {
            "original_prompt": self.prompt or IMAGE_ONLY,
            "rewritten_prompt": found.text,
            "thinking_content": thinking,
            "rewriter": self.rewriter,
            "backend": self._backend,
            "model": self.model.id,
            "gen_time": round(took_s, 3),
        }

    def headers(self, attempt_log: Sequence[Attempt]) -> Mapping[str, str]:
        """Headers: the provider, the attempts, and the fields without effect."""
        return {
            "x-darkroom-provider": self.model.provider.id,
            **tried_header(attempt_log),
            **ignored_header(self.ignored),
        }

    @property
    def _backend(self) -> str:
        if self.model.provider.owned:
            return "vl" if self.by_vision else "local"
        return "vl-api" if self.by_vision else "api"


async def read_rewrite(context: RequestContext) -> Rewrite:
    """Read a request, choose its model and load its picture; raises a `Failure`."""
    caller, gateway = context.caller, context.gateway
    document = read_document(await context.read_body())
    body = read_body(RewriteBody, document)
    ignored = [name for name in document if name not in RewriteBody.model_fields]
    prompt, image = (body.prompt or "").strip(), document.get("image")
    if is_nothing(image):
        image = None
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
    by_vision = bool(image) or (chosen.rewriter is not None and chosen.rewriter.supports_image)
    instruction, rewriter = _instruction(body, by_vision=by_vision)
    sampling, dropped = _sampling(body, chosen.model.provider)
    with context.deadline.enforced():
        source = read_source(image, "image") if image else None
        files = await load_sources([source] if source else [], "image", context)
    messages = [
        {"role": "system", "content": instruction},
        {"role": "user", "content": await _content(prompt, files[0]) if files else prompt},
    ]
    return Rewrite(
        model=chosen.model,
        prompt=body.prompt or "",
        by_vision=by_vision,
        rewriter=rewriter,
        body={"messages": messages, **sampling},
        ignored=[*ignored, *dropped],
        stream=body.stream,
    )


def _instruction(body: RewriteBody, *, by_vision: bool) -> tuple[str, str | None]:
    """The model's instruction and its name in the answer; a custom one goes before a rewriter."""
    if own := (body.custom_system_prompt or "").strip():
        return own, "custom" if by_vision else body.rewriter
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
    if by_vision:
        return description_instruction(), "default_vl"
    raise InvalidRequest(
        "rewriter: name one of GET /api/rewriters, or send a custom_system_prompt.",
        param="rewriter",
    )


def _sampling(body: RewriteBody, provider: ProviderRow) -> tuple[Mapping[str, float], list[str]]:
    """The sampling parameters, and those of the caller's that the provider does not know."""
    known = provider.chat.sampling if provider.chat else ()
    fields: dict[str, float] = {}
    dropped = []
    for name, default in DEFAULTS["rewriter"].items():
        requested = getattr(body, name)
        value = default if requested is None else requested
        if name in BEYOND_OPENAI and name not in known:
            dropped += [] if requested is None else [name]
        elif value or name not in WITHOUT_EFFECT_AT_ZERO:
            fields[name] = value
    return fields, dropped


async def _content(prompt: str, picture: ImageFile) -> list[Mapping[str, Any]]:
    """A message of the prompt, if there is one, and of the picture as a data URL."""
    text = [{"type": "text", "text": prompt}] if prompt else []
    url = TextBlob(await picture.to_base64(), f"data:{picture.media_type};base64,")
    return [*text, {"type": "image_url", "image_url": {"url": url}}]
