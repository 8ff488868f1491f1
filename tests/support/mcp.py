"""Messages of the Model Context Protocol, as clients of either era send them."""

import json
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from darkroom.app import handle
from darkroom.gateway import Gateway
from darkroom.http import Reply
from darkroom.sse import EventReader
from tests.support.fakes import body_of, request

VERSION, CAPABILITIES = (
    f"io.modelcontextprotocol/{name}" for name in ("protocolVersion", "clientCapabilities")
)
TASKS: dict[str, Any] = {"extensions": {"io.modelcontextprotocol/tasks": {}}}
BOTH = "application/json, text/event-stream"
_NAMED = {"tools/call": "name", "prompts/get": "name", "resources/read": "uri"}


@dataclass
class Said:
    """An answer: its status, its messages and its headers."""

    status: int
    messages: list[dict[str, Any]]
    headers: Mapping[str, str]

    @property
    def last(self) -> dict[str, Any]:
        return self.messages[-1]

    @property
    def result(self) -> dict[str, Any]:
        assert "result" in self.last, self.last
        result: dict[str, Any] = self.last["result"]
        return result

    @property
    def error(self) -> dict[str, Any]:
        error: dict[str, Any] = self.last["error"]
        return error

    @property
    def text(self) -> str:
        """The words of a tool's result."""
        return "\n".join(part["text"] for part in self.result["content"] if part["type"] == "text")

    @property
    def kinds(self) -> list[str]:
        return [part["type"] for part in self.result["content"]]


@dataclass
class Client:
    """A client of a gateway in this process; `modern` ones speak 2026-07-28."""

    gate: Gateway
    modern: bool = False
    headers: dict[str, str] = field(default_factory=dict)
    capabilities: Mapping[str, Any] = field(default_factory=dict)
    accept: str = BOTH

    async def ask(self, method: str, params: Mapping[str, Any] | None = None, **more: Any) -> Said:
        """The answer to a request."""
        return await read(await self.send(method, params, **more))

    async def call(
        self, tool: str, meta: Mapping[str, Any] | None = None, /, **arguments: Any
    ) -> Said:
        """The answer to a call of a tool."""
        return await self.ask("tools/call", {"name": tool, "arguments": arguments}, meta=meta)

    async def send(
        self,
        method: str,
        params: Mapping[str, Any] | None = None,
        *,
        message_id: object = 1,
        meta: Mapping[str, Any] | None = None,
        headers: Mapping[str, str] | None = None,
    ) -> Reply:
        """The reply to a request, or with a `message_id` of None to a notification."""
        params, meta = dict(params or {}), dict(meta or {})
        own: dict[str, str] = {}
        if self.modern:
            meta = {VERSION: "2026-07-28", CAPABILITIES: self.capabilities, **meta}
            own = {"mcp-protocol-version": "2026-07-28", "mcp-method": method}
            named = params.get(_NAMED.get(method, "taskId"))
            own |= {"mcp-name": named} if isinstance(named, str) else {}
        if meta:
            params["_meta"] = meta
        body: dict[str, Any] = {"jsonrpc": "2.0", "method": method, "params": params}
        if message_id is not None:
            body["id"] = message_id
        return await self.post(body, {**own, **(headers or {})})

    async def post(self, body: object, headers: Mapping[str, str] | None = None) -> Reply:
        """The reply to any body."""
        common = {"content-type": "application/json", "accept": self.accept}
        whole = {**common, **self.headers, **(headers or {})}
        return await handle(request("POST", "/mcp", body, whole), self.gate, lambda entry: None)


async def read(reply: Reply) -> Said:
    """The messages of a reply, which may be events."""
    body = await body_of(reply)
    if reply.headers.get("content-type", "").startswith("text/event-stream"):
        messages = [json.loads(event.data) for event in EventReader().feed(body)]
    else:
        messages = [json.loads(body)] if body else []
    return Said(reply.status, messages, reply.headers)
