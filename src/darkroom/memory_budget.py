"""The memory budget: bytes that the requests of an isolate may hold outside Python's heap.

Nobody waits on another request's future, which the runtime forbids: whoever waits asks again by a
timer of its own. Waiters are served in the order of their requests, the oldest first.
"""

import asyncio
import gc
import itertools
from collections.abc import Awaitable, Callable, Iterator
from contextlib import contextmanager
from contextvars import ContextVar
from dataclasses import dataclass

from darkroom.errors import Busy

MIB = 1024 * 1024
# An isolate has 128 MB, of which the Worker at rest takes 76. New bodies are taken up to the limit;
# requests that were begun may go on to the ceiling, so that they can end and free what they hold.
LIMIT_BYTES = 20 * MIB
CEILING_BYTES = 28 * MIB
SMALL_BYTES = 1 * MIB  # what a request may hold without waiting for its turn
SMALL_PART_BYTES = MIB // 16  # the same for a part of something whose size nobody knows

# Each poll costs memory of its own: the later in line and the longer it takes, the rarer.
POLL_S, LONGEST_POLL_S = 0.1, 1.0
FIRST_POLL_S, FIRST_POLLS_S = 0.01, 1.0  # most large requests are over in a moment
GRACE_S = 5.0  # after that, a request that was begun may go on to the ceiling
RETRY_AFTER_S = 5.0
COLLECT_S = 2.0  # finished requests may hold arrays in cycles, until Python's collector runs
MISSED_POLLS = 50  # a waiter that does not ask any more is gone: the runtime has ended its request


class AnswerTurnedAway(Busy):
    """An upstream's answer could not be read for want of memory; the work may be paid for."""

    dispatched = True


@dataclass(frozen=True, slots=True)
class WaitPolicy:
    """The policy by which a reader of bodies waits for memory.

    One that is `refusable` can be sent again by its sender: it stays below the limit. A request may
    hold `unasked_bytes` without waiting for its turn.
    """

    patience_s: float
    refusable: bool = False
    unasked_bytes: int = SMALL_BYTES


UPLOAD = WaitPolicy(patience_s=8.0, refusable=True)
UPLOAD_IN_PARTS = WaitPolicy(patience_s=8.0, refusable=True, unasked_bytes=SMALL_PART_BYTES)
ANSWER = WaitPolicy(patience_s=60.0)


@dataclass(slots=True, eq=False)
class Owner:
    """The bytes that one request holds; `background` is one that no caller waits for."""

    number: int
    background: bool = False
    held_bytes: int = 0
    waiting: int = 0

    @property
    def is_large(self) -> bool:
        """Whether it holds more than is let pass without waiting."""
        return self.held_bytes > SMALL_BYTES


@dataclass(slots=True, eq=False)
class _Waiter:
    owner: Owner
    size: int
    terms: WaitPolicy
    waited_s: float = 0.0
    missed_polls: int = 0


_OWNER: ContextVar[Owner | None] = ContextVar("memory_owner", default=None)


class _Owned:
    """A block in which an owner is the current one."""

    __slots__ = ("_owner", "_token")

    def __init__(self, owner: Owner) -> None:
        self._owner = owner

    def __enter__(self) -> None:
        self._token = _OWNER.set(self._owner)

    def __exit__(self, *_: object) -> None:
        _OWNER.reset(self._token)


class MemoryBudget:
    """Counts the bytes that are held, by request, and decides who may take more.

    `sleep` pauses for a number of seconds, and lets the host in; `collect` frees what nobody uses.
    """

    def __init__(
        self,
        sleep: Callable[[float], Awaitable[None]] = asyncio.sleep,
        collect: Callable[[], object] = gc.collect,
    ) -> None:
        self.held_bytes = 0
        self._sleep = sleep
        self._collect = collect
        self._owners: set[Owner] = set()  # those that hold anything
        self._waiters: list[_Waiter] = []
        self._numbers = itertools.count()

    @property
    def is_short(self) -> bool:
        """Whether a request waits for memory."""
        return bool(self._waiters)

    def new_owner(self, *, background: bool = False) -> Owner:
        """An owner for a new request."""
        return Owner(next(self._numbers), background)

    def owned_by(self, owner: Owner) -> "_Owned":
        """Count what is held in the block, and in tasks that it starts, as this owner's."""
        return _Owned(owner)

    def current_owner(self) -> Owner:
        """The owner of the running code; a new one where none was set."""
        return _OWNER.get() or self.new_owner()

    def hold(self, size: int, owner: Owner | None = None) -> Owner:
        """Count bytes that exist from now on; returns the owner to `release` them from."""
        owner = owner or self.current_owner()
        self.held_bytes += size
        owner.held_bytes += size
        self._owners.add(owner)
        return owner

    def release(self, owner: Owner, size: int) -> None:
        """Count bytes as freed."""
        self.held_bytes -= size
        owner.held_bytes -= size
        if not owner.held_bytes:
            self._owners.discard(owner)

    @contextmanager
    def held(self, size: int) -> Iterator[None]:
        """Count bytes as held during the block."""
        owner = self.hold(size)
        try:
            yield
        finally:
            self.release(owner, size)

    async def room(self, size: int, terms: WaitPolicy = ANSWER, owner: Owner | None = None) -> None:
        """Wait until `size` more bytes fit, which the caller holds at once afterwards.

        Raises `Busy` when that takes longer than the terms allow, or when requests wait for each
        other and this one has to give way. The only large request is never refused.
        """
        owner = owner or self.current_owner()
        if self._fits_unasked(owner, size, terms):
            return
        waiter = _Waiter(owner, size, terms)
        if self._fits(waiter):
            return
        waiter.owner.waiting += 1
        try:
            while not self._fits(waiter):
                if waiter not in self._waiters:
                    self._waiters.append(waiter)
                patient = waiter.waited_s < terms.patience_s
                if not patient or (waiter.waited_s and self._must_yield(waiter)):
                    raise Busy(
                        "Too many large requests are at work here. Try again in a moment.",
                        retry_after_s=RETRY_AFTER_S,
                    )
                poll_s = FIRST_POLL_S if waiter.waited_s < FIRST_POLLS_S else POLL_S
                pause_s = min(poll_s * (1 + len(self._older(waiter))), LONGEST_POLL_S)
                await self._sleep(pause_s)
                before_s, waiter.waited_s = waiter.waited_s, waiter.waited_s + pause_s
                waiter.missed_polls = 0
                is_time = before_s // COLLECT_S < waiter.waited_s // COLLECT_S
                if is_time and not self._older(waiter):
                    self._collect()
        finally:
            waiter.owner.waiting -= 1
            if waiter in self._waiters:
                self._waiters.remove(waiter)

    def _fits(self, waiter: _Waiter) -> bool:
        owner = waiter.owner
        if self._fits_unasked(owner, waiter.size, waiter.terms):
            return True
        if not self._is_first(waiter):
            return False
        wanted = self.held_bytes + waiter.size
        is_only = self.held_bytes == owner.held_bytes or self._is_only_background(owner)
        return is_only or wanted <= self._allowed_bytes(waiter)

    def _fits_unasked(self, owner: Owner, size: int, terms: WaitPolicy) -> bool:
        is_small = owner.held_bytes + size <= terms.unasked_bytes
        return is_small and self.held_bytes + size <= CEILING_BYTES

    def _allowed_bytes(self, waiter: _Waiter) -> int:
        others = [owner for owner in self._owners if owner is not waiter.owner and owner.is_large]
        if not others:
            return CEILING_BYTES
        begun = not waiter.terms.refusable
        if begun and (waiter.waited_s >= GRACE_S or all(other.waiting for other in others)):
            return CEILING_BYTES
        return LIMIT_BYTES

    def _is_first(self, waiter: _Waiter) -> bool:
        """Whether no older request waits; those that do not ask any more are taken off the list."""
        for other in self._older(waiter):
            other.missed_polls += 1
            if other.missed_polls > MISSED_POLLS * len(self._waiters):
                self._waiters.remove(other)
        return not self._older(waiter)

    def _older(self, waiter: _Waiter) -> list[_Waiter]:
        return [other for other in self._waiters if other.owner.number < waiter.owner.number]

    def _is_only_background(self, owner: Owner) -> bool:
        """Whether this is the only task in the background: whoever waits for one holds its body."""
        return owner.background and not any(
            other.background and other.is_large for other in self._owners if other is not owner
        )

    def _must_yield(self, waiter: _Waiter) -> bool:
        """Whether the requests that hold memory wait for each other, and this one has to give way.

        The oldest goes on, that of those that were begun if there are any. For it the newest
        uploads give way, then the newest of the others, until there is room: one at a time would
        be replaced by others that come meanwhile, as would those that hold what anybody may.
        """
        if any(owner.is_large and not owner.waiting for owner in self._owners):
            return False
        favoured = min(self._waiters, key=lambda one: (one.terms.refusable, one.owner.number))
        if waiter.owner is favoured.owner or not waiter.owner.held_bytes or self._fits(favoured):
            return False
        lacking = self.held_bytes + favoured.size - self._allowed_bytes(favoured)
        others = {one.owner: one for one in self._waiters if one.owner is not favoured.owner}
        before = (
            other.owner.held_bytes
            for other in others.values()
            if _readiness_to_yield(other) > _readiness_to_yield(waiter)
        )
        return lacking > sum(before)


def _readiness_to_yield(waiter: _Waiter) -> tuple[bool, bool, int]:
    owner, terms = waiter.owner, waiter.terms
    return terms.refusable, owner.held_bytes > terms.unasked_bytes, owner.number
