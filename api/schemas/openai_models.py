"""Models as `GET /v1/models` lists them, as types."""

from typing import Annotated, Literal, NotRequired

from pydantic import Field
from typing_extensions import TypedDict  # pydantic reads that of `typing` from Python 3.12 on

from darkroom.job import Operation


class TokenNeed(TypedDict):
    """How a provider's tokens are sent."""

    prefix: Annotated[str, Field(description="What stands before them: `prefix:TOKEN`.")]
    required: Annotated[bool, Field(description="Whether it needs one here.")]
    page: Annotated[str | None, Field(description="Where they are made.")]


class Span(TypedDict):
    """What a number may be."""

    minimum: float
    maximum: float
    default: float
    hints: NotRequired[
        Annotated[dict[str, str], Field(description="What the model's author recommends, by aim.")]
    ]


class SizePolicy(TypedDict):
    """Which sizes a model paints: `free` between bounds, or a `list`, or by `ratio` or `tier`."""

    policy: Literal["free", "list", "ratio", "tier"]
    default: Annotated[str, Field(description="A size, or a ratio.")]
    minimum: NotRequired[Annotated[int, Field(description="The shortest side, in pixels.")]]
    maximum: NotRequired[Annotated[int, Field(description="The longest side, in pixels.")]]
    multiple: NotRequired[Annotated[int, Field(description="What both sides are rounded to.")]]
    max_pixels: NotRequired[Annotated[int, Field(description="The largest width times height.")]]
    max_ratio: NotRequired[Annotated[float, Field(description="The longer side by the shorter.")]]
    sizes: NotRequired[Annotated[list[str], Field(description="All sizes there are.")]]
    ratios: NotRequired[Annotated[dict[str, str], Field(description="The pixels of each ratio.")]]
    tiers: NotRequired[Annotated[list[str], Field(description="Classes of size, such as `2K`.")]]


class Capabilities(TypedDict):
    """What an image model can do."""

    operations: list[Operation]
    size: SizePolicy
    steps: Annotated[Span | None, Field(description="Null where it takes none.")]
    guidance_scale: Annotated[Span | None, Field(description="Null where it takes none.")]
    negative_prompt: bool
    prompt_enhance: Annotated[bool, Field(description="Whether it can improve the prompt itself.")]
    seed: bool
    previews: Annotated[bool, Field(description="Whether it shows the picture on the way.")]
    max_images: Annotated[int, Field(description="How many pictures an edit may start from.")]
    mask: Annotated[bool, Field(description="Whether it takes a mask of where to edit.")]
    options: Annotated[
        dict[str, list[str] | None],
        Field(description="OpenAI's other fields that it takes, with their values; null is any."),
    ]


class NeuronParts(TypedDict):
    """The parts of a picture's price at Workers AI in neurons; the price is their sum.

    A tile is a square of `tile_side` pixels, begun ones counted.
    """

    tile_side: int
    tile: Annotated[float, Field(description="For each tile.")]
    step: Annotated[float, Field(description="For each step.")]
    tile_step: Annotated[float, Field(description="For each tile in each step.")]
    source_step: Annotated[float, Field(description="For each source picture in each step.")]


class Price(TypedDict):
    """The price of a picture, known before it is painted."""

    neurons: NeuronParts


class _Model(TypedDict):
    id: Annotated[str, Field(description="What `model` of a request names it by.")]
    object: Literal["model"]
    created: int
    owned_by: str
    name: Annotated[str, Field(description="What people call it.")]


class _OfProvider(TypedDict):
    provider: Annotated[str, Field(description="The id of the provider that serves it.")]
    provider_name: str
    token: TokenNeed


class ImageModel(_Model, _OfProvider):
    """A model that paints."""

    type: Literal["image"]
    aliases: Annotated[list[str], Field(description="Other names for it.")]
    default: Annotated[bool, Field(description="Whether it serves those who name no model.")]
    capabilities: Capabilities
    price: NotRequired[Annotated[Price, Field(description="Absent where it is not known.")]]


class TextModel(_Model, _OfProvider):
    """A model that writes."""

    type: Literal["text"]


class PoolOrder(TypedDict, total=False):
    """The models of a pool for each purpose, in the catalog's order."""

    generate: list[str]
    edit: list[str]
    mask: list[str]
    upscale: list[str]


class ModelPool(_Model):
    """A name for several models."""

    type: Literal["pool"]
    default: Annotated[bool, Field(description="Whether it serves those who name no model.")]
    models: Annotated[list[str], Field(description="Its models, for whatever purpose.")]
    order: Annotated[
        PoolOrder,
        Field(description="Its models for each purpose; one without an order goes by another."),
    ]
    operations: Annotated[list[str], Field(description="What one or another of them can do.")]
    mask: Annotated[bool, Field(description="Whether it heeds a mask.")]
    max_images: Annotated[int, Field(description="The most pictures that one of them takes.")]


AnyModel = ImageModel | TextModel | ModelPool


class ModelList(TypedDict):
    """All that `model` may name here."""

    object: Literal["list"]
    data: list[AnyModel]
