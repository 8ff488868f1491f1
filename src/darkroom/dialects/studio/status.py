"""Status and configuration routes of the studio's API."""

from collections.abc import Sequence
from dataclasses import fields

from darkroom.context import Handler, RequestContext
from darkroom.dialects.studio.capabilities import NO_VISION, capabilities_of
from darkroom.dialects.studio.captions import vision_models
from darkroom.dialects.studio.default_models import painters_for
from darkroom.dialects.studio.defaults import DEFAULTS
from darkroom.dialects.studio.json_replies import FIXED, json_reply
from darkroom.dialects.studio.resolutions import CONFIG
from darkroom.dialects.studio.rewriters import DEFAULT_REWRITER, choose_model, is_there, may_use
from darkroom.dialects.studio.upstreams import STUDIO, provider_of
from darkroom.dialects.studio.vision_cache import cache_of
from darkroom.errors import CredentialMissing, NotConfigured, UpstreamUnavailable
from darkroom.http import Reply
from darkroom.job import Operation
from darkroom.prompts.template import TEMPLATES, Template

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


def tell(value: object) -> Handler:
    """A handler that always answers the same."""

    async def handle(context: RequestContext) -> Reply:
        return json_reply(value, cache=FIXED)

    return handle


list_templates = tell({"templates": _TEMPLATES})
list_rewriters = tell({"rewriters": _REWRITERS})
tell_resolutions = tell(CONFIG)
tell_vision_config = tell(
    {name: value for name, value in DEFAULTS["vision"].items() if name != "blend_modes"}
)
tell_qwen_image_config = tell(DEFAULTS["qwen_image"])


async def list_rewriter_models(context: RequestContext) -> Reply:
    """The text models for rewriting, and which of them this caller can use (section 5)."""
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


async def tell_rewriter_config(context: RequestContext) -> Reply:
    """What a rewrite is done with where it does not say (section 5)."""
    caller, gateway = context.caller, context.gateway
    chosen = choose_model(DEFAULT_REWRITER, caller, gateway)
    return json_reply({**DEFAULTS["rewriter"], "use_api": not chosen.model.provider.owned})


async def tell_vision_status(context: RequestContext) -> Reply:
    """Whether pictures can be conditioned on others, by what, and on which (section 7)."""
    gateway = context.gateway
    vision, available = DEFAULTS["vision"], capabilities_of(gateway).vision
    studio = provider_of(STUDIO, gateway)
    seer = next(vision_models(gateway), None)
    answer = {
        "available": available,
        "configured": available,
        "emulated": available and studio is None,
        "model_path": seer.id if seer else None,
        "device": None,
        "default_alpha": vision["alpha"],
        "default_hidden_layer": vision["hidden_layer"],
        "blend_modes": vision["blend_modes"],
        "cached_embeddings": list(await _kept_by(context)),
    }
    return json_reply(answer if available else {**answer, "reason": NO_VISION})


async def _kept_by(context: RequestContext) -> Sequence[str]:
    """The ids of what this caller has extracted; none where nothing is kept."""
    try:
        return await cache_of(context).names()
    except (CredentialMissing, NotConfigured, UpstreamUnavailable):
        return ()


async def tell_edit_status(context: RequestContext) -> Reply:
    """Whether layers can be edited, and by what (section 8)."""
    gateway = context.gateway
    models = [
        model
        for model in painters_for(gateway, Operation.EDIT).models
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
