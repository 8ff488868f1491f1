"""The operator's servers that a caller may use, tried in order."""

from collections.abc import Awaitable, Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Generic, TypeVar

from darkroom.access import Caller
from darkroom.attempt import Attempt
from darkroom.catalog.provider_row import ProviderRow
from darkroom.context import RequestContext
from darkroom.errors import (
    CredentialMissing,
    CredentialRefused,
    Failure,
    JobFailed,
    RateLimited,
    UpstreamBroken,
    UpstreamUnavailable,
)
from darkroom.gateway import Gateway
from darkroom.generation.failure_headers import tried_header
from darkroom.prompts.chat_format import ChatPrompt
from darkroom.providers.hidden_states import HiddenStatesServer
from darkroom.providers.studio_models import StudioServer
from darkroom.settings import Secret

T = TypeVar("T")

STUDIO, HIDDEN_STATES = "studio", "hidden-states"
# After these somebody else may do it; whatever else goes wrong would go wrong there too.
PASSED_ON = (UpstreamUnavailable, UpstreamBroken, JobFailed, RateLimited, CredentialRefused)


@dataclass(frozen=True, slots=True)
class Served(Generic[T]):
    """What came of it, and who served after which trials."""

    value: T
    provider: str
    attempt_log: Sequence[Attempt] = ()

    @property
    def headers(self) -> Mapping[str, str]:
        """Who served, and what was tried."""
        return {"x-darkroom-provider": self.provider, **tried_header(self.attempt_log)}


def provider_of(name: str, gateway: Gateway) -> ProviderRow | None:
    """A provider, if it is known where it answers."""
    rows = (row for row in gateway.catalog.providers if row.id == name)
    return next((row for row in rows if row.is_configured), None)


def studio_for(context: RequestContext) -> StudioServer | None:
    """The studio, if there is one; raises `CredentialMissing` for a caller who may not use it."""
    row = provider_of(STUDIO, context.gateway)
    if row is None:
        return None
    return StudioServer(row, _token(context.caller, row), context.gateway.http, context.deadline)


def hidden_states_for(context: RequestContext) -> HiddenStatesServer | None:
    """The server of hidden states, if there is one; raises as `studio_for` does."""
    gateway = context.gateway
    row = provider_of(HIDDEN_STATES, gateway)
    if row is None:
        return None
    model = gateway.settings.hidden_states_model
    return HiddenStatesServer(
        row, _token(context.caller, row), model, gateway.http, context.deadline
    )


async def first_of(
    ways: Sequence[tuple[str, str, Callable[[], Awaitable[T]]]],
) -> Served[T]:
    """What the first of several ways comes to; each is named by its provider and place.

    Raises the first failure where all fail, but for those who only miss a credential.
    """
    failures: list[Failure] = []
    attempt_log: list[Attempt] = []
    for provider, place, do in ways:
        try:
            value = await do()
        except PASSED_ON as failure:
            failures.append(failure)
            attempt_log.append(Attempt(provider, place, failure.code))
        else:
            return Served(value, provider, (*attempt_log, Attempt(provider, place, "ok")))
    told = [failure for failure in failures if not isinstance(failure, CredentialMissing)]
    first = (told or failures)[0]
    first.attempt_log = (*first.attempt_log, *attempt_log)
    raise first


def said_to_studio(chat: ChatPrompt, strip_quotes: bool) -> Mapping[str, object]:
    """The texts as the template here makes them: a studio's own may say something else."""
    return {
        "prompt": chat.prompt,
        "system_prompt": chat.system_prompt,
        "thinking_content": chat.thinking_content,
        "assistant_content": chat.assistant_content,
        "force_think_block": chat.force_think_block,
        "strip_quotes": strip_quotes,
    }


def _token(caller: Caller, row: ProviderRow) -> Secret | None:
    return next(iter(caller.tokens_for(row)), None)
