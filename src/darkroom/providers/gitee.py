"""Gitee AI: in one request as OpenAI's, or as a task where that is the only way.

Source: reference/wire-formats.md B8.
"""

from collections.abc import AsyncGenerator, Callable, Mapping, Sequence
from contextlib import aclosing
from dataclasses import dataclass
from typing import Any

from darkroom.deadline import Deadline
from darkroom.errors import DeadlineExceeded, Failure, InvalidRequest, JobFailed, UpstreamRefused
from darkroom.events import Accepted, Event, Queued, Started
from darkroom.http import Http
from darkroom.job import ImageJob, Operation
from darkroom.providers.api_client import ANSWER_LIMIT_S, ApiClient
from darkroom.providers.error_mapping import UpstreamError
from darkroom.providers.openai_compatible import (
    OpenAICompatible,
    OpenAIOptions,
    edit_fields,
    finished,
    open_api_client,
    payload_of,
)
from darkroom.providers.provider import Route
from darkroom.providers.response_images import find_pictures
from darkroom.providers.task_polling import MAX_POLLS, poll, refused, task_failure
from darkroom.providers.task_status import TaskState
from darkroom.scrub import scrub


@dataclass(frozen=True, slots=True)
class Gitee:
    """Runs a job at Gitee AI; a row with `task = true` goes by its task routes."""

    new_boundary: Callable[[], str]
    poll_delays_s: Sequence[float]
    max_polls: int = MAX_POLLS

    async def run(
        self, job: ImageJob, route: Route, http: Http, deadline: Deadline
    ) -> AsyncGenerator[Event]:
        """Ask for the picture, or for a task that makes it; see `Provider.run`."""
        if not route.upstream.options.get("task"):
            whole = OpenAICompatible(self.new_boundary).run(job, route, http, deadline)
            async with aclosing(whole) as events:
                async for event in events:
                    yield event
            return
        options = _options(route)
        exchange = open_api_client(route, options, http, deadline).within(ANSWER_LIMIT_S)
        task = await self._submit(job, route, options, exchange)
        if not isinstance(task_id := task.get("task_id"), str):
            yield finished(_output(task), job, route)  # rarely the answer comes at once
            return
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
        address = exchange.task_address(route.base_url, "/task/", task_id)
        over = False
        try:
            yield Accepted({"task_id": task_id})
            yield Queued()
            polls = poll(
                lambda: exchange.get(address), exchange.name, exchange.deadline, self.poll_delays_s,
                status=lambda task: task.get("status"),
                has_pictures=lambda task: bool(find_pictures(_output(task))),
                max_polls=self.max_polls,
            )  # fmt: skip
            async with aclosing(polls) as states:
                async for state, task in states:
                    over = state in (TaskState.DONE, TaskState.FAILED, TaskState.REFUSED)
                    if state is TaskState.REFUSED:
                        raise refused(exchange.name, task)
                    if state is TaskState.FAILED:
                        raise _failed(task, exchange)
                    if state is TaskState.DONE:
                        yield finished(_output(task), job, route)
                        return
                    if state is TaskState.RUNNING:
                        yield Started()
        except Failure as failure:
            over = over or not isinstance(failure, DeadlineExceeded)
            raise task_failure(failure, exchange.name) from None
        finally:
            if not over:
                await exchange.cancel(address.child("cancel"))

    async def _submit(
        self, job: ImageJob, route: Route, options: OpenAIOptions, exchange: ApiClient
    ) -> Mapping[str, Any]:
        if job.operation is Operation.EDIT:
            fields = await edit_fields(job, route, options)
            address = route.address("/async/images/edits")
            task = await exchange.post_form(address, fields, self.new_boundary())
        else:
            payload = payload_of(job, route, options.body)
            task = await exchange.post(route.address("/async/images/generations"), payload)
        return task


def _options(route: Route) -> OpenAIOptions:
    return OpenAIOptions(**route.provider.options)  # type: ignore[arg-type]


def _failed(state: Mapping[str, Any], exchange: ApiClient) -> Failure:
    """The failure of a task that came to nothing."""
    failure = exchange.sort(UpstreamError(400, {}, state), exchange.name)
    if isinstance(failure, InvalidRequest | UpstreamRefused):
        said = scrub(UpstreamError(400, {}, state).says)
        return JobFailed(f"{exchange.name} failed: {said or 'no reason given'}")
    return failure


def _output(state: Mapping[str, Any]) -> Mapping[str, Any]:
    output = state.get("output")
    return output if isinstance(output, Mapping) else {}
