"""The mapping of the relay's model names to models of the catalog."""

from collections.abc import Mapping, Sequence
from dataclasses import replace

from darkroom.catalog.catalog import Catalog, Resolved
from darkroom.catalog.pool import Purpose
from darkroom.dialects.a1111.checkpoints import names_meant, stem_of
from darkroom.dialects.relay.families import FAMILIES
from darkroom.dialects.relay.parse import ParsedRequest
from darkroom.dialects.relay.txt2img import A1111
from darkroom.errors import Misconfigured, ModelNotFound
from darkroom.settings import Settings


def models_meant(requested: ParsedRequest, catalog: Catalog, settings: Settings) -> Resolved:
    """The models that a request means, by its name or its family's.

    Raises `ModelNotFound` for a name that neither the relay nor the catalog knows.
    """
    is_edit, is_masked = bool(requested.images), requested.mask is not None
    default = settings.default_edit_model if is_edit else settings.default_model
    purpose = Purpose.of(is_edit=is_edit, is_masked=is_masked)
    name = requested.values["model"]
    if requested.family.reads == A1111:
        stem = stem_of(name)
        name = next((known for known in requested.family.models if stem_of(known) == stem), name)
        if FAMILIES.of_model(name) is None:
            return catalog.resolve(names_meant(name, catalog), default, purpose=purpose)
    resolved = catalog.resolve(names_for(name, settings), default, purpose=purpose)
    is_vendors = FAMILIES.of_model(name) is not None  # whose free stand-in nobody named
    return replace(resolved, is_open=resolved.is_open or is_vendors)


def names_for(name: str, settings: Settings) -> Sequence[str]:
    """The catalog's names for a name of the relay: the operator's choice, or the table's.

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
