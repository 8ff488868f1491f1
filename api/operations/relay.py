"""The relay's routes, each with its description in `GET /openapi.json`."""

from dataclasses import replace
from typing import Any

from api.dialects import RELAY
from api.operation import JSON, Operation, Parameter, Path, Response
from api.operations.common import (
    ACCEPTED,
    ASYNC_HEADERS,
    IN_BACKGROUND,
    PAINTED,
    PAINTING,
    TASK_FAILURES,
    TASK_ID,
    WAIT,
)
from api.schemas.relay import (
    RelayAccepted,
    RelayModel,
    RelayModels,
    RelayTaskAnswer,
)
from api.schemas.relay_images import ANSWERS
from darkroom.dialects.relay.families import FAMILIES, Family
from darkroom.dialects.relay.request_schemas import BODIES
from darkroom.errors import ModelNotFound

TAG = "Relay"

POLL_TASK = Operation(
    "getRelayTask",
    "Poll a task",
    TAG,
    [Response({JSON: RelayTaskAnswer}, ("retry-after",))],
    description="The id is all that it takes: bare, or as `direct:…` with its colon raw or `%3A`.",
    tail="{task_id}",
    parameters=[TASK_ID, WAIT],
    failures=TASK_FAILURES,
)

CANCEL_TASK = Operation(
    "cancelRelayTask",
    "Cancel a task",
    TAG,
    [Response({JSON: RelayTaskAnswer}, ("retry-after",))],
    description="The job is cancelled upstream, too. One that is over stays as it is.",
    tail="{task_id}",
    parameters=[TASK_ID],
    failures=TASK_FAILURES,
)


def _painting(family: Family) -> Operation:
    names = ", ".join(f"`{name}`" for name in family.models)
    return Operation(
        family.operation,
        family.summary,
        TAG,
        [
            Response({JSON: ANSWERS[family.id]}, PAINTED),
            replace(ACCEPTED, content={JSON: RelayAccepted}),
        ],
        description=f"Models by the relay's names: {names}. The answer says which of the models "
        "behind them has painted, and who served it.",
        request_body={JSON: BODIES[family.id]},
        examples=family.examples,
        parameters=ASYNC_HEADERS,
        failures=(*PAINTING, *IN_BACKGROUND),
        secured=True,
    )


LIST_MODELS = Operation(
    "listRelayModels",
    "List all models as the relay does",
    TAG,
    [Response({JSON: RelayModels})],
)

GET_MODEL = Operation(
    "getRelayModel",
    "Tell which route serves a model, and how",
    TAG,
    [Response({JSON: RelayModel})],
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


def _fixed(name: str, summary: str) -> Path:
    operation = Operation(f"relay{name.title()}", summary, TAG, [Response({JSON: dict[str, Any]})])
    return Path(f"/v2/{name}", {"GET": operation}, RELAY)


PATHS = (
    _fixed("health", "Say that the service is alive, as the relay does"),
    _fixed("pricing", "List prices, of which there are none"),
    _fixed("tiers", "List tiers, of which there are none"),
    *(Path(family.path, {"POST": _painting(family)}, RELAY) for family in FAMILIES.by_id.values()),
    Path("/v2/models", {"GET": LIST_MODELS}, RELAY),
    Path("/v2/models/", {"GET": GET_MODEL}, RELAY),
    Path("/v2/tasks/", {"GET": POLL_TASK, "DELETE": CANCEL_TASK}, RELAY),
)
