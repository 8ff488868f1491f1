"""Models of the catalog, listed as checkpoints of an AUTOMATIC1111 server."""

import hashlib
import re
import tomllib
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from darkroom.catalog.catalog import Catalog
from darkroom.catalog.model import Model
from darkroom.context import RequestContext
from darkroom.errors import Failure
from darkroom.job import Operation

FOLDER = "models/Stable-diffusion"
MAX_NAME_CHARS = 300  # of a title or a path of a file; a longer name means nothing
_HASH = re.compile(r"[0-9a-f]{6,64}", re.IGNORECASE)
_ENDING = re.compile(r"\.(?:safetensors|ckpt)$", re.IGNORECASE)
# Checkpoints that are known by name, and what stands for them.
STAND_INS: Mapping[str, Sequence[str]] = {
    row["name"]: tuple(row["models"])
    for row in tomllib.loads((Path(__file__).parent / "checkpoints.toml").read_text("utf-8"))[
        "checkpoint"
    ]
}


@dataclass(frozen=True, slots=True)
class Checkpoint:
    """A model of the catalog, described as the server describes a checkpoint file."""

    id: str

    @property
    def sha256(self) -> str:
        """A digest of the name: there is no file."""
        return hashlib.sha256(self.id.encode()).hexdigest()

    @property
    def short_hash(self) -> str:
        """The ten digits that lists and pictures show."""
        return self.sha256[:10]

    @property
    def title(self) -> str:
        """`z-image-turbo [0123456789]`, by which clients choose."""
        return f"{self.id} [{self.short_hash}]"

    def describe(self) -> dict[str, str | None]:
        """The item of `sd-models`."""
        return {
            "title": self.title,
            "model_name": self.id,
            "hash": self.short_hash,
            "sha256": self.sha256,
            "filename": f"{FOLDER}/{self.id}.safetensors",
            "config": None,
        }


def checkpoints_for(context: RequestContext) -> list[Checkpoint]:
    """The models that paint or edit and that the caller may use, and the pools with any of them."""
    catalog = context.gateway.catalog
    usable = {
        model.id: Checkpoint(model.id)
        for model in _usable(context)
        if set(model.operations) - {Operation.UPSCALE}
    }
    pools = [
        Checkpoint(pool.id)
        for pool in catalog.pools.values()
        if any(model.id in usable for model in catalog.resolve(pool.id, "").models)
    ]
    return [*usable.values(), *pools]


def upscale_models(context: RequestContext) -> list[Model]:
    """The models that upscale and that the caller may use."""
    return [model for model in _usable(context) if Operation.UPSCALE in model.operations]


def stem_of(name: str) -> str:
    """A checkpoint's name without a hash or a file's ending, in small letters."""
    plain, _ = _without_hash(name.strip())
    return _ENDING.sub("", plain).lower()


def names_meant(requested: str, catalog: Catalog) -> Sequence[str]:
    """The catalog's name for a client's name of a checkpoint: one, or a list in order.

    It may be a title, an id, an alias, a pool, a hash, with or without a file's ending, in any
    case. A name that means nothing comes back as it is.
    """
    requested = requested.strip()
    if len(requested) > MAX_NAME_CHARS:
        return [requested]
    plain, digest = _without_hash(requested)
    for name in (requested, plain, _ENDING.sub("", plain)):
        if catalog.paints(name):
            return [name]
        if name in STAND_INS:
            return STAND_INS[name]
    names = [*(model.id for model in catalog.models), *catalog.pools]
    digest = (digest or plain).lower()
    stem = stem_of(requested)
    for name in names:
        point = Checkpoint(name)
        if digest in (point.short_hash, point.sha256) or stem == name.lower():
            return [name]
    return next((models for name, models in STAND_INS.items() if name.lower() == stem), [plain])


def canonical_name(requested: str, context: RequestContext) -> str:
    """The id of the model or pool that a name means to this caller.

    Raises `ModelNotFound`, as `Catalog.resolve` does.
    """
    catalog, default = context.gateway.catalog, context.gateway.settings.default_model
    names = names_meant(requested, catalog)
    (first, *_) = names
    if first in catalog.pools:
        return first
    if first in {alias.id for alias in catalog.aliases}:
        return default_name(context)
    models = catalog.resolve(names, default).models
    return next((model.id for model in models if may_use(context, model)), models[0].id)


def default_name(context: RequestContext) -> str:
    """The id of the model or pool that paints for those who name none."""
    catalog, default = context.gateway.catalog, context.gateway.settings.default_model
    return default if default in catalog.pools else catalog.resolve(None, default).models[0].id


def may_use(context: RequestContext, model: Model) -> bool:
    """Whether the caller has what it takes to use a model."""
    try:
        context.caller.tokens_for(model.provider, model.id)
    except Failure:
        return False
    return True


def _without_hash(name: str) -> tuple[str, str | None]:
    """A name without the hash in brackets at its end, and the hash, if there is one."""
    plain, _, rest = name.rpartition("[")
    if rest.endswith("]") and _HASH.fullmatch(rest[:-1]) and plain != name:
        return plain.strip(), rest[:-1]
    return name, None


def _usable(context: RequestContext) -> Iterator[Model]:
    open_to: dict[str, bool] = {}
    for model in context.gateway.catalog.models:
        provider = model.provider.id
        if provider not in open_to:
            open_to[provider] = may_use(context, model)
        if open_to[provider]:
            yield model
