"""A reader of JSON-RPC messages, one for each request (reference/mcp.md)."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, TypeGuard

from darkroom.blob import Blob
from darkroom.dialects.mcp.errors import (
    BAD_REQUEST,
    INVALID_REQUEST,
    PARSE_ERROR,
    RpcError,
    invalid_params,
)
from darkroom.json_reader import CONVERSATION, NoSuchNumber, TooMuchText, UnreadableJson, parse_json

MAX_ID_CHARS = 256  # of an id or a progress token, both of which are sent back
TOO_LARGE = 413


@dataclass(frozen=True, slots=True)
class Message:
    """A request, or without an `id` a notification."""

    method: str
    params: Mapping[str, Any]
    id: str | int | None

    @property
    def is_notification(self) -> bool:
        """True for a message that is not answered."""
        return self.id is None

    @property
    def meta(self) -> Mapping[str, Any]:
        """The fields of `params._meta`; none where it is no object."""
        meta = self.params.get("_meta")
        return meta if isinstance(meta, Mapping) else {}

    @property
    def progress_token(self) -> str | int | None:
        """The token of progress notifications; raises `RpcError` for what cannot be one."""
        token = self.meta.get("progressToken")
        if token is not None and not is_id(token):
            raise invalid_params(
                "_meta.progressToken: must be a whole number, or a text of at most "
                f"{MAX_ID_CHARS} characters."
            )
        return token

    def text(self, name: str) -> str:
        """A parameter that must be a text; raises `RpcError`."""
        value = self.params.get(name)
        if not isinstance(value, str) or not value:
            raise invalid_params(f"{name}: must be a text.")
        return value


def read_message(body: Blob) -> Message | None:
    """Read a message; None for the answer to a request of ours, of which there are none.

    Raises `RpcError` with an HTTP status for what is no message.
    """
    fields = _parse(body)
    if isinstance(fields, list):
        raise _refused("Batches are not taken: send each message in a request of its own.")
    if not isinstance(fields, dict) or fields.get("jsonrpc") != "2.0":
        raise _refused('A message is a JSON object with "jsonrpc": "2.0".')
    if "method" not in fields and ("result" in fields or "error" in fields):
        return None
    method, params = fields.get("method"), fields.get("params")
    if not isinstance(method, str):
        raise _refused("method: must be a text.")
    if "id" in fields and not is_id(fields["id"]):
        raise _refused(
            f"id: must be a whole number, or a text of at most {MAX_ID_CHARS} characters."
        )
    if not isinstance(params, dict | None):
        raise _refused("params: must be an object.")
    return Message(method, params or {}, fields.get("id"))


def is_id(value: object) -> TypeGuard[str | int]:
    """True for what may be a message's id or a progress token."""
    if isinstance(value, str):
        return len(value) <= MAX_ID_CHARS
    return isinstance(value, int) and not isinstance(value, bool)


def _parse(body: Blob) -> Any:
    try:
        return parse_json(body, CONVERSATION)
    except TooMuchText as error:
        raise RpcError(INVALID_REQUEST, f"The message: {error}.", status=TOO_LARGE) from None
    except NoSuchNumber as error:
        raise _refused(f"{error.where[:MAX_ID_CHARS] or 'message'}: {error}.") from None
    except UnreadableJson as error:
        raise _refused(f"The message: {error}.") from None
    except ValueError:
        raise RpcError(PARSE_ERROR, "The body is not JSON.", status=BAD_REQUEST) from None


def _refused(words: str) -> RpcError:
    return RpcError(INVALID_REQUEST, words, status=BAD_REQUEST)
