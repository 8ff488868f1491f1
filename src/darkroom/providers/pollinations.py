"""Pollinations: without a token at its old hosts, with one at its new host alone.

Source: reference/wire-formats.md B10.
"""

import re
from collections.abc import AsyncGenerator
from dataclasses import dataclass
from urllib.parse import quote, urlencode

from darkroom.address import Address, AddressRefused, address_below
from darkroom.deadline import Deadline
from darkroom.errors import CredentialRefused, Failure, InvalidRequest, JobFailed, RateLimited
from darkroom.events import Event, Finished, Picture
from darkroom.http import Http
from darkroom.image import ImageFile
from darkroom.image_header import FORMAT_BYTES, image_format
from darkroom.job import ImageJob
from darkroom.providers.api_client import MAX_WORDS_BYTES, PAINTING_LIMIT_S, ApiClient
from darkroom.providers.error_mapping import (
    UpstreamError,
    advise_token,
    map_error,
    mark_keyless,
    queue_full,
    read_text,
)
from darkroom.providers.openai_compatible import (
    OpenAIOptions,
    finished,
    open_api_client,
    payload_of,
    source_fields,
)
from darkroom.providers.provider import Route
from darkroom.providers.response_images import as_object, no_picture
from darkroom.providers.template import fill_object

MAX_ADDRESS_CHARS = 6000  # a prompt travels in the address, and longer ones break on the way
# The old hosts let an address ask every 5 s or so.
KEYLESS_REST_S = 5.0
_NOTICE = re.compile(r"deprecat|being (?:moved|migrated|sunset)|important notice", re.IGNORECASE)


@dataclass(frozen=True, slots=True)
class Pollinations:
    """Runs a job at Pollinations."""

    async def run(
        self, job: ImageJob, route: Route, http: Http, deadline: Deadline
    ) -> AsyncGenerator[Event]:
        """Ask for the picture and wait for it; see `Provider.run`."""
        if route.token is None:
            try:
                yield await _without_token(job, route, http, deadline)
            except Failure as failure:
                mark_keyless(failure)
                advise_token(failure, route.provider)
                raise
            return
        known = {key: value for key, value in route.provider.options.items() if key != "keyless"}
        options = OpenAIOptions(**known)  # type: ignore[arg-type]
        exchange = open_api_client(route, options, http, deadline)
        payload = payload_of(job, route, options.body)
        if job.images:
            payload |= await source_fields(job, route)
        answer = await exchange.post(route.address(options.images_path), payload)
        yield finished(answer, job, route)


async def _without_token(job: ImageJob, route: Route, http: Http, deadline: Deadline) -> Finished:
    """By the old image host, which sends the picture itself."""
    exchange = ApiClient(
        route.provider.name, http, deadline, sort=_sort_keyless, limit_s=PAINTING_LIMIT_S
    )
    reply, content = await exchange.ask("GET", _address(job, route), headers={"accept": "image/*"})
    if image_format(content.head(FORMAT_BYTES)) is None:
        said = UpstreamError(reply.status, reply.headers, read_text(content.head(MAX_WORDS_BYTES)))
        raise _sort_keyless(said, exchange.name)
    return Finished((Picture(file=ImageFile(data=content)),), seed=job.seed)


def _address(job: ImageJob, route: Route) -> Address:
    """The address of the picture; raises `InvalidRequest` for what no address can hold."""
    name = route.provider.name
    if job.images:
        raise InvalidRequest(
            f"image: {name} edits pictures only for those who send a token.", param="image"
        )
    query = fill_object(as_object(route.provider.options.get("keyless")), job)
    words = urlencode({"model": route.place, **{key: _word(value) for key, value in query.items()}})
    prompt = quote(job.prompt, safe="", errors="replace")
    base_url, path = route.provider.urls["image"], f"/prompt/{prompt}?{words}"
    length = len(base_url + path)
    if length > MAX_ADDRESS_CHARS:
        raise InvalidRequest(
            f"prompt: {name} takes it in an address where no token is sent, and that would have "
            f"{length} characters. {MAX_ADDRESS_CHARS} are the most: shorten the prompt, or "
            "send a token.",
            param="prompt",
        )
    try:
        return address_below(base_url, path)
    except AddressRefused:  # dots alone
        raise InvalidRequest(
            f"prompt: say what the picture should show; {name} takes no prompt of dots alone.",
            param="prompt",
        ) from None


def _sort_keyless(refusal: UpstreamError, name: str) -> Failure:
    """Map an old host's error: no token is to blame, and a notice is no picture."""
    status = refusal.status
    if _NOTICE.search(refusal.says):
        return JobFailed(
            f"{name} sent a notice in the place of a picture: what it does without a token is "
            "being wound down. Send a token, or name another model.",
            code="upstream_notice",
        )
    if status in (401, 403):
        return CredentialRefused(
            f"{name} no longer paints this without a token. Send one, or name another model."
        )
    if full := queue_full(refusal, name):
        return full
    if status in (402, 429):
        return RateLimited(
            f"{name} is getting too many requests without a token from this gateway. Try again in "
            "a moment, or send a token.",
            retry_after_s=refusal.retry_after_s or KEYLESS_REST_S,
        )
    if status < 300 and not refusal.is_page:
        return no_picture(name, refusal.says)
    return map_error(refusal, name)


def _word(value: object) -> str:
    return str(value).lower() if isinstance(value, bool) else str(value)
