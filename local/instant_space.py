"""The Space of `local.instant`: just enough of Gradio's queue protocol, for any Space's name.

See reference/gradio.md sections 2 to 5. It paints nothing: every job gets the same picture.
`[[progress:300:0.01]]` in a prompt asks for 300 progress events, 0.01 s apart; each carries in its
`desc` the moment when it was sent, in nanoseconds of `time.monotonic_ns`, which is the same clock
for every process of a machine.
"""

import asyncio
import itertools
import json
import time
from collections.abc import AsyncIterator, Mapping
from dataclasses import dataclass
from typing import Any

from local.http_server import Request, begin_chunks, end_chunks, noise_png, send, send_chunk
from local.pace import paced

API = "/gradio_api"
FUNCTION = 2
TRIGGER = 5
PICTURE_SIDE_PX = 256  # of noise: 192 KiB, what a real Space's picture weighs

# `infer` of black-forest-labs/FLUX.1-schnell, as its own /config describes it.
CONFIG = {
    "version": "6.31.0",
    "api_prefix": API,
    "dependencies": [
        {
            "id": FUNCTION,
            "api_name": "infer",
            "inputs": [11, 12, 13, 14, 15, 16],
            "targets": [[TRIGGER, "click"]],
        }
    ],
}
SESSION_NOT_FOUND = {
    "msg": "unexpected_error",
    "event_id": None,
    "message": "404: Not Found",
    "session_not_found": True,
    "success": False,
}


@dataclass(frozen=True, slots=True)
class Job:
    """A job that has joined the queue and waits for its stream to be opened."""

    event_id: str
    prompt: str


class InstantSpace:
    """Answers the requests for any Space."""

    def __init__(self) -> None:
        self._jobs: dict[str, Job] = {}
        self._ids = itertools.count(1)
        self._picture = noise_png(PICTURE_SIDE_PX)
        self._config = json.dumps(CONFIG).encode()

    async def answer(self, request: Request, writer: asyncio.StreamWriter) -> bool:
        """Answer; returns whether the connection can carry another request."""
        match request.method, request.path:
            case "GET", "/config":
                return await send(writer, 200, self._config)
            case "POST", "/gradio_api/queue/join":
                return await self._join(request, writer)
            case "GET", "/gradio_api/queue/data":
                return await self._stream(request, writer)
            case "POST", "/gradio_api/cancel":
                return await send(writer, 200, b'{"success":true}')
            case "GET", path if path.startswith(f"{API}/file="):
                return await send(writer, 200, self._picture, "image/png")
        return await send(writer, 404, b'{"detail":"Not Found"}')

    async def _join(self, request: Request, writer: asyncio.StreamWriter) -> bool:
        try:
            document = json.loads(request.body)
            session, prompt = document["session_hash"], document["data"][0]
        except (ValueError, LookupError, TypeError):
            return await send(writer, 422, b'{"detail":"Unprocessable Entity"}')
        event_id = f"{next(self._ids):032x}"
        self._jobs[session] = Job(event_id, str(prompt))
        return await send(writer, 200, json.dumps({"event_id": event_id}).encode())

    async def _stream(self, request: Request, writer: asyncio.StreamWriter) -> bool:
        job = self._jobs.pop(request.query.partition("session_hash=")[2], None)
        begin_chunks(writer, "text/event-stream; charset=utf-8")
        if job is None:
            await send_event(writer, SESSION_NOT_FOUND)
            return False  # cut short, as Gradio does
        async for message in follow(job, f"http://{request.host}/spaces/{request.space}"):
            await send_event(writer, message)
        return await end_chunks(writer)


async def follow(job: Job, root: str) -> AsyncIterator[Mapping[str, Any]]:
    """The messages of a job from the queue to its picture; `root` is the Space's address."""
    own = {"event_id": job.event_id}
    yield {"msg": "estimation", **own, "rank": 0, "queue_size": 1, "rank_eta": None}
    yield {"msg": "process_starts", **own, "eta": None}
    async for index, count in paced(job.prompt):
        step = {"index": index, "length": count, "unit": "steps", "progress": None}
        sent = {"desc": str(time.monotonic_ns())}
        yield {"msg": "progress", **own, "progress_data": [{**step, **sent}]}
    path = f"/tmp/gradio/{job.event_id}/image.png"
    picture = {"path": path, "url": f"{root}{API}/file={path}", "orig_name": "image.png"}
    output = {"data": [{**picture, "meta": {"_type": "gradio.FileData"}}, 42]}
    yield {"msg": "process_completed", **own, "output": output, "success": True, "title": None}
    yield {"msg": "close_stream", "event_id": None}


async def send_event(writer: asyncio.StreamWriter, message: Mapping[str, Any]) -> None:
    """Send a message as a server-sent event in a chunk of its own, as Gradio does."""
    await send_chunk(writer, f"data: {json.dumps(message, separators=(',', ':'))}\n\n".encode())
