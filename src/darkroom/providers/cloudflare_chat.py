"""Text models of Cloudflare's: by REST as OpenAI's, by the binding in an answer of its own shape.

Source: reference/cloudflare-ai.md, "Calls".
"""

import json
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from darkroom.ai_binding import BINDINGS
from darkroom.deadline import Deadline
from darkroom.errors import UpstreamBroken
from darkroom.http import Http, UpstreamReply
from darkroom.providers.chat import ReadReply, send_conversation
from darkroom.providers.cloudflare_client import CloudflareClient
from darkroom.providers.provider import ChatRoute
from darkroom.providers.response_images import as_object, whole_number

NOT_INPUT = ("model", "stream", "stream_options", "n", "user")


@dataclass(frozen=True, slots=True)
class CloudflareChat:
    """Sends conversations to the account's own endpoint, or to the binding.

    The binding's answer is whole, and is streamed in one piece to those who asked for a stream.
    """

    client: CloudflareClient

    async def ask(
        self, body: Mapping[str, object], route: ChatRoute, http: Http, deadline: Deadline
    ) -> UpstreamReply:
        """Send a conversation; see `ChatProvider.ask`."""
        provider, chat = route.provider, route.provider.chat
        if chat is None:
            raise UpstreamBroken(f"{provider.name} has no text models.")
        exchange, address, headers = self.client.open(route, chat.path, http, deadline)
        if route.token not in BINDINGS:
            return await send_conversation(exchange, address, body, route, headers=headers)
        sent = {name: value for name, value in body.items() if name not in NOT_INPUT}
        answer = await exchange.post(address, sent)
        completion = _completion(answer, route.place)
        if completion is None:
            raise UpstreamBroken(f"{provider.name} answered without a word.")
        if body.get("stream") is not True:
            return ReadReply(200, {"content-type": "application/json"}, (_json(completion),))
        events = b"data: %b\n\ndata: [DONE]\n\n" % _json(_chunk(completion))
        return ReadReply(200, {"content-type": "text/event-stream"}, (events,))


def _completion(answer: Mapping[str, Any], model: str) -> dict[str, Any] | None:
    """OpenAI's shape of an answer, which some models have already; None for one without words."""
    inner = as_object(answer.get("result")) or answer
    choices = inner.get("choices")
    if isinstance(choices, list) and choices and isinstance(choices[0], Mapping):
        return dict(inner)
    words = inner.get("response")
    if words is None:
        return None
    message: dict[str, Any] = {
        "role": "assistant",
        "content": words if isinstance(words, str) else json.dumps(words),
    }
    return {
        "id": "chatcmpl-cloudflare",
        "object": "chat.completion",
        "created": 0,
        "model": model,
        "choices": [{"index": 0, "message": message, "finish_reason": "stop"}],
        "usage": _usage(as_object(inner.get("usage"))),
    }


def _usage(reported: Mapping[str, Any]) -> dict[str, int]:
    names = ("prompt_tokens", "completion_tokens", "total_tokens")
    return {name: whole_number(reported.get(name)) or 0 for name in names}


def _chunk(completion: Mapping[str, Any]) -> dict[str, Any]:
    """The whole answer as the only piece of a stream."""
    choices = [
        {"index": 0, "delta": dict(as_object(as_object(choice).get("message"))),
         "finish_reason": as_object(choice).get("finish_reason") or "stop"}
        for choice in completion["choices"][:1]
    ]  # fmt: skip
    return {**completion, "object": "chat.completion.chunk", "choices": choices}


def _json(value: object) -> bytes:
    return json.dumps(value).encode()
