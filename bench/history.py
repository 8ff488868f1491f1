"""How long a long history takes to show, grow and shrink, in `wrangler dev`: its own D1."""

import hashlib
import json
import shutil
import sqlite3
import tempfile
import time
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import httpx

from bench.figures import percentile
from local.migrations import migrate
from local.processes import answers, free_port, free_ports
from local.stack import (
    API_SETTINGS,
    START_LIMIT_S,
    Plan,
    api_settings,
    api_urls,
    running,
    start_apis,
    wrangler_environment,
)

ROWS = 10_000
PAGE = 50
WARM_UP_CALLS = 30
CALLS = 300
CHANGES = 100
SHOWN_WITHIN_S = 10.0
TOKEN = "good-bench"


@dataclass(frozen=True, slots=True)
class Listing:
    """One kind of call, on one connection and in turns with the others."""

    what: str
    calls: int
    p50_ms: float
    p99_ms: float


def measure_history() -> list[Listing]:
    """Measure a history of 10,000, its cap, and the emptiest call there is beside it.

    `wrangler dev` stands between with a proxy of its own: what is beyond that call is the history.
    """
    where = Path(tempfile.mkdtemp(prefix="bench-history-"))
    first_port = free_ports(len(API_SETTINGS))
    apis = start_apis(first_port, where, ("--step-seconds", "0"))
    try:
        urls = api_urls(first_port)
        apis.wait_until(lambda: answers(f"{urls['gitee']}/_health"), START_LIMIT_S)
        plan = Plan(
            port=free_port(),
            upstream_port=None,
            state=where / "state",
            logs=where,
            vars={**api_settings(urls), "HISTORY_CAP": str(ROWS)},
        )
        migrate(plan.state, wrangler_environment())
        _fill(plan.state)
        headers = {"authorization": f"Bearer gitee:{TOKEN}"}
        with running(plan), httpx.Client(base_url=plan.url, headers=headers, timeout=60) as http:
            return [*_measure_pages(http), _measure_inserts(http), _measure_deletions(http)]
    finally:
        apis.stop()
        shutil.rmtree(where)


def _measure_pages(http: httpx.Client) -> list[Listing]:
    page = f"/api/history?inline=0&limit={PAGE}"
    paths = {
        "nothing (/health)": "/health",
        f"the newest {PAGE} of {ROWS}": page,
        f"{PAGE} from the middle": f"{page}&offset={ROWS // 2}",
    }
    durations_s: dict[str, list[float]] = {what: [] for what in paths}
    for call in range(WARM_UP_CALLS + CALLS):
        for what, path in paths.items():
            began = time.perf_counter()
            reply = http.get(path).raise_for_status()
            if call >= WARM_UP_CALLS:
                durations_s[what].append(time.perf_counter() - began)
            elif "history" in path and len(reply.json()["history"]) != PAGE:
                raise RuntimeError(f"{path} is not the page that was to be measured")
    return [_listing(what, samples) for what, samples in durations_s.items()]


def _measure_inserts(http: httpx.Client) -> Listing:
    """A row is written after its picture was answered: from there to the list that shows it.

    Each pushes out the oldest.
    """
    durations_s = []
    picture = {"model": "gitee/z-image-turbo", "width": 512, "height": 512}
    for number in range(CHANGES):
        fields = {**picture, "prompt": f"a lighthouse {number}"}
        painted = http.post("/api/generate", json=fields).raise_for_status()
        new, began = int(painted.headers["x-history-id"]), time.perf_counter()
        newest = _newest(http)
        while newest["history"][0]["id"] != new:
            if time.perf_counter() - began > SHOWN_WITHIN_S:
                raise RuntimeError("what was painted is not in the history")
            newest = _newest(http)
        durations_s.append(time.perf_counter() - began)
        if newest["total"] != ROWS:
            raise RuntimeError(f"the history holds {newest['total']} rows")
    return _listing("an insert at the cap, until a list shows it", durations_s)


def _newest(http: httpx.Client) -> Any:
    return http.get("/api/history?inline=0&limit=1").raise_for_status().json()


def _measure_deletions(http: httpx.Client) -> Listing:
    """Each is at a position in the middle, with the picture's row alone."""
    durations_s = []
    for number in range(CHANGES):
        began = time.perf_counter()
        reply = http.delete(f"/api/history/{ROWS // 2}?inline=0").raise_for_status()
        durations_s.append(time.perf_counter() - began)
        if reply.json()["remaining"] != ROWS - number - 1:
            raise RuntimeError("another number of rows is left than should be")
    return _listing("a DELETE by position, from the middle", durations_s)


def _listing(what: str, durations_s: Sequence[float]) -> Listing:
    p50_ms, p99_ms = (percentile(durations_s, share) * 1000 for share in (50, 99))
    return Listing(what, len(durations_s), p50_ms, p99_ms)


def _fill(state: Path) -> None:
    """Put the rows where the Worker's database will find them."""
    scope = hashlib.sha256(f"gitee:{TOKEN}".encode()).hexdigest()  # as darkroom.access has it
    (database,) = (p for p in (state / "v3/d1").rglob("*.sqlite") if p.stem != "metadata")
    fields = json.dumps(
        {
            "model_type": "zimage",
            "prompt": "a lighthouse at dusk, its lamp just lit, gulls over the breakers " * 3,
            "width": 1024,
            "height": 1024,
            "steps": 9,
            "guidance_scale": 0.0,
            "gen_time": 3.2,
            "model": "gitee/z-image-turbo",
            "provider": "gitee",
            "operation": "generate",
        }
    )
    rows = [
        (scope, number, 10**15 + number, 1.7e9 + number, fields, f"{number:032x}.png")
        for number in range(1, ROWS + 1)
    ]
    with sqlite3.connect(database) as connection:
        connection.execute("INSERT INTO history_callers VALUES (?, ?)", (scope, ROWS))
        connection.executemany(
            "INSERT INTO history (scope, number, id, timestamp, fields, media, own) "
            "VALUES (?, ?, ?, ?, ?, ?, 1)",
            rows,
        )
    connection.close()
