"""`python -m local.upstreams.spaces --port 8790`"""

import argparse
import gc
import logging
import os
import random
import signal
import socket
import sys
import tempfile
import time

import gradio as gr
import uvicorn

from .apps import SPACES
from .edge import Edge
from .hosting import MOUNT, host_spaces
from .painting import encode_quickly
from .studio import Studio

DEFAULT_PORT = 8790
DEFAULT_CONCURRENCY = 4
DEFAULT_STEP_S = 0.05


class Server(uvicorn.Server):
    """Says when it listens, and does not wait for streams when it is to stop."""

    async def startup(self, sockets: list[socket.socket] | None = None) -> None:
        """Listen, and print where."""
        await super().startup(sockets)
        if self.started:
            host, port = self.servers[0].sockets[0].getsockname()[:2]
            where = f"http://{host}:{port}{MOUNT}/"
            print(f"{len(SPACES)} Spaces on Gradio {gr.__version__} at {where}", flush=True)

    async def shutdown(self, sockets: list[socket.socket] | None = None) -> None:
        """Cut the answers that are still open, as a Space does that is restarted."""
        # Each would be reported as an error.
        logging.getLogger("uvicorn.error").setLevel(logging.CRITICAL)
        await super().shutdown(sockets)


def main() -> None:
    """Serve until told to stop."""
    options = parse_options()
    # uvicorn raises the signal that stopped it once more when it is done. This makes that an
    # orderly way out.
    for sig in (signal.SIGINT, signal.SIGTERM):
        signal.signal(sig, lambda *_: sys.exit())
    try:
        with tempfile.TemporaryDirectory(prefix="spaces-") as directory:
            # Gradio keeps every picture it serves in a folder of the directory for such files.
            tempfile.tempdir = directory
            encode_quickly()
            studio = Studio(options.step_seconds, time.sleep, random.randint)
            gc.disable()  # collections took two fifths of the time, of what is here to stay
            spaces = host_spaces(studio, options.concurrency, options.single)
            gc.freeze()
            gc.enable()
            serve(Edge(spaces, SPACES), options.host, options.port)
    except SystemExit as leaving:
        # The interpreter would wait for the threads of abandoned jobs, and take Gradio apart
        # for a second or two.
        os._exit(int(leaving.code or 0))


def serve(edge: Edge, host: str, port: int) -> None:
    """Serve `edge` until a signal comes."""
    config = uvicorn.Config(
        edge, host=host, port=port, log_level="error", timeout_graceful_shutdown=0
    )
    Server(config).run()


def parse_options() -> argparse.Namespace:
    """The options of the command line."""
    parser = argparse.ArgumentParser(prog="python -m local.upstreams.spaces", description=__doc__)
    parser.add_argument("--host", default="127.0.0.1")
    parser.add_argument("--port", type=int, default=DEFAULT_PORT)
    parser.add_argument(
        "--concurrency",
        type=int,
        default=DEFAULT_CONCURRENCY,
        help="jobs of one function of a Space that run at once",
    )
    parser.add_argument(
        "--single",
        action="append",
        default=[],
        choices=list(SPACES),
        metavar="SPACE",
        help="a Space that does one job at a time all the same; may be repeated",
    )
    parser.add_argument(
        "--step-seconds",
        type=float,
        default=DEFAULT_STEP_S,
        help="how long a denoising step takes",
    )
    return parser.parse_args()


if __name__ == "__main__":
    main()
