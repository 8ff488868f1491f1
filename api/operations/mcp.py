"""The operations of the Model Context Protocol."""

from api.dialects import MCP
from api.operation import EVENTS, JSON, Operation, Path, Response
from api.operations.common import KEYED
from api.schemas.mcp import (
    ProtectedResource,
    RpcAnswer,
    RpcErrorAnswer,
    RpcMessage,
    RpcNotification,
)
from darkroom.dialects.mcp.server import METADATA, PATH
from darkroom.errors import (
    BodyTooLarge,
    Busy,
    CredentialRefused,
    InvalidRequest,
    RouteNotFound,
)
from darkroom.transfer_rate import RequestTimeout

TAG = "Agents"
ANSWER = RpcAnswer | RpcErrorAnswer | RpcNotification

MESSAGE = Operation(
    "mcpMessage",
    "Answer one message of the Model Context Protocol",
    TAG,
    [
        Response({JSON: ANSWER, EVENTS: ANSWER}, ("mcp-session-id", *KEYED)),
        Response({}, status=202, description="A notification was taken."),
    ],
    description="Versions 2026-07-28, 2025-11-25 and 2025-06-18. `tools/list` tells what there is. "
    "Long answers are events, where the client takes them.",
    request_body={JSON: RpcMessage},
    examples={"list the tools": {"jsonrpc": "2.0", "id": 1, "method": "tools/list"}},
    failures=(
        InvalidRequest,
        CredentialRefused,
        RouteNotFound,
        RequestTimeout,
        BodyTooLarge,
        Busy,
    ),
    secured=True,
)


def _metadata(name: str) -> Operation:
    return Operation(
        name,
        "Tell which credentials MCP's endpoint takes",
        TAG,
        [Response({JSON: ProtectedResource})],
    )


PATHS = (
    Path(PATH, {"POST": MESSAGE}, MCP),
    Path(METADATA, {"GET": _metadata("protectedResource")}, MCP),
    Path(METADATA + PATH, {"GET": _metadata("protectedResourceOfMcp")}, MCP),
)
