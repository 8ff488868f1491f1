"""The least that a gateway in Python has to do, as `worker.js` beside it does it.

It has Darkroom's event loop and its reader of streams, without which each `await` and each chunk
costs more, and nothing else of it.
"""

import json
import time
import uuid
from collections.abc import AsyncIterator
from typing import Any

import js
from pyodide.ffi import create_proxy, to_js
from workers import Response, WorkerEntrypoint

from darkroom.edge.chunks import ChunkReader
from darkroom.edge.event_loop import install_event_loop

SPACE = "flux-1-schnell"
PAUSE_S = 0.05  # within which events come together
JSON_TYPE = {"content-type": "application/json"}

install_event_loop()


class Default(WorkerEntrypoint):  # type: ignore[misc]
    """Answers every request."""

    async def fetch(self, request: Any) -> Response:
        """A picture of the API's or the Space's."""
        request = request.js_object
        if request.method == "GET":
            return _answer({"status": "ok"})
        body = json.loads(await request.text())
        upstream = self.env.UPSTREAM
        if body["model"] != SPACE:
            fields = {"model": body["model"].partition("/")[2], "prompt": body["prompt"], "n": 1}
            answer = await _post(f"{upstream}/v1/images/generations", fields)
            return _answer({"created": int(time.time()), "data": answer["data"]})
        queue = f"{upstream}/spaces/{self.env.SUBDOMAIN}/gradio_api/queue"
        session = uuid.uuid4().hex
        data = [body["prompt"], body.get("seed", 7), False, 1024, 1024, 4]
        job = {"data": data, "fn_index": 2, "trigger_id": 5, "session_hash": session}
        await _post(f"{queue}/join", job)
        reply = await js.fetch(f"{queue}/data?session_hash={session}")
        if body.get("stream"):
            stream = js.TransformStream.new()
            self.ctx.waitUntil(create_proxy(_pass(reply.body, stream.writable.getWriter())))
            return js.Response.new(stream.readable, _options("text/event-stream"))
        async for messages in _batches(reply.body):
            for message in messages:
                if message["msg"] == "process_completed":
                    return _answer({"created": int(time.time()), "data": [_picture(message)]})
        raise RuntimeError("the Space ended without a picture")


async def _pass(body: Any, writer: Any) -> None:
    async for messages in _batches(body):
        steps = [message for message in messages if message["msg"] == "progress"]
        if steps:
            step = steps[-1]["progress_data"][0]
            fields = {"step": step["index"], "steps": step["length"]}
            await _send(writer, "image_generation.progress", fields)
        if done := [message for message in messages if message["msg"] == "process_completed"]:
            await _send(writer, "image_generation.completed", _picture(done[0]))
            break
    await writer.close()


async def _send(writer: Any, kind: str, fields: dict[str, Any]) -> None:
    event = f"event: {kind}\ndata: {json.dumps({'type': kind, **fields})}\n\n"
    await writer.write(to_js(event.encode()))


async def _batches(body: Any) -> AsyncIterator[list[dict[str, Any]]]:
    """The messages that came together."""
    reader, text = ChunkReader(body, lambda: PAUSE_S), b""
    while chunk := await reader.take():
        *parts, text = (text + chunk).split(b"\n\n")
        yield [json.loads(part.removeprefix(b"data: ")) for part in parts]


def _picture(message: dict[str, Any]) -> dict[str, Any]:
    return {"url": message["output"]["data"][0]["url"]}


async def _post(url: str, body: dict[str, Any]) -> Any:
    options = {"method": "POST", "body": json.dumps(body), "headers": JSON_TYPE}
    reply = await js.fetch(url, to_js(options, dict_converter=js.Object.fromEntries))
    return json.loads(await reply.text())


def _options(kind: str) -> Any:
    return to_js({"headers": {"content-type": kind}}, dict_converter=js.Object.fromEntries)


def _answer(body: object) -> Any:
    text = json.dumps(body, separators=(",", ":"))
    return js.Response.new(text, _options("application/json"))
