"""What of a studio this deployment has, for all the routes that are asked about it."""

from dataclasses import dataclass

from darkroom.dialects.context import Gateway

NO_VISION = "POST /api/vl/generate is not served here: no picture is conditioned on another."
NO_LAYERS = (
    "POST /api/qwen-image/edit-layer is not served here. POST /v1/images/edits changes whole "
    "pictures."
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
    """What a deployment has. It paints where the default model's provider is known."""
    models = gateway.catalog.resolve(None, gateway.settings.default_model).models
    return Capabilities(painting=any(model.provider.is_configured for model in models))
