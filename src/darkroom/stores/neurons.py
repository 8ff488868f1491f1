"""The neurons of an operator's that a day holds for callers without a gateway key."""

import math
from collections.abc import Callable
from contextlib import suppress
from dataclasses import dataclass

from darkroom.deadline import Clock
from darkroom.errors import FreeAllowanceUsed, UpstreamUnavailable
from darkroom.stores.budget import DAY_S, Answer, BudgetStore, Kind, Refusal, Reservation, Share
from darkroom.stores.unavailable import StoreUnavailable

UNITS = 100  # of a neuron, in which the budget counts whole numbers
WHO = "neurons"


@dataclass(frozen=True, slots=True)
class NeuronAllowance:
    """Counts in a budget of its own, which knows no callers: each reservation is of neurons.

    Without a `budget` there is nothing that could be counted exactly, and nothing is given.
    `draw_token` draws an unguessable name.
    """

    a_day: int
    budget: BudgetStore | None
    clock: Clock
    draw_token: Callable[[], str]

    @property
    def is_open(self) -> bool:
        """True where callers without a gateway key are given anything."""
        return self.a_day > 0 and self.budget is not None

    async def take(self, neurons: float, lasts_s: float) -> str:
        """Charge a picture before it is painted; returns what `give_back` takes, for `lasts_s`.

        Raises `FreeAllowanceUsed` where less is left today, `UpstreamUnavailable` where that cannot
        be counted.
        """
        answer_id = self.draw_token()
        answer = await self._reserve(answer_id, math.ceil(neurons * UNITS), lasts_s)
        if isinstance(answer, Refusal):
            left = answer.left / UNITS
            raise FreeAllowanceUsed(
                f"This picture costs {neurons:g} neurons, and of the {self.a_day} that this "
                f"gateway gives in a day to callers without a gateway key {left:g} are left. "
                "There is room again at 00:00 UTC; a gateway key or a token of your own "
                "(cf:ACCOUNT_ID:TOKEN) has no such limit.",
                retry_after_s=DAY_S - self.clock.time() % DAY_S,
            )
        return answer_id

    async def give_back(self, taken: str) -> None:
        """Take back the charge of a picture that was not begun; what fails leaves it charged."""
        if self.budget is not None:
            with suppress(StoreUnavailable):
                await self.budget.settle(taken, 0)

    async def left(self) -> float | None:
        """The neurons that are left today; None where that cannot be told."""
        try:
            answer = await self._reserve(self.draw_token(), 0, 0.0)
        except UpstreamUnavailable:
            return None
        left = answer.left if isinstance(answer, Refusal) else answer.images_left or 0
        return left / UNITS

    async def _reserve(self, name: str, units: int, lasts_s: float) -> Answer:
        share = Share(WHO, WHO, images_per_day=self.a_day * UNITS)
        with suppress(StoreUnavailable):
            if self.budget is not None and self.is_open:
                reservation = Reservation(name, Kind.JOB, units, lasts_s, (share,))
                return await self.budget.reserve(reservation)
        raise UpstreamUnavailable(
            "This gateway cannot count neurons now. Try again, or send a token of your own: "
            "cf:ACCOUNT_ID:TOKEN."
        )
