"""OpenAI's own image models, asked for a stream so that their partial images can be shown.

Source: reference/wire-formats.md B3.
"""

from collections.abc import AsyncGenerator, Callable, Mapping, Sequence
from contextlib import aclosing
from dataclasses import dataclass, replace

from darkroom.blob import BytesBlob
from darkroom.deadline import Deadline
from darkroom.errors import (
    ContentRefused,
    CredentialRefused,
    Failure,
    JobFailed,
    JobLost,
    RateLimited,
)
from darkroom.events import Event, Finished, Preview
from darkroom.http import Http, UpstreamReply
from darkroom.job import ImageJob, Operation
from darkroom.json_reader import parse_json
from darkroom.json_writer import json_parts
from darkroom.multipart import form_parts, form_type
from darkroom.providers.api_client import MAX_ANSWER_BYTES, MAX_REFUSAL_BYTES, ApiClient
from darkroom.providers.error_mapping import UpstreamError
from darkroom.providers.openai_compatible import (
    OpenAIOptions,
    edit_fields,
    finished,
    open_api_client,
    payload_of,
)
from darkroom.providers.provider import Route
from darkroom.providers.response_images import as_object, no_picture, picture_of, whole_number
from darkroom.scrub import scrub
from darkroom.sse import EventTooLarge, ServerSentEvent, read_events

# An event is held in Python's memory, which never shrinks; a whole answer is not. What compresses
# worst, at 4 bytes a pixel and a third more for base64, is still within `sse.MAX_EVENT_BYTES`.
MAX_STREAMED_PIXELS = 2 * 1024 * 1024
# Errors inside a stream have no status of their own.
_STATUSES = {"insufficient_quota": 429, "rate_limit": 429, "invalid_api_key": 401}
_COUNTS = ("total_tokens", "input_tokens", "output_tokens")
_DETAILS = ("text_tokens", "image_tokens")


@dataclass(frozen=True, slots=True)
class OpenAI:
    """Runs a job at OpenAI. `new_boundary` draws what separates the parts of a form."""

    new_boundary: Callable[[], str]

    async def run(
        self, job: ImageJob, route: Route, http: Http, deadline: Deadline
    ) -> AsyncGenerator[Event]:
        """Ask for the picture and relay its partial images; see `Provider.run`."""
        options = OpenAIOptions(**route.provider.options)  # type: ignore[arg-type]
        if job.size.width * job.size.height > MAX_STREAMED_PIXELS:
            options = _unstreamed(options)
        exchange = open_api_client(route, options, http, deadline)
        with deadline.limit(exchange.limit_s, exchange.silent):
            reply = await self._open(job, route, options, exchange)
        try:
            if "event-stream" not in reply.headers.get("content-type", ""):
                yield await _whole(reply, job, route, exchange)
                return
            async with aclosing(_events(reply, exchange)) as events:
                async for event in events:
                    yield event
        finally:
            await reply.close()

    async def _open(
        self, job: ImageJob, route: Route, options: OpenAIOptions, exchange: ApiClient
    ) -> UpstreamReply:
        if job.operation is Operation.EDIT:
            boundary, path = self.new_boundary(), options.edits_path
            body = form_parts(await edit_fields(job, route, options), boundary)
            kind = form_type(boundary)
        else:
            path, kind = options.images_path, "application/json"
            body = json_parts(payload_of(job, route, options.body))
        address = route.address(str(path))
        return await exchange.open("POST", address, body=body, headers={"content-type": kind})


def _unstreamed(options: OpenAIOptions) -> OpenAIOptions:
    def without(template: Mapping[str, object]) -> dict[str, object]:
        kept = {**template}
        for name in ("stream", "partial_images"):
            kept.pop(name, None)
        return kept

    return replace(options, body=without(options.body), edit=without(options.edit))


async def _events(reply: UpstreamReply, exchange: ApiClient) -> AsyncGenerator[Event]:
    """The stream's partial images and its end; raises `JobLost` when it breaks off before."""
    name = exchange.name
    try:
        async with (
            aclosing(reply.chunks(idle_s=exchange.limit_s)) as chunks,
            aclosing(read_events(chunks)) as events,
        ):
            async for event in events:
                read = _read_event(event, exchange)
                if read is not None:
                    yield read
                if isinstance(read, Finished):
                    return
    except TimeoutError:
        raise JobLost(
            f"{name} took the job and then fell silent for {exchange.limit_s:.0f} s."
        ) from None
    except ConnectionError:
        raise JobLost(f"{name} took the job and broke off before the picture came.") from None
    except EventTooLarge:
        raise JobFailed(
            f"{name} sent a picture larger than Darkroom can hold. Ask for a smaller size."
        ) from None
    raise no_picture(name)


def _read_event(event: ServerSentEvent, exchange: ApiClient) -> Event | None:
    """Parse an event, be it of a generation or an edit; None for an unknown one."""
    try:
        data = as_object(parse_json(BytesBlob(event.data)))
    except ValueError:
        return None
    kind = str(data.get("type") or event.type)
    if data.get("error") or kind == "error":
        raise _failed(data, exchange)
    picture = picture_of(data.get("b64_json"))
    if kind.endswith(".partial_image"):
        return Preview(picture) if picture else None
    if not kind.endswith(".completed"):
        return None
    if picture is None:
        raise no_picture(exchange.name)
    revised = data.get("revised_prompt")
    return Finished(
        (picture,),
        revised_prompt=revised if isinstance(revised, str) and revised else None,
        usage=whole_usage(data.get("usage")),
    )


def _failed(data: Mapping[str, object], exchange: ApiClient) -> Failure:
    """A failure inside the stream: the work had begun, whatever kept it from its end."""
    refusal = UpstreamError(400, {}, data)
    status = next((status for word, status in _STATUSES.items() if word in refusal.codes), 400)
    failure = exchange.sort(replace(refusal, status=status), exchange.name)
    if isinstance(failure, ContentRefused | CredentialRefused | RateLimited):
        return failure
    said = scrub(refusal.says)
    return JobFailed(f"{exchange.name} failed: {said or 'it did not say why.'}")


async def _whole(
    reply: UpstreamReply, job: ImageJob, route: Route, exchange: ApiClient
) -> Finished:
    """The end of a job whose answer comes in one piece."""
    try:
        with exchange.deadline.limit(exchange.limit_s, exchange.silent):
            content = await reply.read_blob(MAX_ANSWER_BYTES)
    except ConnectionError:
        raise JobLost(
            f"{exchange.name} took the job and broke off in the middle of its answer."
        ) from None
    try:
        answer = parse_json(content)
    except ValueError:
        answer = content.head(MAX_REFUSAL_BYTES).decode("utf-8", "replace")
    if not isinstance(answer, Mapping):
        raise exchange.sort(UpstreamError(reply.status, reply.headers, answer), exchange.name)
    return replace(finished(answer, job, route), usage=whole_usage(answer.get("usage")))


def whole_usage(usage: object) -> Mapping[str, object] | None:
    """The usage, if all of it is there: SDKs demand whole numbers or nothing."""
    reported = as_object(usage)
    counts = _whole_numbers(reported, _COUNTS)
    details = _whole_numbers(reported.get("input_tokens_details"), _DETAILS)
    if not counts or not details:
        return None
    made = _whole_numbers(reported.get("output_tokens_details"), _DETAILS)
    return {
        **counts,
        "input_tokens_details": details,
        **({"output_tokens_details": made} if made else {}),
    }


def _whole_numbers(counts: object, names: Sequence[str]) -> Mapping[str, object]:
    """The numbers of these names, if all of them are there."""
    reported = as_object(counts)
    found = {name: whole_number(reported.get(name)) for name in names}
    return {} if None in found.values() else found
