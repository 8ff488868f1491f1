"""Embeddings: what is embedded and what comes of it, in terms that every provider shares."""

from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import ClassVar

from darkroom.blob import Blob
from darkroom.errors import UpstreamRefused
from darkroom.image import ImageFile
from darkroom.prompts.chat_format import ChatPrompt


class EmbeddingForgotten(UpstreamRefused):
    """The upstream does not have the embedding that an id names: it keeps them in memory alone."""


@dataclass(frozen=True, slots=True)
class PromptEmbeddingJob:
    """A prompt for a text encoder, by its parts and as the encoder gets it.

    `save` asks an upstream that never sends vectors to write them to its own disk.
    """

    kind: ClassVar[str] = "prompt"

    chat: ChatPrompt
    strip_quotes: bool
    formatted: str
    save: bool = False


@dataclass(frozen=True, slots=True)
class ImageEmbeddingJob:
    """A picture whose embedding the upstream keeps, for pictures that are to resemble it.

    `id` is the name that the upstream gives it, which follows from the other fields. `text` says
    what to look at, `hidden_layer` counts from the last, -1.
    """

    kind: ClassVar[str] = "image"

    id: str
    image: ImageFile
    text: str | None
    hidden_layer: int
    image_tokens_only: bool
    scale_to_text: bool


EmbeddingJob = PromptEmbeddingJob | ImageEmbeddingJob


@dataclass(frozen=True, slots=True)
class Embedding:
    """One row of numbers for each token: `shape` is tokens and numbers, `dtype` as PyTorch says it.

    `data` is little-endian float32, row by row, where the upstream hands vectors out; `path` is
    where it wrote them on its own disk. `num_tokens` and the standard deviations are known of
    pictures alone, as far as the upstream reports them.
    """

    shape: Sequence[int]
    dtype: str = "torch.float32"
    data: Blob | None = field(default=None, repr=False)
    model: str | None = None
    path: str | None = None
    num_tokens: int | None = None
    original_std: float | None = None
    scaled_std: float | None = None
