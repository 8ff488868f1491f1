"""The operations of a Z-Image studio's history."""

from api.dialects import STUDIO
from api.operation import JSON, Operation, Parameter, Path, Response
from api.operations.studio import STUDIO_TAG
from api.schemas.studio_history import (
    ClearedHistory,
    DeletedEntry,
    History,
    HistoryEntry,
)
from darkroom.dialects.studio.errors import NotFound
from darkroom.dialects.studio.history import (
    MAX_LIMIT,
)
from darkroom.errors import CredentialRefused, DeadlineExceeded, InvalidRequest, UpstreamUnavailable
from darkroom.validation_error import Unprocessable

_FAILURES = (
    InvalidRequest,
    CredentialRefused,
    Unprocessable,
    UpstreamUnavailable,
    DeadlineExceeded,
)
_WHOLE = {"type": "integer", "minimum": 0}
_INLINE = Parameter(
    "inline", "`0` leaves pictures to their addresses.", {"type": "boolean", "default": True}
)
_AS_OF = Parameter("as_of", "Count as the list was at this number of a response.", _WHOLE)
_WHICH = [
    Parameter("index", "The position, 0 being the newest.", _WHOLE, example="0"),
    Parameter("id", "The item of this id, wherever it stands.", _WHOLE),
    _AS_OF,
    _INLINE,
]

LIST_HISTORY = Operation(
    "listHistory",
    "List what this caller had painted, newest first",
    STUDIO_TAG,
    [Response({JSON: History})],
    description="By whichever route. Callers without a credential have no history.",
    parameters=[
        Parameter(
            "limit",
            "How many at the most.",
            {"type": "integer", "minimum": 1, "maximum": MAX_LIMIT, "default": 50},
        ),
        Parameter("offset", "How many to leave out before them.", _WHOLE),
        _AS_OF,
        _INLINE,
    ],
    failures=_FAILURES,
    secured=True,
)

GET_HISTORY_ITEM = Operation(
    "getHistoryItem",
    "Tell of one picture that this caller had painted",
    STUDIO_TAG,
    [Response({JSON: HistoryEntry})],
    tail="{index}",
    parameters=_WHICH,
    failures=[*_FAILURES, NotFound],
    secured=True,
)

DELETE_HISTORY_ITEM = Operation(
    "deleteHistoryItem",
    "Forget one picture that this caller had painted",
    STUDIO_TAG,
    [Response({JSON: DeletedEntry})],
    description="It is deleted where it is kept, too, unless another history holds it.",
    tail="{index}",
    parameters=_WHICH,
    failures=[*_FAILURES, NotFound],
    secured=True,
)

CLEAR_HISTORY = Operation(
    "clearHistory",
    "Forget all pictures that this caller had painted",
    STUDIO_TAG,
    [Response({JSON: ClearedHistory})],
    description="They are deleted where they are kept, too, unless another history holds them.",
    failures=_FAILURES,
    secured=True,
)

PATHS = (
    Path("/api/history", {"GET": LIST_HISTORY, "DELETE": CLEAR_HISTORY}, STUDIO),
    Path("/api/history/", {"GET": GET_HISTORY_ITEM, "DELETE": DELETE_HISTORY_ITEM}, STUDIO),
)
