"""`GET /api/resolution-config`: the sizes that the studio's page offers."""

import tomllib
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

# Of the longer side in times the base, the least that an exponent of DyPE is for.
EXPONENTS = ((3.0, 2.0), (1.5, 1.0))
SMALLEST_EXPONENT = 0.5


def resolution_config(document: Mapping[str, Any]) -> Mapping[str, object]:
    """The route's answer, from the file beside this module."""
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
    """DyPE's, by the longer side; None where it is of no use."""
    if times <= 1:
        return None
    return next((exponent for least, exponent in EXPONENTS if times >= least), SMALLEST_EXPONENT)


CONFIG = resolution_config(
    tomllib.loads((Path(__file__).parent / "resolutions.toml").read_text("utf-8"))
)
