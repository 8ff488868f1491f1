"""Cloudflare's models: those that Workers AI hosts, and its unified catalog.

Source: reference/cloudflare-ai.md.
"""

from collections.abc import AsyncGenerator, Callable, Mapping
from dataclasses import dataclass
from typing import Any

from darkroom.ai_binding import FREE_BINDING
from darkroom.blob import Blob
from darkroom.catalog.sizes import shrunk
from darkroom.deadline import Deadline
from darkroom.errors import Failure, InvalidRequest
from darkroom.events import Event, Finished, Picture
from darkroom.http import Http, Part
from darkroom.image import ImageFile
from darkroom.image_header import FORMAT_BYTES, image_format
from darkroom.job import ImageJob, Size
from darkroom.json_reader import parse_json
from darkroom.json_writer import TextBlob, json_parts
from darkroom.multipart import FormFile, form_parts, form_type
from darkroom.providers.api_client import MAX_REFUSAL_BYTES
from darkroom.providers.cloudflare_client import CloudflareClient
from darkroom.providers.error_mapping import UpstreamError, read_text
from darkroom.providers.openai_compatible import data_url, form_file
from darkroom.providers.provider import Route
from darkroom.providers.response_images import as_object, find_pictures, no_picture
from darkroom.providers.template import fill_object
from darkroom.stores.conversion import Converter
from darkroom.stores.neurons import NeuronAllowance
from darkroom.stores.unavailable import StoreUnavailable

JSON = "application/json"
MAX_MASK_BYTES = 512 * 1024  # each of them is a number in Python's memory


@dataclass(frozen=True, slots=True)
class Cloudflare:
    """Runs a job in one request.

    `allowance` counts what callers without a gateway key have painted by the binding; `converter`
    scales pictures down for models that take small ones alone. `new_boundary` draws what separates
    the parts of a form.
    """

    client: CloudflareClient
    allowance: NeuronAllowance | None
    converter: Converter | None
    new_boundary: Callable[[], str]

    async def run(
        self, job: ImageJob, route: Route, http: Http, deadline: Deadline
    ) -> AsyncGenerator[Event]:
        """Ask for the picture and wait for it; see `Provider.run`."""
        price = route.model.neurons
        if route.token != FREE_BINDING or self.allowance is None or price is None:
            yield await self._paint(job, route, http, deadline)
            return
        taken = await self.allowance.take(price.of(job), deadline.remaining_s())
        try:
            yield await self._paint(job, route, http, deadline)
        except Failure as failure:
            if not failure.dispatched:
                await self.allowance.give_back(taken)
            raise

    async def _paint(self, job: ImageJob, route: Route, http: Http, deadline: Deadline) -> Finished:
        unified = bool(route.upstream.options.get("unified"))
        # Its own name may be written as it is: the row's, or checked by the catalog.
        path = "/ai/run" if unified else f"/ai/run/{route.place}"
        exchange, address, headers = self.client.open(
            route, path, http, deadline, fails_when_busy=route.has_next
        )
        by_rest = exchange.credential is not None
        content_type, body = await self._input(job, route, by_rest=by_rest)
        reply, content = await exchange.ask(
            "POST", address, body=body, headers={"content-type": content_type, **headers}
        )
        if image_format(content.head(FORMAT_BYTES)) is not None:
            pictures = [Picture(file=ImageFile(data=content))]
        else:
            answer = _read(content)
            if not isinstance(answer, Mapping) or answer.get("errors"):
                text = read_text(content.head(MAX_REFUSAL_BYTES))
                raise exchange.sort(UpstreamError(reply.status, reply.headers, text), exchange.name)
            pictures = find_pictures(answer)
        if not pictures:
            raise no_picture(exchange.name)
        return Finished(tuple(pictures), seed=job.seed if route.model.seed else None)

    async def _input(self, job: ImageJob, route: Route, *, by_rest: bool) -> tuple[str, list[Part]]:
        """The media type and the body of a request.

        By REST an option stands in a JSON body, and a model of the unified catalog beside its
        input; a form has no place for either.
        """
        options = route.upstream.options
        filled = {"prompt": job.prompt, **fill_object(as_object(options.get("body")), job)}
        images = [await self._fitting(image, route) for image in job.images]
        if options.get("form"):
            boundary = self.new_boundary()
            fields: list[tuple[str, str | FormFile]] = [
                (name, str(value)) for name, value in filled.items()
            ]
            for number, image in enumerate(images):
                file = await form_file(image, f"image-{number}")
                fields.append((f"input_image_{number}", file))
            return form_type(boundary), form_parts(fields, boundary)
        filled |= await _sources(job, images, options)
        busy = {"options": {"rejectIfBusy": True}} if route.has_next else {}
        if not by_rest:
            return JSON, json_parts(filled)
        if options.get("unified"):
            return JSON, json_parts({"model": route.place, "input": filled, **busy})
        return JSON, json_parts({**filled, **busy})

    async def _fitting(self, image: ImageFile, route: Route) -> ImageFile:
        """The picture, scaled down where the model takes smaller ones alone."""
        most, size = route.model.max_source_side, image.dimensions
        if most is None or size is None or max(size) <= most:
            return image
        wanted = f"image: {route.model.id} takes pictures of up to {most} pixels a side"
        if self.converter is None:
            raise InvalidRequest(
                f"{wanted}, and this gateway has nothing to scale them with. Send it smaller.",
                param="image",
            )
        try:
            content = await self.converter.convert(
                await image.to_bytes(), "png", None, shrunk(Size(*size), most)
            )
        except StoreUnavailable:
            raise InvalidRequest(
                f"{wanted}, and this one could not be scaled down. Send it smaller.", param="image"
            ) from None
        return ImageFile(data=content)


async def _sources(
    job: ImageJob, images: list[ImageFile], options: Mapping[str, object]
) -> dict[str, object]:
    """The fields of the sources and the mask.

    Hosted models take the first source as base64 and the mask's file as a list of its bytes; those
    of the unified catalog take data URLs, one in the field `source` or all in `sources`.
    """
    if options.get("needs_mask") and job.mask is None:
        raise InvalidRequest(
            "mask: this model paints where a mask lets it; send one.",
            param="mask",
            code="missing_required_parameter",
        )
    if not images:
        return {}
    if name := options.get("sources"):
        return {str(name): [await data_url(image) for image in images]}
    if name := options.get("source"):
        return {str(name): await data_url(images[0])}
    fields: dict[str, object] = {"image_b64": TextBlob(await images[0].to_base64())}
    if job.mask is not None:
        mask = await job.mask.to_black_and_white()
        if mask.size > MAX_MASK_BYTES:
            raise InvalidRequest(
                f"mask: {MAX_MASK_BYTES // 1024} KiB are the most for this model; paint it with "
                "flat areas.",
                param="mask",
            )
        fields["mask"] = list(mask.head(mask.size))
    return fields


def _read(content: Blob) -> Any:
    try:
        return parse_json(content)
    except ValueError:
        return None
