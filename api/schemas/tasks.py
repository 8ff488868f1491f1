"""Background tasks of the dialects whose own API has none."""

from typing import Annotated, Any, Literal

from pydantic import Field
from typing_extensions import TypedDict  # pydantic reads that of `typing` from Python 3.12 on

from api.schemas.openai import Progress
from api.schemas.openai_tasks import TaskResult


class PlainTask(TypedDict):
    """A background task. What is not known, or does not apply, is null."""

    task_id: str
    status: Literal["queued", "running", "completed", "failed", "cancelled"]
    model: str
    poll_url: Annotated[str, Field(description="Where its state is polled.")]
    progress: Progress | None
    result: TaskResult
    error: dict[str, Any] | None
