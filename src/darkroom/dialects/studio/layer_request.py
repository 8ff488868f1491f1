"""Request bodies and image requests of decomposing and editing layers (studio-api.md 8)."""

from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import Annotated, Any, TypeVar

from pydantic import BaseModel, ConfigDict, Field

from darkroom.catalog.parameters import RequestedParameters, ResolvedParameters
from darkroom.context import RequestContext
from darkroom.dialects.studio.errors import DIALECT, problem
from darkroom.dialects.studio.generate_request import Painter, Seed, bounded
from darkroom.dialects.studio.parse import Text, read_body, read_document, respell
from darkroom.errors import InvalidRequest
from darkroom.field_types import NO_BOOLEAN
from darkroom.generation.default_models import models_for
from darkroom.generation.input_images import Source, entries_of, is_nothing, read_source
from darkroom.generation.request import Delivery, ImageRequest, build_request
from darkroom.image import ImageFile
from darkroom.job import Operation, Size
from darkroom.json_writer import TextBlob
from darkroom.validation_error import Unprocessable

Body = TypeVar("Body", bound=BaseModel)
MAX_SOURCES = 16
# Other names of fields, of the original's documentation (reference/studio-api.md 12).
LAYERS = {"num_layers": "layer_num"}
LAYER = {"image": "layer_image"}
PICTURE = "A data URL, base64 or an https address."
# What the routes call the fields of a job.
SPELLINGS = {"guidance_scale": "cfg_scale"}
CHOSEN = ("seed", "steps", "guidance_scale", "layer_num", "resolution")
_LEFT_OUT = "…"  # stands for a picture while the other fields are read
Picture = str | dict[str, Any]
Steps = Annotated[int, Field(description="Denoising steps.", ge=1, le=100), NO_BOOLEAN]


class _LayerBody(BaseModel):
    model_config = ConfigDict(defer_build=True, protected_namespaces=())

    model: Painter = None
    seed: Seed = None


class DecomposeBody(_LayerBody):
    """A picture to take apart."""

    image: Annotated[Picture, Field(description=PICTURE)]
    prompt: Annotated[Text, Field(description="What it shows; empty has the model say it.")]
    layer_num: Annotated[
        int, Field(description="How many layers; also `num_layers`.", ge=1, le=10), NO_BOOLEAN
    ] = 3
    resolution: Annotated[
        int,
        Field(description="640 or 1024: the side of a square with the layers' area."),
        NO_BOOLEAN,
    ] = 1024
    steps: Steps = 30
    cfg_scale: Annotated[float, bounded("Guidance.", 1, 10), NO_BOOLEAN] = 4.0
    shift: Annotated[float | None, Field(description="Has no effect."), NO_BOOLEAN] = None


class EditLayerBody(_LayerBody):
    """A layer, and the instruction that changes it."""

    layer_image: Annotated[Picture, Field(description=f"{PICTURE} Also `image`.")]
    instruction: Annotated[Text, Field(description="What is to change.", min_length=1)]
    steps: Steps = 40
    cfg_scale: Annotated[float, bounded("Guidance.", 1, 10), NO_BOOLEAN] = 4.0


class EditMultiBody(_LayerBody):
    """Several pictures, and the instruction that makes one of them."""

    images: Annotated[
        list[Picture], Field(description=f"Two or more. {PICTURE}", max_length=MAX_SOURCES)
    ]
    instruction: Annotated[Text, Field(description="What is to become of them.", min_length=1)]
    steps: Steps = 40
    cfg_scale: Annotated[float, bounded("Guidance.", 1, 10), NO_BOOLEAN] = 4.0


def read_with_pictures(
    schema: type[Body], document: Mapping[str, Any], field: str, field_aliases: Mapping[str, str]
) -> tuple[Body, tuple[Source, ...]]:
    """Validate a body and the pictures in one of its fields, which stay outside Python's heap.

    `field_aliases` are the caller's own names of fields. Raises `Unprocessable`.
    """
    given = document.get(field)
    read = {name: value for name, value in document.items() if name != field}
    if not is_nothing(given):
        read[field] = _left_out(given)
    body = read_body(schema, read, field_aliases)
    entries = entries_of(given)
    return body, tuple(_source(entry, field_aliases.get(field, field)) for entry in entries)


def _left_out(value: object) -> object:
    if isinstance(value, list):
        return [_left_out(entry) for entry in value]
    return _LEFT_OUT if isinstance(value, str | TextBlob) else value


def _source(value: object, field: str) -> Source:
    try:
        return read_source(value, field)
    except InvalidRequest as failure:
        words = failure.message.partition(": ")[2] or failure.message
        raise Unprocessable.of([problem("value_error", [field], words, None)]) from None


@dataclass(frozen=True, slots=True)
class LayerRequest:
    """A request about layers; `field_aliases` are the caller's own names of renamed fields."""

    context: RequestContext
    document: dict[str, Any]
    field_aliases: Mapping[str, str]

    def spelling(self, name: str) -> str:
        """The caller's own name of a field."""
        return self.field_aliases.get(name, name)


async def read_layer_request(
    context: RequestContext, spellings: Mapping[str, str] | None = None
) -> LayerRequest:
    """Read a request's body; `spellings` maps other names of fields to ours."""
    document, field_aliases = respell(read_document(await context.read_body()), spellings or {})
    return LayerRequest(context, document, field_aliases)


def decomposition_request(
    request: LayerRequest, body: DecomposeBody, image: ImageFile
) -> ImageRequest:
    """Build the image request for a picture's layers, all as PNG."""
    history_fields = {"model_type": "qwenimage", "resolution": body.resolution}
    options = {"layer_num": body.layer_num, "resolution": body.resolution}
    return _image_request(
        request,
        body,
        operation=Operation.DECOMPOSE,
        prompt=body.prompt,
        images=(image,),
        field="image",
        history_fields=history_fields,
        options=options,
    )


def edit_request(
    request: LayerRequest,
    body: EditLayerBody | EditMultiBody,
    images: tuple[ImageFile, ...],
    field: str,
) -> ImageRequest:
    """Build the image request of an edit, which goes into no history, as in the original."""
    return _image_request(
        request,
        body,
        operation=Operation.EDIT,
        prompt=body.instruction,
        images=images,
        field=field,
        history_fields=None,
        options={},
    )


def _image_request(
    request: LayerRequest,
    body: DecomposeBody | EditLayerBody | EditMultiBody,
    *,
    operation: Operation,
    prompt: str,
    images: tuple[ImageFile, ...],
    field: str,
    history_fields: Mapping[str, object] | None,
    options: Mapping[str, object],
) -> ImageRequest:
    dimensions = images[0].dimensions
    requested_values = {
        name: getattr(body, spelling)
        for name in CHOSEN
        if (spelling := SPELLINGS.get(name, name)) in body.model_fields_set
    }
    requested = RequestedParameters(
        prompt=prompt,
        seed=body.seed,
        steps=requested_values.get("steps"),
        guidance_scale=requested_values.get("guidance_scale"),
        images=images,
        image_size=Size(*dimensions) if dimensions else None,
        options=options,
        takes_apart=operation is Operation.DECOMPOSE,
        nearest=True,
        field_aliases={**SPELLINGS, "image": request.spelling(field)},
    )
    image_request = build_request(
        requested,
        models_for(request.context.gateway, operation, DIALECT, body.model),
        count=1,
        draw_seed=request.context.gateway.draw_seed,
        needs_words=False,
        delivery=Delivery("bytes", "png"),
        field_aliases={
            name: request.spelling(SPELLINGS.get(name, name)) for name in requested_values
        },
        history_fields=history_fields,
    )
    known = type(body).model_fields
    image_request = image_request.with_unsupported(
        name for name in request.document if name not in known
    )
    return replace(
        image_request,
        choices=tuple(
            _with_changes_ignored(choice, requested_values) for choice in image_request.choices
        ),
    )


def _with_changes_ignored(
    choice: ResolvedParameters, requested_values: Mapping[str, object]
) -> ResolvedParameters:
    """A model's parameters, with the fields that come out otherwise than requested as ignored."""
    job = choice.job
    got = {"steps": job.steps, "guidance_scale": job.guidance_scale, **job.options}
    changed = [
        name
        for name, value in got.items()
        if name in requested_values and value != requested_values[name]
    ]
    return replace(choice, ignored=(*choice.ignored, *changed))
