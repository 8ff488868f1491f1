"""What is asked of the engine: one picture, described in terms that every provider shares."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from enum import StrEnum

from darkroom.image import ImageFile

MAX_SEED = 2**31 - 1  # what diffusers, and so nearly every Space, takes

# Fields of OpenAI's that are a model's own affair (reference/wire-formats.md B3.1, B3.2).
OPTIONS = (
    "quality", "background", "style", "moderation", "input_fidelity", "output_format",
    "output_compression", "user", "safety_identifier", "safety_tolerance",
)  # fmt: skip


class Operation(StrEnum):
    """What is done to make the picture."""

    GENERATE = "generate"
    EDIT = "edit"
    UPSCALE = "upscale"


# Those options that one of OpenAI's two endpoints knows and the other does not.
OPTIONS_OF_ONE = {"moderation": Operation.GENERATE, "input_fidelity": Operation.EDIT}


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

    `aspect_ratio` and `tier` are set for models that choose their pixels by ratio, or by ratio and
    a class of size such as `2K`; `size` is always the size that the picture will have, or that of
    the first source for a model that keeps it. Options that the model does not know are None.
    `images` are the sources of an edit or upscale, in the caller's order; `mask` tells where the
    first of them may change, in either language (see `masks.py`), `strength` how much of it, from
    0 for nothing to 1 for all of it. `size_asked` is false where the
    caller left the size to the model, or to the source. `options` are the rest of OpenAI's fields
    that the model takes, such as `quality`, in the model's own words; `previews` is how many
    pictures of the work in progress are wanted, where that can be said.
    """

    operation: Operation
    model: str
    prompt: str
    size: Size
    seed: int
    images: tuple[ImageFile, ...] = ()
    mask: ImageFile | None = None
    strength: float | None = None
    aspect_ratio: str | None = None
    tier: str | None = None
    size_asked: bool = True
    steps: int | None = None
    guidance_scale: float | None = None
    negative_prompt: str | None = None
    prompt_enhance: bool | None = None
    options: Mapping[str, object] = field(default_factory=dict)
    previews: int = 2

    @property
    def asked_size(self) -> str:
        """The size in pixels, or `auto` where none was asked for."""
        return str(self.size) if self.size_asked else "auto"
