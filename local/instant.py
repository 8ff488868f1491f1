"""Stand-in upstreams that answer at once, so that a measurement shows Darkroom and not them.

`python -m local.instant --port 8791` is a Space at `/spaces/<subdomain>` (`local.instant_space`),
and an OpenAI-compatible API at `/v1` (`local.instant_api`).
"""

import argparse
import asyncio
import contextlib

from local.http_server import Request, read_request, send, serve_forever
from local.instant_api import InstantApi
from local.instant_space import InstantSpace


class Instant:
    """Answers the requests of any number of connections."""

    def __init__(self) -> None:
        self._space, self._api = InstantSpace(), InstantApi()

    async def serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        """Answer one request after the other until the client leaves."""
        # Darkroom hangs up on a stream as soon as it has its picture: that is no error.
        with contextlib.suppress(ConnectionError, asyncio.IncompleteReadError):
            while request := await read_request(reader):
                if not await self._answer(request, reader, writer):
                    break
        writer.close()

    async def _answer(
        self, request: Request, reader: asyncio.StreamReader, writer: asyncio.StreamWriter
    ) -> bool:
        if request.space:
            return await self._space.answer(request, writer)
        if request.path == "/_health":
            return await send(writer, 200, b'{"status":"ok"}')
        return await self._api.answer(request, reader, writer)


def main() -> None:
    """Serve until a signal comes."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--port", type=int, required=True)
    with contextlib.suppress(KeyboardInterrupt):
        asyncio.run(serve_forever(Instant().serve, parser.parse_args().port))


if __name__ == "__main__":
    main()
