"""The whole of Darkroom on one machine: the stand-in upstreams and the Worker in workerd."""

import os
import sys
from collections.abc import Iterator, Mapping
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass, field
from pathlib import Path

from local.processes import Process, StartFailed, answers, is_free

START_LIMIT_S = 120.0
HOST = "127.0.0.1"


@dataclass(frozen=True, slots=True)
class Plan:
    """What to start, and where. `vars` are settings of the Worker."""

    port: int
    upstream_port: int | None
    state: Path
    logs: Path
    gradio: str = "gradio6"
    spaces: tuple[str, ...] = ()
    vars: Mapping[str, str] = field(default_factory=dict)

    @property
    def url(self) -> str:
        """Where the Worker answers."""
        return f"http://{HOST}:{self.port}"

    @property
    def spaces_url(self) -> str:
        """Where the stand-in Spaces answer."""
        return f"http://{HOST}:{self.upstream_port}"


@contextmanager
def running(plan: Plan) -> Iterator[tuple[Process, ...]]:
    """Start everything, yield it once all of it is ready, and stop it afterwards.

    Raises `StartFailed` when a port is taken or a part does not come up.
    """
    with ExitStack() as stack:
        processes = []
        settings = dict(plan.vars)
        if plan.upstream_port is not None:
            processes.append(start_spaces(plan))
            stack.callback(processes[-1].stop)
            settings["HUGGINGFACE_SPACE_URL"] = f"{plan.spaces_url}/spaces/{{subdomain}}"
        worker = start_worker(plan, settings)
        stack.callback(worker.stop)
        processes.append(worker)
        if plan.upstream_port is not None:
            processes[0].wait_until(lambda: answers(f"{plan.spaces_url}/_health"), START_LIMIT_S)
        worker.wait_until(lambda: answers(f"{plan.url}/health"), START_LIMIT_S)
        yield tuple(processes)


def start_spaces(plan: Plan) -> Process:
    """Start the stand-in Spaces on real Gradio."""
    assert plan.upstream_port is not None
    _demand(plan.upstream_port, "UPSTREAM_PORT")
    python = str(Path(f".venv-{plan.gradio}/bin/python"))
    command = [python, "-m", "local.upstreams.spaces", "--port", str(plan.upstream_port)]
    return Process("the stand-in Spaces", [*command, *plan.spaces], plan.logs / "spaces.log")


def start_worker(plan: Plan, settings: Mapping[str, str]) -> Process:
    """Start the Worker under `wrangler dev`."""
    _demand(plan.port, "PORT")
    command = ["wrangler", "dev", "--env", "local", "--ip", HOST, "--port", str(plan.port)]
    command += ["--inspector-port", "0", "--persist-to", str(plan.state)]
    command += ["--show-interactive-dev-session=false"]
    for name, value in settings.items():
        command += ["--var", f"{name}:{value}"]
    env = {
        "WRANGLER_SEND_METRICS": "false",
        "CLOUDFLARE_CF_FETCH_ENABLED": "false",
        "PATH": f"{Path(sys.executable).parent}{os.pathsep}{os.environ['PATH']}",
    }
    return Process("wrangler", command, plan.logs / "worker.log", env)


def _demand(port: int, name: str) -> None:
    if not is_free(port):
        raise StartFailed(f"Port {port} is taken; choose another with {name}=.")
