"""A stand-in Space that answers at once, so that a measurement shows Darkroom and not the Space.

`python -m local.instant --port 8791` speaks just enough of Gradio's queue protocol
(reference/gradio.md sections 2 to 5) for any Space's name. It paints nothing: every job gets the
same picture. `[[progress:300:0.01]]` in a prompt asks for 300 progress events, 0.01 s apart; each
carries in its `desc` the moment when it was sent, in nanoseconds of `time.monotonic_ns`, which is
the same clock for every process of a machine.
"""

import argparse
import asyncio
import contextlib
import itertools
import json
import random
import re
import struct
import time
import zlib
from collections.abc import AsyncIterator, Mapping
from dataclasses import dataclass
from typing import Any

HOST = "127.0.0.1"
API = "/gradio_api"
FUNCTION = 2
TRIGGER = 5
PICTURE_SIDE_PX = 256  # of noise: 192 KiB, what a real Space's picture weighs
MAX_HEAD_BYTES = 64 * 1024
PROGRESS = re.compile(r"\[\[progress:(\d+):([\d.]+)\]\]")

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
REASONS = {200: "OK", 404: "Not Found", 422: "Unprocessable Entity"}


@dataclass(frozen=True, slots=True)
class Request:
    """What was asked; `path` is the part behind `/spaces/<subdomain>`."""

    method: str
    host: str
    space: str
    path: str
    query: str
    body: bytes


@dataclass(frozen=True, slots=True)
class Job:
    """A job that has joined the queue and waits for its stream to be opened."""

    event_id: str
    prompt: str


class InstantSpace:
    """Answers the requests of any number of connections."""

    def __init__(self) -> None:
        self._jobs: dict[str, Job] = {}
        self._ids = itertools.count(1)
        self._picture = noise_png(PICTURE_SIDE_PX)
        self._config = json.dumps(CONFIG).encode()

    async def serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        """Answer one request after the other until the client leaves."""
        # Darkroom hangs up on a stream as soon as it has its picture: that is no error.
        with contextlib.suppress(ConnectionError, asyncio.IncompleteReadError):
            while request := await read_request(reader):
                if not await self._answer(request, writer):
                    break
        writer.close()

    async def _answer(self, request: Request, writer: asyncio.StreamWriter) -> bool:
        """Answer; returns whether the connection can carry another request."""
        match request.method, request.path:
            case "GET", "/_health":
                return await send(writer, 200, b'{"status":"ok"}')
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
        writer.write(
            b"HTTP/1.1 200 OK\r\ncontent-type: text/event-stream; charset=utf-8\r\n"
            b"transfer-encoding: chunked\r\n\r\n"
        )
        if job is None:
            await send_event(writer, SESSION_NOT_FOUND)
            return False  # cut short, as Gradio does
        async for message in follow(job, f"http://{request.host}/spaces/{request.space}"):
            await send_event(writer, message)
        writer.write(b"0\r\n\r\n")
        await writer.drain()
        return True


async def follow(job: Job, root: str) -> AsyncIterator[Mapping[str, Any]]:
    """The messages of a job from the queue to its picture; `root` is the Space's address."""
    own = {"event_id": job.event_id}
    yield {"msg": "estimation", **own, "rank": 0, "queue_size": 1, "rank_eta": None}
    yield {"msg": "process_starts", **own, "eta": None}
    if parsed := PROGRESS.search(job.prompt):
        count, interval_s = int(parsed[1]), float(parsed[2])
        began = asyncio.get_running_loop().time()
        for index in range(count):
            # By the clock and not by the last event, so that the pace holds.
            due = began + (index + 1) * interval_s
            await asyncio.sleep(max(0.0, due - asyncio.get_running_loop().time()))
            step = {"index": index, "length": count, "unit": "steps", "progress": None}
            sent = {"desc": str(time.monotonic_ns())}
            yield {"msg": "progress", **own, "progress_data": [{**step, **sent}]}
    path = f"/tmp/gradio/{job.event_id}/image.png"
    picture = {"path": path, "url": f"{root}{API}/file={path}", "orig_name": "image.png"}
    output = {"data": [{**picture, "meta": {"_type": "gradio.FileData"}}, 42]}
    yield {"msg": "process_completed", **own, "output": output, "success": True, "title": None}
    yield {"msg": "close_stream", "event_id": None}


async def read_request(reader: asyncio.StreamReader) -> Request | None:
    """The next request of a connection; None when there is none.

    Raises `asyncio.IncompleteReadError` when the client leaves in the middle of one.
    """
    try:
        head = await reader.readuntil(b"\r\n\r\n")
    except asyncio.IncompleteReadError as error:
        if error.partial:
            raise
        return None
    line, *fields = head.decode("latin-1").split("\r\n")
    method, target, _ = line.split(" ", 2)
    headers = {
        name.lower(): value.strip() for name, _, value in (field.partition(":") for field in fields)
    }
    body = await reader.readexactly(int(headers.get("content-length", "0")))
    path, _, query = target.partition("?")
    space = ""
    if path.startswith("/spaces/"):
        space, _, path = path.removeprefix("/spaces/").partition("/")
        path = f"/{path}"
    return Request(method, headers.get("host", HOST), space, path, query, body)


async def send(
    writer: asyncio.StreamWriter, status: int, body: bytes, kind: str = "application/json"
) -> bool:
    """Send a whole answer; returns that the connection stays open."""
    head = f"HTTP/1.1 {status} {REASONS[status]}\r\ncontent-type: {kind}\r\n"
    head += f"content-length: {len(body)}\r\n\r\n"
    writer.write(head.encode() + body)
    await writer.drain()
    return True


async def send_event(writer: asyncio.StreamWriter, message: Mapping[str, Any]) -> None:
    """Send a message as a server-sent event in a chunk of its own, as Gradio does."""
    event = f"data: {json.dumps(message, separators=(',', ':'))}\n\n".encode()
    writer.write(b"%x\r\n%b\r\n" % (len(event), event))
    await writer.drain()


def noise_png(side_px: int) -> bytes:
    """A square picture that does not compress, the same each time."""
    noise = random.Random(1)
    rows = b"".join(b"\0" + noise.randbytes(side_px * 3) for _ in range(side_px))
    header = struct.pack(">IIBBBBB", side_px, side_px, 8, 2, 0, 0, 0)
    chunks = ((b"IHDR", header), (b"IDAT", zlib.compress(rows)), (b"IEND", b""))
    return b"\x89PNG\r\n\x1a\n" + b"".join(
        struct.pack(">I", len(data)) + kind + data + struct.pack(">I", zlib.crc32(kind + data))
        for kind, data in chunks
    )


async def main() -> None:
    """Serve until a signal comes."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--port", type=int, required=True)
    arguments = parser.parse_args()
    server = await asyncio.start_server(
        InstantSpace().serve, HOST, arguments.port, limit=MAX_HEAD_BYTES, backlog=1024
    )
    await server.serve_forever()


if __name__ == "__main__":
    with contextlib.suppress(KeyboardInterrupt):
        asyncio.run(main())
