"""`python -m bench.peers`: measure Darkroom and its peers side by side, on loopback.

All stand before the same upstream (`local.instant`), each in one process that may use one core, and
answer the same requests in OpenAI's shape in turns. The figures go to bench/RESULTS.md and
build/bench-peers.json. `make bench-peers` installs what is needed first.
"""

import argparse
import asyncio
import json
import sys
from collections.abc import Sequence
from dataclasses import asdict
from pathlib import Path

from bench.peers.cases import CASES
from bench.peers.measure import (
    Rounds,
    measure_fallback,
    measure_memory,
    observe_conduct,
    run_rounds,
)
from bench.peers.peer import PEERS, Peer, all_running
from bench.peers.results import Results, Row, describe, write_results
from local.processes import StartFailed

RESULTS, FIGURES = Path("bench/RESULTS.md"), Path("build/bench-peers.json")
ROUNDS, SECONDS = 5, 5.0
QUICK_ROUNDS, QUICK_SECONDS = 1, 2.0


def main() -> int:
    """Measure the peers; the exit status is 1 when something did not start."""
    parser = argparse.ArgumentParser(prog="python -m bench.peers", description=__doc__)
    parser.add_argument("--rounds", type=int, default=ROUNDS)
    parser.add_argument("--seconds", type=float, default=SECONDS, help="of a round")
    parser.add_argument("--quick", action="store_true", help="one short round, and no RESULTS.md")
    parser.add_argument("--only", nargs="+", choices=PEERS, default=list(PEERS), metavar="PEER")
    options = parser.parse_args()
    rounds, seconds = options.rounds, options.seconds
    if options.quick:
        rounds, seconds = QUICK_ROUNDS, QUICK_SECONDS
    try:
        results = _measure(options.only, rounds, seconds)
    except StartFailed as failure:
        print(failure, file=sys.stderr)
        return 1
    except KeyboardInterrupt:
        return 130
    FIGURES.parent.mkdir(parents=True, exist_ok=True)
    FIGURES.write_text(json.dumps(asdict(results), indent=2) + "\n", "utf-8")
    page = write_results(results)
    print(page)
    if not options.quick and len(options.only) == len(PEERS):
        RESULTS.write_text(page, "utf-8")
    return 0


def _measure(names: Sequence[str], rounds: int, seconds: float) -> Results:
    _say("starting the peers")
    with all_running(names) as (upstream, peers):
        _say("measuring their memory")
        memories = {peer.name: asyncio.run(measure_memory(peer)) for peer in peers}
        _say("observing their conduct")
        fallbacks = {peer.name: asyncio.run(measure_fallback(peer)) for peer in peers}
        conducts = {peer.name: asyncio.run(observe_conduct(peer, upstream)) for peer in peers}
        _say(f"putting load on them: {rounds} rounds")
        everyone = [upstream, *peers]
        tests = {peer.name: _rounds(peer, upstream) for peer in everyone}
        # Case by case and peer after peer, so that whatever else the machine does hits all alike.
        turns = [tests[peer.name][case] for case in CASES for peer in everyone]
        others_cores = run_rounds(turns, rounds, seconds)
    rows = [
        Row(
            name=peer.name,
            version=peer.version,
            command=peer.command,
            figures={case: test.sum_up() for case, test in tests[peer.name].items()},
            memory=memories.get(peer.name),
            fallback=fallbacks.get(peer.name),
            conduct=conducts.get(peer.name),
        )
        for peer in everyone
    ]
    return Results(describe(rounds, seconds, others_cores), rows)


def _rounds(peer: Peer, upstream: Peer) -> dict[str, Rounds]:
    return {name: Rounds(case, peer, upstream) for name, case in CASES.items()}


def _say(what: str) -> None:
    print(f"bench: {what}", file=sys.stderr, flush=True)


if __name__ == "__main__":
    sys.exit(main())
