"""What the endpoints take (wire-formats B1; FLUX.1 as in the vendor's OpenAPI document)."""

import re
from typing import Annotated, Any, ClassVar, Literal

from pydantic import AfterValidator, BaseModel, Field, model_validator
from pydantic_core import PydanticKnownError

from ..image_request import picture_size
from ..references import fit_area, read_reference

SIDE_STEP_PX = 16
MIN_SIDE_PX = 64
MAX_PIXELS = 2048 * 2048
ULTRA_PIXELS = MAX_PIXELS
KONTEXT_PIXELS = 1024 * 1024
AUTO_SIDE_PX = 1024
RATIO = re.compile(r"^([1-9]\d*):([1-9]\d*)$")
WIDEST = 21 / 9


def _check_side(side: int) -> int:
    """0 leaves the side to the model."""
    if side and side < MIN_SIDE_PX:
        raise PydanticKnownError("greater_than_equal", {"ge": MIN_SIDE_PX})
    if side % SIDE_STEP_PX:
        raise PydanticKnownError("multiple_of", {"multiple_of": SIDE_STEP_PX})
    return side


def _check_ratio(text: str) -> str:
    match = RATIO.match(text)
    if not match or not 1 / WIDEST <= int(match[1]) / int(match[2]) <= WIDEST:
        raise ValueError("aspect_ratio must be between 21:9 and 9:21")
    return text


def _check_picture(text: str) -> str:
    read_reference(text)
    return text


def _divide(ratio: str) -> float:
    width, height = ratio.split(":")
    return int(width) / int(height)


Picture = Annotated[str, AfterValidator(_check_picture)] | None
Side = Annotated[int, AfterValidator(_check_side)]
Ratio = Annotated[str, AfterValidator(_check_ratio)]
# FLUX.1 takes what its own training took.
OldSide = Annotated[int, Field(ge=256, le=1440, multiple_of=32)]


class Body(BaseModel):
    """What all endpoints take; unknown fields are ignored, as is FastAPI's way."""

    price: ClassVar[tuple[float, float]] = (4, 0)
    """Credits (a cent each) for the first megapixel and for every further one."""
    prompt: str
    seed: int | None = None
    safety_tolerance: int = Field(2, ge=0, le=6)
    output_format: Literal["jpeg", "png"] = "jpeg"
    webhook_url: str | None = Field(None, min_length=1, max_length=2083)
    webhook_secret: str | None = None

    def sources(self) -> list[bytes]:
        """The pictures sent along, in order."""
        names = [name for name in type(self).model_fields if "image" in name.split("_")]
        texts = [getattr(self, name) for name in names]
        return [read_reference(text) for text in texts if isinstance(text, str)]

    def size(self, sources: list[bytes]) -> tuple[int, int]:
        """Width and height of the picture to be."""
        return AUTO_SIDE_PX, AUTO_SIDE_PX


class Klein(Body):
    """FLUX.2 [klein]: four pictures at most."""

    safety_tolerance: int = Field(2, ge=0, le=5)
    width: Side = 0
    height: Side = 0
    input_image: Picture = None
    input_image_2: Picture = None
    input_image_3: Picture = None
    input_image_4: Picture = None

    @model_validator(mode="after")
    def _check_area(self) -> "Klein":
        if self.width * self.height > MAX_PIXELS:
            raise ValueError("The image must not exceed 4 megapixels")
        return self

    def size(self, sources: list[bytes]) -> tuple[int, int]:
        """The sides that were not given follow the first picture."""
        auto = (AUTO_SIDE_PX, AUTO_SIDE_PX)
        if sources:
            width, height = picture_size(sources[0])
            pixels = min(width * height, MAX_PIXELS)
            auto = fit_area(width / height, pixels, SIDE_STEP_PX)
        return self.width or auto[0], self.height or auto[1]


class Klein4b(Klein):
    """FLUX.2 [klein] 4B."""

    price = (1.4, 0.1)


class Klein9b(Klein):
    """FLUX.2 [klein] 9B."""

    price = (1.5, 0.2)


class Pro(Klein):
    """FLUX.2 [pro]: eight pictures at most."""

    price = (3, 1.5)
    input_image_5: Picture = None
    input_image_6: Picture = None
    input_image_7: Picture = None
    input_image_8: Picture = None


class Max(Pro):
    """FLUX.2 [max]."""

    price = (7, 3)


class Flex(Pro):
    """FLUX.2 [flex], which lets its steps be chosen."""

    price = (5, 5)
    steps: int = Field(50, ge=1, le=50)
    guidance: float = Field(5.0, ge=1.5, le=10)
    prompt_upsampling: bool = True


class Pro11(Body):
    """FLUX1.1 [pro]."""

    width: OldSide = 1024
    height: OldSide = 768
    image_prompt: Picture = None
    prompt_upsampling: bool = False

    def size(self, sources: list[bytes]) -> tuple[int, int]:
        """As asked for."""
        return self.width, self.height


class Dev(Pro11):
    """FLUX.1 [dev]."""

    price = (2.5, 0)
    steps: int = Field(28, ge=1, le=50)
    guidance: float = Field(3.0, ge=1.5, le=5)


class Ultra(Body):
    """FLUX1.1 [pro] ultra: four megapixels of a ratio."""

    price = (6, 0)
    aspect_ratio: Ratio = "16:9"
    raw: bool = False
    image_prompt: Picture = None
    image_prompt_strength: float = Field(0.1, ge=0, le=1)
    prompt_upsampling: bool = False

    def size(self, sources: list[bytes]) -> tuple[int, int]:
        """Four megapixels of that ratio."""
        return fit_area(_divide(self.aspect_ratio), ULTRA_PIXELS, SIDE_STEP_PX)


class Kontext(Body):
    """FLUX.1 Kontext [pro]: a megapixel of a ratio."""

    input_image: Picture = None
    input_image_2: Picture = None
    input_image_3: Picture = None
    input_image_4: Picture = None
    aspect_ratio: Ratio | None = None
    prompt_upsampling: bool = False

    def size(self, sources: list[bytes]) -> tuple[int, int]:
        """A megapixel of that ratio, else of the first picture's."""
        ratio = 1.0
        if self.aspect_ratio:
            ratio = _divide(self.aspect_ratio)
        elif sources:
            width, height = picture_size(sources[0])
            ratio = width / height
        return fit_area(ratio, KONTEXT_PIXELS, SIDE_STEP_PX)


class KontextMax(Kontext):
    """FLUX.1 Kontext [max]."""

    price = (8, 0)


class Fill(Body):
    """FLUX.1 Fill [pro]: repaints what the mask is white in."""

    price = (5, 0)
    image: Annotated[str, AfterValidator(_check_picture)]
    mask: Picture = None
    steps: int = Field(50, ge=15, le=50)
    guidance: float = Field(60, ge=1.5, le=100)
    prompt_upsampling: bool = False

    def size(self, sources: list[bytes]) -> tuple[int, int]:
        """That of the picture."""
        return picture_size(sources[0])


ENDPOINTS: dict[str, type[Body]] = {
    "flux-2-pro": Pro,
    "flux-2-pro-preview": Pro,
    "flux-2-max": Max,
    "flux-2-flex": Flex,
    "flux-2-klein-4b": Klein4b,
    "flux-2-klein-9b": Klein9b,
    "flux-pro-1.1": Pro11,
    "flux-pro-1.1-ultra": Ultra,
    "flux-kontext-pro": Kontext,
    "flux-kontext-max": KontextMax,
    "flux-pro-1.0-fill": Fill,
    "flux-dev": Dev,
}


def quote(body: Body, pixels_in: int, pixels_out: int) -> dict[str, Any]:
    """`{"cost", "input_mp", "output_mp"}`; megapixels only count with FLUX.2."""
    first, further = body.price
    if not isinstance(body, Klein):
        return {"cost": first, "input_mp": None, "output_mp": None}
    input_mp, output_mp = round(pixels_in / 2**20, 2), round(pixels_out / 2**20, 2)
    extra = max(0.0, input_mp + output_mp - 1)
    return {
        "cost": round(first + further * extra, 2),
        "input_mp": input_mp,
        "output_mp": output_mp,
    }
