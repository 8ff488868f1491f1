"""The catalog: every model by id, alias and prefix, read from the TOML files beside this module."""

import difflib
import tomllib
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from darkroom.catalog.model import Model, ProviderRow, Range, Upstream
from darkroom.catalog.sizes import FreeSizes, RatioSizes, SizePolicy, parse_size
from darkroom.errors import ModelNotFound
from darkroom.job import Operation, Size

HERE = Path(__file__).parent


class InvalidCatalog(ValueError):
    """A row of the catalog cannot be read; the message names the file and the row."""


@dataclass(frozen=True, slots=True)
class Alias:
    """An id that stands for the default model, with what its callers expect."""

    id: str
    response_format: str | None = None


@dataclass(frozen=True, slots=True)
class Resolved:
    """The model that a caller's words mean, and the alias they went through, if any."""

    model: Model
    alias: Alias | None = None


class Catalog:
    """All models, looked up by what callers write."""

    def __init__(self, models: Iterable[Model], aliases: Iterable[Alias] = ()) -> None:
        self.models = tuple(models)
        self.providers = tuple(
            {model.provider.id: model.provider for model in self.models}.values()
        )
        self._aliases = {alias.id: alias for alias in aliases}
        self._by_name: dict[str, Model] = {}
        for model in self.models:
            for name in (model.id, *model.aliases):
                for spelling in (name, f"{model.provider.model_prefix}/{name}"):
                    if self._by_name.setdefault(spelling, model) is not model:
                        raise InvalidCatalog(f"two models are called {spelling!r}")

    def resolve(self, name: str | None, default: str) -> Resolved:
        """The model that `name` means; none or an alias means the model called `default`.

        Raises `ModelNotFound` with the names nearest to what was written.
        """
        if name is None:
            return Resolved(self._find(default))
        alias = self._aliases.get(name)
        return Resolved(self._find(default), alias) if alias else Resolved(self._find(name))

    def _find(self, name: str) -> Model:
        model = self._by_name.get(name)
        if model is None:
            raise ModelNotFound(
                f"The model {name[:80]!r} does not exist. {self._advice(name)}", param="model"
            )
        return model

    def _advice(self, name: str) -> str:
        names = {name.lower(): name for model in self.models for name in (model.id, *model.aliases)}
        near = difflib.get_close_matches(name.lower(), names, n=3, cutoff=0.5)
        if not near:
            return "GET /v1/models lists all there are."
        return f"Did you mean {' or '.join(names[match] for match in near)}?"


def load_catalog() -> Catalog:
    """Read the catalog's files; raises `InvalidCatalog` when a row makes no sense."""
    models = [
        model
        for path in sorted((HERE / "models").glob("*.toml"))
        for model in read_models(path.name, tomllib.loads(path.read_text("utf-8")))
    ]
    rows = tomllib.loads((HERE / "aliases.toml").read_text("utf-8"))["alias"]
    return Catalog(models, [Alias(**row) for row in rows])


def read_models(source: str, document: Mapping[str, Any]) -> list[Model]:
    """The models of one provider's file; `source` names it in errors."""
    try:
        provider = ProviderRow(**document["provider"])
        return [_model(provider, dict(row)) for row in document["model"]]
    except (KeyError, TypeError, ValueError) as error:
        raise InvalidCatalog(f"{source}: {error!r}") from error


def _model(provider: ProviderRow, row: dict[str, Any]) -> Model:
    upstreams = tuple(
        Upstream(options["id"], {key: value for key, value in options.items() if key != "id"})
        for options in row.pop("upstream")
    )
    operations = row.pop("operations", [Operation.GENERATE])
    return Model(
        provider=provider,
        upstreams=upstreams,
        sizes=_sizes(row.pop("size")),
        aliases=tuple(row.pop("aliases", ())),
        operations=tuple(Operation(name) for name in operations),
        steps=_range(row.pop("steps", None)),
        guidance_scale=_range(row.pop("guidance_scale", None)),
        **row,
    )


def _range(row: Mapping[str, float] | None) -> Range | None:
    return Range(**row) if row else None


def _sizes(row: Mapping[str, Any]) -> SizePolicy:
    if "ratios" in row:
        sizes = {ratio: _pixels(text) for ratio, text in row["ratios"].items()}
        if row["default"] not in sizes:
            raise ValueError(f"the default ratio {row['default']!r} is not listed")
        return RatioSizes(sizes, row["default"])
    return FreeSizes(
        minimum=row["minimum"],
        maximum=row["maximum"],
        multiple=row["multiple"],
        default=_pixels(row["default"]),
    )


def _pixels(text: str) -> Size:
    size = parse_size(text)
    if not isinstance(size, Size):
        raise InvalidCatalog(f"{text!r} is not a size in pixels")
    return size
