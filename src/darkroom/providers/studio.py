"""A Z-Image studio server of the operator's own: the picture comes as the answer's body.

Source: reference/studio-api.md 1.1.
"""

from collections.abc import AsyncGenerator
from dataclasses import dataclass

from darkroom.deadline import Deadline
from darkroom.events import Event, Finished, Picture
from darkroom.http import Http
from darkroom.job import ImageJob
from darkroom.providers.answers import as_object, whole_number
from darkroom.providers.exchange import PAINTING_LIMIT_S, Exchange
from darkroom.providers.failures import sort_painting
from darkroom.providers.openai_compatible import template_of
from darkroom.providers.provider import Route
from darkroom.providers.template import fill_object


@dataclass(frozen=True, slots=True)
class Studio:
    """Runs a job at a studio server."""

    async def run(
        self, job: ImageJob, route: Route, http: Http, deadline: Deadline
    ) -> AsyncGenerator[Event]:
        """Ask for the picture and wait for it; see `Provider.run`."""
        token = route.token
        headers = {"authorization": f"Bearer {token.reveal()}"} if token else {}
        exchange = Exchange(
            route.provider.name,
            http,
            deadline,
            headers,
            sort=sort_painting,
            limit_s=PAINTING_LIMIT_S,
        )
        template = template_of(route, as_object(route.provider.options.get("body")))
        payload = {"prompt": job.prompt, **fill_object(template, job)}
        address = f"{route.provider.base_url}/api/generate"
        reply, file = await exchange.ask_image("POST", address, payload, {})
        # "random" stands for 0 too, which is a seed like any other.
        seed = whole_number(reply.headers.get("x-seed"))
        yield Finished((Picture(file=file),), seed=job.seed if seed is None else seed)
