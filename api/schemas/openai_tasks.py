"""Background tasks in OpenAI's shape, as types."""

from typing import Annotated, Any, Literal, NotRequired

from pydantic import Field
from typing_extensions import TypedDict  # pydantic reads that of `typing` from Python 3.12 on

from api.schemas.openai import (
    Base64,
    Error,
    ErrorEvent,
    ImageEvent,
    ImageIndex,
    ImagesAnswer,
    Progress,
)

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


class TaskError(Error):
    """Why a task failed, with what the headers of an answer would say."""

    retry_after: NotRequired[Annotated[int, Field(description="Seconds to wait before a try.")]]
    tried: NotRequired[
        Annotated[
            list[str],
            Field(description="What was tried or passed over, as `tried` of an answer."),
        ]
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
    error: Annotated[TaskError | None, Field(description="Why it failed.")]


class TaskStateEvent(TaskAnswer):
    """The first event and the last: all that a poll would tell."""

    type: Literal["task.created", "task.completed", "task.failed", "task.cancelled"]


class TaskProgressEvent(Progress):
    """`task.progress`: how one of the pictures stands."""

    type: Literal["task.progress"]


class TaskPreviewEvent(TypedDict):
    """`task.partial_image`: one of the pictures as far as it goes, where `stream` was sent."""

    type: Literal["task.partial_image"]
    image_index: ImageIndex
    partial_image_index: Annotated[int, Field(description="Which preview of this picture, from 0.")]
    output_format: Annotated[str, Field(description="The format.")]
    b64_json: Base64


TaskEvent = TaskStateEvent | TaskProgressEvent | TaskPreviewEvent | ErrorEvent
ImageOrTaskEvent = ImageEvent | TaskEvent
