"""Image captioning by a vision model."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from darkroom.access import Caller
from darkroom.attempt import Attempt
from darkroom.catalog.model import ChatModel
from darkroom.catalog.rewriters import DEFAULT_TEXT_MODEL
from darkroom.context import RequestContext
from darkroom.errors import Failure, JobFailed, NotConfigured, UpstreamSilent
from darkroom.gateway import Gateway
from darkroom.generation.chat import complete
from darkroom.image import ImageFile
from darkroom.json_writer import TextBlob
from darkroom.prompts.instructions import caption_prompt
from darkroom.prompts.thinking import split_thinking

CAPTION_LIMIT_S = 90.0
MAX_TOKENS = 300


@dataclass(frozen=True, slots=True)
class Caption:
    """A picture's caption, the model that wrote it, and what was tried for it."""

    text: str
    model: ChatModel
    attempt_log: Sequence[Attempt]


def vision_models(gateway: Gateway) -> Iterator[ChatModel]:
    """The models that see: the operator's choice, then those that rewrite pictures."""
    catalog = gateway.catalog
    rows = [row for row in catalog.rewriters.values() if row.supports_image]
    named = [gateway.settings.default_vision_model, *(name for row in rows for name in row.models)]
    for name in dict.fromkeys(filter(None, named)):
        if name != DEFAULT_TEXT_MODEL and catalog.find_chat(name).provider.is_configured:
            yield catalog.find_chat(name)


async def caption_picture(picture: ImageFile, text: str | None, context: RequestContext) -> Caption:
    """Have a picture described by the first model that the caller may use.

    `text` says what to look at. Raises a `Failure` when there is none, or it does not answer.
    """
    model = _choose(context.caller, context.gateway)
    address = TextBlob(await picture.to_base64(), f"data:{picture.media_type};base64,")
    attention = f"\nLook at this above all: {text.strip()}" if text and text.strip() else ""
    content = [
        {"type": "text", "text": caption_prompt() + attention},
        {"type": "image_url", "image_url": {"url": address}},
    ]
    body = {"messages": [{"role": "user", "content": content}], "max_tokens": MAX_TOKENS}
    with context.deadline.limit(
        CAPTION_LIMIT_S, lambda: UpstreamSilent(f"{model.id} took too long.")
    ):
        said = await complete(model, body, context)
    caption = " ".join(split_thinking(said.content, guess=False).text.split())
    if not caption:
        raise JobFailed(f"{model.id} answered without a word.")
    return Caption(caption, model, said.attempt_log)


def _choose(caller: Caller, gateway: Gateway) -> ChatModel:
    failures = []
    for model in vision_models(gateway):
        try:
            caller.tokens_for(model.provider, model.id)
        except Failure as failure:
            failures.append(failure)
        else:
            return model
    if failures:
        raise failures[0]
    raise NotConfigured(
        "There is no model here that sees pictures: the operator has set neither STUDIO_URL nor "
        "DEFAULT_VISION_MODEL."
    )
