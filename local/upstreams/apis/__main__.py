"""`python -m local.upstreams.apis --port 8791`"""

import argparse

from .serving import run_servers
from .shared_state import POLL_STEPS, SLOW_S, STEP_S, Studio
from .table import PROVIDERS

DEFAULT_PORT = 8791


def main() -> None:
    """Serve until told to stop."""
    options = parse_options()
    studio = Studio(options.slow_seconds, options.poll_steps, options.step_seconds)
    apps = {name: build(studio) for name, build in PROVIDERS.items()}
    ports = [options.port + index if options.port else 0 for index in range(len(apps))]
    run_servers(apps, options.host, ports)


def parse_options() -> argparse.Namespace:
    """The options of the command line."""
    parser = argparse.ArgumentParser(prog="python -m local.upstreams.apis", description=__doc__)
    parser.add_argument("--host", default="127.0.0.1")
    parser.add_argument(
        "--port",
        type=int,
        default=DEFAULT_PORT,
        help="of the first stand-in; the others follow. 0 takes any that are free",
    )
    parser.add_argument(
        "--slow-seconds", type=float, default=SLOW_S, help="how long a `slow` token waits"
    )
    parser.add_argument(
        "--poll-steps",
        type=int,
        default=POLL_STEPS,
        help="how many polls find a task unfinished",
    )
    parser.add_argument(
        "--step-seconds",
        type=float,
        default=STEP_S,
        help="the time between two events of a stream",
    )
    return parser.parse_args()


if __name__ == "__main__":
    main()
