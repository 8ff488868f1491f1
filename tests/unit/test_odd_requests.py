"""Whatever callers send, they are answered as documented; seeds draw what is odd."""

from collections.abc import Sequence

import pytest

from darkroom.middleware.likely_route import single_slashes
from tests.support.contract import CONTRACT, documented_path
from tests.support.odd_requests import DIALECTS, ask_dialect
from tests.support.odd_upstreams import Outcome
from tests.support.slow import slow

# Of the first, two had headers that the document did not name.
FEW, MANY = (*range(100), 1059, 3388), range(100, 10_000)
# Of requests that the document has no place for, and of those that it speaks of in its introduction.
ELSEWHERE = {204, 403, 404, 405, 508}


async def assert_documented(outcome: Outcome) -> None:
    """The answer is as the OpenAPI document says, and nothing was a mistake of ours."""
    assert not any("traceback" in entry for entry in outcome.log), outcome.log
    status = outcome.reply.status
    if outcome.method == "HEAD" or status == 508:
        return
    path = single_slashes(f"https://darkroom.example{outcome.path}").partition(".example")[2]
    try:
        documented_path(outcome.method, path)
    except (StopIteration, RuntimeError):
        assert status in ELSEWHERE, status
    else:
        await CONTRACT.hold(outcome.method, path, outcome.reply)


@pytest.mark.parametrize("seeds", [FEW, *slow(MANY)], ids=["few", "many"])
@pytest.mark.parametrize("dialect", DIALECTS)
async def test_odd_requests_in_a_dialect_are_answered_as_documented(
    dialect: str, seeds: Sequence[int]
) -> None:
    faults: dict[int, Exception] = {}
    for seed in seeds:
        try:
            await assert_documented(await ask_dialect(dialect, seed))
        except Exception as fault:
            faults[seed] = fault
    assert not faults, f"{len(faults)} of {len(seeds)}, such as {next(iter(faults.items()))}"
