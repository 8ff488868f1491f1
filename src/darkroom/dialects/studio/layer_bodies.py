"""Request bodies of decomposing and editing layers (reference/studio-api.md 8)."""

from collections.abc import Mapping
from typing import Annotated, Any, TypeVar

from pydantic import BaseModel, ConfigDict, Field

from darkroom.dialects.studio.bodies import Text, read_body
from darkroom.dialects.studio.errors import problem
from darkroom.dialects.studio.generate_body import Painter, Seed, number
from darkroom.errors import InvalidRequest
from darkroom.generation.input_images import Source, read_source
from darkroom.json_writer import TextBlob
from darkroom.validation_error import Unprocessable

Body = TypeVar("Body", bound=BaseModel)

MAX_SOURCES = 16
# Other names of fields, of the original's documentation (reference/studio-api.md 12).
LAYERS = {"num_layers": "layer_num"}
LAYER = {"image": "layer_image"}
PICTURE = "A data URL, base64 or an https address."
_LEFT_OUT = "…"  # stands for a picture while the other fields are read

Picture = str | dict[str, Any]
Steps = Annotated[int, Field(description="Denoising steps.", ge=1, le=100)]


class _Asking(BaseModel):
    model_config = ConfigDict(defer_build=True, protected_namespaces=())

    model: Painter = None
    seed: Seed = None


class DecomposeBody(_Asking):
    """A picture that is to be taken apart."""

    image: Annotated[Picture, Field(description=PICTURE)]
    prompt: Annotated[Text, Field(description="What it shows; empty has the model say it.")]
    layer_num: Annotated[
        int, Field(description="How many layers; also `num_layers`.", ge=1, le=10)
    ] = 3
    resolution: Annotated[
        int, Field(description="640 or 1024: the side of a square with the layers' area.")
    ] = 1024
    steps: Steps = 30
    cfg_scale: Annotated[float, number("Guidance.", 1, 10)] = 4.0
    shift: Annotated[float | None, Field(description="Has no effect.")] = None


class EditLayerBody(_Asking):
    """A layer, and what is to change in it."""

    layer_image: Annotated[Picture, Field(description=f"{PICTURE} Also `image`.")]
    instruction: Annotated[Text, Field(description="What is to change.", min_length=1)]
    steps: Steps = 40
    cfg_scale: Annotated[float, number("Guidance.", 1, 10)] = 4.0


class EditMultiBody(_Asking):
    """Pictures that are to become one."""

    images: Annotated[
        list[Picture], Field(description=f"Two or more. {PICTURE}", max_length=MAX_SOURCES)
    ]
    instruction: Annotated[Text, Field(description="What is to become of them.", min_length=1)]
    steps: Steps = 40
    cfg_scale: Annotated[float, number("Guidance.", 1, 10)] = 4.0


def read_with_pictures(
    schema: type[Body], document: Mapping[str, Any], field: str, field_aliases: Mapping[str, str]
) -> tuple[Body, tuple[Source, ...]]:
    """A body and the pictures in one of its fields, which stay where they are.

    `spelled` is how the caller called fields. Raises `Unprocessable` for what is not as it should
    be.
    """
    given = document.get(field)
    read = {**document, field: _left_out(given)} if field in document else document
    body = read_body(schema, read, field_aliases)
    entries = given if isinstance(given, list) else [given]
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
