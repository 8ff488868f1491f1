"""Requests and responses of `POST /v1/responses`, as types."""

from typing import Annotated, Any, Literal, NotRequired

from pydantic import BaseModel, ConfigDict, Field
from typing_extensions import TypedDict  # pydantic reads that of `typing` from Python 3.12 on

from api.schemas.openai import (
    Adjusted,
    Base64,
    Error,
    Ignored,
    ModelId,
    ProviderId,
    Seed,
    Tried,
)


class ImageTool(BaseModel):
    """The tool that paints; any field of an image request may stand in it."""

    model_config = ConfigDict(defer_build=True, extra="allow")

    type: Annotated[Literal["image_generation"], Field(description="The only tool there is.")]
    model: Annotated[
        str | None, Field(description="An image model; comes before the one beside the tool.")
    ] = None
    size: Annotated[str | None, Field(description="As in an image request.")] = None


class ResponseBody(BaseModel):
    """A request that is answered by pictures, in OpenAI's shape.

    The fields of an image request may stand in the tool or beside it.
    """

    model_config = ConfigDict(defer_build=True, extra="allow")

    input: Annotated[
        str | list[dict[str, Any]],
        Field(description="A prompt, or messages whose last from the user is painted."),
    ]
    model: Annotated[str | None, Field(description="An image model, if the tool names none.")] = (
        None
    )
    tools: Annotated[
        list[ImageTool] | None,
        Field(description="The image_generation tool; needed unless `model` is an image model."),
    ] = None
    instructions: Annotated[str | None, Field(description="Put before the prompt.")] = None
    previous_response_id: Annotated[
        str | None, Field(description="A response of the last day, whose picture to work on.")
    ] = None
    store: Annotated[
        bool | None, Field(description="False keeps no picture for the next turn.")
    ] = None
    stream: Annotated[bool | None, Field(description="Answer with server-sent events.")] = None


class ResponseItem(TypedDict):
    """One picture."""

    __pydantic_config__ = ConfigDict(extra="allow")  # type: ignore[misc]

    id: str
    type: Literal["image_generation_call"]
    status: Annotated[
        Literal["in_progress", "generating", "completed", "failed"],
        Field(description="How far it is."),
    ]
    result: Annotated[Base64 | None, Field(description="The picture as base64.")]
    error: NotRequired[Error]


class ResponseMessage(TypedDict):
    """The words after the pictures."""

    __pydantic_config__ = ConfigDict(extra="allow")  # type: ignore[misc]

    id: str
    type: Literal["message"]
    status: Literal["in_progress", "completed"]
    role: Literal["assistant"]
    content: Annotated[list[dict[str, Any]], Field(description="One `output_text`.")]


class ResponseAnswer(TypedDict):
    """OpenAI's response object, what is ours beside it."""

    __pydantic_config__ = ConfigDict(extra="allow")  # type: ignore[misc]

    id: str
    object: Literal["response"]
    status: Literal["queued", "in_progress", "completed", "failed", "cancelled"]
    created_at: Annotated[int, Field(description="Seconds since 1970.")]
    model: ModelId
    output: Annotated[
        list[ResponseItem | ResponseMessage],
        Field(description="The pictures, and a message that ends it."),
    ]
    store: NotRequired[Annotated[bool, Field(description="Whether the pictures were kept.")]]
    provider: NotRequired[ProviderId]
    seed: NotRequired[Seed]
    ignored: NotRequired[Ignored]
    adjusted: NotRequired[Adjusted]
    tried: NotRequired[Tried]


class ResponseEvent(TypedDict):
    """One event; progress is told in `response.image_generation_call.generating`."""

    __pydantic_config__ = ConfigDict(extra="allow")  # type: ignore[misc]

    type: Annotated[str, Field(description="What happened, in OpenAI's words.")]
    sequence_number: Annotated[int, Field(description="Counts up from 0.")]
