"""A benchmark of answers by `response_format`: `python -m bench.formats`.

A Worker with R2, under `wrangler dev`, and one without it in workerd fetch a picture of noise that
an upstream names. `none` is a request that names no format, and gets both. The processor time is
that of the Worker's processes, stand-in of R2 included.
"""

import json
import statistics
import sys
import tempfile
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from subprocess import check_output

import httpx

from bench.usage import processor_s
from local.processes import Process, answers, free_port
from local.stack import HOST, Plan, running
from local.workerd import build_bundle, running_workerd

REQUESTS = 20
SIDES_PX = {"1 MB": 577, "4 MB": 1155}
FORMATS = ("url", "b64_json", None)
START_LIMIT_S = 30.0


def main() -> None:
    """Measure both Workers and print a line for each kind of answer."""
    port = free_port()
    command = [sys.executable, "-m", "local.heavy", "--port", str(port)]
    api = Process("the heavy upstream", command, Path("build/logs/heavy.log"))
    models = [f"linked-{side}" for side in SIDES_PX.values()]
    channel = {"id": "heavy", "api_url": f"http://{HOST}:{port}/v1", "models": models}
    settings = {"CHANNELS": json.dumps([channel])}
    try:
        api.wait_until(lambda: answers(f"http://{HOST}:{port}/_health"), START_LIMIT_S)
        for name, stage in (("R2", _with_r2), ("no R2", _without_r2)):
            with stage(settings) as (url, used_s):
                _measure(name, url, used_s)
    finally:
        api.stop()


def _measure(name: str, url: str, used_s: Callable[[], float]) -> None:
    with httpx.Client(trust_env=False, timeout=60) as client:
        for weight, side in SIDES_PX.items():
            for chosen in FORMATS:
                body = {"model": f"heavy/linked-{side}", "prompt": "x", "size": "1024x1024"}
                if chosen:
                    body["response_format"] = chosen
                took_s, size = [], 0
                for number in range(REQUESTS + 1):
                    if number == 1:
                        before_s = used_s()  # the first warms up
                    began = time.monotonic()
                    headers = {"authorization": "Bearer heavy:bench"}
                    reply = client.post(
                        f"{url}/v1/images/generations", json=body, headers=headers
                    ).raise_for_status()
                    took_s.append(time.monotonic() - began)
                    size = len(reply.content)
                cpu_s = (used_s() - before_s) / REQUESTS
                print(
                    f"{name:6} {weight} {chosen or 'none':9} {size / 1e6:6.2f} MB"
                    f" {statistics.median(took_s[1:]) * 1000:7.1f} ms {cpu_s * 1000:7.1f} ms CPU",
                    flush=True,
                )


@contextmanager
def _with_r2(settings: dict[str, str]) -> Iterator[tuple[str, Callable[[], float]]]:
    with tempfile.TemporaryDirectory() as folder:
        where = Path(folder)
        plan = Plan(free_port(), None, where / "state", where, vars=settings)
        with running(plan) as (worker,):
            yield plan.url, lambda: sum(map(processor_s, _workerds_of(worker.pid)))


@contextmanager
def _without_r2(settings: dict[str, str]) -> Iterator[tuple[str, Callable[[], float]]]:
    port = free_port()
    with running_workerd(build_bundle(), port, settings) as workerd:
        yield f"http://{HOST}:{port}", lambda: processor_s(workerd.pid)


def _workerds_of(pid: int) -> list[int]:
    """The processes below one whose command is workerd."""
    table = check_output(["ps", "-eo", "pid=,ppid=,comm="], text=True)
    rows = [line.split(None, 2) for line in table.splitlines()]
    below = {pid}
    for _ in rows:
        below |= {int(child) for child, parent, _ in rows if int(parent) in below}
    return [int(child) for child, _, name in rows if int(child) in below and "workerd" in name]


if __name__ == "__main__":
    main()
