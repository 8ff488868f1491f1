"""A request that was put away, carried out as if its caller were waiting."""

from collections.abc import AsyncIterator, Awaitable, Callable, Sequence
from dataclasses import dataclass, replace

from darkroom.blob import Blob
from darkroom.dialects.context import Gateway, Observer
from darkroom.errors import InternalFailure
from darkroom.http import Part, Reply, Request
from darkroom.stores.sealing import SealBroken
from darkroom.stores.tasks import Submission
from darkroom.tasks.failures import NoBackground
from darkroom.tasks.guard import DispatchGuard
from darkroom.tasks.kept_request import rebuild_request
from darkroom.tasks.record import Answer

# Of the answer's headers those that say something about the work.
_RESULT_HEADERS = ("content-type", "server-timing")

Perform = Callable[[Request, Gateway], Awaitable[Reply]]


@dataclass(frozen=True, slots=True)
class Carrier:
    """Carries one request out.

    `fetch` gives its body, `note` is awaited before an upstream may begin, `observe` is told what
    happens.
    """

    gateway: Gateway
    perform: Perform
    fetch: Callable[[], Awaitable[Blob | None]]
    note: Callable[[], Awaitable[None]]
    observe: Observer

    async def carry_out(self, submission: Submission) -> tuple[Reply, Sequence[Part]]:
        """The very same answer that a caller who waits would be given, and its whole body.

        Raises the same failures.
        """
        gateway = self.gateway
        with gateway.memory.owned_by(gateway.memory.new_owner(background=True)):
            body = await self.fetch()
            if body is None:
                raise InternalFailure("The request of this task was not kept.")
            request = rebuild_request(submission, await self._open(submission), body)
            background = replace(
                gateway,
                settings=replace(gateway.settings, request_timeout_s=submission.timeout_s),
                engine=replace(gateway.engine, http=DispatchGuard(gateway.engine.http, self.note)),
                observer=self.observe,
            )
            reply = await self.perform(request, background)
            if isinstance(reply.body, AsyncIterator):
                return reply, [part async for part in reply.body]
            return reply, reply.body

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
    """What is written down of an answer and its body, with those headers that are kept."""
    headers = {
        name: value
        for name, value in reply.headers.items()
        if name in _RESULT_HEADERS or name.startswith("x-darkroom-")
    }
    size = sum(len(part) if isinstance(part, bytes) else part.size for part in parts)
    return Answer(reply.status, headers, size)
