"""The least of an HTTP/1.1 server that a cheap stand-in needs, on asyncio's streams.

It costs so little that a measurement shows Darkroom and not the upstream.
"""

import asyncio
import random
import struct
import zlib
from collections.abc import Awaitable, Callable
from dataclasses import dataclass

HOST = "127.0.0.1"
MAX_HEAD_BYTES = 64 * 1024
BACKLOG = 1024
LARGE_BYTES = 64 * 1024  # from here on a second write is cheaper than a copy
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


async def serve_forever(
    serve: Callable[[asyncio.StreamReader, asyncio.StreamWriter], Awaitable[None]], port: int
) -> None:
    """Serve connections at a loopback port until a signal comes."""
    server = await asyncio.start_server(serve, HOST, port, limit=MAX_HEAD_BYTES, backlog=BACKLOG)
    await server.serve_forever()


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
    if "chunked" in headers.get("transfer-encoding", ""):
        body = await _read_chunks(reader)
    else:
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
    if len(body) > LARGE_BYTES:
        writer.write(head.encode())
        writer.write(body)
    else:
        writer.write(head.encode() + body)
    await writer.drain()
    return True


def begin_chunks(writer: asyncio.StreamWriter, kind: str) -> None:
    """Begin an answer that comes in chunks."""
    head = f"HTTP/1.1 200 OK\r\ncontent-type: {kind}\r\ntransfer-encoding: chunked\r\n\r\n"
    writer.write(head.encode())


async def send_chunk(writer: asyncio.StreamWriter, content: bytes) -> None:
    """Send a chunk in a write of its own."""
    writer.write(b"%x\r\n%b\r\n" % (len(content), content))
    await writer.drain()


async def end_chunks(writer: asyncio.StreamWriter) -> bool:
    """End an answer that came in chunks; returns that the connection stays open."""
    writer.write(b"0\r\n\r\n")
    await writer.drain()
    return True


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


async def _read_chunks(reader: asyncio.StreamReader) -> bytes:
    parts = []
    while size := int(await reader.readuntil(b"\r\n"), 16):
        parts.append((await reader.readexactly(size + 2))[:-2])
    await reader.readuntil(b"\r\n")
    return b"".join(parts)
