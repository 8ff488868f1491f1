"""Qwen's image models at Alibaba's DashScope: in one request, or as a task.

Source: reference/wire-formats.md B4.
"""

import re
from collections.abc import AsyncGenerator, Mapping, Sequence
from contextlib import aclosing
from dataclasses import dataclass
from typing import Any

from darkroom.deadline import Deadline
from darkroom.errors import (
    ContentRefused,
    CredentialRefused,
    Failure,
    JobFailed,
    QuotaExhausted,
    RateLimited,
    UpstreamBroken,
)
from darkroom.events import Accepted, Event, Finished, Picture, Queued, Started
from darkroom.http import Http
from darkroom.job import ImageJob
from darkroom.providers.api_client import PAINTING_LIMIT_S, ApiClient
from darkroom.providers.credential import credential_for
from darkroom.providers.error_mapping import UpstreamError, map_error, queue_full
from darkroom.providers.openai_compatible import data_url, template_of
from darkroom.providers.provider import Route
from darkroom.providers.response_images import as_object, as_objects, no_picture, picture_of
from darkroom.providers.task_polling import MAX_POLLS, forgotten, poll, refused, task_failure
from darkroom.providers.task_status import TaskState
from darkroom.providers.template import fill_object
from darkroom.scrub import scrub

SYNC_PATH = "/api/v1/services/aigc/multimodal-generation/generation"
TASK_PATH = "/api/v1/services/aigc/text2image/image-synthesis"
RESULT_LASTS_S = 24 * 3600.0

_QUOTA = re.compile(r"AllocationQuota|Arrearage|FreeTier|insufficient", re.IGNORECASE)
# What a code would have for a status, where it comes inside a 200 or a task.
_STATUSES = {
    "Throttling": 429, "InternalError": 500, "ServiceUnavailable": 503, "RequestTimeOut": 504,
}  # fmt: skip


@dataclass(frozen=True, slots=True)
class Qwen:
    """Runs a job at DashScope; a row with `task = true` goes by its task routes."""

    poll_delays_s: Sequence[float]
    max_polls: int = MAX_POLLS

    async def run(
        self, job: ImageJob, route: Route, http: Http, deadline: Deadline
    ) -> AsyncGenerator[Event]:
        """Ask for the picture, or for a task that makes it; see `Provider.run`."""
        exchange = _client(route, http, deadline)
        template = template_of(route, as_object(route.provider.options.get("body")))
        if job.images and not job.size_requested:
            template.pop("size", None)
        parameters = fill_object(template, job)
        if route.upstream.options.get("task"):
            task_id = await _submit(job, route, exchange, parameters)
            async with aclosing(self._follow(task_id, job, route, exchange)) as events:
                async for event in events:
                    yield event
            return
        content: list[object] = [{"image": await data_url(image)} for image in job.images]
        payload = {
            "model": route.place,
            "input": {"messages": [{"role": "user", "content": [*content, {"text": job.prompt}]}]},
            "parameters": parameters,
        }
        whole = exchange.within(PAINTING_LIMIT_S)
        answer = _checked(await whole.post(route.address(SYNC_PATH), payload), exchange)
        yield _finished(answer, job, exchange)

    def resume(
        self,
        handle: Mapping[str, str],
        job: ImageJob,
        route: Route,
        http: Http,
        deadline: Deadline,
    ) -> AsyncGenerator[Event]:
        """Ask after a task by its id; see `ResumableProvider.resume`."""
        return self._follow(handle["task_id"], job, route, _client(route, http, deadline))

    async def _follow(
        self, task_id: str, job: ImageJob, route: Route, exchange: ApiClient
    ) -> AsyncGenerator[Event]:
        address = exchange.task_address(route.base_url, "/api/v1/tasks/", task_id)

        async def ask() -> Mapping[str, Any]:
            return _checked(await exchange.get(address), exchange)

        waiting, started = True, False
        try:
            yield Accepted({"task_id": task_id})
            yield Queued()
            polls = poll(
                ask, exchange.name, exchange.deadline, self.poll_delays_s,
                status=_status, has_pictures=lambda task: bool(_pictures(task)),
                max_polls=self.max_polls,
            )  # fmt: skip
            async with aclosing(polls) as states:
                async for state, task in states:
                    waiting = state is TaskState.WAITING
                    if state is TaskState.DONE:
                        yield _finished(task, job, exchange)
                        return
                    if state is TaskState.REFUSED:
                        raise refused(exchange.name, task.get("output"))
                    if state is TaskState.FAILED or _is_forgotten(task):
                        raise _ended(as_object(task.get("output")), exchange)
                    if state is TaskState.RUNNING and not started:
                        started = True
                        yield Started()
        except Failure as failure:
            raise task_failure(failure, exchange.name) from None
        finally:
            if waiting:  # what runs cannot be taken back
                await exchange.cancel(address.child("cancel"))


async def _submit(
    job: ImageJob, route: Route, exchange: ApiClient, parameters: Mapping[str, object]
) -> str:
    """Make a task; returns its id. Here the negative prompt stands by the prompt."""
    words = {"prompt": job.prompt, "negative_prompt": parameters.get("negative_prompt")}
    payload = {
        "model": route.place,
        "input": {name: value for name, value in words.items() if value is not None},
        "parameters": {
            name: value for name, value in parameters.items() if name != "negative_prompt"
        },
    }
    asynchronous = {"x-dashscope-async": "enable"}
    answer = await exchange.post(route.address(TASK_PATH), payload, asynchronous)
    task_id = as_object(_checked(answer, exchange).get("output")).get("task_id")
    if not isinstance(task_id, str):
        raise UpstreamBroken(f"{exchange.name} answered without a task.")
    return task_id


def _client(route: Route, http: Http, deadline: Deadline) -> ApiClient:
    credential = credential_for(route.provider, route.token)
    return ApiClient(route.provider.name, http, deadline, credential, sort=_sort)


def _finished(answer: Mapping[str, Any], job: ImageJob, exchange: ApiClient) -> Finished:
    """The pictures of a message or of a task, of which some may have failed."""
    output = as_object(answer.get("output"))
    results, parts = as_objects(output.get("results")), _parts(output)
    pictures = _pictures(answer)
    if not pictures:
        if failed := next((result for result in results if result.get("code")), None):
            raise _ended(failed, exchange)
        words = [part["text"] for part in parts if isinstance(part.get("text"), str)]
        raise no_picture(exchange.name, " ".join(words))
    revised = next((result.get("actual_prompt") for result in results if result.get("url")), None)
    return Finished(
        pictures, seed=job.seed, revised_prompt=revised if isinstance(revised, str) else None
    )


def _pictures(answer: Mapping[str, Any]) -> tuple[Picture, ...]:
    output = as_object(answer.get("output"))
    addresses = [each.get("url") for each in as_objects(output.get("results"))]
    addresses += [part.get("image") for part in _parts(output)]
    found = [picture_of(address, RESULT_LASTS_S) for address in addresses]
    return tuple(picture for picture in found if picture is not None)


def _parts(output: Mapping[str, Any]) -> list[Mapping[str, Any]]:
    """The parts of the messages that a model answered with."""
    return [
        part
        for choice in as_objects(output.get("choices"))
        for part in as_objects(as_object(choice.get("message")).get("content"))
    ]


def _status(task: Mapping[str, Any]) -> object:
    return as_object(task.get("output")).get("task_status")


def _is_forgotten(task: Mapping[str, Any]) -> bool:
    """Whether the API no longer knows a task, which is a status of its own here."""
    return _status(task) == "UNKNOWN"


def _checked(answer: Mapping[str, Any], exchange: ApiClient) -> Mapping[str, Any]:
    """An answer that is no error: those come inside a 200 at times."""
    if answer.get("code") and not answer.get("output"):
        raise exchange.sort(UpstreamError(_status_of(answer), {}, answer), exchange.name)
    return answer


def _status_of(body: Mapping[str, Any]) -> int:
    code = str(body.get("code") or "")
    return next((status for word, status in _STATUSES.items() if code.startswith(word)), 400)


def _sort(refusal: UpstreamError, name: str) -> Failure:
    """By DashScope's own codes, which say more than its statuses."""
    code = str(as_object(refusal.body).get("code") or "")
    reported = f": {scrub(refusal.says)}" if refusal.says else "."
    wait_s = refusal.retry_after_s
    if full := queue_full(refusal, name):
        return full
    if _QUOTA.search(code):
        return QuotaExhausted(
            f"The allowance of this key at {name} is used up{reported}", retry_after_s=wait_s
        )
    if code.startswith("Throttling"):
        return RateLimited(f"{name} is getting too many requests{reported}", retry_after_s=wait_s)
    if code.startswith(("DataInspection", "IPInfringement")):
        return ContentRefused(f"{name} refused the prompt or its picture{reported}")
    if code == "InvalidApiKey" or "AccessDenied" in code:
        return CredentialRefused(f"{name} does not accept the key{reported}")
    return map_error(refusal, name)


def _ended(output: Mapping[str, Any], exchange: ApiClient) -> Failure:
    """Why a task, or one of its results, came to no picture."""
    if output.get("task_status") == "UNKNOWN":
        return forgotten(exchange.name)
    failure = exchange.sort(UpstreamError(_status_of(output), {}, output), exchange.name)
    if isinstance(failure, ContentRefused | QuotaExhausted):
        return failure
    said = scrub(UpstreamError(400, {}, output).says or str(output.get("code") or ""))
    what = "cancelled the job" if output.get("task_status") == "CANCELED" else "failed"
    return JobFailed(f"{exchange.name} {what}: {said or 'it did not say why.'}")
