"""Status and configuration routes of the studio's API."""

from collections.abc import Sequence
from dataclasses import fields

from darkroom.context import Handler, RequestContext
from darkroom.dialects.studio.defaults import CONFIG, DEFAULTS
from darkroom.dialects.studio.errors import DIALECT
from darkroom.dialects.studio.rewriters import DEFAULT_REWRITER, choose_model, is_there, may_use
from darkroom.dialects.studio.vision_cache import cache_of
from darkroom.errors import CredentialMissing, NotConfigured, UpstreamUnavailable
from darkroom.generation.capabilities import capabilities_of
from darkroom.generation.captions import vision_models
from darkroom.generation.default_models import models_for
from darkroom.http import Reply, json_reply
from darkroom.job import Operation
from darkroom.prompts.template import TEMPLATES, Template

FIXED = "public, max-age=300"  # what changes with a deployment alone
NO_VISION = (
    "Nobody sees here: the operator has set neither STUDIO_URL nor DEFAULT_VISION_MODEL, nor a "
    "rewriter that supports images."
)
_TEMPLATES = [
    {field.name: getattr(template, field.name) for field in fields(Template)}
    for template in sorted(TEMPLATES.values(), key=lambda row: (row.category, row.name))
    if not template.is_rewriter
]
_REWRITERS = [
    {"name": template.name, "description": template.description}
    for template in TEMPLATES.values()
    if template.is_rewriter
]


def fixed(value: object) -> Handler:
    """A handler with a fixed answer."""

    async def handle(context: RequestContext) -> Reply:
        return json_reply(value, cache=FIXED)

    return handle


list_templates = fixed({"templates": _TEMPLATES})
list_rewriters = fixed({"rewriters": _REWRITERS})
get_resolution_config = fixed(CONFIG)
get_vision_config = fixed(
    {name: value for name, value in DEFAULTS["vision"].items() if name != "blend_modes"}
)
get_qwen_image_config = fixed(DEFAULTS["qwen_image"])


async def list_rewriter_models(context: RequestContext) -> Reply:
    """List the text models for rewriting, and whether this caller can use each (section 5)."""
    caller, gateway = context.caller, context.gateway
    rewriters = [row for row in gateway.catalog.rewriters.values() if is_there(row, gateway)]
    sees = any(row.supports_image for row in rewriters)
    models = [
        {
            "id": row.id,
            "name": row.name,
            "supports_image": row.supports_image,
            "loaded": may_use(row, caller, gateway),
        }
        for row in rewriters
    ]
    answer = {"models": models, "default": DEFAULT_REWRITER}
    return json_reply({**answer, "vl_available": sees, "vl_enabled": sees})


async def get_rewriter_config(context: RequestContext) -> Reply:
    """Answer with the default parameters of a rewrite (section 5)."""
    caller, gateway = context.caller, context.gateway
    chosen = choose_model(DEFAULT_REWRITER, caller, gateway)
    return json_reply({**DEFAULTS["rewriter"], "use_api": not chosen.model.provider.owned})


async def get_vision_status(context: RequestContext) -> Reply:
    """Answer whether pictures can be conditioned on others, and on which kept ones (section 7)."""
    gateway = context.gateway
    vision, capabilities = DEFAULTS["vision"], capabilities_of(gateway)
    available = capabilities.vision
    captioner = next(vision_models(gateway), None)
    answer = {
        "available": available,
        "configured": available,
        "emulated": available and not capabilities.image_embeddings,
        "model_path": captioner.id if captioner else None,
        "device": None,
        "default_alpha": vision["alpha"],
        "default_hidden_layer": vision["hidden_layer"],
        "blend_modes": vision["blend_modes"],
        "cached_embeddings": list(await _kept_ids(context)),
    }
    return json_reply(answer if available else {**answer, "reason": NO_VISION})


async def _kept_ids(context: RequestContext) -> Sequence[str]:
    """The ids of the pictures that this caller has kept; none where nothing can be kept."""
    try:
        return await cache_of(context).names()
    except (CredentialMissing, NotConfigured, UpstreamUnavailable):
        return ()


async def get_edit_status(context: RequestContext) -> Reply:
    """Answer whether layers can be edited, and by which model (section 8)."""
    gateway = context.gateway
    models = [
        model
        for model in models_for(gateway, Operation.EDIT, DIALECT).models
        if model.provider.is_configured
    ]
    if not models:
        return json_reply({"available": False, "reason": "No model that edits is set up here."})
    answer = {
        "available": True,
        "edit_model_loaded": True,
        "edit_model_path": models[0].id,
        "supports_multi_image": any(model.max_images > 1 for model in models),
    }
    return json_reply(answer)
