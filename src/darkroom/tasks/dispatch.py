"""Runs a request now, enqueues it as a task, or replays the response under its idempotency key."""

from collections.abc import Awaitable, Mapping
from contextlib import suppress
from dataclasses import dataclass, replace

from darkroom.context import Handler, Job, Painting, ReadPainting, RequestContext
from darkroom.deadline import Deadline, out_of_time
from darkroom.errors import Failure, InternalFailure, JobLost, UpstreamUnavailable
from darkroom.gateway import Background
from darkroom.http import Reply
from darkroom.json_writer import json_parts
from darkroom.limits.reservation import reserve, run_reserved, settle
from darkroom.stores.budget import Kind
from darkroom.stores.idempotency import Claim, ClaimState, KeyStore, Ticket
from darkroom.stores.tasks import Submission, Task
from darkroom.stores.unavailable import StoreUnavailable
from darkroom.tasks.errors import KeyInProgress, KeyReused, StreamNotReplayable, UnfitTogether
from darkroom.tasks.following import follow_task
from darkroom.tasks.idempotency import fingerprint, name_of_key
from darkroom.tasks.requirements import check_webhook, missing_requirement
from darkroom.tasks.shape import TaskShape
from darkroom.tasks.stored_request import credentials_of, plain_headers

POLL_AFTER_S = 2  # the Retry-After of a task that is not over
LONGEST_WAIT_S = 25.0  # for one answer of a task's object
GRACE_S = 5.0  # a task's own failure for want of time is worth waiting for


async def run_or_enqueue(context: RequestContext, read: ReadPainting, shape: TaskShape) -> Reply:
    """Run a painting request now, enqueue it as a task, or replay the response under its key.

    Idempotency keys are those of reference/wire-formats.md A4; a request that waits for its answer
    and brings one is run as a task too, so that the same response can be replayed. Raises
    `NoBackground` where a task was asked for and there can be none.
    """
    _ = context.caller  # raises for callers without access before the body is read
    painting = await read(context)
    if context.task_id is not None:  # this is the background
        return await run_reserved(context, await painting.build(), context.task_id, Kind.TASK)
    options, background = painting.options, context.gateway.background
    check_webhook(context, options)
    missing = missing_requirement(context, options)
    if missing is not None and options.asynchronous:
        raise missing
    if missing is not None:
        background = None
    key = options.idempotency_key
    owner = context.credential_key if key is not None else None
    if background is not None and background.keys is not None and key and owner:
        dispatcher = _Dispatcher(context, painting, shape, background)
        return await dispatcher.run_once(background.keys, name_of_key(key, owner))
    if background is not None and not options.waits:
        reply = await _Dispatcher(context, painting, shape, background).enqueue()
    else:
        reply = await run_reserved(context, await painting.build(), context.id)
    if key is None:
        return reply
    why = "anonymous" if owner is None else "unavailable"
    return _with_headers(reply, {"idempotency-ignored": why})


def with_tasks(read: ReadPainting, shape: TaskShape) -> Handler:
    """The handler of a painting endpoint, with idempotency keys and background tasks."""

    async def handle(context: RequestContext) -> Reply:
        return await run_or_enqueue(context, read, shape)

    return handle


@dataclass(frozen=True, slots=True)
class _Dispatcher:
    """Hands one request over to a task."""

    context: RequestContext
    painting: Painting
    shape: TaskShape
    background: Background

    async def enqueue(self) -> Reply:
        """Answer a caller who does not wait: 202, or the stream where one was asked for."""
        job = await self._build()
        if job.stream and not self.painting.options.asynchronous:
            return await run_reserved(self.context, job, self.context.id)
        ticket = replace(self._new_ticket(), model=job.model)
        await self._reserve(ticket, job)
        await self._create_task(ticket)
        return await self._follow(ticket) if job.stream else self._accepted(ticket)

    async def run_once(self, keys: KeyStore, name: str) -> Reply:
        """Answer a caller with a key: run the first request with it, replay its response after."""
        mark = await fingerprint(self.context.request, await self.context.read_body())
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
            job = await self._build()
            is_task = not job.stream or self.painting.options.asynchronous
            if is_task:
                await self._reserve(ticket, job)
        except BaseException:
            await _quietly(keys.release(name, ticket))
            raise
        ticket = replace(ticket, model=job.model, streamed=job.stream)
        if not is_task:
            return await self._stream_once(job, keys, name, ticket)
        # Should it fail, the claim stays: the task may be there.
        await self._create_task(ticket)
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

    async def _stream_once(self, job: Job, keys: KeyStore, name: str, ticket: Ticket) -> Reply:
        await _quietly(keys.settle(name, ticket))
        try:
            return await run_reserved(self.context, job, self.context.id)
        except Failure as failure:
            if not failure.dispatched:
                await _quietly(keys.release(name, ticket))
            raise

    async def _build(self) -> Job:
        job = await self.painting.build()
        if job.stream and self.painting.options.asynchronous and not self.painting.followable:
            spelling = self.painting.options.spelling
            raise UnfitTogether(
                f"{spelling}: here a task cannot be streamed. Leave out {spelling} or stream.",
                param=spelling,
            )
        return job

    async def _reserve(self, ticket: Ticket, job: Job) -> None:
        """Take a place for a task, or a job where its caller waits, until the task is over."""
        kind = Kind.JOB if self.painting.options.waits else Kind.TASK
        await reserve(self.context, ticket.task_id, job.pictures, kind)

    async def _create_task(self, ticket: Ticket) -> None:
        """Hand the request over to a Durable Object of its own, with what was downloaded for it."""
        context, options, sealer = self.context, self.painting.options, self.background.sealer
        request, settings = context.request, context.gateway.settings
        credentials = credentials_of(request)
        sealed = None
        if credentials is not None and sealer is not None:
            sealed = await sealer.seal(credentials, ticket.task_id)
        limit_s = settings.request_timeout_s if options.waits else settings.task_timeout_s
        body = await context.read_body()
        downloads = {url: await file.to_bytes() for url, file in context.downloads.items()}
        submission = Submission(
            id=ticket.task_id,
            dialect=self.shape.dialect,
            model=ticket.model,
            created_at=ticket.created_at,
            timeout_s=min(limit_s, settings.task_timeout_s),
            method=request.method,
            url=request.url,
            body_size=body.size,
            headers=plain_headers(request),
            sealed=sealed,
            webhook_url=options.webhook_url,
            downloads={url: content.size for url, content in downloads.items()},
        )
        contents = [body, *downloads.values()]
        try:
            await self.background.store.create(submission, contents)
        except StoreUnavailable:
            try:  # the same task: should it be there already, nothing happens
                await self.background.store.create(submission, contents)
            except StoreUnavailable:
                await settle(context, ticket.task_id)  # should it be there, it takes a new place
                raise _unavailable("Tasks") from None

    async def _answer(self, ticket: Ticket) -> Reply:
        """As the caller asks now: word of the task, or what came of it."""
        if ticket.streamed and self.painting.options.asynchronous:
            return await self._follow(ticket)
        if ticket.streamed:
            raise StreamNotReplayable(
                "Idempotency-Key: the request was answered with a stream, which cannot be given "
                "again. Send another key to paint anew.",
                param="idempotency-key",
            )
        if not self.painting.options.waits:
            return self._accepted(ticket)
        task = await self._wait(ticket)
        if task.result is not None:
            headers = {**task.result.headers, "cache-control": "no-store"}
            return Reply(task.result.status, headers, [task.result.body])
        raise task.failure or InternalFailure("The task ended without a result.")

    async def _wait(self, ticket: Ticket) -> Task:
        deadline = Deadline(self.context.deadline.at + GRACE_S, self.context.gateway.clock)
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

    async def _follow(self, ticket: Ticket) -> Reply:
        """The events of a task; should they not be had now, word of it."""
        headers = {"location": self.shape.path_of(self._task(ticket))}
        with suppress(StoreUnavailable, Failure):
            reply = await follow_task(self.context, ticket.task_id, headers=headers)
            if reply is not None:
                return reply
        return self._accepted(ticket)

    def _task(self, ticket: Ticket) -> Task:
        return Task(ticket.task_id, self.shape.dialect, ticket.model, ticket.created_at)

    def _accepted(self, ticket: Ticket) -> Reply:
        shape, task = self.shape, self._task(ticket)
        headers = {
            "content-type": "application/json",
            "cache-control": "no-store",
            "location": shape.path_of(task),
            "retry-after": str(POLL_AFTER_S),
        }
        if self.painting.options.preferred:
            headers["preference-applied"] = "respond-async"
        return Reply(202, headers, json_parts(shape.accepted(task)))

    def _new_ticket(self) -> Ticket:
        return Ticket(self.background.draw_id(), self.context.gateway.clock.time())


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
