"""What is asked of the engine: one picture, described in terms that every provider shares."""

from dataclasses import dataclass
from enum import StrEnum

MAX_SEED = 2**31 - 1  # what diffusers, and so nearly every Space, takes


class Operation(StrEnum):
    """What is done to make the picture."""

    GENERATE = "generate"


@dataclass(frozen=True, slots=True)
class Size:
    """Width and height in pixels."""

    width: int
    height: int

    def __str__(self) -> str:
        return f"{self.width}x{self.height}"


@dataclass(frozen=True, slots=True)
class ImageJob:
    """One picture to make. Every value has been checked against the model's catalog row.

    `aspect_ratio` is set for models that choose their pixels by ratio; `size` is always the size
    that the picture will have. Options that the model does not know are None.
    """

    operation: Operation
    model: str
    prompt: str
    size: Size
    seed: int
    aspect_ratio: str | None = None
    steps: int | None = None
    guidance_scale: float | None = None
    negative_prompt: str | None = None
    prompt_enhance: bool | None = None
