"""The version and capabilities of the client that sent a message.

Clients of 2025 begin with `initialize`; those of 2026-07-28 say with every message who they are,
in `_meta`, and repeat in headers what the body says (reference/mcp.md).
"""

import base64
import binascii
import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from darkroom.dialects.mcp.errors import (
    BAD_REQUEST,
    HEADER_MISMATCH,
    INVALID_PARAMS,
    INVALID_REQUEST,
    UNSUPPORTED_VERSION,
    RpcError,
)
from darkroom.dialects.mcp.message import Message

MODERN = "2026-07-28"
LEGACY = ("2025-11-25", "2025-06-18")
SUPPORTED = (MODERN, *LEGACY)
# A client that sends no header is taken for one of this version, which knows all that is answered.
ASSUMED = "2025-03-26"

VERSION_HEADER, METHOD_HEADER, NAME_HEADER = "mcp-protocol-version", "mcp-method", "mcp-name"
SESSION_HEADER = "mcp-session-id"
VERSION_KEY = "io.modelcontextprotocol/protocolVersion"
CAPABILITIES_KEY = "io.modelcontextprotocol/clientCapabilities"
TASKS = "io.modelcontextprotocol/tasks"
MAX_TOLD_CHARS = 80

# The parameter that `Mcp-Name` repeats, by method.
_NAMED = {
    "tools/call": "name",
    "prompts/get": "name",
    "resources/read": "uri",
    "tasks/get": "taskId",
    "tasks/update": "taskId",
    "tasks/cancel": "taskId",
}
_ENCODED = re.compile(r"=\?base64\?([A-Za-z0-9+/=]*)\?=")
_SESSION = re.compile(r"[\w-]{8,128}", re.ASCII)


@dataclass(frozen=True, slots=True)
class Peer:
    """A client. `session` is what this gateway called it in its answer to `initialize`."""

    is_modern: bool
    capabilities: Mapping[str, Any] = field(default_factory=dict)
    session: str | None = None

    @property
    def knows_tasks(self) -> bool:
        """True for a client that takes a task in the place of a tool's result."""
        extensions = self.capabilities.get("extensions")
        return isinstance(extensions, Mapping) and TASKS in extensions


def read_peer(message: Message, headers: Mapping[str, str]) -> Peer:
    """The client of a message, its headers checked; raises `RpcError`."""
    version = headers.get(VERSION_HEADER, "").strip()
    if _is_modern(message, version, headers):
        if message.is_notification:
            _check_served(version)
            return Peer(is_modern=True)
        return _modern_peer(message, version, headers)
    if message.method != "initialize" and version not in ("", ASSUMED):
        _check_served(version)
    session = headers.get(SESSION_HEADER)
    if session is not None and not _SESSION.fullmatch(session):
        raise RpcError(INVALID_REQUEST, "Mcp-Session-Id: there is no such session.", status=404)
    return Peer(is_modern=False, session=session)


def _is_modern(message: Message, version: str, headers: Mapping[str, str]) -> bool:
    """Tell the eras apart: the body counts before the headers, and a version before other ones."""
    if VERSION_KEY in message.meta:
        return True
    if version in (*LEGACY, ASSUMED):
        return False
    return METHOD_HEADER in headers or (version == MODERN and message.method != "initialize")


def _modern_peer(message: Message, version: str, headers: Mapping[str, str]) -> Peer:
    missing = [key for key in (VERSION_KEY, CAPABILITIES_KEY) if key not in message.meta]
    if missing:
        raise _refused(f"params._meta: {' and '.join(missing)} must be there.")
    capabilities = message.meta[CAPABILITIES_KEY]
    if not isinstance(capabilities, Mapping):
        raise _refused(f"params._meta: {CAPABILITIES_KEY} must be an object.")
    named = message.meta[VERSION_KEY]
    if version != named:
        raise _mismatch("MCP-Protocol-Version", f"params._meta[{VERSION_KEY!r}]")
    if headers.get(METHOD_HEADER, "").strip() != message.method:
        raise _mismatch("Mcp-Method", "method")
    name = _NAMED.get(message.method)
    if name and decoded(headers.get(NAME_HEADER)) != message.params.get(name):
        raise _mismatch("Mcp-Name", f"params.{name}")
    _check_served(version, (MODERN,))
    return Peer(is_modern=True, capabilities=capabilities)


def decoded(header: str | None) -> str | None:
    """The text of a header that may be `=?base64?…?=`; None where that cannot be decoded."""
    text = header.strip() if header else None
    wrapped = _ENCODED.fullmatch(text) if text else None
    if wrapped is None:
        return text
    try:
        return base64.b64decode(wrapped[1], validate=True).decode()
    except (binascii.Error, UnicodeDecodeError):
        return None


def _check_served(version: str, served: tuple[str, ...] = SUPPORTED) -> None:
    if version not in served:
        raise RpcError(
            UNSUPPORTED_VERSION,
            f"MCP-Protocol-Version: must be one of {', '.join(SUPPORTED)}.",
            {"supported": list(SUPPORTED), "requested": version[:MAX_TOLD_CHARS]},
            BAD_REQUEST,
        )


def _refused(words: str) -> RpcError:
    return RpcError(INVALID_PARAMS, words, status=BAD_REQUEST)


def _mismatch(header: str, place: str) -> RpcError:
    words = f"{header}: the header must be there and say the same as {place}."
    return RpcError(HEADER_MISMATCH, words, status=BAD_REQUEST)
