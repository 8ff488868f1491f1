"""A parser of one provider's rows, from a catalog file or from a channel's settings."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Any

from darkroom.catalog.model import Model, Option, Range, Upstream
from darkroom.catalog.neurons import NeuronPrice
from darkroom.catalog.provider_row import ChatRow, CheckRow, CooldownScope, ProviderRow
from darkroom.catalog.requested_size import parse_size
from darkroom.catalog.sizes import FreeSizes, ListSizes, RatioSizes, SizePolicy, TierSizes
from darkroom.job import Operation, Size


class InvalidCatalog(ValueError):
    """A row of the catalog cannot be read; the message names the file and the row."""


@dataclass(frozen=True, slots=True)
class ProviderFile:
    """A provider with its models."""

    provider: ProviderRow
    models: tuple[Model, ...]


def read_provider(source: str, document: Mapping[str, Any]) -> ProviderFile:
    """Read `[provider]`, its `[defaults]` and every `[[model]]`.

    A model takes from the defaults what its own row does not say, option by option. Raises
    `InvalidCatalog`; `source` names the file in it.
    """
    try:
        provider = _provider(dict(document["provider"]))
        defaults = document.get("defaults", {})
        models = tuple(
            _model(provider, _with_defaults(row, defaults)) for row in document.get("model", ())
        )
    except (KeyError, TypeError, ValueError) as error:
        raise InvalidCatalog(f"{source}: {error!r}") from error
    return ProviderFile(provider, models)


def _with_defaults(row: Mapping[str, Any], defaults: Mapping[str, Any]) -> dict[str, Any]:
    options = {**defaults.get("options", {}), **row.get("options", {})}
    return {**defaults, **row, "options": options}


def _provider(row: dict[str, Any]) -> ProviderRow:
    chat = row.pop("chat", None)
    row.setdefault("protocol", row["id"])
    if chat is not None:
        lists = {name: tuple(chat.get(name, ())) for name in ("models", "sampling")}
        chat = ChatRow(**{**chat, **lists})
    check = row.pop("check", None)
    row["domains"] = tuple(row.get("domains", ()))
    scope = CooldownScope(row.pop("cooldown_scope", CooldownScope.PROVIDER))
    return ProviderRow(
        **row, cooldown_scope=scope, chat=chat, check=CheckRow(**check) if check else None
    )


def _model(provider: ProviderRow, row: dict[str, Any]) -> Model:
    vendor_id = row.pop("id")
    upstreams = _upstreams(row.pop("upstream", ({},)), vendor_id)
    operations = row.pop("operations", [Operation.GENERATE])
    row.setdefault("owned_by", provider.id)
    row.setdefault("name", vendor_id)
    neurons = row.pop("neurons", None)
    return Model(
        id=vendor_id if provider.bare_ids else f"{provider.model_prefix}/{vendor_id}",
        provider=provider,
        upstreams=upstreams,
        conditioning=_upstreams(row.pop("conditioning", ()), vendor_id),
        sizes=_sizes(row.pop("size")),
        aliases=tuple(row.pop("aliases", ())),
        operations=tuple(Operation(name) for name in operations),
        steps=_range(row.pop("steps", None)),
        guidance_scale=_range(row.pop("guidance_scale", None)),
        strength=_range(row.pop("strength", None)),
        neurons=None if neurons is None else NeuronPrice(**neurons),
        options={name: _option(value) for name, value in row.pop("options", {}).items()},
        **row,
    )


def _upstreams(rows: Iterable[Mapping[str, Any]], vendor_id: str) -> tuple[Upstream, ...]:
    return tuple(
        Upstream(
            options.get("id", vendor_id),
            {key: value for key, value in options.items() if key != "id"},
        )
        for options in rows
    )


def _range(row: Mapping[str, Any] | None) -> Range | None:
    return Range(**row) if row else None


def _option(value: object) -> Option:
    """`true` is any value, a list those it names, a table also what the model calls them."""
    if isinstance(value, Mapping):
        return Option(dict(value))
    if isinstance(value, list):
        return Option({str(word): word for word in value})
    if value is True:
        return Option()
    raise ValueError(f"an option must be true, a list or a table, not {value!r}")


def _sizes(row: Mapping[str, Any]) -> SizePolicy:
    if "ratios" in row:
        sizes = {ratio: _pixels(text) for ratio, text in row["ratios"].items()}
        if row["default"] not in sizes:
            raise ValueError(f"the default ratio {row['default']!r} is not listed")
        if "tiers" in row:
            return TierSizes(sizes, tuple(row["tiers"]), row["default"])
        return RatioSizes(sizes, row["default"])
    default = _pixels(row["default"])
    if "list" in row:
        return ListSizes(tuple(_pixels(text) for text in row["list"]), default)
    return FreeSizes(**{**row, "default": default})


def _pixels(text: str) -> Size:
    size = parse_size(text)
    if not isinstance(size, Size):
        raise InvalidCatalog(f"{text!r} is not a size in pixels")
    return size
