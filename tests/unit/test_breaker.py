"""Circuit breakers, and the budget of retries."""

from contextlib import ExitStack

from hypothesis import given
from hypothesis import strategies as st

from darkroom.engine.breaker import (
    FIRST_PAUSE_S,
    LONGEST_PAUSE_S,
    MAX_BREAKERS,
    Admission,
    Breaker,
    Breakers,
)
from darkroom.engine.budget import ALWAYS_ALLOWED, SHARE, JobBudget, Place, RetryBudget
from tests.support.fakes import FakeClock


def admitted(breaker: Breaker) -> Admission:
    admission = breaker.admit()
    assert admission is not None
    return admission


def state_of(breaker: Breaker) -> str:
    return breaker.state.value


def opened(clock: FakeClock) -> Breaker:
    breaker = Breaker(clock)
    for _ in range(5):
        admitted(breaker).fail()
    return breaker


def test_four_failures_leave_it_closed_and_the_fifth_opens_it() -> None:
    breaker = Breaker(FakeClock())
    for _ in range(4):
        admitted(breaker).fail()
    assert state_of(breaker) == "closed"
    admitted(breaker).fail()
    assert state_of(breaker) == "open"
    assert breaker.admit() is None


def test_failures_that_lie_far_apart_do_not_open_it() -> None:
    clock = FakeClock()
    breaker = Breaker(clock)
    for _ in range(20):
        clock.now += 8
        admitted(breaker).fail()
    assert state_of(breaker) == "closed"


def test_a_success_between_them_begins_the_count_anew() -> None:
    breaker = Breaker(FakeClock())
    for _ in range(4):
        admitted(breaker).fail()
    admitted(breaker).succeed()
    admitted(breaker).fail()
    assert state_of(breaker) == "closed"


def test_after_the_pause_exactly_one_probe_goes() -> None:
    clock = FakeClock()
    breaker = opened(clock)
    clock.now += FIRST_PAUSE_S
    assert state_of(breaker) == "half_open"
    probe = admitted(breaker)
    assert breaker.admit() is None
    probe.succeed()
    assert state_of(breaker) == "closed"


def test_a_probe_that_showed_nothing_makes_room_for_another() -> None:
    clock = FakeClock()
    breaker = opened(clock)
    clock.now += FIRST_PAUSE_S
    admitted(breaker).release()
    assert breaker.admit() is not None


def test_each_failed_probe_doubles_the_pause_up_to_a_limit() -> None:
    clock = FakeClock()
    breaker = opened(clock)
    pauses = []
    for _ in range(8):
        clock.now += breaker.retry_in_s
        admitted(breaker).fail()
        pauses.append(breaker.retry_in_s)
    assert pauses[:3] == [20.0, 40.0, 80.0]
    assert pauses[-1] == LONGEST_PAUSE_S


def test_an_attempt_from_before_it_opened_says_nothing_about_the_probe() -> None:
    clock = FakeClock()
    breaker = Breaker(clock)
    early = admitted(breaker)
    for _ in range(5):
        admitted(breaker).fail()
    clock.now += FIRST_PAUSE_S
    probe = admitted(breaker)
    early.fail()
    early.release()
    assert breaker.admit() is None, "the probe is still under way"
    probe.succeed()
    assert state_of(breaker) == "closed"


def test_the_report_names_only_what_is_unwell() -> None:
    clock = FakeClock()
    breakers = Breakers(clock)
    breakers.of("gitee", "well")
    for _ in range(5):
        admitted(breakers.of("gitee", "ill")).fail()
    assert breakers.report() == {"gitee/ill": {"state": "open", "retry_in_seconds": 10.0}}


PLACES = [("gitee", "one"), ("gitee", "two"), ("huggingface", "one")]


@given(st.lists(st.sampled_from(["begin", "end", *PLACES]), max_size=120))
def test_retries_never_exceed_their_share_at_any_upstream(steps: list[str | Place]) -> None:
    whole = RetryBudget()
    jobs: list[tuple[ExitStack, JobBudget]] = []
    for step in steps:
        if step == "begin":
            stack = ExitStack()
            jobs.append((stack, stack.enter_context(whole.job())))
        elif not jobs:
            continue
        elif isinstance(step, tuple):
            before = whole.retries[step]
            granted = jobs[len(steps) % len(jobs)][1].take(step)
            allowed = max(ALWAYS_ALLOWED, SHARE * whole.jobs)
            assert not (whole.retries[step] > before >= allowed)
            assert granted or before >= allowed
        else:
            jobs.pop()[0].close()
    for stack, _ in jobs:
        stack.close()
    assert (whole.jobs, whole.retries) == (0, {})


def test_jobs_that_stall_at_one_upstream_leave_the_others_their_retries() -> None:
    whole = RetryBudget()
    with ExitStack() as stack:
        stalled = [stack.enter_context(whole.job()) for _ in range(ALWAYS_ALLOWED + 1)]
        granted = [job.take(("huggingface", "evil/space")) for job in stalled]
        assert granted == [True] * ALWAYS_ALLOWED + [False]
        assert stack.enter_context(whole.job()).take(("huggingface", "good/space"))


def test_names_that_nobody_requested_before_push_out_no_breaker_in_use() -> None:
    clock = FakeClock()
    breakers = Breakers(clock)
    for _ in range(5):
        admitted(breakers.of("gitee", "ill")).fail()
    for number in range(3 * MAX_BREAKERS):
        breakers.of("pollinations", f"model-{number}")
        if number % 100 == 0:
            assert breakers.of("gitee", "ill").admit() is None
    assert breakers.report() == {"gitee/ill": {"state": "open", "retry_in_seconds": 10.0}}
