"""Hugging Face's Inference Providers: the picture comes as the answer's body.

Source: reference/wire-formats.md B11.
"""

from collections.abc import AsyncGenerator
from dataclasses import dataclass

from darkroom.deadline import Deadline
from darkroom.events import Event, Finished, Picture
from darkroom.http import Http
from darkroom.job import ImageJob
from darkroom.json_writer import TextBlob
from darkroom.providers.api_client import PAINTING_LIMIT_S, ApiClient
from darkroom.providers.credential import credential_for
from darkroom.providers.error_mapping import map_generation_error
from darkroom.providers.openai_compatible import template_of
from darkroom.providers.provider import Route
from darkroom.providers.response_images import as_object
from darkroom.providers.template import fill_object


@dataclass(frozen=True, slots=True)
class HuggingFaceInference:
    """Runs a job by the router."""

    async def run(
        self, job: ImageJob, route: Route, http: Http, deadline: Deadline
    ) -> AsyncGenerator[Event]:
        """Ask for the picture and wait for it; see `Provider.run`."""
        exchange = ApiClient(
            route.provider.name,
            http,
            deadline,
            credential_for(route.provider, route.token),
            sort=map_generation_error,
            limit_s=PAINTING_LIMIT_S,
        )
        template = template_of(route, as_object(route.provider.options.get("body")))
        parameters = fill_object(template, job)
        payload: dict[str, object] = {"inputs": job.prompt, "parameters": parameters}
        if job.images:
            parameters["prompt"] = job.prompt
            payload["inputs"] = TextBlob(await job.images[0].to_base64())
        address = route.address(f"/hf-inference/models/{route.place_path()}")
        _, file = await exchange.ask_image("POST", address, payload, {"accept": "image/png"})
        yield Finished((Picture(file=file),), seed=job.seed)
