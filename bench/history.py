"""How long a page of a long history takes, in `wrangler dev`: workerd with its own D1."""

import hashlib
import json
import shutil
import sqlite3
import tempfile
import time
from dataclasses import dataclass
from pathlib import Path

import httpx

from bench.figures import percentile
from local.migrations import migrate
from local.processes import free_port
from local.stack import Plan, running, wrangler_environment

ROWS = 10_000
PAGE = 50
WARM_UP_CALLS = 30
CALLS = 300
TOKEN = "good-bench"


@dataclass(frozen=True, slots=True)
class Listing:
    """One kind of call, on one connection and in turns with the others."""

    what: str
    calls: int
    p50_ms: float
    p99_ms: float


def measure_history() -> list[Listing]:
    """Measure pages of a history of 10,000, and the emptiest call there is beside them.

    `wrangler dev` stands between with a proxy of its own: what is beyond that call is the history.
    """
    where = Path(tempfile.mkdtemp(prefix="bench-history-"))
    try:
        plan = Plan(
            port=free_port(),
            upstream_port=None,
            state=where / "state",
            logs=where,
            vars={"HISTORY_CAP": str(ROWS)},
        )
        migrate(plan.state, wrangler_environment())
        _fill(plan.state)
        headers = {"authorization": f"Bearer gitee:{TOKEN}"}
        with running(plan), httpx.Client(base_url=plan.url, headers=headers, timeout=60) as http:
            return _measure(http)
    finally:
        shutil.rmtree(where)


def _measure(http: httpx.Client) -> list[Listing]:
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
    return [
        Listing(what, CALLS, percentile(samples, 50) * 1000, percentile(samples, 99) * 1000)
        for what, samples in durations_s.items()
    ]


def _fill(state: Path) -> None:
    """Put the rows where the Worker's database will find them."""
    scope = hashlib.sha256(TOKEN.encode()).hexdigest()  # as darkroom.access has it
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
