"""Responses of the studio's painting routes beside files, as types."""

from typing import Annotated, Literal, NotRequired

from pydantic import Field
from typing_extensions import TypedDict  # pydantic reads that of `typing` from Python 3.12 on

from api.schemas.openai import Adjusted
from api.schemas.studio import ErrorEvent

Base64 = Annotated[str, Field(description="The picture's file in base64.")]


class PaintingProgress(TypedDict):
    """`generate.progress`: how far it is; what is not known is null."""

    type: Literal["generate.progress"]
    stage: Literal["queued", "running"]
    queue_position: Annotated[int | None, Field(description="0 is next.")]
    queue_size: int | None
    eta_seconds: float | None
    step: int | None
    total_steps: int | None
    progress: Annotated[float | None, Field(description="0 to 1.")]
    message: NotRequired[Annotated[str, Field(description="What the upstream says.")]]


class PaintingPreview(TypedDict):
    """`generate.preview`: what it looks like so far."""

    type: Literal["generate.preview"]
    image_b64: Base64
    media_type: str


class PaintingCompleted(TypedDict):
    """`generate.completed`: the picture; always last."""

    type: Literal["generate.completed"]
    image_b64: Base64
    media_type: str
    seed: Annotated[int | None, Field(description="The one that was really used.")]
    generation_time: Annotated[float, Field(description="Seconds.")]
    history_id: Annotated[int | None, Field(description="Its `id` in the history.")]
    model: str
    provider: str
    ignored: Annotated[list[str], Field(description="The fields without effect.")]
    adjusted: Adjusted


PaintingEvent = PaintingProgress | PaintingPreview | PaintingCompleted | ErrorEvent


class Layer(TypedDict):
    """One layer."""

    name: Annotated[str, Field(description="`Composite` for the rearmost, `Layer 1` and so on.")]
    image: Annotated[str, Field(description="A data URL, with transparency.")]
    index: Annotated[int, Field(description="From the back to the front.")]


class Layers(TypedDict):
    """A picture taken apart."""

    layers: list[Layer]
    zip_data: Annotated[str, Field(description="All of them in a ZIP archive, in base64.")]
    generation_time: Annotated[float, Field(description="Seconds.")]
    layer_count: int
    seed: Annotated[int | None, Field(description="The one that was really used.")]
    resolution: Annotated[int, Field(description="The one that was really used.")]
    model: str
    provider: str
