"""JSON-RPC errors, by their numbers (reference/mcp.md; https://www.jsonrpc.org/specification).

What goes wrong inside a tool is no such error but a result with `isError`, which the model reads.
"""

import json
from collections.abc import Mapping

from darkroom.errors import Failure
from darkroom.generation.failure_headers import failure_headers
from darkroom.http import Reply
from darkroom.sse import event_frame

PARSE_ERROR = -32700
INVALID_REQUEST = -32600
METHOD_NOT_FOUND = -32601
INVALID_PARAMS = -32602
INTERNAL_ERROR = -32603
HEADER_MISMATCH = -32020
MISSING_CAPABILITY = -32021
UNSUPPORTED_VERSION = -32022

MESSAGE = "message"  # the type of every event in a stream
NOT_FOUND, BAD_REQUEST = 404, 400

Id = str | int | None


class RpcError(Exception):
    """A message that is answered with an error; `data` tells programs more.

    `status` is the HTTP status where the message as a whole is refused; without one that depends on
    the version that its sender speaks.
    """

    def __init__(
        self,
        code: int,
        message: str,
        data: Mapping[str, object] | None = None,
        status: int | None = None,
    ) -> None:
        super().__init__(message)
        self.code = code
        self.message = message
        self.data = data
        self.status = status

    def modern_status(self) -> int:
        """The HTTP status that 2026-07-28 has for the code."""
        if self.code == INTERNAL_ERROR:
            return 200
        return NOT_FOUND if self.code == METHOD_NOT_FOUND else BAD_REQUEST


def invalid_params(message: str, **data: object) -> RpcError:
    """The error of parameters that cannot be used."""
    return RpcError(INVALID_PARAMS, message, data or None)


def error_fields(request_id: Id, error: RpcError) -> dict[str, object]:
    """An error as a message; its id is null where that of the request is not known."""
    fields: dict[str, object] = {"code": error.code, "message": error.message}
    if error.data:
        fields["data"] = error.data
    return {"jsonrpc": "2.0", "id": request_id, "error": fields}


def rpc_reply(request_id: Id, error: RpcError, status: int) -> Reply:
    """An error as the answer to a request."""
    headers = {"content-type": "application/json", "cache-control": "no-store"}
    return Reply(status, headers, [json.dumps(error_fields(request_id, error)).encode()])


def error_of(failure: Failure) -> RpcError:
    """The error that a failure outside any tool is told as."""
    code = INTERNAL_ERROR if failure.status >= 500 else INVALID_REQUEST
    data = {"code": failure.code, "param": failure.param, "request_id": failure.request_id}
    told = {name: value for name, value in data.items() if value}
    return RpcError(code, failure.message, told)


def error_reply(failure: Failure) -> Reply:
    """A failure before or beside the reading of a message."""
    body = json.dumps(error_fields(None, error_of(failure))).encode()
    return Reply(failure.status, failure_headers(failure), [body])


def error_frame(failure: Failure, request_id: Id = None) -> bytes:
    """A failure as the last event of a stream."""
    return event_frame(MESSAGE, json.dumps(error_fields(request_id, error_of(failure))).encode())
