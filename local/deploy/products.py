"""The products that a Cloudflare account may lack, and how Cloudflare says so."""

import tomllib
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

Config = Mapping[str, Any]


@dataclass(frozen=True, slots=True)
class Product:
    """A row of products.toml."""

    name: str
    keys: tuple[str, ...]
    refusals: tuple[str, ...]
    without: str
    enable: str

    def is_in(self, config: Config) -> bool:
        """True where the Worker is to be deployed with it."""
        return any(key in config for key in self.keys)

    def is_refused_in(self, words: str, config: Config) -> bool:
        """True where wrangler's output says that the account lacks it.

        A refusal names the product, or one of its bindings: `binding DB of type d1 …`.
        """
        text = words.lower()
        return any(refusal.lower() in text for refusal in self.refusals) or any(
            f"binding {name} of type".lower() in text for name in self._bindings(config)
        )

    def _bindings(self, config: Config) -> Sequence[str]:
        names: list[str] = []
        for key in self.keys:
            found = config.get(key, [])
            entries = found.get("bindings", [found]) if isinstance(found, Mapping) else found
            names += [entry.get("binding") or entry.get("name", "") for entry in entries]
        return [name for name in names if name]


def _read() -> tuple[Product, ...]:
    rows = tomllib.loads(Path(__file__).with_name("products.toml").read_text("utf-8"))["product"]
    return tuple(
        Product(**{**row, "keys": tuple(row["keys"]), "refusals": tuple(row["refusals"])})
        for row in rows
    )


PRODUCTS = _read()


def refused(words: str, config: Config) -> Product | None:
    """The product of the configuration that the account lacks, by wrangler's output."""
    candidates = (product for product in PRODUCTS if product.is_in(config))
    return next((each for each in candidates if each.is_refused_in(words, config)), None)


def without(config: Config, lacking: Sequence[Product]) -> Config:
    """The configuration less what the account lacks."""
    keys = {key for product in lacking for key in product.keys}
    return {key: value for key, value in config.items() if key not in keys}
