"""Several applications in one process, each on a port of its own."""

import logging
import signal
import socket
import sys
from collections.abc import Mapping, Sequence

import uvicorn
from starlette.types import ASGIApp, Receive, Scope, Send

BACKLOG = 2048


class Switch:
    """An ASGI application that passes each request on to the one whose port it came in at."""

    def __init__(self, apps: Mapping[int, ASGIApp]) -> None:
        self._apps = apps

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Pass on a request."""
        await self._apps[scope["server"][1]](scope, receive, send)


class Server(uvicorn.Server):
    """Does not wait for open answers when it is to stop."""

    async def shutdown(self, sockets: list[socket.socket] | None = None) -> None:
        """Cut the answers that are still open, as a server does that is restarted."""
        # Each would be reported as an error.
        logging.getLogger("uvicorn.error").setLevel(logging.CRITICAL)
        await super().shutdown(sockets)


def run_servers(apps: Mapping[str, ASGIApp], host: str, ports: Sequence[int]) -> None:
    """Serve until a signal comes; print a line `name http://host:port` for each application.

    Port 0 stands for any that is free. Raises OSError when a port is taken.
    """
    # uvicorn raises the signal that stopped it once more when it is done. This makes that an
    # orderly way out.
    for sig in (signal.SIGINT, signal.SIGTERM):
        signal.signal(sig, lambda *_: sys.exit())
    sockets = [listen(host, port) for port in ports]
    bound_ports = [sock.getsockname()[1] for sock in sockets]
    for name, port in zip(apps, bound_ports, strict=True):
        print(f"{name} http://{host}:{port}", flush=True)
    config = uvicorn.Config(
        Switch(dict(zip(bound_ports, apps.values(), strict=True))),
        log_level="error",
        lifespan="off",
        timeout_graceful_shutdown=0,
        # A client that asks for its next picture minutes later shall find its connection alive.
        timeout_keep_alive=75,
    )
    Server(config).run(sockets)


def listen(host: str, port: int) -> socket.socket:
    """A socket that accepts connections from now on, even before they are served."""
    family = socket.AF_INET6 if ":" in host else socket.AF_INET
    sock = socket.socket(family)
    sock.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
    sock.bind((host, port))
    sock.listen(BACKLOG)
    return sock
