"""The plan of a request: its routes in order."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace

from darkroom.access import Caller
from darkroom.catalog.model import ChatModel, Model
from darkroom.catalog.provider_row import ProviderRow
from darkroom.errors import Failure
from darkroom.job import ImageJob
from darkroom.providers.provider import ChatRoute, EmbeddingRoute, Route
from darkroom.settings import Secret


@dataclass(frozen=True, slots=True)
class Step:
    """A job as one model takes it, and one way to have it done.

    `first_event_limit_s` is how long the upstream may go without a sign of life, where others could
    be tried instead.
    """

    job: ImageJob
    route: Route
    first_event_limit_s: float | None = None


@dataclass(frozen=True, slots=True)
class ChatStep:
    """One way to have a conversation continued."""

    route: ChatRoute


@dataclass(frozen=True, slots=True)
class EmbeddingStep:
    """One way to have something embedded."""

    route: EmbeddingRoute


def plan_routes(
    model: Model, tokens: Sequence[Secret], *, conditioned: bool = False
) -> tuple[Route, ...]:
    """Every upstream of the model in its catalog order, with each credential in its own.

    A provider that needs no token has a last route at each upstream without one. `conditioned`
    means the upstreams for pictures that resemble others.
    """
    return tuple(
        Route(model, upstream, token, number)
        for upstream in (model.conditioning if conditioned else model.upstreams)
        for number, token in _numbered(tokens, model.provider)
    )


def plan_chat(model: ChatModel, tokens: Sequence[Secret]) -> tuple[ChatStep, ...]:
    """The text model with each credential, and then without, where it needs none."""
    return tuple(
        ChatStep(ChatRoute(model, token, number))
        for number, token in _numbered(tokens, model.provider)
    )


def plan_steps(candidates: Iterable[tuple[Model, ImageJob]], caller: Caller) -> tuple[Step, ...]:
    """The steps of every model in turn, as far as the caller may use it.

    A model that this caller has no credential for is left out where others remain; raises the
    first one's `CredentialMissing` where none does.
    """
    steps: list[Step] = []
    failures: list[Failure] = []
    for model, job in candidates:
        try:
            tokens = caller.tokens_for(model.provider, model.id)
        except Failure as failure:
            failures.append(failure)
            continue
        routes = plan_routes(model, tokens, conditioned=job.conditioning is not None)
        steps += [Step(job, route) for route in routes]
    if not steps and failures:
        raise failures[0]
    return tuple(_knowing_next(steps))


def _knowing_next(steps: Sequence[Step]) -> Iterable[Step]:
    """The steps; a route of a provider with a binding knows whether another upstream follows."""
    for number, step in enumerate(steps):
        route = step.route
        if route.provider.binding is not None:
            here = (route.provider.id, route.place)
            others = (other.route for other in steps[number + 1 :])
            if any((other.provider.id, other.place) != here for other in others):
                step = replace(step, route=replace(route, has_next=True))  # noqa: PLW2901
        yield step


def plan_embedding(
    kind: str, providers: Iterable[ProviderRow], caller: Caller
) -> tuple[EmbeddingStep, ...]:
    """The providers that embed things of this kind, as far as the caller may use them.

    Empty where none is set up; raises `CredentialMissing` where the caller may use none of them.
    """
    steps: list[EmbeddingStep] = []
    failures: list[Failure] = []
    for provider in providers:
        if kind not in provider.embeddings or not provider.is_configured:
            continue
        try:
            tokens = caller.tokens_for(provider, f"{provider.id}/{kind}")
        except Failure as failure:
            failures.append(failure)
            continue
        place = provider.embeddings[kind]
        steps += [
            EmbeddingStep(EmbeddingRoute(provider, place, token, number))
            for number, token in _numbered(tokens, provider)
        ]
    if not steps and failures:
        raise failures[0]
    return tuple(steps)


def _numbered(
    tokens: Sequence[Secret], provider: ProviderRow
) -> list[tuple[int | None, Secret | None]]:
    """Each token with its place in the list, then none where none is needed."""
    numbered: list[tuple[int | None, Secret | None]] = list(enumerate(tokens, 1))
    if not tokens or provider.serves_without_token:
        numbered.append((None, None))
    return numbered
