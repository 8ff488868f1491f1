"""Which of a studio's capabilities this deployment has."""

from dataclasses import dataclass

from darkroom.dialects.studio.captions import vision_models
from darkroom.dialects.studio.default_models import painters_for
from darkroom.dialects.studio.upstreams import HIDDEN_STATES, STUDIO, provider_of
from darkroom.gateway import Gateway
from darkroom.job import Operation

NO_VISION = (
    "Nobody sees here: the operator has set neither STUDIO_URL nor DEFAULT_VISION_MODEL, nor a "
    "rewriter that supports images."
)


@dataclass(frozen=True, slots=True)
class Capabilities:
    """What is there: `encoding` means prompts into embeddings, `layers` pictures taken apart.

    A route that is not served is not there, whatever stands behind this deployment.
    """

    painting: bool
    encoding: bool = False
    vision: bool = False
    layers: bool = False
    layer_edits: bool = False


def capabilities_of(gateway: Gateway) -> Capabilities:
    """What a deployment has: it does what a model of a provider that it knows can do."""
    has_studio = provider_of(STUDIO, gateway) is not None
    return Capabilities(
        painting=_has(gateway, Operation.GENERATE),
        encoding=has_studio or provider_of(HIDDEN_STATES, gateway) is not None,
        vision=has_studio or next(vision_models(gateway), None) is not None,
        layers=_has(gateway, Operation.DECOMPOSE),
        layer_edits=_has(gateway, Operation.EDIT),
    )


def _has(gateway: Gateway, operation: Operation) -> bool:
    models = painters_for(gateway, operation).models
    return any(model.provider.is_configured for model in models)
