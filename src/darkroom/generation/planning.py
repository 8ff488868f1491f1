"""The plan of a generation: the models in order, and the steps of each."""

from collections.abc import Sequence
from dataclasses import replace

from darkroom.access import Caller
from darkroom.engine.plan import Step, plan_steps
from darkroom.errors import CredentialMissing
from darkroom.gateway import Gateway
from darkroom.generation.request import ImageRequest
from darkroom.job import Operation


def within_reach(image_request: ImageRequest, caller: Caller) -> ImageRequest:
    """A request without the models of a pool that this caller cannot use, where others remain."""
    pool = image_request.pool
    if pool is None:
        return image_request
    choices = tuple(
        choice
        for choice in image_request.choices
        if (model := choice.model).id not in pool.members
        or caller.is_known_to(model.provider, model.id)
    )
    return replace(image_request, choices=choices or image_request.choices)


def in_learned_order(image_request: ImageRequest, gateway: Gateway) -> ImageRequest:
    """A request to a pool with its models in the order of how they have done of late."""
    pool = image_request.pool
    if pool is None:
        return image_request
    choices = {choice.model.id: choice for choice in image_request.choices}
    order = gateway.engine.health.ordered([*choices], pool.ranks, gateway.clock.time())
    return replace(image_request, choices=tuple(choices[model] for model in order))


def plan_attempts(image_request: ImageRequest, caller: Caller, gateway: Gateway) -> Sequence[Step]:
    """The steps that serve a request; see `plan_steps`.

    Raises `CredentialMissing` with what keeps the models that need none from it.
    """
    try:
        steps = plan_steps(((choice.model, choice.job) for choice in image_request.choices), caller)
    except CredentialMissing as missing:
        is_edit = bool(image_request.choices[0].job.images)
        unable = sorted(  # those that edit say more of an edit
            image_request.unable,
            key=lambda entry: is_edit and Operation.EDIT not in entry[0].operations,
        )
        for model, reason in unable:
            if caller.may_use(model.provider, model.id):
                words = f"{missing.message} Without one: {reason.message}"
                raise CredentialMissing(words, param=missing.param) from None
        raise
    return steps if image_request.pool is None else _limited(steps, gateway)


def _limited(steps: Sequence[Step], gateway: Gateway) -> Sequence[Step]:
    """The same, all but the last with a limit for the first sign of life.

    A step with a token has none: what was begun there may be paid for.
    """
    health, now = gateway.engine.health, gateway.clock.time()
    return (
        *(
            step
            if step.route.token is not None
            else replace(
                step, first_event_limit_s=health.first_event_limit_s(step.route.model.id, now)
            )
            for step in steps[:-1]
        ),
        *steps[-1:],
    )
