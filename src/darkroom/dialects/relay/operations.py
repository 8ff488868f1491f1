"""The relay's routes, each with what `GET /openapi.json` tells of it."""

from darkroom.dialects.described import JSON, Answer, Described
from darkroom.dialects.endpoint import Dialect
from darkroom.dialects.openai.operations import TASK_FAILURES, TASK_ID, WAIT
from darkroom.dialects.relay.answers import RelayErrorAnswer, RelayTaskAnswer
from darkroom.dialects.relay.errors import error_frame, error_reply, status_of
from darkroom.dialects.relay.tasks import cancel_task, poll_task

RELAY = Dialect(error_reply, error_frame, RelayErrorAnswer, status_of)
TAG = "Relay"

POLL_TASK = Described(
    "getRelayTask",
    poll_task,
    "Ask after a task",
    TAG,
    [Answer({JSON: RelayTaskAnswer}, ("retry-after",))],
    about="The id is all that it takes: bare, or as `direct:…` with its colon raw or `%3A`.",
    tail="{task_id}",
    parameters=[TASK_ID, WAIT],
    failures=TASK_FAILURES,
)

CANCEL_TASK = Described(
    "cancelRelayTask",
    cancel_task,
    "Take a task back",
    TAG,
    [Answer({JSON: RelayTaskAnswer}, ("retry-after",))],
    about="The job is cancelled upstream, too. One that is over stays as it is.",
    tail="{task_id}",
    parameters=[TASK_ID],
    failures=TASK_FAILURES,
)
