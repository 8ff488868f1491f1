"""The host of the budget: one Durable Object for the whole deployment."""

from typing import Any

from darkroom.edge.clock import SystemClock
from darkroom.edge.journal import SqlJournal
from darkroom.edge.object_rpc import answer, ask, unframe
from darkroom.stores.budget import (
    Answer,
    Budget,
    BudgetStore,
    Granted,
    Kind,
    LimitName,
    MemoryBudget,
    Refusal,
    Reservation,
    Share,
)
from darkroom.stores.unavailable import StoreUnavailable

NAME = "deployment"


class ObjectBudget:
    """A `BudgetStore` in a Durable Object; `namespace` is the runtime's own binding.

    `name` is that of the object. While it does not answer, the isolate counts by itself, unless it
    `must_count`: what costs money is not given then.
    """

    def __init__(self, namespace: Any, name: str = NAME, *, must_count: bool = False) -> None:
        self._namespace = namespace
        self._name = name
        self._instead: BudgetStore | None = None if must_count else MemoryBudget(SystemClock())

    async def reserve(self, reservation: Reservation) -> Answer:
        """Take a place."""
        try:
            reported, _ = await ask(self._namespace, self._name, {"reserve": _row(reservation)})
        except StoreUnavailable:
            if self._instead is None:
                raise
            return await self._instead.reserve(reservation)
        if "refused" in reported:
            scope, name, *rest = reported["refused"]
            return Refusal(scope, LimitName(name), *rest)
        return Granted(*reported["granted"])

    async def settle(self, reservation_id: str, images: int) -> None:
        """Give a place back, wherever it was taken."""
        if self._instead is not None:
            await self._instead.settle(reservation_id, images)
        await ask(self._namespace, self._name, {"settle": reservation_id, "images": images})

    async def count_request(self, who: str, limit: int) -> bool:
        """Count a request of this minute."""
        try:
            allowed, _ = await ask(self._namespace, NAME, {"count": who, "limit": limit})
        except StoreUnavailable:
            return True
        return bool(allowed)


def open_budget(ctx: Any) -> Budget:
    """The budget that an object holds; `ctx` is the object's own."""
    storage = getattr(ctx.storage, "_binding", ctx.storage)
    journal = SqlJournal(storage.sql)
    return Budget(journal, journal.read())


async def serve_budget(request: Any, budget: Budget) -> Any:
    """Answer one question inside the object, with a JavaScript `Response`."""
    question, _ = await unframe(request)
    now = SystemClock().time()
    if "settle" in question:
        budget.settle(question["settle"], question["images"], now)
        return answer(None)
    if "count" in question:
        return answer(budget.count_request(question["count"], question["limit"], now))
    name, kind, images, lasts_s, shares = question["reserve"]
    shares = tuple(Share(*share) for share in shares)
    place = budget.reserve(Reservation(name, Kind(kind), images, lasts_s, shares), now)
    return answer({"granted" if isinstance(place, Granted) else "refused": _row(place)})


def _row(value: Reservation | Share | Answer) -> list[object]:
    """The values of the fields, in order; `asdict` would copy all that is in them."""
    values = [getattr(value, name) for name in value.__slots__]
    return [[_row(one) for one in each] if isinstance(each, tuple) else each for each in values]
