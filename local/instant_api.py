"""The OpenAI-compatible API of `local.instant`, below `/v1`.

Pictures come as base64 whose weight the model's name says (`PICTURES`); edits are answered with
the small one. Chats stream as many words as a directive in the conversation asks for
(`[[progress:200:0.005]]`). `waiting` answers after `WAIT_S`, unless
its caller leaves before. `GET /_seen` tells what was noted of all requests so far.
"""

import asyncio
import base64
import json
from dataclasses import asdict, dataclass

from local.http_server import Request, begin_chunks, end_chunks, noise_png, send, send_chunk
from local.pace import paced

# Models by the picture that they answer with, and its side in pixels: 1 KB, 192 KiB, 4 MB.
PICTURES = {"small": 18, "medium": 256, "large": 1155}
WAITING = "waiting"
CHATS = "talker"
WAIT_S = 5.0
NOT_FOUND = b'{"error":{"message":"Not Found","type":"invalid_request_error"}}'


@dataclass(slots=True)
class Seen:
    """What came so far: requests, edits with a mask, callers who left before their answer."""

    requests: int = 0
    masks: int = 0
    leavers: int = 0


class InstantApi:
    """Answers the API's requests."""

    def __init__(self) -> None:
        self._answers = {name: _answer(noise_png(side)) for name, side in PICTURES.items()}
        self._seen = Seen()

    async def answer(
        self, request: Request, reader: asyncio.StreamReader, writer: asyncio.StreamWriter
    ) -> bool:
        """Answer; returns whether the connection can carry another request."""
        self._seen.requests += 1
        match request.method, request.path:
            case "POST", "/v1/images/generations":
                model = json.loads(request.body).get("model")
                if model == WAITING and not await self._wait(reader):
                    return False
                return await send(writer, 200, self._answers.get(model, self._answers["small"]))
            case "POST", "/v1/images/edits":
                self._seen.masks += b'name="mask"' in request.body
                return await send(writer, 200, self._answers["small"])
            case "POST", "/v1/chat/completions":
                return await self._chat(request, writer)
            case "GET", "/_seen":
                return await send(writer, 200, json.dumps(asdict(self._seen)).encode())
        return await send(writer, 404, NOT_FOUND)

    async def _wait(self, reader: asyncio.StreamReader) -> bool:
        """Whether the caller stays as long as the answer takes."""
        try:
            async with asyncio.timeout(WAIT_S):
                await reader.read(1)
        except TimeoutError:
            return True
        except ConnectionError:
            pass
        self._seen.leavers += 1
        return False

    async def _chat(self, request: Request, writer: asyncio.StreamWriter) -> bool:
        body = json.loads(request.body)
        if body.get("stream") is not True:
            return await send(writer, 200, _completion("chat.completion", message="a cat"))
        begin_chunks(writer, "text/event-stream; charset=utf-8")
        # No two alike: gateways take a word that comes a hundred times for a model that is stuck.
        begin, _, end = _event(_completion("chat.completion.chunk", delta="?")).partition(b"?")
        try:
            async for index, _ in paced(request.body.decode()):
                await send_chunk(writer, b"%b word %d%b" % (begin, index, end))
        except ConnectionError:
            self._seen.leavers += 1
            raise
        await send_chunk(writer, _event(_completion("chat.completion.chunk", finish="stop")))
        await send_chunk(writer, _event(b"[DONE]"))
        return await end_chunks(writer)


def _answer(picture: bytes) -> bytes:
    text = base64.b64encode(picture).decode()
    return json.dumps({"created": 1, "data": [{"b64_json": text}]}).encode()


def _event(content: bytes) -> bytes:
    return b"data: %b\n\n" % content


def _completion(
    kind: str, message: str | None = None, delta: str | None = None, finish: str | None = None
) -> bytes:
    choice: dict[str, object] = {"index": 0, "finish_reason": finish}
    if message is not None:
        choice |= {"message": {"role": "assistant", "content": message}, "finish_reason": "stop"}
    else:
        choice["delta"] = {} if delta is None else {"content": delta}
    document = {"id": "chatcmpl-1", "object": kind, "created": 1, "model": CHATS}
    return json.dumps({**document, "choices": [choice]}, separators=(",", ":")).encode()
