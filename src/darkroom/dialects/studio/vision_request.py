"""Request bodies of vision conditioning, under both spellings of their fields.

The original's page of documentation names them otherwise than its code does
(reference/studio-api.md section 12).
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Annotated, Any, Literal

from pydantic import BaseModel, ConfigDict, Field

from darkroom.context import RequestContext
from darkroom.dialects.studio.defaults import DEFAULTS
from darkroom.dialects.studio.errors import problem
from darkroom.dialects.studio.generate_request import PaintingBody
from darkroom.dialects.studio.parse import Text, read_body, respell
from darkroom.errors import InvalidRequest
from darkroom.field_types import NO_BOOLEAN, one_of
from darkroom.generation.input_images import is_nothing, load_sources, read_source
from darkroom.image import ImageFile, NotAnImage
from darkroom.validation_error import Unprocessable, unprocessable

VISION = DEFAULTS["vision"]
_LITERAL: Any = Literal  # of choices that only the table knows
_BLEND_MODES = tuple(VISION["blend_modes"])
SPELLINGS = {
    "image": "vl_image",
    "alpha": "vl_alpha",
    "blend_mode": "vl_blend_mode",
    "vl_text_tokens_only": "text_tokens_only",
}

Picture = Annotated[
    str | dict[str, Any] | None,
    Field(description="A picture: a data URL, base64 or an https address."),
]
Layer = Annotated[
    int,
    Field(description="Of which layer a studio takes hidden states.", ge=-64, le=64),
    NO_BOOLEAN,
]


class ExtractBody(BaseModel):
    """A picture to be kept for conditioning."""

    model_config = ConfigDict(defer_build=True)

    image: Picture = None
    text: Annotated[Text | None, Field(description="What to look at.")] = None
    hidden_layer: Layer = VISION["hidden_layer"]
    image_tokens_only: Annotated[bool, Field(description="For a studio.")] = False
    scale_to_text: Annotated[bool, Field(description="For a studio.")] = True


class VisionBody(PaintingBody):
    """A prompt, and the picture that its picture shall resemble."""

    vl_image: Picture = None
    vl_embeddings_id: Annotated[
        str | None,
        Field(description="From `POST /api/vl/extract`; goes before a picture.", max_length=80),
    ] = None
    vl_alpha: Annotated[
        float,
        Field(description="How much the picture counts.", ge=0, le=1, allow_inf_nan=False),
        NO_BOOLEAN,
    ] = VISION["alpha"]
    vl_hidden_layer: Layer = VISION["hidden_layer"]
    vl_image_tokens_only: Annotated[bool, Field(description="For a studio.")] = False
    vl_text: Annotated[Text | None, Field(description="What to look at.")] = None
    text_tokens_only: Annotated[
        bool, Field(description="For a studio; not with `vl_image_tokens_only`.")
    ] = False
    vl_blend_mode: Annotated[
        _LITERAL[_BLEND_MODES],
        Field(description="One of `blend_modes` of `GET /api/vl/status`."),
        one_of(_BLEND_MODES),
    ] = VISION["blend_mode"]


@dataclass(frozen=True, slots=True)
class VisionRequest:
    """A request for a picture that resembles another.

    `image` is that other one, in whichever form it was sent; `unknown` are the names of fields
    without meaning; `field_aliases` is how fields were called, where otherwise than here.
    """

    body: VisionBody
    image: object
    unknown: Sequence[str]
    field_aliases: Mapping[str, str]

    def spelling(self, name: str) -> str:
        """How the caller called a field."""
        return self.field_aliases.get(name, name)


def read_extract(document: Mapping[str, Any]) -> tuple[ExtractBody, object]:
    """The fields, and the picture in whichever form it came; raises `Unprocessable`."""
    image = document.get("image")
    if is_nothing(image):
        raise Unprocessable.of([problem("missing", ["image"], "Field required", dict(document))])
    rest = {name: value for name, value in document.items() if name != "image"}
    return read_body(ExtractBody, rest), image


def read_vision(document: Mapping[str, Any]) -> VisionRequest:
    """The fields of a document; raises `Unprocessable`.

    A bare `hidden_layer` is the picture's beside a bare `image`, else the text's.
    """
    spellings = dict(SPELLINGS)
    if "image" in document and "vl_image" not in document:
        spellings["hidden_layer"] = "vl_hidden_layer"
    fields, field_aliases = respell(document, spellings)
    image = fields.pop("vl_image", None)
    image = None if is_nothing(image) else image
    unknown = [name for name in fields if name not in VisionBody.model_fields]
    body = read_body(VisionBody, fields, field_aliases)
    if body.text_tokens_only and body.vl_image_tokens_only:
        raise unprocessable(
            "text_tokens_only", "not together with vl_image_tokens_only", input=True
        )
    return VisionRequest(body, image, unknown, field_aliases)


async def load_picture(value: object, param: str, context: RequestContext) -> ImageFile:
    """Load a picture of the body as the bytes of its file; raises `InvalidRequest`."""
    source = read_source(value, param)
    with context.deadline.enforced():
        (file,) = await load_sources([source], param, context)
    try:
        return ImageFile(data=await file.to_bytes())
    except NotAnImage:
        raise InvalidRequest(f"{param}: the text is not base64.", param=param) from None
