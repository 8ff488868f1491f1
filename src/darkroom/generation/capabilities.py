"""What this deployment can do: by the models and providers that it knows and that are set up."""

from dataclasses import dataclass

from darkroom.embedding import ImageEmbeddingJob, PromptEmbeddingJob
from darkroom.gateway import Gateway
from darkroom.generation.captions import vision_models
from darkroom.generation.default_models import models_for
from darkroom.job import Operation

STUDIO = "studio"  # the dialect whose clients look for these


@dataclass(frozen=True, slots=True)
class Capabilities:
    """What is there, as clients of a studio tell it apart.

    `encoding` means prompts into embeddings, `vision` pictures that others may resemble, by
    embeddings where `image_embeddings`, else by captions; `layers` pictures taken apart.
    """

    painting: bool
    encoding: bool
    vision: bool
    image_embeddings: bool
    layers: bool
    layer_edits: bool


def capabilities_of(gateway: Gateway) -> Capabilities:
    """What a deployment can do for the callers of a studio's routes."""
    image_embeddings = _embeds(gateway, ImageEmbeddingJob.kind)
    return Capabilities(
        painting=_paints(gateway, Operation.GENERATE),
        encoding=_embeds(gateway, PromptEmbeddingJob.kind),
        vision=image_embeddings or next(vision_models(gateway), None) is not None,
        image_embeddings=image_embeddings,
        layers=_paints(gateway, Operation.DECOMPOSE),
        layer_edits=_paints(gateway, Operation.EDIT),
    )


def _paints(gateway: Gateway, operation: Operation) -> bool:
    models = models_for(gateway, operation, STUDIO).models
    return any(model.provider.is_configured for model in models)


def _embeds(gateway: Gateway, kind: str) -> bool:
    return any(
        kind in provider.embeddings and provider.is_configured
        for provider in gateway.catalog.providers
    )
