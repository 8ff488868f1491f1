"""The task runner: the state machine of one task, from submission to expiry.

It runs inside a Durable Object that an alarm wakes. The object may be evicted at any moment and is
then rebuilt from its record.
"""

import asyncio
from collections.abc import AsyncGenerator, Mapping, Sequence
from contextlib import suppress
from dataclasses import replace

from darkroom.blob import Blob
from darkroom.errors import Failure, InternalFailure
from darkroom.gateway import Gateway
from darkroom.http import Part
from darkroom.request_log import Log
from darkroom.stores.object_storage import ObjectStorage
from darkroom.stores.tasks import Status, Submission
from darkroom.stores.unavailable import StoreUnavailable
from darkroom.tasks.errors import TaskCancelled
from darkroom.tasks.events import TaskEvents
from darkroom.tasks.execute import Perform, TaskExecutor, answer_of
from darkroom.tasks.journal import TaskJournal, check_may_begin
from darkroom.tasks.record import Answer, Hook, Record, TaskSnapshot
from darkroom.tasks.shape import Describe
from darkroom.tasks.task_log import log_task
from darkroom.tasks.webhooks import MAX_RESULT_BYTES, deliver_webhook, pause_before_next_s
from darkroom.trace import Trace, frames_of

RECORD, REQUEST, RESULT = "record", "request", "result"
LEFTOVERS_S = 3600.0  # after which what a submission left that never came to an end is cleared away
RETRY_S = 30.0  # after a mistake of ours, or of the storage's
CANCEL_LIMIT_S = 10.0
EVENTS_DIALECT = "openai"  # in whose shape `/v1/tasks/` reports every task


class TaskRunner:
    """The state machine of one task.

    `perform` runs a request, `describe` words tasks by dialect. Everything here may be
    called at any time and side by side.
    """

    def __init__(
        self,
        storage: ObjectStorage,
        gateway: Gateway,
        perform: Perform,
        describe: Mapping[str, Describe],
        log: Log,
    ) -> None:
        self._storage = storage
        self._gateway = gateway
        self._describe = describe
        self._log = log
        self._events = TaskEvents(gateway.clock.time)
        self._carrier = TaskExecutor(
            gateway,
            perform,
            fetch=lambda: storage.fetch(REQUEST),
            on_dispatch=self._record_dispatch,
            observe=self._events.observe,
        )
        self._record: Record | None = None
        self._run: asyncio.Future[None] | None = None
        self._journal: TaskJournal | None = None
        self._over = asyncio.Event()
        self._creating = asyncio.Lock()
        self._noting = asyncio.Lock()

    async def store_request(self, contents: Sequence[Blob]) -> None:
        """Store the request's body and downloads, for a task that is still to be created."""
        async with self._creating:
            if await self._load() is None:
                await self._storage.set_alarm(self._now() + LEFTOVERS_S)
                await self._storage.keep(REQUEST, contents)

    async def create(self, submission: Submission) -> None:
        """Create the task whose request was stored, unless it is there already."""
        async with self._creating:
            record = await self._load()
            due = self._run is None and not self._over.is_set()
            await self._save(record or Record(submission), self._now() if due else None)

    async def read(self, wait_s: float = 0) -> TaskSnapshot | None:
        """Read the task, as soon as it is over or `wait_s` have passed."""
        record = await self._load()
        if record is None or self._is_forgotten(record):
            return None
        if not record.status.is_over:
            await self._stay_awake()
            if wait_s:
                with suppress(TimeoutError):
                    async with asyncio.timeout(wait_s):
                        await self._over.wait()
        record = self._record or record
        body = None
        if record.answer is not None and not record.answer.in_bucket:
            body = await self._fetch_result()
        progress = None if record.status.is_over else self._events.progress
        return TaskSnapshot(record, progress, body)

    async def follow(self, seen: int) -> AsyncGenerator[Part] | None:
        """The task's events from the one after `seen` on; None for a task not known."""
        record = await self._load()
        if record is None or self._is_forgotten(record):
            return None
        describe = self._describe[EVENTS_DIALECT]
        return self._events.stream(record, seen, self.read, self._fetch_result, describe)

    async def cancel(self) -> TaskSnapshot | None:
        """Cancel the task, unless it is over; a running job is cancelled upstream."""
        record = await self._load()
        if record is not None and not record.status.is_over:
            if self._run is not None:
                self._run.cancel()
            await self._end(Status.CANCELLED, _taken_back())
            if self._run is not None:
                await asyncio.wait({self._run}, timeout=CANCEL_LIMIT_S)
            else:
                self._tell(record, _taken_back(), self._now(), Trace())
            await self._storage.drop(RESULT)
        return await self.read()

    async def wake(self) -> None:
        """Do what is due: run the task, send its webhook, delete it. Raises nothing."""
        try:
            await self._proceed()
        except Exception as error:
            self._log({"error": "alarm", "traceback": frames_of(error)})
            self._record = None  # what is written down counts
            with suppress(StoreUnavailable):
                await self._storage.set_alarm(self._now() + RETRY_S)

    async def _proceed(self) -> None:
        record = await self._load()
        if record is None or self._is_forgotten(record):
            self._record = None
            await self._storage.erase()
            return
        if not record.status.is_over:
            if self._run is None or self._run.done():
                self._run = asyncio.ensure_future(self._run_to_end())
            await asyncio.wait({self._run})
            if not self._run.cancelled():
                self._run.result()  # raises what it raised
            record = self._record or record
        due = record.hook.next_at
        if due is not None and due <= self._now():
            record = await self._deliver_webhook(record)
        await self._storage.set_alarm(record.next_alarm or self._now())

    async def _run_to_end(self) -> None:
        record, began, trace = await self._load(), self._now(), Trace()
        if record is None or record.status.is_over:  # it was taken back a moment ago
            return
        try:
            if await self._is_done_already(record):
                return
            check_may_begin(record)
            starts, started_at = record.starts + 1, record.started_at or began
            record = replace(record, status=Status.RUNNING, starts=starts, started_at=started_at)
            await self._save(record)
            self._journal = TaskJournal.of(record, self._record_jobs)
            reply, parts = await self._carrier.run_to_end(record.submission, self._journal, trace)
            await self._complete(answer_of(reply, parts), parts)
            ended: Answer | Failure = answer_of(reply, parts)
        except StoreUnavailable:
            raise  # no request went out that was not recorded, so it may be begun again
        except asyncio.CancelledError:
            self._tell(record, _taken_back(), began, trace)
            raise
        except Exception as error:
            failure = (
                error
                if isinstance(error, Failure)
                else InternalFailure("Something went wrong inside Darkroom.")
            )
            if failure is not error:
                self._log({"error": "task", "traceback": frames_of(error)})
            await self._end(Status.FAILED, ended := failure)
        self._tell(record, ended, began, trace)

    async def _record_dispatch(self) -> None:
        async with self._noting:  # nobody goes out before it is written down
            record = await self._load()
            if record is None:
                raise StoreUnavailable("the record is not there")
            journal = self._journal
            known = journal is None or journal.is_written_in(record)
            if record.dispatched and (known or record.status.is_over):
                return  # if it is over by now, this takes back what was begun
            if not record.status.is_over:
                record = replace(record, dispatched=True)
                await self._save(journal.write(record) if journal else record)
                record = self._record or record
            if record.status.is_over:
                raise _taken_back()

    async def _record_jobs(self) -> None:
        """Write down what upstreams have taken; should that fail, the jobs go on all the same."""
        with suppress(StoreUnavailable):
            async with self._noting:
                record = await self._load()
                if record is not None and self._journal and not record.status.is_over:
                    await self._save(self._journal.write(record))

    async def _complete(self, answer: Answer, parts: Sequence[Part]) -> None:
        record = await self._load()
        if record is None or record.status.is_over:
            return
        # Should the object be gone before the end, the next one finds what was kept.
        await self._save(replace(record, pending=answer))
        in_bucket = await self._storage.keep(RESULT, parts)
        await self._end(Status.COMPLETED, answer=replace(answer, in_bucket=in_bucket))

    async def _is_done_already(self, record: Record) -> bool:
        """Whether the result was kept before the object was thrown away; then the task ends."""
        body = await self._storage.fetch(RESULT) if record.pending else None
        if record.pending is None or body is None:
            return False
        await self._complete(record.pending, [body])
        return True

    async def _end(
        self, status: Status, failure: Failure | None = None, answer: Answer | None = None
    ) -> None:
        record = self._record
        if record is None or record.status.is_over:
            return
        record = record.ended(status, self._now(), self._gateway.settings.task_lifetime_s)
        record = replace(record.failed(failure) if failure else record, answer=answer)
        await self._save(record, record.next_alarm)
        self._over.set()
        self._events.end()
        await self._storage.drop(REQUEST)

    async def _deliver_webhook(self, record: Record) -> Record:
        """Send the webhook once, and record when it is to be sent again."""
        answer, submission = record.answer, record.submission
        omitted = answer is not None and answer.size > MAX_RESULT_BYTES
        body = await self._storage.fetch(RESULT) if answer is not None and not omitted else None
        taken = await deliver_webhook(
            record.task(body),
            submission,
            self._describe[submission.dialect],
            self._gateway,
            omitted=omitted,
        )
        tries = record.hook.tries + 1
        pause_s = None if taken else pause_before_next_s(tries)
        hook = Hook(tries, None if pause_s is None else self._now() + pause_s)
        record = replace(record, hook=hook)
        await self._save(record)
        return record

    async def _stay_awake(self) -> None:
        """See to it that a task which is neither at work nor waiting for its turn has one."""
        at_work = self._run is not None and not self._run.done()
        if not at_work and await self._storage.alarm_at() is None:
            await self._storage.set_alarm(self._now())

    async def _fetch_result(self) -> Blob | None:
        return await self._storage.fetch(RESULT)

    async def _load(self) -> Record | None:
        if self._record is None:
            text = await self._storage.load(RECORD)
            if text is not None and self._record is None:
                self._record = Record.read(text)
                if self._record.status.is_over:
                    self._over.set()
        return self._record

    async def _save(self, record: Record, alarm_at: float | None = None) -> None:
        """Write the record down, and the next alarm with it; until then memory counts for all."""
        self._record = record
        try:
            if alarm_at is not None:
                await self._storage.set_alarm(alarm_at)
            await self._storage.save(RECORD, record.write())
        except StoreUnavailable:
            self._record = None  # what is written down counts
            raise

    def _is_forgotten(self, record: Record) -> bool:
        return record.expires_at is not None and record.expires_at <= self._now()

    def _now(self) -> float:
        return self._gateway.clock.time()

    def _tell(self, record: Record, end: Answer | Failure, began: float, trace: Trace) -> None:
        log_task(self._log, self._gateway, record, end, began=began, trace=trace)


def _taken_back() -> TaskCancelled:
    return TaskCancelled("The task was cancelled.")
