"""Bodies in the shape of Google's API."""

from typing import Annotated, Any

from pydantic import BaseModel, ConfigDict, Field
from typing_extensions import TypedDict  # pydantic reads that of `typing` from Python 3.12 on


class GoogleError(TypedDict):
    """What went wrong; `code` is the HTTP status."""

    code: int
    message: str
    status: str
    details: list[dict[str, Any]]


class GoogleErrorAnswer(TypedDict):
    """A failure, in the shape of Google's APIs."""

    error: GoogleError


class ContentBody(BaseModel):
    """A conversation whose last user turn is painted."""

    model_config = ConfigDict(defer_build=True, extra="allow")

    contents: Annotated[
        list[dict[str, Any]] | dict[str, Any],
        Field(description="Turns with `parts` of `text`, `inlineData` or `fileData`."),
    ]
    generationConfig: Annotated[
        dict[str, Any] | None,
        Field(description="`imageConfig`, `seed`, `candidateCount`, `responseModalities`."),
    ] = None


class PredictionBody(BaseModel):
    """A prompt for Imagen."""

    model_config = ConfigDict(defer_build=True, extra="allow")

    instances: Annotated[
        list[dict[str, Any]] | dict[str, Any],
        Field(description="One object with `prompt`, and `image` to work on."),
    ]
    parameters: Annotated[
        dict[str, Any] | None,
        Field(description="`sampleCount` (1 to 4), `aspectRatio`, `seed` and the like."),
    ] = None
