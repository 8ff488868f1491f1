"""The models, and the pixels of each ratio (wire-formats B2, and the vendor's own tables)."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from ..faults import Failure, Kind
from ..image_request import picture_size

Grid = dict[str, tuple[int, int]]

FLASH_GRID: Grid = {
    "1:1": (1024, 1024),
    "2:3": (832, 1248),
    "3:2": (1248, 832),
    "3:4": (864, 1184),
    "4:3": (1184, 864),
    "4:5": (896, 1152),
    "5:4": (1152, 896),
    "9:16": (768, 1344),
    "16:9": (1344, 768),
    "21:9": (1536, 672),
}
PRO_GRID: Grid = {
    "1:1": (1024, 1024),
    "2:3": (848, 1264),
    "3:2": (1264, 848),
    "3:4": (896, 1200),
    "4:3": (1200, 896),
    "4:5": (928, 1152),
    "5:4": (1152, 928),
    "9:16": (768, 1376),
    "16:9": (1376, 768),
    "21:9": (1584, 672),
}
WIDE_GRID: Grid = PRO_GRID | {
    "1:4": (512, 2048),
    "4:1": (2048, 512),
    "1:8": (384, 3072),
    "8:1": (3072, 384),
}
IMAGEN_GRID: Grid = {
    "1:1": (1024, 1024),
    "3:4": (896, 1280),
    "4:3": (1280, 896),
    "9:16": (768, 1408),
    "16:9": (1408, 768),
}
# Upper-case K; the smallest tier has none.
TIERS = {"512": 0.5, "1K": 1.0, "2K": 2.0, "4K": 4.0}
DEFAULT_TIER = "1K"
GENERATE, PREDICT = ("generateContent", "countTokens"), ("predict",)


@dataclass(frozen=True, slots=True)
class Model:
    """`tiers` is empty where there is no imageSize; `thinks` sends interim pictures ahead."""

    name: str
    grid: Grid
    tiers: tuple[str, ...] = ("1K", "2K", "4K")
    thinks: bool = False
    methods: tuple[str, ...] = GENERATE
    image_tokens: int = 1120
    max_images: int = 3

    def describe(self) -> dict[str, Any]:
        """The item in the list of models."""
        return {
            "name": f"models/{self.name}",
            "version": "001",
            "displayName": self.name.replace("-", " ").title(),
            "inputTokenLimit": 65536,
            "outputTokenLimit": 32768,
            "supportedGenerationMethods": list(self.methods),
        }

    def pick_size(
        self, ratio: str | None, tier: str | None, pictures: Sequence[bytes] = ()
    ) -> tuple[int, int]:
        """Width and height; without a ratio, nearest to that of the last picture sent along."""
        if ratio is not None and ratio not in self.grid:
            listed = ", ".join(self.grid)
            raise Failure(Kind.WRONG_VALUE, f"Invalid aspect ratio: must be one of {listed}.")
        if tier is not None and tier not in self.tiers:
            listed = ", ".join(self.tiers)
            text = f"must be one of {listed}." if listed else "not supported by this model."
            raise Failure(Kind.WRONG_VALUE, f"Invalid image size: {text}")
        width, height = self.grid[ratio or self._nearest_ratio(pictures)]
        scale = TIERS[tier or DEFAULT_TIER]
        return int(width * scale), int(height * scale)

    def _nearest_ratio(self, pictures: Sequence[bytes]) -> str:
        if not pictures:
            return "1:1"
        width, height = picture_size(pictures[-1])

        def distance(ratio: str) -> float:
            across, down = self.grid[ratio]
            return abs(across / down - width / height)

        return min(self.grid, key=distance)


_ALL: tuple[Model, ...] = (
    Model("gemini-2.5-flash-image", FLASH_GRID, tiers=(), image_tokens=1290),
    Model("gemini-3-pro-image", PRO_GRID, thinks=True, max_images=14),
    Model("gemini-3-pro-image-preview", PRO_GRID, thinks=True, max_images=14),
    Model("gemini-3.1-flash-image", WIDE_GRID, tuple(TIERS), max_images=14),
    Model("gemini-3.1-flash-image-preview", WIDE_GRID, tuple(TIERS), max_images=14),
    Model("gemini-3.1-flash-lite-image", WIDE_GRID, tuple(TIERS), max_images=14),
    Model("gemini-nano-banana-2.1", PRO_GRID, max_images=14),
    Model("imagen-4.0-generate-001", IMAGEN_GRID, ("1K", "2K"), methods=PREDICT),
    Model("imagen-4.0-ultra-generate-001", IMAGEN_GRID, ("1K", "2K"), methods=PREDICT),
    Model("imagen-4.0-fast-generate-001", IMAGEN_GRID, ("1K",), methods=PREDICT),
    Model("imagen-3.0-generate-002", IMAGEN_GRID, ("1K",), methods=PREDICT),
)
MODELS = {model.name: model for model in _ALL}


def find_model(name: str, method: str) -> Model:
    """The model of that name, if it has that method."""
    model = MODELS.get(name)
    if model is None or method not in model.methods:
        raise Failure(
            Kind.NOT_FOUND,
            f"models/{name} is not found for API version v1beta, or is not supported for {method}. "
            "Call ListModels to see the list of available models and their supported methods.",
        )
    return model
