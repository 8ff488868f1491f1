"""The default models of a dialect: those that take its every field before all others."""

from collections.abc import Sequence

from darkroom.catalog.catalog import Resolved
from darkroom.gateway import Gateway
from darkroom.job import Operation


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
    if requested:
        return gateway.catalog.resolve(requested, default)
    names = [
        model.id
        for model in gateway.catalog.models
        if model.provider.native_dialect == dialect
        and model.provider.is_configured
        and operation in model.operations
    ]
    return gateway.catalog.resolve([*names, default], default)


def _default_for(gateway: Gateway, operation: Operation) -> str:
    settings = gateway.settings
    match operation:
        case Operation.EDIT:
            return settings.default_edit_model
        case Operation.DECOMPOSE:
            return settings.default_layer_model
    return settings.default_model
