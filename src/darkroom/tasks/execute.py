"""Runs the stored request of a task as if its caller were waiting."""

from collections.abc import Awaitable, Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Protocol

from darkroom.blob import Blob
from darkroom.context import Observer
from darkroom.engine.journal import Journal
from darkroom.errors import InternalFailure
from darkroom.gateway import Gateway
from darkroom.http import Part, Reply, Request, parts_of
from darkroom.image import ImageFile
from darkroom.stores.sealing import SealBroken
from darkroom.stores.tasks import Submission
from darkroom.tasks.dispatch_recording import DispatchRecordingHttp
from darkroom.tasks.errors import NoBackground
from darkroom.tasks.journal import seeds_of
from darkroom.tasks.record import Answer
from darkroom.tasks.stored_request import rebuild_request, split_contents
from darkroom.trace import Trace

# Headers that belong to one response and not to the result that is stored and replayed.
_RESPONSE_HEADERS = ("cache-control", "content-length", "date", "vary")


class Perform(Protocol):
    """Answers a stored request, see `app.perform`."""

    def __call__(
        self,
        request: Request,
        gateway: Gateway,
        *,
        task_id: str,
        timeout_s: float,
        observer: Observer,
        downloads: Mapping[str, ImageFile],
        trace: Trace,
    ) -> Awaitable[Reply]:
        """Raise the failures that a waiting caller would get."""
        ...


@dataclass(frozen=True, slots=True)
class TaskExecutor:
    """Runs one stored request.

    `fetch` gives its contents, `on_dispatch` is awaited before an upstream may begin, `observe` is
    called with each event.
    """

    gateway: Gateway
    perform: Perform
    fetch: Callable[[], Awaitable[Blob | None]]
    on_dispatch: Callable[[], Awaitable[None]]
    observe: Observer

    async def run_to_end(
        self, submission: Submission, journal: Journal, trace: Trace
    ) -> tuple[Reply, Sequence[Part]]:
        """The very same answer that a caller who waits would be given, and its whole body.

        Jobs that the journal knows are followed on instead of begun. Raises the same failures.
        """
        gateway = self.gateway
        with gateway.memory.owned_by(gateway.memory.new_owner(background=True)):
            content = await self.fetch()
            if content is None:
                raise InternalFailure("The request of this task was not kept.")
            body, downloads = split_contents(submission, content)
            request = rebuild_request(submission, await self._open(submission), body)
            background = replace(
                gateway,
                engine=replace(
                    gateway.engine,
                    http=DispatchRecordingHttp(gateway.engine.http, self.on_dispatch),
                    journal=journal,
                ),
                draw_seed=seeds_of(submission.id),
            )
            reply = await self.perform(
                request,
                background,
                task_id=submission.id,
                timeout_s=submission.timeout_s,
                observer=self.observe,
                downloads=downloads,
                trace=trace,
            )
            return reply, await parts_of(reply.body)

    async def _open(self, submission: Submission) -> str | None:
        """The caller's credentials."""
        if submission.sealed is None:
            return None
        background = self.gateway.background
        try:
            if background is not None and background.sealer is not None:
                return await background.sealer.open(submission.sealed, submission.id)
        except SealBroken:
            pass
        raise NoBackground(
            "TASK_SECRET was changed after this task was submitted, so that its credential cannot "
            "be read. Submit it again."
        )


def answer_of(reply: Reply, parts: Sequence[Part]) -> Answer:
    """The stored form of a reply, without headers that belong to one response alone."""
    headers = {
        name: value for name, value in reply.headers.items() if name not in _RESPONSE_HEADERS
    }
    size = sum(len(part) if isinstance(part, bytes) else part.size for part in parts)
    return Answer(reply.status, headers, size)
