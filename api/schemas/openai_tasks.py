"""Background tasks in OpenAI's shape, as types."""

from typing import Annotated, Any, Literal

from pydantic import Field
from typing_extensions import TypedDict  # pydantic reads that of `typing` from Python 3.12 on

from api.schemas.openai import Error, ImagesAnswer, Progress

Moment = Annotated[int | None, Field(description="Seconds since 1970.")]


class FileResult(TypedDict):
    """The file that a request is answered with."""

    content_type: str
    b64_json: Annotated[str, Field(description="The file as base64.")]


TaskResult = Annotated[
    ImagesAnswer | FileResult | dict[str, Any] | None,
    Field(
        description="What the request would have been answered with by itself, in the shape of its "
        "own route."
    ),
]


class TaskAnswer(TypedDict):
    """Work in the background. What is not known, or does not apply, is null."""

    id: Annotated[str, Field(description="The id to poll it by; nobody can guess it.")]
    object: Literal["task"]
    status: Annotated[
        Literal["queued", "running", "completed", "failed", "cancelled"],
        Field(description="The last three are the end."),
    ]
    model: Annotated[str, Field(description="The first of the requested models.")]
    created_at: Annotated[int, Field(description="Seconds since 1970.")]
    started_at: Moment
    ended_at: Moment
    expires_at: Annotated[
        int | None, Field(description="When the task is forgotten; seconds since 1970.")
    ]
    progress: Annotated[Progress | None, Field(description="The latest progress, while it runs.")]
    result: TaskResult
    error: Annotated[Error | None, Field(description="Why it failed.")]
