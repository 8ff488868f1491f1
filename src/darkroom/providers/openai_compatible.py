"""APIs in the shape of OpenAI's images: Gitee AI, A4F, SiliconFlow, any channel.

What differs between them stands in their rows: `body` is the template of a generation (see
`template.py`), `edit` that of an edit's form; the provider's options name its paths and how its
token travels.
"""

from collections.abc import AsyncGenerator, Callable, Mapping
from dataclasses import dataclass, field
from typing import Any

from darkroom.deadline import Deadline
from darkroom.errors import InvalidRequest
from darkroom.events import Event, Finished
from darkroom.http import Http
from darkroom.image import ImageFile, NotAnImage
from darkroom.job import ImageJob, Operation
from darkroom.json_writer import TextBlob
from darkroom.multipart import FormFile
from darkroom.providers.api_client import PAINTING_LIMIT_S, ApiClient
from darkroom.providers.credential import credential_for
from darkroom.providers.provider import Route
from darkroom.providers.response_images import find_pictures, no_picture, whole_number
from darkroom.providers.template import fill_object


@dataclass(frozen=True, slots=True)
class OpenAIOptions:
    """A provider's options: where it takes what, and how its token travels."""

    images_path: str = "/images/generations"
    edits_path: str | None = None
    token_header: str = "authorization"  # noqa: S105 - a header's name
    token_format: str = "Bearer "  # noqa: S105 - what stands before the token
    headers: Mapping[str, str] = field(default_factory=dict)
    body: Mapping[str, object] = field(default_factory=dict)
    edit: Mapping[str, object] = field(default_factory=dict)
    edit_image: str = "image"


@dataclass(frozen=True, slots=True)
class OpenAICompatible:
    """Runs a job in one request. `new_boundary` draws what separates the parts of a form."""

    new_boundary: Callable[[], str]

    async def run(
        self, job: ImageJob, route: Route, http: Http, deadline: Deadline
    ) -> AsyncGenerator[Event]:
        """Ask for the picture and wait for it; see `Provider.run`."""
        options = OpenAIOptions(**route.provider.options)  # type: ignore[arg-type]
        exchange = open_api_client(route, options, http, deadline)
        if job.operation is Operation.EDIT:
            answer = await self._edit(job, route, options, exchange)
        else:
            payload = payload_of(job, route, options.body)
            answer = await exchange.post(route.address(options.images_path), payload)
        yield finished(answer, job, route)

    async def _edit(
        self, job: ImageJob, route: Route, options: OpenAIOptions, exchange: ApiClient
    ) -> Any:
        """An edit's form where the provider has a route for it, else JSON with data URLs."""
        if options.edits_path is None:
            payload = payload_of(job, route, options.body)
            payload |= await source_fields(job, route)
            return await exchange.post(route.address(options.images_path), payload)
        fields = await edit_fields(job, route, options)
        address = route.address(options.edits_path)
        return await exchange.post_form(address, fields, self.new_boundary())


async def edit_fields(
    job: ImageJob, route: Route, options: OpenAIOptions
) -> list[tuple[str, str | FormFile]]:
    """The form of an edit: the row's `edit` template, the prompt, the sources, the mask.

    The mask is transparent where the first source may change, as OpenAI reads it, whichever way
    the caller said it.
    """
    template = {**options.edit, **_override(route, "edit")}
    fields: list[tuple[str, str | FormFile]] = [("model", route.place), ("prompt", job.prompt)]
    fields += [(name, _form_value(value)) for name, value in fill_object(template, job).items()]
    for number, image in enumerate(job.images, 1):
        fields.append((options.edit_image, await form_file(image, f"image-{number}")))
    if job.mask is not None:
        fields.append(("mask", FormFile("mask.png", await job.mask.to_alpha(), "image/png")))
    return fields


def open_api_client(
    route: Route, options: OpenAIOptions, http: Http, deadline: Deadline
) -> ApiClient:
    """The exchange with a route's provider, its token and its own headers included."""
    credential = credential_for(
        route.provider,
        route.token,
        header=options.token_header,
        scheme=options.token_format,
        fixed=options.headers,
    )
    return ApiClient(route.provider.name, http, deadline, credential, limit_s=PAINTING_LIMIT_S)


def payload_of(job: ImageJob, route: Route, template: Mapping[str, object]) -> dict[str, object]:
    """The body of a generation: the provider's template, as the model's row changes it.

    The row's `body` adds to the template, its `without` takes fields out.
    """
    filled = fill_object(template_of(route, template), job)
    return {"model": route.place, "prompt": job.prompt, **filled}


def template_of(route: Route, template: Mapping[str, object]) -> dict[str, object]:
    """A provider's template as the model's row changes it."""
    without = route.upstream.options.get("without", ())
    taken_out = without if isinstance(without, list) else ()
    kept = {name: value for name, value in template.items() if name not in taken_out}
    return {**kept, **_override(route, "body")}


async def source_fields(job: ImageJob, route: Route) -> dict[str, object]:
    """The sources as data URLs, in the fields that the row's `sources` names one by one.

    A single name takes one address for one picture, a list of them for several.
    """
    names = route.upstream.options.get("sources", ["image"])
    urls = [await data_url(image) for image in job.images]
    if not isinstance(names, list) or len(names) < 2:
        name = names[0] if isinstance(names, list) else str(names)
        return {str(name): urls[0] if len(urls) == 1 else urls}
    return dict(zip(map(str, names), urls, strict=False))


async def data_url(image: ImageFile) -> TextBlob:
    """A picture as a data URL whose text stays where it is."""
    return TextBlob(await image.to_base64(), f"data:{image.media_type};base64,")


async def form_file(image: ImageFile, name: str) -> FormFile:
    """A picture as a file of a form; raises `InvalidRequest` if it is none."""
    try:
        content = await image.to_bytes()
    except NotAnImage:
        raise InvalidRequest("image: the text is not base64.", param="image") from None
    return FormFile(f"{name}.{image.format}", content, image.media_type)


def finished(answer: Any, job: ImageJob, route: Route) -> Finished:
    """The end of a job by its answer; raises a `Failure` when that holds no picture."""
    pictures = find_pictures(answer)
    if not pictures:
        raise no_picture(route.provider.name)
    reported = answer if isinstance(answer, Mapping) else {}
    entries = reported.get("data")
    first = entries[0] if isinstance(entries, list) and entries else {}
    revised = first.get("revised_prompt") if isinstance(first, Mapping) else None
    seed = whole_number(reported.get("seed"))
    return Finished(
        tuple(pictures),
        seed=seed if seed is not None else (job.seed if route.model.seed else None),
        revised_prompt=revised if isinstance(revised, str) and revised else None,
    )


def _override(route: Route, name: str) -> Mapping[str, object]:
    value = route.upstream.options.get(name, {})
    return value if isinstance(value, Mapping) else {}


def _form_value(value: object) -> str:
    return str(value).lower() if isinstance(value, bool) else str(value)
