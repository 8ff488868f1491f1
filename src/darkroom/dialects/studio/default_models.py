"""The default models of the studio's routes: a studio's own before all others."""

from collections.abc import Sequence

from darkroom.catalog.catalog import Resolved
from darkroom.gateway import Gateway
from darkroom.job import Operation

PROTOCOL = "studio"


def painters_for(
    gateway: Gateway, operation: Operation, asked: str | Sequence[str] | None = None
) -> Resolved:
    """The models that are tried in order for an operation; raises `ModelNotFound`.

    Without any that were asked for: those of a studio that this deployment has, which take every
    field, then the default for such work.
    """
    default = _default_for(gateway, operation)
    if asked:
        return gateway.catalog.resolve(asked, default)
    names = [
        model.id
        for model in gateway.catalog.models
        if model.provider.protocol == PROTOCOL
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
