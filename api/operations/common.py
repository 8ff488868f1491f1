"""What the operations of several dialects have in common: headers, failures, parameters."""

from dataclasses import replace

from api.operation import JSON, Parameter, Response
from api.schemas.openai_tasks import TaskAnswer
from api.schemas.tasks import PlainTask
from darkroom.errors import (
    BodyTooLarge,
    Busy,
    ContentRefused,
    CredentialMissing,
    CredentialRefused,
    DeadlineExceeded,
    InvalidRequest,
    JobFailed,
    JobLost,
    ModelNotFound,
    NotConfigured,
    PictureOmitted,
    QuotaExhausted,
    RateLimited,
    UnsupportedMediaType,
    UpstreamBroken,
    UpstreamUnavailable,
)
from darkroom.tasks.errors import (
    KeyInProgress,
    KeyReused,
    NoBackground,
    StreamNotReplayable,
    TaskCancelled,
    TaskNotFound,
    UnfitTogether,
)
from darkroom.tasks.routes import LONGEST_WAIT_S
from darkroom.transfer_rate import RequestTimeout

IMAGES, TEXT, MODELS, TASKS = "Images", "Text", "Models", "Tasks"

SERVED = (
    "x-darkroom-provider",
    "x-darkroom-model",
    "x-darkroom-attempts",
    "x-darkroom-tried",
)
ASKING = (  # whoever asks an upstream meets these
    InvalidRequest,
    CredentialMissing,
    CredentialRefused,
    ModelNotFound,
    RequestTimeout,
    BodyTooLarge,
    RateLimited,
    QuotaExhausted,
    UpstreamBroken,
    JobFailed,
    JobLost,
    UpstreamUnavailable,
    NotConfigured,
    Busy,
    DeadlineExceeded,
)
PAINTING = (*ASKING, ContentRefused, PictureOmitted, UnsupportedMediaType)
KEYED = ("idempotency-replayed", "idempotency-ignored")  # where a request may have a key
PAINTED = (*SERVED, "x-darkroom-cache", *KEYED)
IN_BACKGROUND = (
    UnfitTogether,
    KeyReused,
    KeyInProgress,
    StreamNotReplayable,
    TaskCancelled,
    NoBackground,
)
ACCEPTED = Response(
    {JSON: TaskAnswer},
    ("location", "retry-after", "preference-applied", *KEYED),
    status=202,
    description="The request is run in the background.",
)
ASYNC_HEADERS = [
    Parameter(
        "Idempotency-Key",
        "1 to 255 characters that stand for this request for a day: sent again, nothing is done "
        "again, and the answer is the first one's. For callers with a credential.",
        {"type": "string", "minLength": 1, "maxLength": 255},
        is_header=True,
    ),
    Parameter(
        "Prefer",
        "`respond-async` is as good as `async`, where this gateway can.",
        is_header=True,
    ),
]

TASK_ID = Parameter("task_id", "The task's id, as it was given when the task was accepted.")
LAST_EVENT_ID = Parameter(
    "Last-Event-ID", "The id of the last event that was seen.", is_header=True
)
WAIT = Parameter(
    "wait",
    "Answer as soon as the task is over, or after so many seconds.",
    {"type": "integer", "minimum": 1, "maximum": LONGEST_WAIT_S},
)
TASK_FAILURES = (InvalidRequest, TaskNotFound, UpstreamUnavailable, DeadlineExceeded)

# Of dialects whose own API has no tasks; they are polled at `GET /v1/tasks/{task_id}`.
PLAIN_ACCEPTED = replace(ACCEPTED, content={JSON: PlainTask})
