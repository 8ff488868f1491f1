"""Prices of Workers AI in neurons, worked out before a call."""

import math
from dataclasses import asdict, dataclass

from darkroom.job import ImageJob

TILE = 512  # pixels of a side


@dataclass(frozen=True, slots=True)
class NeuronPrice:
    """The price of a picture: per tile, per step, per tile in each step, per source in each step.

    A source is a tile of its own at the most (reference/cloudflare-ai.md, "Price").
    """

    tile: float = 0.0
    step: float = 0.0
    tile_step: float = 0.0
    source_step: float = 0.0

    def describe(self) -> dict[str, float]:
        """The price's parts, as `/v1/models` lists them."""
        return {"tile_side": TILE, **asdict(self)}

    def of(self, job: ImageJob) -> float:
        """The neurons of a job's picture."""
        tiles = math.ceil(job.size.width / TILE) * math.ceil(job.size.height / TILE)
        steps = job.steps or 1
        each_step = self.step + tiles * self.tile_step + len(job.images) * self.source_step
        return tiles * self.tile + steps * each_step
