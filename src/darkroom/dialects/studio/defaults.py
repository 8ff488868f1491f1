"""Default values of the studio's requests and its page's sizes, from the TOML files here."""

import tomllib
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

DEFAULTS: Mapping[str, Mapping[str, Any]] = tomllib.loads(
    (Path(__file__).parent / "defaults.toml").read_text("utf-8")
)
# From which multiple of the base resolution on the longer side takes which exponent of DyPE.
EXPONENTS = ((3.0, 2.0), (1.5, 1.0))
SMALLEST_EXPONENT = 0.5


def resolution_config(document: Mapping[str, Any]) -> Mapping[str, object]:
    """The answer of `GET /api/resolution-config`, from the document of `resolutions.toml`."""
    presets = document["presets"]
    return {
        **{name: value for name, value in document.items() if name != "presets"},
        "presets": list(_presets(document)),
        "categories": list(presets),
    }


def _presets(document: Mapping[str, Any]) -> Iterator[Mapping[str, object]]:
    default, base = document["default_resolution"], document["dype_base_resolution"]
    for category, ratios in document["presets"].items():
        for ratio, sizes in ratios.items():
            for value, label in sizes:
                width, height = map(int, value.split("x"))
                exponent = _exponent(max(width, height) / base)
                preset = {
                    "value": value,
                    "label": label,
                    "width": width,
                    "height": height,
                    "category": category,
                    "ratio": ratio,
                    "dype": {"recommended": exponent is not None, "exponent": exponent},
                }
                yield {**preset, "default": True} if width == height == default else preset


def _exponent(times: float) -> float | None:
    """The exponent of DyPE for a longer side of so many times the base; None where not needed."""
    if times <= 1:
        return None
    return next((exponent for least, exponent in EXPONENTS if times >= least), SMALLEST_EXPONENT)


CONFIG = resolution_config(
    tomllib.loads((Path(__file__).parent / "resolutions.toml").read_text("utf-8"))
)
