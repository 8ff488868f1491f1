"""The load: Debian's wrk, which costs a fraction of what any of the measured does."""

import json
import resource
import subprocess
import tempfile
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

SCRIPT = Path(__file__).parent / "load.lua"
TIMEOUT_S = 60


@dataclass(frozen=True, slots=True)
class Request:
    """A request that is sent again and again."""

    path: str
    headers: Mapping[str, str]
    body: bytes


@dataclass(frozen=True, slots=True)
class Load:
    """The result of a load; `failed` are answers of another status than 200, or none at all.

    `generator_s` is the processor time that wrk itself has used.
    """

    requests: int
    failed: int
    elapsed_s: float
    p50_ms: float
    p99_ms: float
    generator_s: float

    @property
    def per_second(self) -> float:
        """The requests of a second that were answered well."""
        return (self.requests - self.failed) / self.elapsed_s


def put_load(url: str, request: Request, callers: int, seconds: float) -> Load:
    """Send a request from so many callers at once, each on a connection of its own."""
    with tempfile.NamedTemporaryFile() as file:
        file.write(request.body)
        file.flush()
        headers = [f"{name}: {value}" for name, value in request.headers.items()]
        command = ["wrk", "-t1", f"-c{callers}", f"-d{seconds:.0f}s", f"--timeout={TIMEOUT_S}s"]
        command += ["-s", str(SCRIPT), url + request.path, "--", file.name, *headers]
        before_s = _children_s()
        output = subprocess.run(command, capture_output=True, text=True, check=True).stdout
        generator_s = _children_s() - before_s
    report = json.loads(output.splitlines()[-1])
    return Load(
        requests=report["requests"],
        failed=report["refused"] + report["broken"],
        elapsed_s=report["microseconds"] / 1e6,
        p50_ms=report["p50"] / 1000,
        p99_ms=report["p99"] / 1000,
        generator_s=generator_s,
    )


def _children_s() -> float:
    usage = resource.getrusage(resource.RUSAGE_CHILDREN)
    return usage.ru_utime + usage.ru_stime
