"""The bodies of what is conditioned on a picture, under both spellings of their fields.

The original's page of documentation names them otherwise than its code does
(reference/studio-api.md section 12).
"""

from collections.abc import Mapping
from typing import Annotated, Any

from pydantic import BaseModel, ConfigDict, Field

from darkroom.dialects.studio.bodies import PromptBody, Text, read_body
from darkroom.dialects.studio.defaults import DEFAULTS
from darkroom.dialects.studio.errors import problem
from darkroom.dialects.studio.resolutions import CONFIG
from darkroom.dialects.unprocessable import Unprocessable
from darkroom.job import MAX_SEED

VISION = DEFAULTS["vision"]
SPELLINGS = {"image": "vl_image", "alpha": "vl_alpha", "blend_mode": "vl_blend_mode"}
SIZES: Any = CONFIG

Picture = Annotated[
    str | dict[str, Any] | None,
    Field(description="A picture: a data URL, base64 or an https address."),
]
Layer = Annotated[
    int, Field(description="Of which layer a studio takes hidden states.", ge=-64, le=64)
]


def _side(what: str) -> Any:
    return Field(
        description=f"{what} in pixels.",
        ge=SIZES["min_resolution"],
        le=SIZES["max_resolution"],
        multiple_of=SIZES["vae_multiple"],
    )


class ExtractBody(BaseModel):
    """A picture to be kept for conditioning."""

    model_config = ConfigDict(defer_build=True)

    image: Picture = None
    text: Annotated[Text | None, Field(description="What to look at.")] = None
    hidden_layer: Layer = VISION["hidden_layer"]
    image_tokens_only: Annotated[bool, Field(description="For a studio.")] = False
    scale_to_text: Annotated[bool, Field(description="For a studio.")] = True


class VisionBody(PromptBody):
    """A prompt, and the picture that its picture shall resemble."""

    vl_image: Picture = None
    vl_embeddings_id: Annotated[
        str | None,
        Field(description="From `POST /api/vl/extract`; goes before a picture.", max_length=80),
    ] = None
    vl_alpha: Annotated[
        float, Field(description="How much the picture counts.", ge=0, le=1, allow_inf_nan=False)
    ] = VISION["alpha"]
    vl_hidden_layer: Layer = VISION["hidden_layer"]
    vl_image_tokens_only: Annotated[bool, Field(description="For a studio.")] = False
    vl_text: Annotated[Text | None, Field(description="What to look at.")] = None
    vl_blend_mode: Annotated[
        str,
        Field(description="One of `blend_modes` of `GET /api/vl/status`.", max_length=40),
    ] = VISION["blend_mode"]
    width: Annotated[int, _side("Width")] = SIZES["default_resolution"]
    height: Annotated[int, _side("Height")] = SIZES["default_resolution"]
    steps: Annotated[int | None, Field(description="Of the painter.", ge=1, le=100)] = None
    seed: Annotated[int | None, Field(description="Any if null or -1.", ge=-1, le=MAX_SEED)] = None
    guidance_scale: Annotated[
        float | None, Field(description="Of the painter.", ge=0, le=20, allow_inf_nan=False)
    ] = None
    shift: Annotated[float | None, Field(description="For a studio.", allow_inf_nan=False)] = None
    long_prompt_mode: Annotated[str | None, Field(description="For a studio.", max_length=40)] = (
        None
    )
    hidden_layer: Annotated[Layer | None, Field(description="The text's; for a studio.")] = None


def read_extract(document: Mapping[str, Any]) -> tuple[ExtractBody, object]:
    """The fields, and the picture in whichever form it came; raises `Unprocessable`."""
    image = document.get("image")
    if not image:
        raise Unprocessable.of([problem("missing", ["image"], "Field required", dict(document))])
    rest = {name: value for name, value in document.items() if name != "image"}
    return read_body(ExtractBody, rest), image


def read_vision(document: Mapping[str, Any]) -> tuple[VisionBody, object, list[str]]:
    """The fields, the picture if there is one, and the names of fields without meaning.

    A bare `hidden_layer` is the picture's beside a bare `image`, else the text's.
    Raises `Unprocessable`.
    """
    named = dict(SPELLINGS)
    if "image" in document and "vl_image" not in document:
        named["hidden_layer"] = "vl_hidden_layer"
    fields = {
        named.get(name, name): value
        for name, value in document.items()
        if named.get(name, name) == name or named[name] not in document
    }
    image = fields.pop("vl_image", None)
    body = read_body(VisionBody, fields)
    unknown = [name for name in document if named.get(name, name) not in VisionBody.model_fields]
    return body, image, unknown
