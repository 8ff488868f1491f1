"""Results of requests: as messages, as events, and bare, as a task stores that of its tool."""

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any

from darkroom import VERSION
from darkroom.context import RequestContext
from darkroom.dialects.mcp.errors import MESSAGE
from darkroom.dialects.mcp.message import Message
from darkroom.dialects.mcp.peer import Peer
from darkroom.errors import CredentialMissing, Failure, ModelNotFound
from darkroom.http import Part, Reply
from darkroom.json_writer import JsonBlob, compact_json, json_parts
from darkroom.scrub import without_tokens

SERVER = {"name": "darkroom", "title": "Darkroom", "version": VERSION}
SERVER_KEY = "io.modelcontextprotocol/serverInfo"
MAX_WORDS_CHARS = 2_000
COMPLETE, TASK = "complete", "task"
JSON_HEADERS = {"content-type": "application/json", "cache-control": "no-store"}

Result = Mapping[str, object]


@dataclass(frozen=True, slots=True)
class Call:
    """A request and its sender. `streams` says that the answer may be a stream of events."""

    message: Message
    peer: Peer
    context: RequestContext
    streams: bool

    @property
    def in_background(self) -> bool:
        """True in the run of a task, where the result is stored."""
        return self.context.observer is not None

    def reply(self, result: Result) -> Reply:
        """A result as the answer."""
        return self.wrap(bare_reply(result))

    def wrap(self, bare: Reply, kind: str = COMPLETE) -> Reply:
        """The answer that holds a bare result; what streams holds messages already."""
        if self.in_background or not isinstance(bare.body, Sequence):
            return bare
        return replace(bare, status=200, body=self._message(bare.body, kind))

    def frame(self, result: Result) -> list[Part]:
        """A result as the last event of a stream."""
        message = self._message(json_parts(result), COMPLETE)
        return [f"event: {MESSAGE}\ndata: ".encode(), *message, b"\n\n"]

    def _message(self, result: Sequence[Part], kind: str) -> list[Part]:
        head: dict[str, object] = {}
        if self.peer.is_modern:
            head = {"resultType": kind, "_meta": {SERVER_KEY: SERVER}}
        first, *rest = result
        if not isinstance(first, bytes):  # as a task stored it
            stored = JsonBlob(first, head)
            return json_parts({"jsonrpc": "2.0", "id": self.message.id, "result": stored})
        opened = compact_json(head)[:-1]
        comma = b"" if not head or first[1:2] == b"}" else b","
        identity = json.dumps(self.message.id)
        begin = b'{"jsonrpc":"2.0","id":%b,"result":' % identity.encode()
        return [begin + opened + comma + first[1:], *rest, b"}"]


def bare_reply(result: Result, headers: Mapping[str, str] | None = None) -> Reply:
    """A result by itself."""
    return Reply(200, {**JSON_HEADERS, **(headers or {})}, json_parts(result))


def text_content(text: str) -> dict[str, Any]:
    """A block of text for the model."""
    return {"type": "text", "text": text}


def failure_result(failure: Failure) -> Result:
    """The result of a tool that failed, in words that a model can act on."""
    facts = [failure.code, *([f"argument {failure.param}"] if failure.param else [])]
    if failure.retry_after_s is not None:
        facts.append(f"try again in {failure.retry_after_s:.0f} s")
    elif failure.caller_may_retry:
        facts.append("trying again may help")
    words = without_tokens(failure.message, MAX_WORDS_CHARS)
    if isinstance(failure, ModelNotFound):
        words += " list_models finds models."
    if isinstance(failure, CredentialMissing):
        words += (
            " Tokens go into the Authorization header of this server's configuration, never into "
            "an argument; list_models with free: true names models that need none."
        )
    return {"content": [text_content(f"{words} [{'; '.join(facts)}]")], "isError": True}
