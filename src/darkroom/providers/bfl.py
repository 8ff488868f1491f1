"""Black Forest Labs: a task with a polling address of its own.

Source: reference/wire-formats.md B1.
"""

from collections.abc import AsyncGenerator, Mapping, Sequence
from contextlib import aclosing
from dataclasses import dataclass
from typing import Any

from darkroom.address import Address, AddressRefused, is_below, public_address
from darkroom.deadline import Deadline
from darkroom.errors import (
    ContentRefused,
    CredentialRefused,
    Failure,
    JobFailed,
    UpstreamBroken,
)
from darkroom.events import Accepted, Event, Finished, Picture, Preview, Progress, Queued
from darkroom.http import Http
from darkroom.job import ImageJob
from darkroom.json_writer import TextBlob
from darkroom.providers.api_client import ApiClient
from darkroom.providers.credential import credential_for
from darkroom.providers.error_mapping import UpstreamError, map_error
from darkroom.providers.openai_compatible import template_of
from darkroom.providers.provider import Route
from darkroom.providers.response_images import (
    as_object,
    no_picture,
    picture_of,
    plain_number,
    whole_number,
)
from darkroom.providers.task_polling import MAX_POLLS, forgotten, poll, task_failure
from darkroom.providers.task_status import TaskState, task_state
from darkroom.providers.template import fill_object
from darkroom.scrub import scrub

RESULT_LASTS_S = 600.0  # then its address is dead
_ENDS = ("Error", "Failed")
_OF_SIZE = ("width", "height", "aspect_ratio")


@dataclass(frozen=True, slots=True)
class BlackForestLabs:
    """Runs a job at Black Forest Labs, which has no way to take one back."""

    poll_delays_s: Sequence[float]
    max_polls: int = MAX_POLLS

    async def run(
        self, job: ImageJob, route: Route, http: Http, deadline: Deadline
    ) -> AsyncGenerator[Event]:
        """Make a task and ask after it; see `Provider.run`."""
        exchange = _client(route, http, deadline)
        path = route.address(f"/v1/{route.place_path()}")
        task = await exchange.post(path, await _payload(job, route))
        address = own_address(task.get("polling_url"), route)
        if address is None:
            raise UpstreamBroken(f"{exchange.name} answered without an address to ask at.")
        async with aclosing(self._follow(address, job, exchange)) as events:
            async for event in events:
                yield event

    async def resume(
        self,
        handle: Mapping[str, str],
        job: ImageJob,
        route: Route,
        http: Http,
        deadline: Deadline,
    ) -> AsyncGenerator[Event]:
        """Ask after a task by its address; see `ResumableProvider.resume`."""
        exchange = _client(route, http, deadline)
        address = own_address(handle.get("polling_url"), route)
        if address is None:
            raise forgotten(exchange.name)
        async with aclosing(self._follow(address, job, exchange)) as events:
            async for event in events:
                yield event

    async def _follow(
        self, address: Address, job: ImageJob, exchange: ApiClient
    ) -> AsyncGenerator[Event]:
        yield Accepted({"polling_url": str(address)})
        yield Queued()
        shown: object = None
        try:
            polls = poll(
                lambda: exchange.get(address), exchange.name, exchange.deadline, self.poll_delays_s,
                status=lambda task: task.get("status"),
                has_pictures=lambda task: _sample(task) is not None,
                max_polls=self.max_polls,
            )  # fmt: skip
            async with aclosing(polls) as tasks:
                async for stage, state in tasks:
                    if stage is TaskState.DONE:
                        yield _finished(state, job, exchange.name)
                        return
                    if stage in (TaskState.FAILED, TaskState.REFUSED):
                        raise _ended(state, exchange.name)
                    progress = plain_number(state.get("progress"))
                    if progress is not None:
                        yield Progress(fraction=min(1.0, max(0.0, float(progress))))
                    preview = _preview(state.get("preview"))
                    if preview is not None and state["preview"] != shown:
                        shown = state["preview"]
                        yield Preview(preview)
        except Failure as failure:
            raise task_failure(failure, exchange.name) from None


def own_address(url: object, route: Route) -> Address | None:
    """An address that may be asked with the key: at the provider's own domain or own host."""
    if not isinstance(url, str):
        return None
    try:
        address = public_address(url, allowed_origins=[*route.own_origins])
    except AddressRefused:
        return None
    own = address.origin in route.own_origins or is_below(address.origin, route.provider.domains)
    return address if own else None


def _client(route: Route, http: Http, deadline: Deadline) -> ApiClient:
    credential = credential_for(route.provider, route.token, header="x-key", scheme="")
    return ApiClient(route.provider.name, http, deadline, credential, sort=_sort)


async def _payload(job: ImageJob, route: Route) -> dict[str, object]:
    """The template, without a size where the source's own is to be kept, and the sources."""
    template = template_of(route, as_object(route.provider.options.get("body")))
    if job.images and not job.size_requested:
        template = {name: value for name, value in template.items() if name not in _OF_SIZE}
    payload = {"prompt": job.prompt, **fill_object(template, job)}
    name = str(route.upstream.options.get("source", "input_image"))
    for number, image in enumerate(job.images, 1):
        field = name if number == 1 else f"{name}_{number}"
        payload[field] = TextBlob(await image.to_base64())
    if job.mask is not None:
        payload["mask"] = TextBlob(await (await job.mask.to_black_and_white()).to_base64())
    return payload


def _sort(refusal: UpstreamError, name: str) -> Failure:
    """A terminal state may come with an error's status: the body is what counts."""
    body = refusal.body
    if isinstance(body, Mapping):
        state = task_state(body.get("status"))
        if state is TaskState.FORGOTTEN:
            return forgotten(name)
        if state is TaskState.REFUSED or body.get("status") in _ENDS:
            return _ended(body, name)
    if refusal.status == 403:
        return CredentialRefused(f"{name} does not accept the key.")
    return map_error(refusal, name)


def _ended(state: Mapping[str, Any], name: str) -> Failure:
    details = state.get("details")
    if task_state(state.get("status")) is TaskState.REFUSED:
        reasons = as_object(details).get("Moderation Reasons")
        why = f": {scrub(', '.join(map(str, reasons)))}" if isinstance(reasons, list) else ""
        what = (
            "prompt or its source"
            if "request" in str(state["status"]).lower()
            else "picture it made"
        )
        return ContentRefused(f"{name} refused the {what}{why}.")
    said = scrub(UpstreamError(200, {}, details).says)
    return JobFailed(f"{name} failed: {said}" if said else f"{name} failed and did not say why.")


def _finished(state: Mapping[str, Any], job: ImageJob, name: str) -> Finished:
    result = as_object(state.get("result"))
    picture = _sample(state)
    if picture is None:
        raise no_picture(name)
    seed = whole_number(result.get("seed"))
    return Finished((picture,), seed=job.seed if seed is None else seed)


def _sample(state: Mapping[str, Any]) -> Picture | None:
    return picture_of(as_object(state.get("result")).get("sample"), RESULT_LASTS_S)


def _preview(value: object) -> Picture | None:
    """A preview, which the facts describe by name alone: an address, a data URL or base64."""
    if isinstance(value, Mapping):
        value = next((item for item in value.values() if isinstance(item, str | TextBlob)), None)
    return picture_of(value, RESULT_LASTS_S)
