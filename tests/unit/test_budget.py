"""The budget: what is painted now and today, counted exactly."""

from dataclasses import replace

import pytest

from darkroom.stores.budget import (
    DAY_S,
    Budget,
    Granted,
    Kind,
    LimitName,
    MemoryBudget,
    Refusal,
    Reservation,
    Share,
)
from tests.support.fakes import FakeClock

MIDNIGHT = 20_000.0 * DAY_S
NOON = MIDNIGHT + DAY_S / 2


class MemoryJournal:
    """A journal that can be read again."""

    def __init__(self) -> None:
        self.values: dict[str, str] = {}

    def write(self, name: str, value: str | None) -> None:
        self.values.pop(name, None)
        if value is not None:
            self.values[name] = value

    def delete_below(self, beginning: str) -> None:
        self.values = {n: v for n, v in self.values.items() if not n.startswith(beginning)}


def own(who: str = "token:a", **limits: int) -> Share:
    return Share("caller", who, **limits)


def whole(**limits: int) -> Share:
    return Share("deployment", "deployment", **limits)


def reservation(
    name: str, *shares: Share, images: int = 1, kind: Kind = Kind.JOB, lasts_s: float = 60
) -> Reservation:
    return Reservation(name, kind, images, lasts_s, shares or (own(images_per_day=10),))


def test_of_two_hundred_at_once_exactly_the_allowed_number_is_taken() -> None:
    budget = Budget()
    shares = (own(images_per_day=37), whole(images_per_day=1000))
    answers = [budget.reserve(reservation(str(n), *shares), NOON) for n in range(200)]
    assert sum(isinstance(answer, Granted) for answer in answers) == 37
    refusal = answers[-1]
    assert refusal == Refusal("caller", LimitName.IMAGES, 37, 0, MIDNIGHT + DAY_S)


def test_pictures_that_were_not_painted_are_given_back() -> None:
    budget = Budget()
    assert budget.reserve(reservation("a", images=10), NOON) == Granted(0)
    assert isinstance(budget.reserve(reservation("b"), NOON), Refusal)
    budget.settle("a", 3, NOON)
    assert budget.reserve(reservation("c", images=7), NOON) == Granted(0)
    assert isinstance(budget.reserve(reservation("d"), NOON), Refusal)


def test_a_request_for_more_than_is_left_is_refused_whole_and_hears_what_is_left() -> None:
    budget = Budget()
    budget.reserve(reservation("a", images=8), NOON)
    refusal = budget.reserve(reservation("b", images=4), NOON)
    assert isinstance(refusal, Refusal)
    assert (refusal.left, refusal.limit) == (2, 10)
    assert budget.reserve(reservation("c", images=2), NOON) == Granted(0)


def test_who_is_refused_by_the_deployment_is_not_charged() -> None:
    budget = Budget()
    shares = (own(images_per_day=5), whole(images_per_day=1))
    budget.reserve(reservation("a", own("token:b"), whole(images_per_day=1)), NOON)
    refusal = budget.reserve(reservation("b", *shares), NOON)
    assert isinstance(refusal, Refusal)
    assert refusal.scope == "deployment"
    assert budget.reserve(reservation("c", own(images_per_day=5), images=5), NOON) == Granted(0)


def test_a_zero_is_no_limit() -> None:
    budget = Budget()
    answers = [budget.reserve(reservation(str(n), own(), images=99), NOON) for n in range(50)]
    assert answers == [Granted(None)] * 50


@pytest.mark.parametrize(
    ("kind", "name"), [(Kind.JOB, LimitName.JOBS), (Kind.TASK, LimitName.TASKS)]
)
def test_places_are_taken_until_they_are_settled_or_over(kind: Kind, name: LimitName) -> None:
    budget, share = Budget(), own(jobs_at_work=2, tasks_waiting=2)
    for job in ("a", "b"):
        assert budget.reserve(reservation(job, share, kind=kind), NOON) == Granted(None)
    refusal = budget.reserve(reservation("c", share, kind=kind), NOON)
    assert refusal == Refusal("caller", name, 2, 0, None)
    budget.settle("a", 1, NOON)
    assert budget.reserve(reservation("c", share, kind=kind), NOON) == Granted(None)
    assert isinstance(budget.reserve(reservation("d", share, kind=kind), NOON), Refusal)
    # Nobody settled those: their isolate is gone.
    assert budget.reserve(reservation("d", share, kind=kind), NOON + 61) == Granted(None)


def test_jobs_and_tasks_have_limits_of_their_own() -> None:
    budget, share = Budget(), own(jobs_at_work=1, tasks_waiting=1)
    assert budget.reserve(reservation("a", share), NOON) == Granted(None)
    assert budget.reserve(reservation("b", share, kind=Kind.TASK), NOON) == Granted(None)


def test_a_place_that_is_taken_already_is_kept_and_charged_once() -> None:
    budget = Budget()
    first = reservation("task", images=10, kind=Kind.TASK)
    assert budget.reserve(first, NOON) == Granted(0)
    assert budget.reserve(first, NOON + 50) == Granted(0)
    budget.settle("task", 10, NOON + 100)  # it was prolonged to 110
    assert isinstance(budget.reserve(reservation("b"), NOON), Refusal)


def test_settling_twice_or_for_nobody_gives_nothing_back() -> None:
    budget = Budget()
    budget.reserve(reservation("a", images=10), NOON)
    budget.settle("a", 10, NOON)
    budget.settle("a", 0, NOON)
    budget.settle("nobody", 0, NOON)
    assert isinstance(budget.reserve(reservation("b"), NOON), Refusal)


def test_a_day_ends_at_midnight_in_utc_to_the_second() -> None:
    budget = Budget()
    last = MIDNIGHT + DAY_S - 0.001
    budget.reserve(reservation("a", images=10), last)
    assert isinstance(budget.reserve(reservation("b"), last), Refusal)
    assert budget.reserve(reservation("b"), MIDNIGHT + DAY_S) == Granted(9)


def test_what_was_reserved_yesterday_gives_nothing_back_today() -> None:
    budget = Budget()
    budget.reserve(reservation("a", images=10, lasts_s=600), MIDNIGHT - 10)
    assert budget.reserve(reservation("b", images=4), MIDNIGHT + 1) == Granted(6)
    budget.settle("a", 0, MIDNIGHT + 2)
    assert budget.reserve(reservation("c", images=6), MIDNIGHT + 3) == Granted(0)


def test_a_clock_that_goes_back_over_midnight_brings_no_new_day() -> None:
    budget = Budget()
    budget.reserve(reservation("a", images=10), MIDNIGHT + 1)
    assert isinstance(budget.reserve(reservation("b"), MIDNIGHT - 1), Refusal)
    assert isinstance(budget.reserve(reservation("c"), MIDNIGHT + 1), Refusal)


def test_callers_of_one_address_are_counted() -> None:
    budget = Budget()
    address = Share("address", "network:x", callers=3)
    answers = [
        budget.reserve(reservation(f"{n}", own(f"token:{n % 5}"), address), NOON) for n in range(10)
    ]
    assert [isinstance(answer, Granted) for answer in answers] == [n % 5 < 3 for n in range(10)]
    refusal = answers[4]
    assert isinstance(refusal, Refusal)
    assert (refusal.scope, refusal.name, refusal.limit) == ("address", LimitName.CALLERS, 3)


def test_a_budget_that_is_read_again_knows_what_it_knew() -> None:
    journal = MemoryJournal()
    shares = (
        own(images_per_day=10, jobs_at_work=1),
        Share("address", "network:x", callers=1),
        whole(images_per_day=100),
    )
    budget = Budget(journal)
    budget.reserve(reservation("a", *shares, images=4), NOON)
    again = Budget(journal, list(journal.values.items()))
    refusal = again.reserve(reservation("b", *shares), NOON)
    assert isinstance(refusal, Refusal)
    assert refusal.name is LimitName.JOBS
    again.settle("a", 4, NOON)
    other = (own("token:other"), shares[1])
    assert isinstance(again.reserve(reservation("c", *other), NOON), Refusal)
    assert again.reserve(reservation("d", *shares, images=6), NOON) == Granted(0)
    # The day is over while the object sleeps.
    tomorrow = Budget(journal, list(journal.values.items()))
    assert tomorrow.reserve(reservation("e", *shares, images=10), NOON + DAY_S) == Granted(0)
    assert not [name for name in journal.values if name.startswith("day/20000/")]


def test_rows_of_several_days_are_those_of_the_latest() -> None:
    rows = [("day/20001/images/token:a", "3"), ("day/20000/images/token:a", "9")]
    for order in (rows, rows[::-1]):
        assert Budget(rows=order).reserve(reservation("a"), MIDNIGHT + DAY_S) == Granted(6)


def test_beyond_very_many_callers_all_share_one_count(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("darkroom.stores.budget.MAX_COUNTS", 3)
    budget = Budget()
    answers = [
        budget.reserve(reservation(str(n), own(f"token:{n}", images_per_day=2)), NOON)
        for n in range(8)
    ]
    assert sum(isinstance(answer, Granted) for answer in answers) == 5


async def test_an_isolate_without_the_object_counts_by_itself() -> None:
    store = MemoryBudget(FakeClock(0))
    request = reservation("a", images=10)
    assert await store.reserve(request) == Granted(0)
    await store.settle("a", 9)
    assert await store.reserve(replace(request, id="b", images=1)) == Granted(0)
    assert isinstance(await store.reserve(replace(request, id="c", images=1)), Refusal)
