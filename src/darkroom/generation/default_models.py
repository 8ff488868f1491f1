"""The resolver of model names for a caller: aliases, defaults, and names of a token's provider.

Tokens of one provider choose it: its own model of a name comes before all others of that name, and
its first model is the default.
"""

from collections.abc import Sequence
from dataclasses import replace

from darkroom.access import Caller
from darkroom.catalog.catalog import Resolved
from darkroom.catalog.model import Model
from darkroom.catalog.pool import Purpose
from darkroom.gateway import Gateway
from darkroom.job import Operation


def models_meant(
    requested: str | Sequence[str] | None,
    caller: Caller,
    gateway: Gateway,
    *,
    is_edit: bool = False,
    is_masked: bool = False,
    upscales: bool = False,
    param: str = "model",
) -> Resolved:
    """The models that a caller means by a name or a list of names in field `param`.

    Raises as `Catalog.resolve` does.
    """
    catalog = gateway.catalog
    names = [requested or ""] if isinstance(requested, str | None) else list(requested)
    meant = [own_name(name, caller, gateway) for name in names if name]
    purpose = Purpose.of(is_edit=is_edit, is_masked=is_masked)
    if upscales:
        purpose = Purpose.UPSCALE
    default = _default_of(caller, purpose, gateway) if catalog.means_default(meant) else ""
    resolved = within_reach(catalog.resolve(meant, default, param, purpose), caller)
    if resolved.pool is not None and (not meant or resolved.alias):
        resolved = _of_chosen_providers(resolved, caller)
    return for_mask(resolved, caller, gateway) if is_masked else resolved


def within_reach(resolved: Resolved, caller: Caller) -> Resolved:
    """The models without those of a pool whose provider this caller cannot use.

    A token that might be anybody's is sent to none of them. All are left where none is in reach:
    their failures say what is missing.
    """
    pool = resolved.pool
    if pool is None:
        return resolved
    able = tuple(
        model
        for model in resolved.models
        if model.id not in pool.members or caller.is_known_to(model.provider, model.id)
    )
    return replace(resolved, models=able or resolved.models)


def _of_chosen_providers(resolved: Resolved, caller: Caller) -> Resolved:
    """The models of the provider that the caller's tokens choose, where there are any."""
    chosen = {provider.id for provider in caller.chosen_providers}
    own = tuple(model for model in resolved.models if model.provider.id in chosen)
    return replace(resolved, models=own or resolved.models)


def for_mask(resolved: Resolved, caller: Caller, gateway: Gateway) -> Resolved:
    """The models for a mask.

    For a caller who named none they are those that take masks and that this caller may use, as far
    as there are any. A pool with an order for masks is left as it is.
    """
    pool = resolved.pool
    if not resolved.is_open or (pool is not None and pool.purpose is Purpose.MASK):
        return resolved
    able = _maskers(caller, resolved.models) or _maskers(caller, gateway.catalog.models)
    return replace(resolved, models=able or resolved.models)


def own_name(name: str, caller: Caller, gateway: Gateway) -> str:
    """The id of the model that is called so at the provider which the caller's tokens choose.

    A gateway key chooses those whose tokens it opens, where their own clients write bare names.
    Any other name is left as it is.
    """
    keyed = (
        row
        for row in (caller.providers if caller.holds_key else ())
        if row.bare_names and gateway.settings.tokens.get(row.id)
    )
    for row in (*caller.chosen_providers, *keyed):
        if model := gateway.catalog.find(f"{row.model_prefix}/{name}"):
            return model.id
    return name


def paints(name: str, caller: Caller, gateway: Gateway) -> bool:
    """True for a name that means image models to this caller."""
    return gateway.catalog.paints(own_name(name, caller, gateway))


def models_for(
    gateway: Gateway,
    operation: Operation,
    dialect: str,
    requested: str | Sequence[str] | None = None,
) -> Resolved:
    """The models that are tried in order for an operation; raises `ModelNotFound`.

    Without any that were requested: those that speak the dialect natively, as far as they are set
    up here, then the deployment's default for such work.
    """
    default = _default_for(gateway, operation)
    purpose = Purpose.of(is_edit=operation is Operation.EDIT, is_masked=False)
    if requested:
        return gateway.catalog.resolve(requested, default, purpose=purpose)
    names = [
        model.id
        for model in gateway.catalog.models
        if model.provider.native_dialect == dialect
        and model.provider.is_configured
        and operation in model.operations
    ]
    return gateway.catalog.resolve([*names, default], default, purpose=purpose)


def _default_of(caller: Caller, purpose: Purpose, gateway: Gateway) -> str:
    """The deployment's default, or the first model of the provider that the tokens choose.

    A pool is chosen by tokens for what it has for free: the rest of its order is the operator's.
    """
    operation = Operation.GENERATE if purpose is Purpose.GENERATE else Operation.EDIT
    default = _default_for(gateway, operation)
    chosen = {provider.id for provider in caller.chosen_providers}
    if not chosen:
        return default
    resolved = gateway.catalog.resolve(None, default, purpose=purpose)
    if any(
        model.provider.id in chosen and (not resolved.pool or model.provider.serves_without_token)
        for model in resolved.models
    ):
        return default
    own = (
        model.id
        for model in gateway.catalog.models
        if model.provider.id in chosen and operation in model.operations
    )
    return next(own, default)


def _maskers(caller: Caller, models: Sequence[Model]) -> tuple[Model, ...]:
    """Those models that take masks and that this caller may use, in their order.

    A token that might be anybody's is sent to none of them.
    """
    prefixes = caller.bearer.prefixes
    return tuple(
        model
        for model in models
        if model.mask
        and Operation.EDIT in model.operations
        and prefixes <= {model.provider.token_prefix}
        and caller.is_known_to(model.provider, model.id)
    )


def _default_for(gateway: Gateway, operation: Operation) -> str:
    settings = gateway.settings
    match operation:
        case Operation.EDIT:
            return settings.default_edit_model
        case Operation.DECOMPOSE:
            return settings.default_layer_model
    return settings.default_model
