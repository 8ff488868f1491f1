"""The text models of a Z-Image studio: rewriting one prompt.

Source: reference/studio-api.md section 5.
"""

import json
from collections.abc import Mapping
from typing import Any

from darkroom.address import address_below
from darkroom.deadline import Deadline
from darkroom.errors import InvalidRequest, UpstreamBroken
from darkroom.http import Http, UpstreamReply
from darkroom.json_writer import TextBlob
from darkroom.providers.api_client import PAINTING_LIMIT_S, ApiClient
from darkroom.providers.chat import ReadReply
from darkroom.providers.credential import credential_for
from darkroom.providers.error_mapping import map_generation_error
from darkroom.providers.provider import ChatRoute
from darkroom.providers.response_images import as_object, as_objects

SAMPLING = ("max_tokens", "temperature", "top_p", "top_k", "min_p", "presence_penalty")


class StudioChat:
    """Has a conversation of a system message and one of the user's continued."""

    async def ask(
        self, body: Mapping[str, object], route: ChatRoute, http: Http, deadline: Deadline
    ) -> UpstreamReply:
        """Have the prompt rewritten; the answer is OpenAI's, whole or as a stream of one piece.

        Raises `InvalidRequest` for a longer conversation; see `ChatProvider.ask`.
        """
        provider = route.provider
        if provider.chat is None:
            raise UpstreamBroken(f"{provider.name} has no text models.")
        exchange = ApiClient(
            provider.name,
            http,
            deadline,
            credential_for(provider, route.token),
            sort=map_generation_error,
            limit_s=PAINTING_LIMIT_S,
        )
        payload: dict[str, object] = {
            **_question(body.get("messages"), provider.name),
            "model": route.place,
            **{name: body[name] for name in SAMPLING if name in body},
        }
        answer = await exchange.post(address_below(provider.base_url, provider.chat.path), payload)
        text = answer.get("rewritten_prompt")
        if not isinstance(text, str):
            raise UpstreamBroken(f"{provider.name} answered without a rewritten prompt.")
        said: dict[str, object] = {"role": "assistant", "content": text}
        if isinstance(thinking := answer.get("thinking_content"), str):
            said["reasoning_content"] = thinking
        return _reply(said, route.place, streamed=body.get("stream") is True)


def _question(messages: object, name: str) -> Mapping[str, object]:
    """The fields of a rewrite that a conversation amounts to."""
    entries = as_objects(messages)
    match [message.get("role") for message in entries]:
        case ["system", "user"]:
            instruction = _texts(entries[0].get("content"))
        case _:
            raise InvalidRequest(
                f"messages: {name} rewrites single prompts: send a system message that says how, "
                "and one message of the user.",
                param="messages",
            )
    question: dict[str, object] = {"custom_system_prompt": instruction}
    if prompt := _texts(entries[1].get("content")):
        question["prompt"] = prompt
    if image := next(iter(_images(entries[1].get("content"))), None):
        question["image"] = image
    return question


def _texts(content: object) -> str:
    if isinstance(content, str):
        return content
    texts = [part.get("text") for part in as_objects(content)]
    return "\n".join(text for text in texts if isinstance(text, str))


def _images(content: object) -> list[Any]:
    urls = [as_object(part.get("image_url")).get("url") for part in as_objects(content)]
    return [url for url in urls if isinstance(url, str | TextBlob)]


def _reply(said: Mapping[str, object], model: str, *, streamed: bool) -> ReadReply:
    field, kind = ("delta", "chat.completion.chunk") if streamed else ("message", "chat.completion")
    choice = {"index": 0, field: said, "finish_reason": "stop"}
    wire = json.dumps({"object": kind, "model": model, "choices": [choice]}).encode()
    if not streamed:
        return ReadReply(200, {"content-type": "application/json"}, (wire,))
    frames = (b"data: %b\n\n" % wire, b"data: [DONE]\n\n")
    return ReadReply(200, {"content-type": "text/event-stream"}, frames)
