"""An AUTOMATIC1111 server of the operator's own, with live progress and previews.

Source: reference/wire-formats.md B5.
"""

import asyncio
import base64
from collections.abc import AsyncGenerator, Mapping
from dataclasses import dataclass
from typing import Any

from darkroom.address import Credential
from darkroom.deadline import Deadline
from darkroom.errors import (
    DeadlineExceeded,
    Failure,
    JobFailed,
    JobLost,
    UpstreamBroken,
    UpstreamSilent,
    UpstreamUnavailable,
)
from darkroom.events import Event, Finished
from darkroom.http import Http
from darkroom.job import ImageJob
from darkroom.json_reader import parse_json_bytes
from darkroom.json_writer import TextBlob
from darkroom.providers.api_client import ANSWER_LIMIT_S, ApiClient
from darkroom.providers.credential import credential_for
from darkroom.providers.error_mapping import map_generation_error
from darkroom.providers.openai_compatible import template_of
from darkroom.providers.progress_polling import Watch, done_within, let_go, meanwhile
from darkroom.providers.provider import Route
from darkroom.providers.response_images import as_object, find_pictures, no_picture, whole_number
from darkroom.providers.task_polling import lost
from darkroom.providers.template import fill_object
from darkroom.scrub import scrub
from darkroom.settings import Secret

# Each look is a sub-request, of which a Worker has few: their pauses grow, to 36 looks in 300 s.
PAUSE_GROWTH = 1.1


@dataclass(frozen=True, slots=True)
class Automatic1111:
    """Runs a job at an AUTOMATIC1111 server, which paints one after the other.

    Its progress is the server's and not the job's, and an interrupt ends whatever it is painting:
    where others paint there too, both may be theirs. `watch_s` is the first pause between two
    looks.
    """

    watch_s: float

    async def run(
        self, job: ImageJob, route: Route, http: Http, deadline: Deadline
    ) -> AsyncGenerator[Event]:
        """Ask for the picture and watch it being painted; see `Provider.run`."""
        exchange = ApiClient(
            route.provider.name, http, deadline, _credential(route), sort=map_generation_error,
            limit_s=deadline.remaining_s(),
        )  # fmt: skip
        look = exchange.within(ANSWER_LIMIT_S)
        address = route.address(f"/sdapi/v1/{'img2img' if job.images else 'txt2img'}")
        progress = route.address("/sdapi/v1/progress")
        painting = asyncio.ensure_future(exchange.post(address, await _payload(job, route)))
        watch, pause_s, goes_on = Watch(), self.watch_s, True
        try:
            while not await done_within(painting, pause_s):
                pause_s *= PAUSE_GROWTH
                for event in watch.read(await meanwhile(painting, look.get(progress))):
                    yield event
            answer = await _answer(painting, watch, exchange.name)
            goes_on = False
            yield _finished(answer, job, route)
        except Failure as failure:
            goes_on = isinstance(failure, DeadlineExceeded | UpstreamSilent | JobLost)
            raise
        finally:
            await let_go(painting)
            if goes_on:
                await exchange.cancel(route.address("/sdapi/v1/interrupt"))


async def _answer(
    painting: asyncio.Future[dict[str, Any]], watch: Watch, name: str
) -> Mapping[str, Any]:
    """The answer; a server that was seen at work and then is not there has lost the job."""
    try:
        return await painting
    except (UpstreamUnavailable, UpstreamBroken) as failure:
        if failure.dispatched or not watch.is_at_work:
            raise
        raise lost(name, failure) from None


async def _payload(job: ImageJob, route: Route) -> dict[str, object]:
    """The provider's `body`, with `edit` for a source and `mask` for its mask."""
    options = route.provider.options
    template = template_of(route, as_object(options.get("body")))
    payload: dict[str, object] = {"prompt": job.prompt, **fill_object(template, job)}
    if job.images:
        payload |= fill_object(as_object(options.get("edit")), job)
        payload["init_images"] = [TextBlob(await image.to_base64()) for image in job.images]
    if job.mask is not None:
        payload |= as_object(options.get("mask"))
        payload["mask"] = TextBlob(await (await job.mask.to_alpha()).to_base64())
    return payload


def _credential(route: Route) -> Credential | None:
    """Basic, as the server knows nothing else: `user:password`, or a password alone."""
    if route.token is None:
        return None
    token = route.token.reveal()
    pair = token if ":" in token else f"darkroom:{token}"
    basic = Secret(base64.b64encode(pair.encode()).decode())
    return credential_for(route.provider, basic, scheme="Basic ")


def _finished(answer: Mapping[str, Any], job: ImageJob, route: Route) -> Finished:
    """The end of a job; raises `JobFailed` without a picture, or with another checkpoint's."""
    name, info = route.provider.name, _read_info(answer.get("info"))
    pictures = find_pictures({"images": answer.get("images")})
    if not pictures:
        raise no_picture(name)
    wanted = as_object(as_object(route.upstream.options.get("body")).get("override_settings"))
    requested, used = _stem(wanted.get("sd_model_checkpoint")), _stem(info.get("sd_model_name"))
    if requested and used and requested != used:  # it passes over in silence what it does not have
        raise JobFailed(
            f"{name} has no checkpoint {requested} and painted with {scrub(used)} instead. "
            f"Install it there, or name the model {route.provider.model_prefix}/default.",
            code="checkpoint_missing",
        )
    seed = whole_number(info.get("seed"))
    return Finished(tuple(pictures), seed=job.seed if seed is None else seed)


def _read_info(text: object) -> Mapping[str, Any]:
    """Parse `info`, which is a text of JSON."""
    try:
        return as_object(parse_json_bytes(text.encode())) if isinstance(text, str) else {}
    except ValueError:  # not JSON, or not even text that can be written
        return {}


def _stem(checkpoint: object) -> str:
    """A checkpoint's name without its ending."""
    return checkpoint.removesuffix(".safetensors") if isinstance(checkpoint, str) else ""
