"""The loop of attempts: which route and credential is next, and the error when none is left."""

from dataclasses import dataclass, field
from typing import Generic, TypeVar

from darkroom.attempt import Attempt
from darkroom.engine.breaker import Admission, Breakers
from darkroom.engine.budget import JobBudget
from darkroom.engine.credentials import Credentials, cooldown_place
from darkroom.engine.pool_verdict import none_served
from darkroom.engine.queue_waits import QueueWaits
from darkroom.engine.routes import (
    AnyRoute,
    HasRoute,
    credential_number,
    describe_rest,
)
from darkroom.errors import (
    Action,
    CredentialRefused,
    DeadlineExceeded,
    Failure,
    JobLost,
    QueueFull,
    QuotaExhausted,
    RateLimited,
    UpstreamBroken,
    UpstreamRefused,
    UpstreamUnavailable,
)
from darkroom.settings import Secret
from darkroom.stores.cooldowns import Reason, Rest

MAX_ATTEMPTS = 6
MAX_POOL_ATTEMPTS = 10  # what is free comes first, and must not use up the way to what is not

S = TypeVar("S", bound=HasRoute)
_Cooldown = tuple[str, str, Secret]  # a provider's id, the upstream or all of them, and the token


@dataclass(slots=True)
class Attempts(Generic[S]):
    """Walks along a plan: passes over what rests or is broken, and learns from each failure.

    `attempt_log` lists in order what was tried or passed over, and the result. `pool` is the name
    that the plan's models were chosen by, where the caller named none of them.
    """

    plan: list[S]
    credentials: Credentials
    breakers: Breakers
    budget: JobBudget
    queue_waits: QueueWaits[S]
    pool: str | None = None
    number: int = 0
    attempt_log: list[Attempt] = field(default_factory=list)
    _failures: list[tuple[AnyRoute, Failure]] = field(default_factory=list)
    _resting: dict[_Cooldown, tuple[AnyRoute, Rest]] = field(default_factory=dict)
    _passed_over: list[tuple[AnyRoute, str, float | None]] = field(default_factory=list)
    _admission: Admission | None = None
    _to_retry: list[S] = field(default_factory=list)
    _requested: set[str] = field(default_factory=set)
    _tokens: tuple[Secret, ...] = ()
    _with_tokens: frozenset[str] = frozenset()

    def __post_init__(self) -> None:
        routes = [step.route for step in self.plan if step.route.token is not None]
        self._with_tokens = frozenset(route.provider.id for route in routes)
        tokens = {route.token for route in routes if route.token is not None}
        self._tokens = tuple(sorted(tokens, key=lambda token: len(token.reveal()), reverse=True))

    async def next(self) -> S | None:
        """The step to try now; None when there is no other way."""
        most = MAX_POOL_ATTEMPTS if self.pool else MAX_ATTEMPTS
        while self.plan and self.number < most:
            step = self.plan.pop(0)
            route = step.route
            await self._look_up(route)
            if rest := self._rest_of_token(route):
                wait_s = max(1.0, rest.until - self.credentials.clock.time())
                self._pass_over(route, f"resting_{rest.reason}", describe_rest(route, rest), wait_s)
                continue
            if self.number and not self.budget.take(_upstream(route)):
                if self.pool is None:
                    return None
                self._pass_over(route, "over_budget", "too many requests try it at once")
                continue
            if self._is_admitted(route):
                return step
        return await self._next_in_line()

    def resume(self, step: S) -> S:
        """Go on with a step that was begun before; no breaker and no rest keeps it back."""
        self.plan.remove(step)
        self.number += 1
        return step

    async def _next_in_line(self) -> S | None:
        """A step that was turned away by a full queue, after a pause."""
        self.budget.give_back()
        step = await self.queue_waits.next()
        if step is None or not self.budget.take(_upstream(step.route)):
            return None
        return step if self._is_admitted(step.route) else None

    def _is_admitted(self, route: AnyRoute) -> bool:
        breaker = self.breakers.of(*_upstream(route))
        self._admission = breaker.admit()
        if self._admission is None:
            wait_s = max(1.0, breaker.retry_in_s)
            reason = f"left alone for {wait_s:.0f} s, after several failures in a row."
            self._pass_over(route, "circuit_open", reason, wait_s)
            return False
        self.number += 1
        return True

    def succeed(self, step: S) -> None:
        """A step came to a good end."""
        if self._admission:
            self._admission.succeed()
        self._note(step.route, "ok")

    def release(self) -> None:
        """The step is over, however it ended."""
        if self._admission:
            self._admission.release()

    async def fail(self, step: S, failure: Failure) -> None:
        """Draw the conclusions from a step that failed."""
        route = step.route
        failure.without_frames().served_by(route.provider.id, self.number)
        if failure.token_advice and route.provider.id not in self._with_tokens:
            failure.add(failure.token_advice)
        for token in self._tokens:  # an upstream may repeat one that an earlier attempt showed it
            failure.without(token.reveal())
        self._failures.append((route, failure))
        self._note(route, failure.code)
        self._tell_breaker(failure)
        if isinstance(failure, QueueFull):
            self.queue_waits.add(step, failure)
        if route.token is not None:
            rest = await self.credentials.note(route.provider, (route.place, route.token), failure)
            if rest is not None:
                self._resting[_cooldown(route, route.token)] = (route, rest)
        self.plan = self._rest_of(step, failure)
        failure.attempt_log = tuple(self.attempt_log)

    def is_final(self, failure: Failure) -> bool:
        """Whether a failure is reported at once, whatever else could be tried.

        One that a token would have avoided is not, where a token was sent and cannot be used; nor
        is a job that was lost where nobody pays for it and a pool has others.
        """
        if self.pool and isinstance(failure, JobLost) and self._failures[-1][0].token is None:
            return False
        return failure.action is Action.STOP and not (failure.lacks_token and self._resting)

    def verdict(self) -> Failure:
        """The failure to tell of when every way is exhausted: the one that says most."""
        reported = none_served(self.pool, self._failures, self._passed_over) if self.pool else None
        reported = reported or self._exhausted() or self._most_telling()
        last = self._failures[-1][1].provider if self._failures else None
        reported.served_by(last or reported.provider or "", self.number)
        reported.attempt_log = tuple(self.attempt_log)
        return reported

    def _tell_breaker(self, failure: Failure) -> None:
        if self._admission is None or isinstance(failure, DeadlineExceeded):
            return
        is_down = isinstance(failure, UpstreamUnavailable | UpstreamBroken | JobLost)
        if is_down and not isinstance(failure, UpstreamRefused | QueueFull):
            self._admission.fail()
        else:
            self._admission.succeed()  # whatever it said, it is there

    def _rest_of_token(self, route: AnyRoute) -> Rest | None:
        if route.token is None:
            return None
        _, rest = self._resting.get(_cooldown(route, route.token), (None, None))
        return rest

    async def _look_up(self, route: AnyRoute) -> None:
        """Ask once for all of a provider's credentials which of them rest."""
        if route.token is None or route.provider.id in self._requested:
            return
        self._requested.add(route.provider.id)
        routes = [route, *(step.route for step in self.plan)]
        uses = {
            (other.place, other.token): other
            for other in routes
            if other.provider.id == route.provider.id and other.token is not None
        }
        for use, rest in (await self.credentials.resting(route.provider, uses)).items():
            self._resting.setdefault(_cooldown(uses[use], use[1]), (uses[use], rest))

    def _pass_over(
        self, route: AnyRoute, result: str, reason: str, wait_s: float | None = None
    ) -> None:
        self._passed_over.append((route, reason, wait_s))
        attempt = Attempt(route.provider.id, route.place, result, route.credential)
        if attempt not in self.attempt_log:
            self.attempt_log.append(attempt)

    def _note(self, route: AnyRoute, result: str) -> None:
        self.attempt_log.append(Attempt(route.provider.id, route.place, result, route.credential))

    def _rest_of(self, step: S, failure: Failure) -> list[S]:
        """The steps left to try after one has failed."""
        if failure.action is Action.RETRY and step not in self._to_retry:
            self._to_retry.append(step)
            return [step, *self.plan]
        if failure.action is Action.NEXT_CREDENTIAL:
            return list(self.plan)  # a token that rests is passed over
        same = _upstream(step.route)
        return [other for other in self.plan if _upstream(other.route) != same]

    def _most_telling(self) -> Failure:
        """The first failure that is more than an upstream being away."""
        if not self._failures:
            return self._all_open()
        failures = [failure for _, failure in self._failures]
        telling = (failure for failure in failures if not isinstance(failure, UpstreamUnavailable))
        return next(telling, failures[0])

    def _all_open(self) -> Failure:
        """The failure of a request that nothing was tried for."""
        attempt = next(iter(self.attempt_log), None)
        if attempt is None:
            return UpstreamUnavailable("There is no way to serve this request now.")
        breakers = [
            self.breakers.of(attempt.provider, attempt.upstream) for attempt in self.attempt_log
        ]
        wait_s = max(1.0, min(breaker.retry_in_s for breaker in breakers))
        return UpstreamUnavailable(
            f"{attempt.upstream} has failed several times in a row and is left alone for "
            f"{wait_s:.0f} s. Try again then, or name another model.",
            retry_after_s=wait_s,
        ).served_by(attempt.provider, 0)

    def _exhausted(self) -> Failure | None:
        """The failure that lists every credential, where those are all that stood in the way."""
        if not self._resting or not all(
            failure.lacks_token or isinstance(failure, RateLimited | CredentialRefused)
            for _, failure in self._failures
        ):
            return None
        if any(attempt.result == "circuit_open" for attempt in self.attempt_log):
            return None
        resting = sorted(self._resting.values(), key=lambda pair: credential_number(pair[0]))
        which = "; ".join(describe_rest(route, rest) for route, rest in resting)
        said, name = self._last_words(), resting[0][0].provider.name
        awake = [rest for _, rest in resting if rest.reason is not Reason.REFUSED]
        if not awake:
            refused = next((failure for route, failure in self._failures if route.token), None)
            return refused or CredentialRefused(
                f"{name} has refused every token that was sent: {which}.{said}"
            )
        kind = QuotaExhausted if all(r.reason is Reason.QUOTA for r in awake) else RateLimited
        wait_s = min(rest.until for rest in awake) - self.credentials.clock.time()
        return kind(
            f"No token can be used now: {which}.{said}", retry_after_s=max(1.0, wait_s)
        ).served_by(resting[0][0].provider.id, self.number)

    def _last_words(self) -> str:
        """The failure of the last attempt, and of doing without a token."""
        if not self._failures:
            return ""
        route, failure = self._failures[-1]
        which = "The last answer" if route.token else "Without a token"
        return f" {which}: {failure.message}"


def _upstream(route: AnyRoute) -> tuple[str, str]:
    return route.provider.id, route.place


def _cooldown(route: AnyRoute, token: Secret) -> _Cooldown:
    return route.provider.id, cooldown_place(route.provider, route.place), token
