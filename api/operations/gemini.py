"""The operations of Google's API."""

from dataclasses import replace
from typing import Any

from api.dialects import GEMINI
from api.operation import EVENTS, JSON, Operation, Parameter, Path, Response
from api.operations.common import (
    ACCEPTED,
    ASYNC_HEADERS,
    IN_BACKGROUND,
    PAINTED,
    PAINTING,
    TASK_FAILURES,
    WAIT,
)
from api.schemas.gemini import ContentBody, PredictionBody
from darkroom.dialects.gemini.generate import (
    PREFIXES,
)
from darkroom.dialects.gemini.tasks import CANCEL, PREFIX
from darkroom.errors import (
    BodyTooLarge,
    Busy,
    CredentialRefused,
    InvalidRequest,
    ModelNotFound,
)
from darkroom.transfer_rate import RequestTimeout

TAG = "Google"
MODEL = Parameter("model", "An id, alias or pool; its slashes may be raw or `%2F`.")


def _painting(name: str, verb: str, summary: str, body: type, *kinds: str) -> Operation:
    return Operation(
        name,
        summary,
        TAG,
        [
            Response(dict.fromkeys((JSON, *kinds), Any), PAINTED),
            replace(ACCEPTED, content={JSON: Any}),
        ],
        request_body={JSON: body},
        tail=f"{{model}}{verb}",
        parameters=[MODEL, *ASYNC_HEADERS],
        failures=(*PAINTING, *IN_BACKGROUND),
        secured=True,
    )


def _paths(prefix: str, version: str) -> tuple[Path, ...]:
    """What paints, below one of the two addresses that Google's SDKs call."""
    rows = (
        (":generateContent", "Paint the last user turn", ContentBody),
        (":predict", "Paint one to four pictures", PredictionBody),
    )
    stream = ":streamGenerateContent"
    operations = {
        verb: _painting(f"google{version}{verb[1:].title()}", verb, summary, body)
        for verb, summary, body in rows
    }
    operations[stream] = _painting(
        f"google{version}Stream",
        stream,
        "The same as an event, or as a list of one",
        ContentBody,
        EVENTS,
    )
    operations[":countTokens"] = Operation(
        f"google{version}CountTokens",
        "Estimate how many tokens a request has",
        TAG,
        [Response({JSON: Any})],
        request_body={JSON: ContentBody},
        tail="{model}:countTokens",
        parameters=[MODEL],
        failures=(InvalidRequest, CredentialRefused, BodyTooLarge, RequestTimeout, Busy),
        secured=True,
    )
    return tuple(Path(prefix, {"POST": each}, GEMINI, verb) for verb, each in operations.items())


OPERATION_ID = Parameter("operation_id", "The id in an operation's name.")
PATHS = (
    *(path for version, prefix in PREFIXES.items() for path in _paths(prefix, version)),
    Path(
        PREFIX,
        {
            "GET": Operation(
                "googleGetOperation",
                "Poll a background task as a long-running operation",
                TAG,
                [Response({JSON: Any}, ("retry-after",))],
                tail="{operation_id}",
                parameters=[OPERATION_ID, WAIT],
                failures=TASK_FAILURES,
            ),
            "DELETE": Operation(
                "googleDeleteOperation",
                "Cancel a background task",
                TAG,
                [Response({JSON: Any}, ("retry-after",))],
                tail="{operation_id}",
                parameters=[OPERATION_ID],
                failures=TASK_FAILURES,
            ),
        },
        GEMINI,
    ),
    Path(
        PREFIX,
        {
            "POST": Operation(
                "googleCancelOperation",
                "Cancel a background task",
                TAG,
                [Response({JSON: Any}, ("retry-after",))],
                tail=f"{{operation_id}}{CANCEL}",
                parameters=[OPERATION_ID],
                failures=TASK_FAILURES,
            )
        },
        GEMINI,
        CANCEL,
    ),
    Path(
        "/v1beta/models",
        {
            "GET": Operation(
                "googleListModels",
                "List what paints, in Google's shape",
                TAG,
                [Response({JSON: Any})],
                parameters=[
                    Parameter("pageSize", "How many at the most.", {"type": "integer"}),
                    Parameter("pageToken", "Where to go on."),
                ],
                failures=[InvalidRequest],
            )
        },
        GEMINI,
    ),
    Path(
        "/v1beta/models/",
        {
            "GET": Operation(
                "googleGetModel",
                "Describe one model, in Google's shape",
                TAG,
                [Response({JSON: Any})],
                tail="{model}",
                parameters=[MODEL],
                failures=[ModelNotFound],
            )
        },
        GEMINI,
    ),
)
