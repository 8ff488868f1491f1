"""Which routes a job may take, in order."""

from collections.abc import Sequence

from darkroom.catalog.model import Model
from darkroom.providers.provider import Route
from darkroom.settings import Secret


def plan_routes(model: Model, tokens: Sequence[Secret]) -> tuple[Route, ...]:
    """Every upstream of the model in its catalog order, with each credential in the caller's."""
    return tuple(
        Route(model, upstream, token) for upstream in model.upstreams for token in tokens or (None,)
    )
