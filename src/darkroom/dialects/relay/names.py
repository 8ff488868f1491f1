"""Which models of the catalog the relay's names mean."""

from collections.abc import Mapping, Sequence

from darkroom.catalog.catalog import Catalog, Resolved
from darkroom.dialects.relay.asked import Asked
from darkroom.dialects.relay.families import FAMILIES
from darkroom.errors import Misconfigured, ModelNotFound
from darkroom.settings import Settings


def models_meant(asked: Asked, catalog: Catalog, settings: Settings) -> Resolved:
    """The models that a request means, by its name or its family's.

    Raises `ModelNotFound` for a name that neither the relay nor the catalog knows.
    """
    default = settings.default_edit_model if asked.images else settings.default_model
    return catalog.resolve(names_for(asked.values["model"], settings), default)


def names_for(name: str, settings: Settings) -> Sequence[str]:
    """What a name is called in the catalog: the operator's choice, or the table's.

    A name that the relay does not know is one of the catalog's own.
    """
    family = FAMILIES.of_model(name)
    if family is None:
        return [name]
    choices = settings.relay_models
    if name in choices:
        return choices[name]
    if name == family.default and family.id in choices:
        return choices[family.id]
    return family.models[name]


def check_choices(choices: Mapping[str, Sequence[str]], catalog: Catalog) -> None:
    """Raise `Misconfigured` where `RELAY_MODELS` names what there is not."""
    families = FAMILIES.by_id
    known = {*families, *(name for family in families.values() for name in family.models)}
    for name, models in choices.items():
        if name not in known:
            raise Misconfigured(
                f"RELAY_MODELS: {name!r} is none of the relay's routes, {', '.join(families)}, and "
                "no name of a model there"
            )
        for model in models:
            try:
                catalog.resolve([model], "")
            except ModelNotFound as failure:
                raise Misconfigured(f"RELAY_MODELS: {name}: {failure.message}") from None
