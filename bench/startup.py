"""How long workerd takes from its start to Darkroom's first answer."""

import http.client
import time
from dataclasses import dataclass
from statistics import median

from local.processes import Process, StartFailed, free_port
from local.workerd import HOST, Bundle, start_workerd

STARTS = 5
POLL_S = 0.002
LIMIT_S = 60.0


@dataclass(frozen=True, slots=True)
class Startup:
    """Seconds from workerd's start to the first answer of `/health`, each and their median."""

    starts_s: list[float]
    median_s: float


def measure_startup(bundle: Bundle) -> Startup:
    """Start workerd several times, one after the other."""
    starts_s = [_start_once(bundle) for _ in range(STARTS)]
    return Startup(starts_s, median(starts_s))


def _start_once(bundle: Bundle) -> float:
    port = free_port()
    began = time.monotonic()
    process = start_workerd(bundle, port, {})
    try:
        while not _answers(port):
            _check(process, began)
            time.sleep(POLL_S)
        return time.monotonic() - began
    finally:
        process.stop()


def _answers(port: int) -> bool:
    connection = http.client.HTTPConnection(HOST, port, timeout=LIMIT_S)
    try:
        connection.request("GET", "/health")
        return connection.getresponse().status == 200
    except ConnectionError:
        return False
    finally:
        connection.close()


def _check(process: Process, began: float) -> None:
    if process.has_ended() or time.monotonic() - began > LIMIT_S:
        raise StartFailed(f"workerd did not come up:\n{process.last_words()}")
