"""The budget: what is being painted now and what was painted today, counted exactly.

One Durable Object runs it for the whole deployment, or each isolate one of its own. Every decision
is made without a pause, so that no two requests can be given the same place.
"""

import json
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from enum import StrEnum
from typing import Protocol

from darkroom.deadline import Clock
from darkroom.stores.budget_journal import Journal, NoJournal
from darkroom.stores.request_counts import RequestCounts

DAY_S = 86_400
MAX_COUNTS = 50_000  # of pictures in a day, by who had them painted; all beyond share one
OTHERS = "others"


class Kind(StrEnum):
    """The kinds of work: a caller waits for a job, a task is run in the background."""

    JOB = "job"
    TASK = "task"


class LimitName(StrEnum):
    """The limits of a budget, by the names of their settings."""

    IMAGES = "images_per_day"
    JOBS = "jobs_at_work"
    TASKS = "tasks_waiting"
    CALLERS = "callers"


@dataclass(frozen=True, slots=True)
class Share:
    """Somebody whose limits work counts against: a caller, an address or the deployment.

    `who` is a name that tells nobody who it is. A limit of zero is none; `callers` is how many
    different callers may paint in a day.
    """

    scope: str
    who: str
    images_per_day: int = 0
    jobs_at_work: int = 0
    tasks_waiting: int = 0
    callers: int = 0

    @property
    def is_limited(self) -> bool:
        """True where there is any limit."""
        limits = (self.images_per_day, self.jobs_at_work, self.tasks_waiting, self.callers)
        return any(limits)


@dataclass(frozen=True, slots=True)
class Reservation:
    """A request for a place: `images` pictures and one job or task, for at most `lasts_s`.

    The first of `shares` is the caller's own. An `id` that has a place already keeps it.
    """

    id: str
    kind: Kind
    images: int
    lasts_s: float
    shares: tuple[Share, ...]


@dataclass(frozen=True, slots=True)
class Refusal:
    """The limit that leaves no room: whose it is, its value, what is left, until when.

    `until` is in seconds since 1970; None where it depends on others.
    """

    scope: str
    name: LimitName
    limit: int
    left: int
    until: float | None = None


@dataclass(frozen=True, slots=True)
class Granted:
    """A place, and how many pictures the caller has left today; None without a limit."""

    images_left: int | None = None


Answer = Granted | Refusal


class BudgetStore(Protocol):
    """Gives places; raises `StoreUnavailable` when it cannot be reached."""

    async def reserve(self, reservation: Reservation) -> Answer:
        """Take a place, or hear which limit leaves none."""
        ...

    async def settle(self, reservation_id: str, images: int) -> None:
        """Give a place back, and the pictures that were reserved beyond those painted."""
        ...

    async def count_request(self, who: str, limit: int) -> bool:
        """Count a request of this minute in all isolates; False where it is one too many.

        What cannot be counted is allowed.
        """
        ...


@dataclass(slots=True)
class _Place:
    """A place that is taken."""

    kind: Kind
    images: int
    day: int
    until: float
    shares: Sequence[str]


@dataclass(slots=True)
class Budget:
    """The counts of one deployment or isolate. `rows` is what its journal holds from before."""

    journal: Journal = field(default_factory=NoJournal)
    rows: Iterable[tuple[str, str]] = ()
    _day: int = 0
    _images: dict[str, int] = field(default_factory=dict)
    _callers: dict[str, set[str]] = field(default_factory=dict)
    _places: dict[str, _Place] = field(default_factory=dict)
    _requests: RequestCounts = field(default_factory=RequestCounts)

    def __post_init__(self) -> None:
        for name, value in self.rows:
            kind, _, rest = name.partition("/")
            if kind == "place":
                self._places[rest] = _Place(**json.loads(value))
                continue
            day, what, who = rest.split("/", 2)
            if int(day) < self._day:
                continue
            if int(day) > self._day:
                self._day = int(day)
                self._images.clear()
                self._callers.clear()
            if what == "images":
                self._images[who] = int(value)
            else:
                share, _, caller = who.partition("/")
                self._callers.setdefault(share, set()).add(caller)
        self.rows = ()

    def reserve(self, reservation: Reservation, now: float) -> Answer:
        """Take a place at the time `now`, in seconds since 1970; all shares or none are charged."""
        self._turn_to(now)
        taken = self._places.get(reservation.id)
        if taken is not None:
            self._take(reservation.id, taken, max(taken.until, now + reservation.lasts_s))
            return Granted(self._images_left(reservation.shares[0]))
        caller = reservation.shares[0].who
        for share in reservation.shares:
            refusal = self._refusal(share, reservation, caller)
            if refusal is not None:
                return refusal
        for share in reservation.shares:
            self._charge(share, reservation.images, caller)
        whose = [share.who for share in reservation.shares]
        place = _Place(reservation.kind, reservation.images, self._day, 0.0, whose)
        self._take(reservation.id, place, now + reservation.lasts_s)
        return Granted(self._images_left(reservation.shares[0]))

    def settle(self, reservation_id: str, images: int, now: float) -> None:
        """Give a place back; `images` were painted, the rest of what was reserved is free again."""
        self._turn_to(now)
        place = self._places.pop(reservation_id, None)
        if place is None:
            return
        self.journal.write(f"place/{reservation_id}", None)
        unused = place.images - images
        if place.day == self._day and unused > 0:
            for who in place.shares:
                self._add_images(who, -unused)

    def count_request(self, who: str, limit: int, now: float) -> bool:
        """Count a request of the current minute; False where it is one too many."""
        return not any(count.is_over for count in self._requests.add([(who, limit)], now))

    def _refusal(self, share: Share, reservation: Reservation, caller: str) -> Refusal | None:
        callers = self._callers.get(share.who, ())
        if share.callers and caller not in callers and len(callers) >= share.callers:
            return Refusal(share.scope, LimitName.CALLERS, share.callers, 0, self._midnight)
        left = share.images_per_day - self._images.get(self._counted_as(share.who), 0)
        if share.images_per_day and reservation.images > left:
            images = share.images_per_day
            return Refusal(share.scope, LimitName.IMAGES, images, max(0, left), self._midnight)
        is_job = reservation.kind is Kind.JOB
        limit = share.jobs_at_work if is_job else share.tasks_waiting
        if limit and self._at_work(share.who, reservation.kind) >= limit:
            name = LimitName.JOBS if is_job else LimitName.TASKS
            return Refusal(share.scope, name, limit, 0)
        return None

    def _charge(self, share: Share, images: int, caller: str) -> None:
        if images:
            self._add_images(share.who, images)
        if share.callers and caller not in self._callers.setdefault(share.who, set()):
            self._callers[share.who].add(caller)
            self.journal.write(f"day/{self._day}/callers/{share.who}/{caller}", "1")

    def _take(self, name: str, place: _Place, until: float) -> None:
        place.until = until
        self._places[name] = place
        written = {
            "kind": place.kind,
            "images": place.images,
            "day": place.day,
            "until": until,
            "shares": list(place.shares),
        }
        self.journal.write(f"place/{name}", json.dumps(written))

    def _add_images(self, who: str, images: int) -> None:
        name = self._counted_as(who)
        self._images[name] = max(0, self._images.get(name, 0) + images)
        self.journal.write(f"day/{self._day}/images/{name}", str(self._images[name]))

    def _counted_as(self, who: str) -> str:
        return who if who in self._images or len(self._images) < MAX_COUNTS else OTHERS

    def _at_work(self, who: str, kind: Kind) -> int:
        return sum(place.kind == kind and who in place.shares for place in self._places.values())

    def _images_left(self, share: Share) -> int | None:
        if not share.images_per_day:
            return None
        painted = self._images.get(self._counted_as(share.who), 0)
        return max(0, share.images_per_day - painted)

    @property
    def _midnight(self) -> float:
        return float((self._day + 1) * DAY_S)

    def _turn_to(self, now: float) -> None:
        """Forget the places that nobody gave back in time, and on a new day what was counted.

        A clock that goes back does not bring a day back.
        """
        for name in [name for name, place in self._places.items() if place.until <= now]:
            del self._places[name]
            self.journal.write(f"place/{name}", None)
        day = int(now // DAY_S)
        if day > self._day:
            self._day = day
            self._images.clear()
            self._callers.clear()
            self.journal.delete_below("day/")


class MemoryBudget:
    """A `BudgetStore` that lives as long as its isolate."""

    def __init__(self, clock: Clock) -> None:
        self._clock = clock
        self._budget = Budget()

    async def reserve(self, reservation: Reservation) -> Answer:
        """Take a place."""
        return self._budget.reserve(reservation, self._clock.time())

    async def settle(self, reservation_id: str, images: int) -> None:
        """Give a place back."""
        self._budget.settle(reservation_id, images, self._clock.time())

    async def count_request(self, who: str, limit: int) -> bool:
        """Allow it: the only isolate has counted it already."""
        return True
