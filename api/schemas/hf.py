"""Bodies of Hugging Face's Inference API."""

from typing import Annotated, Any, NotRequired

from pydantic import BaseModel, ConfigDict, Field
from typing_extensions import TypedDict  # pydantic reads that of `typing` from Python 3.12 on


class InferenceError(TypedDict):
    """A failure; `estimated_time` is in seconds."""

    error: str
    error_type: str
    estimated_time: NotRequired[float]


class InferenceBody(BaseModel):
    """A prompt, or a picture as base64, and how to paint it."""

    model_config = ConfigDict(defer_build=True, extra="allow")

    inputs: Annotated[str, Field(description="The prompt, or the picture as base64.")]
    parameters: Annotated[
        dict[str, Any] | None,
        Field(description="`prompt` for a picture, `width`, `height`, `seed` and the like."),
    ] = None
