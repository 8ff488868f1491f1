"""ModelScope: a task that is polled until it is done.

Source: reference/image-providers.md 4.3, reference/wire-formats.md B9.
"""

from collections.abc import AsyncGenerator, Mapping, Sequence
from contextlib import aclosing
from dataclasses import dataclass
from typing import Any

from darkroom.deadline import Deadline
from darkroom.errors import Failure, InvalidRequest, JobFailed, UpstreamBroken, UpstreamRefused
from darkroom.events import Accepted, Event, Queued, Started
from darkroom.http import Http
from darkroom.job import ImageJob
from darkroom.providers.api_client import ANSWER_LIMIT_S, ApiClient
from darkroom.providers.error_mapping import UpstreamError
from darkroom.providers.openai_compatible import (
    OpenAIOptions,
    finished,
    open_api_client,
    payload_of,
    source_fields,
)
from darkroom.providers.provider import Route
from darkroom.providers.response_images import find_pictures
from darkroom.providers.task_polling import MAX_POLLS, poll, refused, task_failure
from darkroom.providers.task_status import TaskState
from darkroom.scrub import scrub


@dataclass(frozen=True, slots=True)
class ModelScope:
    """Runs a job at ModelScope, which has no way to take one back."""

    poll_delays_s: Sequence[float]
    max_polls: int = MAX_POLLS

    async def run(
        self, job: ImageJob, route: Route, http: Http, deadline: Deadline
    ) -> AsyncGenerator[Event]:
        """Make a task and ask after it; see `Provider.run`."""
        options = _options(route)
        exchange = open_api_client(route, options, http, deadline).within(ANSWER_LIMIT_S)
        payload = payload_of(job, route, options.body)
        if job.images:
            payload |= await source_fields(job, route)
        generations = route.address("/images/generations")
        task = await exchange.post(generations, payload, {"x-modelscope-async-mode": "true"})
        if find_pictures(task):
            yield finished(task, job, route)  # done at once, as without the header
            return
        task_id = task.get("task_id")
        if not isinstance(task_id, str):
            raise UpstreamBroken(f"{exchange.name} answered without a task.")
        async with aclosing(self._follow(task_id, job, route, exchange)) as events:
            async for event in events:
                yield event

    def resume(
        self,
        handle: Mapping[str, str],
        job: ImageJob,
        route: Route,
        http: Http,
        deadline: Deadline,
    ) -> AsyncGenerator[Event]:
        """Ask after a task by its id; see `ResumableProvider.resume`."""
        exchange = open_api_client(route, _options(route), http, deadline).within(ANSWER_LIMIT_S)
        return self._follow(handle["task_id"], job, route, exchange)

    async def _follow(
        self, task_id: str, job: ImageJob, route: Route, exchange: ApiClient
    ) -> AsyncGenerator[Event]:
        address = exchange.task_address(route.base_url, "/tasks/", task_id)
        yield Accepted({"task_id": task_id})
        yield Queued()

        async def ask() -> Any:
            kind = {"x-modelscope-task-type": "image_generation"}
            return await exchange.get(address, kind)

        try:
            polls = poll(
                ask, exchange.name, exchange.deadline, self.poll_delays_s,
                status=lambda task: task.get("task_status"),
                has_pictures=lambda task: bool(find_pictures(task)),
                max_polls=self.max_polls,
            )  # fmt: skip
            async with aclosing(polls) as states:
                async for state, answer in states:
                    if state is TaskState.DONE:
                        yield finished(answer, job, route)
                        return
                    if state is TaskState.REFUSED:
                        raise refused(exchange.name, answer)
                    if state is TaskState.FAILED:
                        raise _failed(answer, exchange)
                    if state is not TaskState.WAITING:
                        yield Started()
        except Failure as failure:
            raise task_failure(failure, exchange.name) from None


def _options(route: Route) -> OpenAIOptions:
    return OpenAIOptions(**route.provider.options)  # type: ignore[arg-type]


def _failed(state: Mapping[str, Any], exchange: ApiClient) -> Failure:
    """The failure of a task, whose reason stands in one of several places."""
    reason = next(
        (state[name] for name in ("task_msg", "error_msg", "error_message") if state.get(name)),
        state,
    )
    failure = exchange.sort(UpstreamError(400, {}, reason), exchange.name)
    if not isinstance(failure, InvalidRequest | UpstreamRefused):
        return failure
    said = UpstreamError(400, {}, reason).says
    return JobFailed(f"{exchange.name} failed: {scrub(said) or 'no reason given'}")
