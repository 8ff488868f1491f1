"""The relay's routes, each with what `GET /openapi.json` tells of it."""

from dataclasses import replace

from darkroom.described import JSON, Answer, Described, Parameter
from darkroom.dialects.openai.routes import (
    ACCEPTED,
    IN_BACKGROUND,
    PAINTED,
    PAINTING,
    TASK_FAILURES,
    TASK_ID,
    WAIT,
    WAYS,
)
from darkroom.dialects.relay.credentials import caller_of
from darkroom.dialects.relay.errors import error_frame, error_reply, status_of
from darkroom.dialects.relay.families import FAMILIES, Family
from darkroom.dialects.relay.generate import reader_of
from darkroom.dialects.relay.image_schemas import ANSWERS
from darkroom.dialects.relay.models import get_model, list_models
from darkroom.dialects.relay.request_schemas import BODIES
from darkroom.dialects.relay.schemas import (
    RelayAccepted,
    RelayErrorAnswer,
    RelayModel,
    RelayModels,
    RelayTaskAnswer,
)
from darkroom.dialects.relay.tasks import SHAPE, cancel_task, poll_task
from darkroom.endpoint import Dialect, Endpoint
from darkroom.errors import ModelNotFound
from darkroom.tasks.dispatch import with_tasks

RELAY = Dialect(
    "relay",
    error_reply,
    error_frame,
    RelayErrorAnswer,
    status_of,
    credentials=("key", "token"),
    caller_of=caller_of,
)
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


def _painting(family: Family) -> Described:
    names = ", ".join(f"`{name}`" for name in family.models)
    return Described(
        family.operation,
        with_tasks(reader_of(family), SHAPE),
        family.summary,
        TAG,
        [
            Answer({JSON: ANSWERS[family.id]}, PAINTED),
            replace(ACCEPTED, shapes={JSON: RelayAccepted}),
        ],
        about=f"Models by the relay's names: {names}. The answer says which of the models behind "
        "them has painted, and who served it.",
        body=BODIES[family.id],
        examples=family.examples,
        parameters=WAYS,
        failures=(*PAINTING, *IN_BACKGROUND),
        takes_token=True,
    )


LIST_MODELS = Described(
    "listRelayModels",
    list_models,
    "List all models as the relay does",
    TAG,
    [Answer({JSON: RelayModels})],
)

GET_MODEL = Described(
    "getRelayModel",
    get_model,
    "Tell which route serves a model, and how",
    TAG,
    [Answer({JSON: RelayModel})],
    tail="{model}",
    parameters=[
        Parameter(
            "model",
            "A name of the relay's or of this gateway's; its slashes may be raw or `%2F`.",
            example="Qwen/qwen-image",
        )
    ],
    failures=[ModelNotFound],
)

ENDPOINTS = (
    *(
        Endpoint(family.path, {"POST": _painting(family)}, RELAY)
        for family in FAMILIES.by_id.values()
    ),
    Endpoint("/v2/models", {"GET": LIST_MODELS}, RELAY),
    Endpoint("/v2/models/", {"GET": GET_MODEL}, RELAY),
    Endpoint("/v2/tasks/", {"GET": POLL_TASK, "DELETE": CANCEL_TASK}, RELAY),
    Endpoint("/v2", {}, RELAY),
    Endpoint("/v2/", {}, RELAY),  # the last: whatever else begins like this
)
