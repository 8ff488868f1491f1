"""Where a request is sent its way: carried out at once, in the background, or not a second time."""

from collections.abc import Awaitable, Callable, Mapping
from contextlib import suppress
from dataclasses import dataclass, replace

from darkroom.deadline import Deadline, out_of_time
from darkroom.dialects.context import Background
from darkroom.errors import Failure, InternalFailure, JobLost, UpstreamUnavailable
from darkroom.http import Reply
from darkroom.json_body import json_parts
from darkroom.stores.keys import Claim, ClaimState, KeyStore, Ticket
from darkroom.stores.tasks import Submission, Task
from darkroom.stores.unavailable import StoreUnavailable
from darkroom.tasks.failures import KeyInProgress, KeyReused, KeySpent, UnfitTogether
from darkroom.tasks.kept_request import credentials_of, plain_headers
from darkroom.tasks.keys import fingerprint, name_of_key
from darkroom.tasks.visit import Checked, Visit

POLL_AFTER_S = 2  # what callers are told to wait before they ask
LONGEST_WAIT_S = 25.0  # for one answer of a task's object
GRACE_S = 5.0  # a task's own failure for want of time is worth waiting for

Check = Callable[[], Awaitable[Checked]]
Paint = Callable[[], Awaitable[Reply]]


async def receive(visit: Visit, check: Check, paint: Paint) -> Reply:
    """Answer a request as it asks to be: at once by `paint`, or as a task of the background.

    `check` raises the `Failure` of a request that is wrong, before anything is kept. Idempotency
    keys are those of reference/wire-formats.md A4; a request that waits for its answer and brings
    one goes through a task too, so that the same answer can be given again. Raises `NoBackground`
    where a task was asked for and there can be none.
    """
    asked, background = visit.asked, visit.gateway.background
    if visit.gateway.observer is not None:
        return await paint()  # this is the background
    visit.check_webhook()
    lack = visit.lacks()
    if lack is not None and asked.asynchronous:
        raise lack
    if lack is not None:
        background = None
    scope = visit.scope if asked.key is not None else None
    if background is not None and background.keys is not None and asked.key and scope:
        name = name_of_key(asked.key, scope)
        return await _Desk(visit, background, check, paint).serve_once(background.keys, name)
    if background is not None and not visit.waits:
        reply = await _Desk(visit, background, check, paint).serve()
    else:
        reply = await paint()
    if asked.key is None:
        return reply
    why = "anonymous" if scope is None else "unavailable"
    return _with_headers(reply, {"idempotency-ignored": why})


@dataclass(frozen=True, slots=True)
class _Desk:
    """Serves one visit by the background."""

    visit: Visit
    background: Background
    check: Check
    paint: Paint

    async def serve(self) -> Reply:
        """Serve a caller who does not wait."""
        checked = await self._check()
        if checked.stream:
            return await self.paint()
        ticket = replace(self._new_ticket(), model=checked.model)
        await self._take_on(ticket)
        return self._accepted(ticket)

    async def serve_once(self, keys: KeyStore, name: str) -> Reply:
        """Serve a caller with a key: what came of the first request with it, if there was one."""
        mark = await fingerprint(self.visit.request, self.visit.body)
        try:
            claim = await keys.claim(name, mark, self._new_ticket())
        except StoreUnavailable:
            raise _unavailable("Idempotency keys") from None
        if claim.state is ClaimState.BUSY:
            claim = await self._look_for(claim)
        if claim.state is not ClaimState.FRESH:
            reply = await self._answer(_ticket_of(claim))
            return _with_headers(reply, {"idempotency-replayed": "true"})
        ticket = claim.ticket
        try:
            checked = await self._check()
        except BaseException:
            await _quietly(keys.release(name, ticket))
            raise
        ticket = replace(ticket, model=checked.model, streamed=checked.stream)
        if checked.stream:
            return await self._stream_once(keys, name, ticket)
        await self._take_on(ticket)  # should it fail, the claim stays: the task may be there
        await _quietly(keys.settle(name, ticket))
        return await self._answer(ticket)

    async def _look_for(self, claim: Claim) -> Claim:
        """The claim as it stands where its task was taken on already.

        Whoever took it on may have had no time to say so.
        """
        try:
            task = await self.background.store.read(claim.ticket.task_id)
        except StoreUnavailable:
            return claim
        if task is None:
            return claim
        return Claim(ClaimState.ANSWERED, replace(claim.ticket, model=task.model))

    async def _stream_once(self, keys: KeyStore, name: str, ticket: Ticket) -> Reply:
        await _quietly(keys.settle(name, ticket))
        try:
            return await self.paint()
        except Failure as failure:
            if not failure.dispatched:
                await _quietly(keys.release(name, ticket))
            raise

    async def _check(self) -> Checked:
        checked = await self.check()
        if checked.stream and self.visit.asked.asynchronous:
            raise UnfitTogether(
                "async: a task cannot be streamed. Leave out either async or stream.",
                param="async",
            )
        return checked

    async def _take_on(self, ticket: Ticket) -> None:
        """Hand the request over to an object of its own."""
        visit, sealer = self.visit, self.background.sealer
        request, settings = visit.request, visit.gateway.settings
        credentials = credentials_of(request)
        sealed = None
        if credentials is not None and sealer is not None:
            sealed = await sealer.seal(credentials, ticket.task_id)
        limit_s = settings.request_timeout_s if visit.waits else settings.task_timeout_s
        submission = Submission(
            id=ticket.task_id,
            dialect=visit.shape.dialect,
            model=ticket.model,
            created_at=ticket.created_at,
            timeout_s=min(limit_s, settings.task_timeout_s),
            method=request.method,
            url=request.url,
            body_size=visit.body.size,
            headers=plain_headers(request),
            sealed=sealed,
            webhook_url=visit.asked.webhook_url,
        )
        try:
            await self.background.store.create(submission, visit.body)
        except StoreUnavailable:
            try:  # the same task: should it be there already, nothing happens
                await self.background.store.create(submission, visit.body)
            except StoreUnavailable:
                raise _unavailable("Tasks") from None

    async def _answer(self, ticket: Ticket) -> Reply:
        """As the caller asks now: word of the task, or what came of it."""
        if ticket.streamed:
            raise KeySpent(
                "Idempotency-Key: the request was answered with a stream, which cannot be given "
                "again. Send another key to paint anew.",
                param="idempotency-key",
            )
        if not self.visit.waits:
            return self._accepted(ticket)
        task = await self._wait(ticket)
        if task.result is not None:
            headers = {**task.result.headers, "cache-control": "no-store"}
            return Reply(task.result.status, headers, [task.result.body])
        raise task.failure or InternalFailure("The task ended without a result.")

    async def _wait(self, ticket: Ticket) -> Task:
        deadline = Deadline(self.visit.deadline.at + GRACE_S, self.visit.gateway.clock)
        while True:
            wait_s = min(LONGEST_WAIT_S, deadline.remaining_s())
            try:
                task = await self.background.store.read(ticket.task_id, wait_s)
            except StoreUnavailable:
                raise _unavailable("Tasks") from None
            if task is None:
                raise JobLost("What became of this request is no longer known.")
            if task.status.is_over:
                return task
            if wait_s < LONGEST_WAIT_S:
                raise out_of_time()

    def _accepted(self, ticket: Ticket) -> Reply:
        shape = self.visit.shape
        task = Task(ticket.task_id, shape.dialect, ticket.model, ticket.created_at)
        headers = {
            "content-type": "application/json",
            "cache-control": "no-store",
            "location": shape.path_of(task),
            "retry-after": str(POLL_AFTER_S),
        }
        if self.visit.asked.preferred:
            headers["preference-applied"] = "respond-async"
        return Reply(202, headers, json_parts(shape.accepted(task)))

    def _new_ticket(self) -> Ticket:
        return Ticket(self.background.draw_id(), self.visit.gateway.clock.time())


def _ticket_of(claim: Claim) -> Ticket:
    """The ticket of a key that was answered; raises where the key must not be used now."""
    if claim.state is ClaimState.OTHER:
        raise KeyReused(
            "Idempotency-Key: it was sent with another request before. Each request needs a key "
            "of its own.",
            param="idempotency-key",
        )
    if claim.state is ClaimState.BUSY:
        raise KeyInProgress(
            "Idempotency-Key: the first request with it is being looked at. Try again in a moment.",
            param="idempotency-key",
            retry_after_s=1,
        )
    return claim.ticket


async def _quietly(telling: Awaitable[None]) -> None:
    """Tell the keys' store; should it not hear, the claim ends by itself."""
    with suppress(StoreUnavailable):
        await telling


def _unavailable(what: str) -> UpstreamUnavailable:
    return UpstreamUnavailable(f"{what} cannot be kept or read now. Try again.")


def _with_headers(reply: Reply, headers: Mapping[str, str]) -> Reply:
    return replace(reply, headers={**reply.headers, **headers})
