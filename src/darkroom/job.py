"""The job of the engine: one picture, in terms that every provider shares."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from enum import StrEnum

from darkroom.image import ImageFile
from darkroom.masks import Mask

MAX_SEED = 2**31 - 1  # what diffusers, and so nearly every Space, takes

# Fields of OpenAI's that are a model's own affair (reference/wire-formats.md B3.1, B3.2).
OPTIONS = (
    "quality", "background", "style", "moderation", "input_fidelity", "output_format",
    "output_compression", "user", "safety_identifier", "safety_tolerance",
)  # fmt: skip

# Those of a Z-Image studio's (reference/studio-api.md 1.1 and 8).
STUDIO_OPTIONS = (
    "system_prompt", "thinking_content", "assistant_content", "force_think_block", "strip_quotes",
    "template", "cfg_normalization", "cfg_truncation", "shift", "long_prompt_mode", "hidden_layer",
    "slg_scale", "slg_layers", "slg_start", "slg_stop", "fmtt_scale", "fmtt_start", "fmtt_stop",
    "fmtt_normalize", "fmtt_decode_scale", "fmtt_siglip_model", "fmtt_siglip_device", "dype",
    "layer_num", "resolution",
)  # fmt: skip


class Operation(StrEnum):
    """The kind of work that makes the picture, or the layers of one."""

    GENERATE = "generate"
    EDIT = "edit"
    UPSCALE = "upscale"
    DECOMPOSE = "decompose"


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
class Conditioning:
    """A picture that the new one is to resemble, as a Z-Image studio takes it (studio-api.md §7).

    It is `image`, or what the upstream keeps under `embedding_id`; without either the prompt stands
    alone. `alpha` is how much it counts, from 0 to 1. What is None is left to the upstream.
    """

    alpha: float
    blend_mode: str
    image: ImageFile | None = None
    embedding_id: str | None = None
    text: str | None = None
    hidden_layer: int | None = None
    image_tokens_only: bool | None = None
    text_tokens_only: bool | None = None


@dataclass(frozen=True, slots=True)
class ImageJob:
    """One picture to make. Every value has been checked against the model's catalog row.

    `aspect_ratio` and `tier` are set for models that choose their pixels by ratio, or by ratio and
    a class of size such as `2K`; `size` is always the size that the picture will have, or that of
    the first source for a model that keeps it. Options that the model does not know are None.
    `images` are the sources of an edit or upscale, in the caller's order; `mask` tells where the
    first of them may change, `strength` how much of it, from
    0 for nothing to 1 for all of it. `size_requested` is false where the
    caller left the size to the model, or to the source. `options` are the rest of OpenAI's and of a
    studio's fields that the model takes, such as `quality`, in the model's own words; `previews` is
    how many pictures of the work in progress are wanted, where that can be said, and `watched` says
    whether anybody is shown its progress. `conditioning` is the picture that this one is to
    resemble.
    """

    operation: Operation
    model: str
    prompt: str
    size: Size
    seed: int
    images: tuple[ImageFile, ...] = ()
    mask: Mask | None = None
    strength: float | None = None
    aspect_ratio: str | None = None
    tier: str | None = None
    size_requested: bool = True
    steps: int | None = None
    guidance_scale: float | None = None
    negative_prompt: str | None = None
    prompt_enhance: bool | None = None
    options: Mapping[str, object] = field(default_factory=dict)
    previews: int = 2
    watched: bool = True
    conditioning: Conditioning | None = None

    @property
    def requested_size(self) -> str:
        """The size in pixels, or `auto` where none was asked for."""
        return str(self.size) if self.size_requested else "auto"
