"""A stand-in API in OpenAI's shape whose pictures weigh much, for measuring memory.

`python -m local.heavy --port 8792` answers `POST /v1/images/generations` by the model: for `told`
with 8 MB of base64 in JSON, for `untold` with the same but without telling its length, for
`stalling` with the first MB of it and nothing more, for `linked` with the address of the picture,
for `linked-577` with that of one of so many pixels a side;
and `POST /v1/images/edits` and every edit in JSON with a small picture, once it has all of the
sources.
"""

import argparse
import asyncio
import base64
import contextlib
import functools
import json
import re

from local.http_server import (
    Request,
    begin_chunks,
    end_chunks,
    noise_png,
    read_request,
    send,
    send_chunk,
    serve_forever,
)

HEAVY_SIDE_PX = 1414  # of noise: 6 MB, 8 MB as base64
LIGHT_SIDE_PX = 64
CHUNK_BYTES = 16 * 1024
STALLED_BYTES = 1_000_000
MAX_WORDS_BYTES = 1024  # what carries a picture is longer
LINK = re.compile(r"/picture-([0-9]{1,4})\.png")
_noise = functools.cache(noise_png)


class HeavyApi:
    """Answers the requests of any number of connections."""

    def __init__(self) -> None:
        self._picture = noise_png(HEAVY_SIDE_PX)
        self._heavy, self._light = map(_answer, (self._picture, noise_png(LIGHT_SIDE_PX)))

    async def serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        """Answer one request after the other until the client leaves."""
        with contextlib.suppress(ConnectionError, asyncio.IncompleteReadError):
            while request := await read_request(reader):
                await self._answer(request, reader, writer)
        writer.close()

    async def _answer(
        self, request: Request, reader: asyncio.StreamReader, writer: asyncio.StreamWriter
    ) -> None:
        match request.method, request.path:
            case "GET", "/_health":
                await send(writer, 200, b'{"status":"ok"}')
            case "GET", "/picture.png":
                await send(writer, 200, self._picture, "image/png")
            case "GET", path if side := LINK.fullmatch(path):
                await send(writer, 200, _noise(int(side[1])), "image/png")
            case "POST", "/v1/images/generations" if len(request.body) <= MAX_WORDS_BYTES:
                match json.loads(request.body)["model"]:
                    case "told":
                        await send(writer, 200, self._heavy)
                    case "stalling":
                        await _stall(writer, self._heavy)
                        await reader.read()  # until the client leaves
                    case "untold":
                        await _send_chunked(writer, self._heavy)
                    case model:
                        name = model.replace("linked", "picture")
                        link = f"http://{request.host}/{name}.png"
                        await send(writer, 200, json.dumps({"data": [{"url": link}]}).encode())
            case "POST", "/v1/images/generations" | "/v1/images/edits":
                await send(writer, 200, self._light)
            case _:
                await send(writer, 404, b'{"error":{"message":"Not Found"}}')


async def _send_chunked(writer: asyncio.StreamWriter, body: bytes) -> None:
    begin_chunks(writer, "application/json")
    for start in range(0, len(body), CHUNK_BYTES):
        await send_chunk(writer, body[start : start + CHUNK_BYTES])
    await end_chunks(writer)


async def _stall(writer: asyncio.StreamWriter, body: bytes) -> None:
    head = f"HTTP/1.1 200 OK\r\ncontent-type: application/json\r\ncontent-length: {len(body)}\r\n"
    writer.write(head.encode() + b"\r\n" + body[:STALLED_BYTES])
    await writer.drain()


def _answer(picture: bytes) -> bytes:
    text = base64.b64encode(picture).decode()
    return json.dumps({"created": 1, "data": [{"b64_json": text}]}).encode()


def main() -> None:
    """Serve until a signal comes."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--port", type=int, required=True)
    with contextlib.suppress(KeyboardInterrupt):
        asyncio.run(serve_forever(HeavyApi().serve, parser.parse_args().port))


if __name__ == "__main__":
    main()
