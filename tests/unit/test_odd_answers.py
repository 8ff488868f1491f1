"""Whatever upstreams answer, callers are answered as documented; seeds draw what is odd."""

import json
from collections.abc import Sequence

import pytest

from tests.support.contract import CONTRACT
from tests.support.fakes import body_of
from tests.support.odd_upstreams import TALKERS, UPSTREAMS, Outcome, ask_oddly
from tests.support.slow import slow

FEW, MANY = range(50), range(50, 10_000)


async def assert_documented(outcome: Outcome) -> None:
    """The answer is as the OpenAPI document says, and nothing was a mistake of ours."""
    assert not any("traceback" in entry for entry in outcome.log), outcome.log
    if is_relayed(outcome):
        assert json.loads(await body_of(outcome.reply))["choices"]
    else:
        await CONTRACT.hold(outcome.method, outcome.path, outcome.reply)


def is_relayed(outcome: Outcome) -> bool:
    """Whether the answer is a text model's, which comes back as the upstream wrote it."""
    is_chat = outcome.path.endswith("/chat/completions") and outcome.reply.status == 200
    return is_chat and outcome.reply.headers["content-type"] == "application/json"


@pytest.mark.parametrize("seeds", [FEW, *slow(MANY)], ids=["few", "many"])
@pytest.mark.parametrize("upstream", UPSTREAMS)
async def test_odd_answers_of_an_upstream_are_answered_as_documented(
    upstream: str, seeds: Sequence[int]
) -> None:
    faults: dict[int, Exception] = {}
    for seed in seeds:
        try:
            await assert_documented(await ask_oddly(upstream, seed))
        except Exception as fault:
            faults[seed] = fault
    assert not faults, f"{len(faults)} of {len(seeds)}, such as {next(iter(faults.items()))}"


@pytest.mark.parametrize("upstream", UPSTREAMS)
async def test_honest_answers_of_the_same_upstream_are_pictures_or_words(upstream: str) -> None:
    answered = [await ask_oddly(upstream, seed, oddness=0.0) for seed in range(24)]
    refused = [each for each in answered if each.reply.status != 200]
    # A studio's text models take single prompts alone.
    allowed = {"/v1/chat/completions"} if upstream == "studio chat" else set()
    assert {each.path for each in refused} <= allowed
    assert upstream in TALKERS or all(each.sent for each in answered)
