"""Responses about embeddings and conditioning, as types."""

from typing import Annotated, NotRequired

from pydantic import Field
from typing_extensions import TypedDict  # pydantic reads that of `typing` from Python 3.12 on

TensorShape = Annotated[list[int], Field(description="Tokens, and numbers for each of them.")]


class Encoded(TypedDict):
    """How large a prompt's embedding is."""

    shape: TensorShape
    dtype: Annotated[str, Field(description="As PyTorch calls it.")]
    encode_time: Annotated[float, Field(description="Seconds.")]
    token_count: int
    prompt: Annotated[str, Field(description="As it was sent.")]
    formatted_prompt: Annotated[str, Field(description="As the text encoder got it.")]


class Saved(TypedDict):
    """Where a prompt's embedding is."""

    path: Annotated[
        str | None, Field(description="In your own folder here, or on the studio's disk.")
    ]
    url: NotRequired[Annotated[str, Field(description="The file of safetensors, for you.")]]
    facts_url: NotRequired[Annotated[str, Field(description="The JSON beside it, for you.")]]
    shape: TensorShape
    encode_time: Annotated[float, Field(description="Seconds.")]


class Extracted(TypedDict):
    """A picture that is kept for conditioning, for seven days."""

    embeddings_id: Annotated[str, Field(description="For `POST /api/vl/generate`.")]
    num_tokens: Annotated[int | None, Field(description="Estimated where emulated.")]
    shape: TensorShape
    hidden_layer: int
    original_std: Annotated[float | None, Field(description="Null where emulated.")]
    scaled_std: Annotated[float | None, Field(description="Null where emulated.")]
    extract_time: Annotated[float, Field(description="Seconds.")]
    emulated: Annotated[bool, Field(description="Whether it is kept in words.")]
    caption: NotRequired[Annotated[str, Field(description="The words.")]]
    model: NotRequired[Annotated[str, Field(description="Who wrote them.")]]


class Deleted(TypedDict):
    """Which one is forgotten."""

    deleted: str


class Cleared(TypedDict):
    """How many are forgotten."""

    cleared: int
