"""Prompt enhancement and translation by a text model."""

from collections.abc import Sequence
from contextlib import suppress
from dataclasses import dataclass

from darkroom.access import Caller
from darkroom.attempt import Attempt
from darkroom.catalog.model import ChatModel
from darkroom.catalog.provider_row import ProviderRow
from darkroom.context import RequestContext
from darkroom.errors import CredentialMissing, JobFailed, UpstreamSilent
from darkroom.gateway import Gateway
from darkroom.generation.chat import complete
from darkroom.prompts.instructions import TEMPERATURES, Task, messages_for
from darkroom.prompts.thinking import split_thinking

IMPROVING_LIMIT_S = 60.0
MAX_TOKENS = 1000
KEYLESS_MODEL = "pollinations/openai-fast"


@dataclass(frozen=True, slots=True)
class EnhancedPrompt:
    """An enhanced prompt, and the model that wrote it."""

    prompt: str
    model: ChatModel
    attempt_log: Sequence[Attempt]


async def enhance_prompt(
    task: Task,
    prompt: str,
    context: RequestContext,
    *,
    model: str | None = None,
    language: str | None = None,
    instruction: str | None = None,
) -> EnhancedPrompt:
    """Enhance or translate a prompt; raises a `Failure` when no text model answers."""
    caller, gateway = context.caller, context.gateway
    chosen = gateway.catalog.find_chat(model) if model else default_text_model(caller, gateway)
    if model:
        caller.check_prefixes([chosen.provider], chosen.id)
    body = {
        "messages": messages_for(task, prompt, language, instruction),
        "max_tokens": MAX_TOKENS,
        "temperature": TEMPERATURES[task],
    }
    with context.deadline.limit(
        IMPROVING_LIMIT_S, lambda: UpstreamSilent(f"{chosen.id} took too long.")
    ):
        said = await complete(chosen, body, context)
    text = _unquoted(split_thinking(said.content).text)
    if not text:
        raise JobFailed(f"{chosen.id} answered without a word.")
    return EnhancedPrompt(text, chosen, said.attempt_log)


def default_text_model(caller: Caller, gateway: Gateway) -> ChatModel:
    """The text model for a caller who names none.

    The operator's setting comes first, then the default of a provider that the caller brought a
    token for, then one that a gateway key unlocks, and where nothing is configured Pollinations.
    """
    catalog, settings = gateway.catalog, gateway.settings
    named = settings.default_text_model
    if named:
        with suppress(CredentialMissing):
            model = catalog.find_chat(named)
            caller.tokens_for(model.provider, model.id)
            return model
    able = [p for p in catalog.providers if p.chat and p.chat.default_model and p.is_configured]
    for provider in able:
        if provider.token_prefix in caller.bearer.prefixes:
            return _default_of(provider)
    if caller.holds_key:
        for provider in able:
            if settings.tokens.get(provider.id):
                return _default_of(provider)
        for provider in able:
            if caller.binding_for(provider):
                return _default_of(provider)
    return catalog.find_chat(KEYLESS_MODEL)


def _default_of(provider: ProviderRow) -> ChatModel:
    assert provider.chat is not None  # noqa: S101 - the caller has looked
    return ChatModel(provider.chat.default_model, provider)


def _unquoted(text: str) -> str:
    """The prompt without the quotes that models like to put around what they give."""
    if len(text) > 1 and text[0] == text[-1] == '"' and '"' not in text[1:-1]:
        text = text[1:-1].strip()
    return text
