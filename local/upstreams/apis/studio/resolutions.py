"""The sizes that the studio's page offers (§4)."""

from typing import Any

VAE_MULTIPLE = 16
BASE_PX = 1024
RATIOS = {
    "1:1": [1, 1],
    "4:3": [4, 3],
    "3:4": [3, 4],
    "16:9": [16, 9],
    "9:16": [9, 16],
    "3:2": [3, 2],
    "2:3": [2, 3],
    "21:9": [21, 9],
}
# By category and ratio: the size, then the label with its spaces as underscores.
SQUARES = "512x512=512 768x768=768 1024x1024=1024 1280x1280=1280 1536x1536=1536 1920x1920=1920"
PRESETS: dict[str, dict[str, str]] = {
    "square": {"1:1": f"{SQUARES} 2048x2048=2K"},
    "landscape": {
        "16:9": "1280x720=720p 1920x1088=1080p 2560x1440=1440p",
        "3:2": "1536x1024=1536x1024 1920x1280=1920x1280",
        "4:3": "1024x768=1024x768 1280x960=1280x960 1600x1200=1600x1200",
        "21:9": "1792x768=Ultrawide 2560x1088=UW_1080",
    },
    "portrait": {
        "9:16": "720x1280=720p 1088x1920=1080p 1440x2560=1440p",
        "2:3": "1024x1536=1024x1536 1280x1920=1280x1920",
        "3:4": "768x1024=768x1024 960x1280=960x1280 1200x1600=1200x1600",
    },
}


def exponent_for(width: int, height: int) -> float | None:
    """DyPE's, by the longer side; None where it is of no use."""
    times = max(width, height) / BASE_PX
    if times <= 1:
        return None
    if times >= 3:
        return 2.0
    return 1.0 if times >= 1.5 else 0.5


def list_presets() -> list[dict[str, Any]]:
    """All presets, in order."""
    return [
        describe(entry, category, ratio)
        for category, ratios in PRESETS.items()
        for ratio, entries in ratios.items()
        for entry in entries.split()
    ]


def describe(entry: str, category: str, ratio: str) -> dict[str, Any]:
    """One preset; the standard one says so."""
    value, _, label = entry.partition("=")
    width, height = (int(side) for side in value.split("x"))
    exponent = exponent_for(width, height)
    preset: dict[str, Any] = {
        "value": value,
        "label": label.replace("_", " "),
        "width": width,
        "height": height,
        "category": category,
        "ratio": ratio,
        "dype": {"recommended": exponent is not None, "exponent": exponent},
    }
    return preset | ({"default": True} if value == f"{BASE_PX}x{BASE_PX}" else {})


CONFIG: dict[str, Any] = {
    "vae_multiple": VAE_MULTIPLE,
    "vae_scale_factor": 8,
    "min_resolution": 256,
    "max_resolution": 4096,
    "default_resolution": BASE_PX,
    "dype_base_resolution": BASE_PX,
    "aspect_ratios": RATIOS,
    "presets": list_presets(),
    "categories": list(PRESETS),
}
