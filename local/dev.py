"""`make dev`: everything on one machine until Ctrl-C.

Prints one line when it serves; what the parts write goes to `build/dev-PORT/logs/`.
"""

import argparse
import signal
import sys
import threading
from pathlib import Path
from types import FrameType

from local.processes import StartFailed
from local.stack import Plan, running

POLL_S = 0.2


def main() -> int:
    """Run until a signal comes or a part ends; the exit status says which."""
    plan = _read_arguments()
    stop = threading.Event()

    def on_signal(number: int, frame: FrameType | None) -> None:
        if stop.is_set():
            return
        stop.set()
        raise KeyboardInterrupt

    for number in (signal.SIGINT, signal.SIGTERM, signal.SIGHUP):
        signal.signal(number, on_signal)
    try:
        with running(plan) as processes:
            print(_ready_line(plan), flush=True)
            while not (ended := [process for process in processes if process.has_ended()]):
                stop.wait(POLL_S)
            print(f"{ended[0].name} ended:\n{ended[0].last_words()}", file=sys.stderr)
            return 1
    except KeyboardInterrupt:
        return 0
    except StartFailed as failure:
        print(failure, file=sys.stderr)
        return 1


def _ready_line(plan: Plan) -> str:
    ready = f"Darkroom is ready at {plan.url} ("
    if plan.upstream_port is None:
        return f"{ready}the real hosts; logs in {plan.logs}/)"
    where = "\n".join(f"  {name} at {url}" for name, url in plan.api_urls.items())
    spaces = f"stand-ins: Hugging Face Spaces at {plan.spaces_url}"
    return f"{ready}{spaces}; logs in {plan.logs}/), and stand-ins of\n{where}"


def _read_arguments() -> Plan:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--port", type=int, default=8787)
    parser.add_argument("--upstream-port", type=int, default=8790)
    parser.add_argument("--upstreams", choices=("local", "live"), default="local")
    arguments = parser.parse_args()
    live = arguments.upstreams == "live"
    return Plan(
        port=arguments.port,
        upstream_port=None if live else arguments.upstream_port,
        state=Path(f"build/dev-{arguments.port}/state"),
        logs=Path(f"build/dev-{arguments.port}/logs"),
    )


if __name__ == "__main__":
    sys.exit(main())
