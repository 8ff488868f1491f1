"""The budget of memory outside Python's heap, and transfers that stand still."""

import asyncio
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from darkroom import transfer_rate
from darkroom.errors import Busy
from darkroom.memory_budget import (
    ANSWER,
    MIB,
    SMALL_BYTES,
    SMALL_PART_BYTES,
    UPLOAD,
    UPLOAD_IN_PARTS,
    MemoryBudget,
    Owner,
    WaitPolicy,
)
from darkroom.transfer_rate import RequestTimeout, TransferRate, supervised

LIMIT, CEILING = 20 * MIB, 28 * MIB


@pytest.fixture(autouse=True)
def _frequent_checks(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(transfer_rate, "CHECK_S", 0.001)


async def run_now(_seconds: float) -> None:
    await asyncio.sleep(0)


def new_budget() -> MemoryBudget:
    """A budget whose polls follow each other at once, and count as if they took their time."""
    return MemoryBudget(run_now, lambda: None)


class Holder:
    """One request that holds memory."""

    def __init__(self, budget: MemoryBudget, held: int = 0, *, background: bool = False) -> None:
        self.budget = budget
        self.owner = budget.new_owner(background=background)
        self.budget.hold(held, self.owner)

    async def take(self, size: int, terms: WaitPolicy = ANSWER) -> None:
        await self.budget.room(size, terms, self.owner)
        self.budget.hold(size, self.owner)

    def ask(self, size: int, terms: WaitPolicy = ANSWER) -> asyncio.Task[None]:
        return asyncio.ensure_future(self.take(size, terms))

    def end(self) -> None:
        self.budget.release(self.owner, self.owner.held_bytes)


async def polls(count: int) -> None:
    for _ in range(count * 3):
        await asyncio.sleep(0)


async def test_the_only_large_request_is_never_refused() -> None:
    budget = new_budget()
    await Holder(budget).take(99 * MIB, UPLOAD)
    assert budget.held_bytes == 99 * MIB


async def test_a_waiting_request_triggers_garbage_collection() -> None:
    forgotten: list[Holder] = []

    def collect() -> None:
        while forgotten:
            forgotten.pop().end()

    budget = MemoryBudget(run_now, collect)
    forgotten.append(Holder(budget, CEILING))
    await Holder(budget).take(8 * MIB)
    assert budget.held_bytes == 8 * MIB


async def test_small_requests_beside_a_large_one_leave_it_room() -> None:
    budget = new_budget()
    for _ in range(4):
        await Holder(budget).take(SMALL_BYTES, UPLOAD)
    await Holder(budget).take(CEILING - 4 * MIB, UPLOAD)


async def test_an_upload_beyond_the_limit_gets_a_retry_after() -> None:
    budget = new_budget()
    Holder(budget, LIMIT - MIB)
    with pytest.raises(Busy) as refused:
        await Holder(budget).take(5 * MIB, UPLOAD)
    assert refused.value.retry_after_s == 5
    assert budget.held_bytes == LIMIT - MIB
    assert not budget.is_short


async def test_a_small_upload_passes_while_a_large_one_waits() -> None:
    budget = new_budget()
    first = Holder(budget, 24 * MIB)
    waiting = Holder(budget).ask(20 * MIB)
    await polls(1)
    await Holder(budget).take(SMALL_BYTES, UPLOAD)
    first.end()
    await waiting


async def test_the_start_of_an_upload_of_unknown_length_waits_with_the_others() -> None:
    budget = new_budget()
    first = Holder(budget, 24 * MIB)
    waiting = Holder(budget).ask(20 * MIB)
    await polls(1)
    await Holder(budget).take(SMALL_PART_BYTES, UPLOAD_IN_PARTS)
    with pytest.raises(Busy):
        await Holder(budget).take(SMALL_PART_BYTES + 1, UPLOAD_IN_PARTS)
    first.end()
    await waiting


async def test_as_many_uploads_give_way_at_once_as_the_oldest_needs() -> None:
    budget = new_budget()
    holders = [Holder(budget, 4 * MIB) for _ in range(5)]
    requested = [holder.ask(7 * MIB, UPLOAD) for holder in holders]
    with pytest.raises(Busy):
        await requested[4]
    with pytest.raises(Busy):
        await requested[3]
    assert not any(one.done() for one in requested[:3])
    holders[4].end()
    holders[3].end()
    await requested[0]
    for one in requested[1:3]:
        one.cancel()


async def test_uploads_within_the_small_allowance_are_not_refused_first() -> None:
    budget = new_budget()
    oldest, large = Holder(budget, 10 * MIB), Holder(budget, 10 * MIB)
    small = [Holder(budget, SMALL_PART_BYTES) for _ in range(8)]
    first = oldest.ask(MIB // 2, UPLOAD_IN_PARTS)
    second = large.ask(MIB // 2, UPLOAD_IN_PARTS)
    others = [holder.ask(MIB // 2, UPLOAD_IN_PARTS) for holder in small]
    with pytest.raises(Busy):
        await second
    assert not any(other.done() for other in others)
    large.end()
    await first
    for other in others:
        other.cancel()


async def test_an_upload_ends_though_refused_ones_come_again_at_once() -> None:
    budget = new_budget()
    served: list[int] = []

    async def upload(number: int) -> None:
        while True:
            holder = Holder(budget)
            try:
                for _ in range(16 * 24):
                    await holder.take(MIB // 16, UPLOAD_IN_PARTS)
                    await asyncio.sleep(0)
            except Busy:
                continue
            else:
                served.append(number)
                return
            finally:
                holder.end()

    async with asyncio.timeout(60):
        await asyncio.gather(*(upload(number) for number in range(20)))
    assert sorted(served) == list(range(20))


async def test_even_what_is_small_does_not_go_beyond_the_ceiling() -> None:
    budget = new_budget()
    holders = [Holder(budget) for _ in range(29)]
    for holder in holders[:28]:
        await holder.take(SMALL_BYTES, UPLOAD)
    with pytest.raises(Busy):
        await holders[28].take(SMALL_BYTES, UPLOAD)


async def test_waiting_requests_are_served_in_the_order_in_which_they_came() -> None:
    budget = new_budget()
    first = Holder(budget, 24 * MIB)
    second, third = Holder(budget), Holder(budget)
    later, earlier = third.ask(2 * MIB), second.ask(24 * MIB)
    await polls(2)
    first.end()
    await earlier
    await polls(2)
    assert not later.done()
    assert budget.held_bytes == 24 * MIB
    second.end()
    await later


async def test_of_requests_that_wait_for_each_other_the_oldest_goes_on_to_the_ceiling() -> None:
    budget = new_budget()
    holders = [Holder(budget, 7 * MIB) for _ in range(3)]
    first, *others = [holder.ask(7 * MIB) for holder in holders]
    await first
    assert budget.held_bytes == CEILING
    holders[0].end()
    await others[0]
    holders[1].end()
    await others[1]


async def test_of_uploads_that_wait_for_each_other_the_newest_is_refused() -> None:
    budget = new_budget()
    holders = [Holder(budget, 5 * MIB) for _ in range(4)]
    requested = [holder.ask(10 * MIB, UPLOAD) for holder in holders]
    with pytest.raises(Busy):
        await requested[3]
    holders[3].end()
    with pytest.raises(Busy):
        await requested[2]
    holders[2].end()
    await requested[0]
    assert not requested[1].done()
    holders[0].end()
    await requested[1]


async def test_a_request_that_was_begun_goes_on_to_the_ceiling_after_a_while() -> None:
    budget = new_budget()
    Holder(budget, LIMIT)
    await Holder(budget).take(CEILING - LIMIT)
    assert budget.held_bytes == CEILING


async def test_uploads_give_way_to_work_that_was_begun_the_newest_first() -> None:
    budget = new_budget()

    async def upload(holder: Holder) -> None:
        try:
            await holder.take(4 * MIB, UPLOAD)
        finally:
            holder.end()

    begun = Holder(budget, 12 * MIB)
    uploads = [asyncio.ensure_future(upload(Holder(budget, SMALL_BYTES))) for _ in range(16)]
    await begun.take(8 * MIB)
    refused = [upload.done() for upload in uploads]
    assert refused == sorted(refused)
    assert 0 < sum(refused) < 16
    await asyncio.gather(*uploads, return_exceptions=True)
    begun.end()
    assert budget.held_bytes == 0


async def test_the_oldest_upload_gives_way_at_once_to_work_that_was_begun() -> None:
    budget = new_budget()
    upload, answer = Holder(budget, 12 * MIB), Holder(budget, 12 * MIB)
    refused = upload.ask(12 * MIB, UPLOAD)
    begun = answer.ask(12 * MIB)
    await polls(5)
    assert isinstance(refused.exception(), Busy)
    upload.end()
    await begun


async def test_parts_of_one_request_do_not_wait_for_each_other() -> None:
    budget = new_budget()
    await Holder(budget, 30 * MIB).take(8 * MIB)


async def test_an_abandoned_waiter_does_not_block_others() -> None:
    budget = new_budget()
    first = Holder(budget, 24 * MIB)
    gone = budget.room(24 * MIB, ANSWER, Holder(budget).owner)
    gone.send(None)  # suspended, and never resumed
    first.end()
    await Holder(budget, 2 * MIB).take(20 * MIB)
    assert not budget.is_short
    gone.close()


async def test_a_task_begins_though_the_caller_who_waits_for_it_holds_its_body() -> None:
    budget = new_budget()
    Holder(budget, 20 * MIB)
    task = Holder(budget, background=True)
    await task.take(20 * MIB)
    with pytest.raises(Busy):
        await Holder(budget, background=True).take(20 * MIB)


async def test_a_waiter_that_is_cancelled_leaves_nothing_behind() -> None:
    budget = new_budget()
    first = Holder(budget, 24 * MIB)
    waiting = Holder(budget).ask(20 * MIB)
    await polls(1)
    assert budget.is_short
    waiting.cancel()
    await asyncio.gather(waiting, return_exceptions=True)
    assert not budget.is_short
    first.end()
    assert budget.held_bytes == 0


async def test_memory_held_by_a_requests_tasks_counts_for_the_request() -> None:
    budget = new_budget()
    owner = budget.new_owner()

    async def hold() -> Owner:
        return budget.hold(5)

    with budget.owned_by(owner):
        assert await asyncio.ensure_future(hold()) is owner
        with budget.held(7):
            assert owner.held_bytes == 12
    assert owner.held_bytes == 5
    assert budget.hold(1) is not owner


SIZES = st.integers(1, 12 * MIB)
REQUESTS = st.lists(
    st.tuples(st.lists(SIZES, min_size=1, max_size=4), st.booleans()), min_size=1, max_size=12
)


@given(REQUESTS)
@settings(max_examples=100, deadline=None)
def test_every_request_ends_and_all_is_given_back(requests: Any) -> None:
    asyncio.run(_serve(requests))


async def _serve(requests: list[tuple[list[int], bool]]) -> None:
    budget = new_budget()
    served = 0

    async def serve(sizes: list[int], upload: bool) -> None:
        nonlocal served
        holder = Holder(budget)
        try:
            for size in sizes:
                await holder.take(size, UPLOAD if upload else ANSWER)
                others = budget.held_bytes - holder.owner.held_bytes
                assert budget.held_bytes <= CEILING + (0 if others else sum(sizes))
                await asyncio.sleep(0)
            served += 1
        except Busy:
            pass
        finally:
            holder.end()

    async with asyncio.timeout(20):
        await asyncio.gather(*(serve(*request) for request in requests))
    assert served
    assert budget.held_bytes == 0
    assert not budget.is_short


def test_a_transfer_rate_is_measured_over_its_last_whole_window() -> None:
    moved = TransferRate(window_checks=3)
    for total in (100, 200):
        moved.note(total)
        assert not moved.is_below(1000), "no whole window has passed"
    moved.note(300)
    assert moved.is_below(301)
    assert not moved.is_below(300)
    moved.note(300)
    assert moved.is_below(201)
    assert moved.idle_checks == 1


async def test_a_transfer_that_is_supervised_ends_with_the_failure_of_its_check() -> None:
    checks = iter([None, None, RequestTimeout("too slow")])
    with pytest.raises(RequestTimeout, match="too slow"):
        with supervised(lambda: next(checks)):
            await asyncio.Event().wait()


async def test_a_supervised_transfer_that_ends_by_itself_is_not_disturbed() -> None:
    with supervised(lambda: RequestTimeout("too slow")):
        pass
    await polls(3)


async def test_cancelling_a_supervised_transfer_raises_cancelled_error() -> None:
    async def wait() -> None:
        with supervised(lambda: None):
            await asyncio.Event().wait()

    waiting = asyncio.ensure_future(wait())
    await polls(1)
    waiting.cancel()
    with pytest.raises(asyncio.CancelledError):
        await waiting
