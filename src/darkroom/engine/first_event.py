"""The limit of time for the first sign of life of an upstream that others could stand in for."""

from collections.abc import AsyncGenerator
from contextlib import aclosing

from darkroom.deadline import Deadline
from darkroom.engine.plan import Step
from darkroom.errors import (
    CredentialRefused,
    Failure,
    JobFailed,
    RateLimited,
    UpstreamBroken,
    UpstreamUnavailable,
)
from darkroom.events import Event
from darkroom.settings import Secret


async def within_first_limit(
    events: AsyncGenerator[Event], step: Step, deadline: Deadline
) -> AsyncGenerator[Event]:
    """The events of a step; raises `UpstreamUnavailable` where the first does not come in time."""
    limit_s = step.first_event_limit_s or 0.0
    route = step.route

    def silent() -> UpstreamUnavailable:
        where = f"{route.provider.name}, {route.place},"
        return UpstreamUnavailable(f"{where} gave no sign of life within {limit_s:.0f} s.")

    async with aclosing(events):
        with deadline.limit(limit_s, silent):
            first = await anext(events, None)
        if first is not None:
            yield first
        async for event in events:
            yield event


def blames_model(failure: Failure, token: Secret | None) -> bool:
    """Whether a failure tells of the model's upstream, and not of the request or its token."""
    if isinstance(failure, RateLimited | CredentialRefused):
        return token is None  # what everybody without one meets
    return isinstance(failure, UpstreamUnavailable | UpstreamBroken | JobFailed)
