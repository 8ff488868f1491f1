"""The parameters of OpenAI's image endpoints, refused as strictly as there (B3.1, B3.2)."""

from dataclasses import dataclass

from ..faults import Failure, Kind
from ..fields import Fields, check_bounds, wrong_value
from ..image_request import parse_size
from .models import FAMILIES, RETIRED, Family

MAX_PROMPT_CHARS = 32_000
MAX_COUNT = 10
CLASSIC_SIZES = ("1024x1024", "1024x1536", "1536x1024", "auto")
SIDE_MULTIPLE = 16
MAX_RATIO = 3
MAX_SIDE_PX = 3840
MAX_PIXELS = 3840 * 2160
FORMATS = ("png", "jpeg", "webp")
QUALITIES = ("low", "medium", "high", "auto")
FINE_QUALITIES = (*QUALITIES, "xhigh", "max")

SHARED = frozenset(
    "prompt model n size quality output_format output_compression background moderation stream "
    "partial_images user safety_identifier complexity".split()
)
OF_EDITS = SHARED | {"input_fidelity"}


@dataclass(frozen=True, slots=True)
class Parameters:
    """What both endpoints share. `width` and `height` are 0 where the model is to choose."""

    prompt: str
    model: str
    family: Family
    count: int
    width: int
    height: int
    quality: str
    format: str
    background: str
    is_stream: bool
    partial_images: int


def read_parameters(fields: Fields) -> Parameters:
    """Check all of them."""
    prompt = fields.required_text("prompt", MAX_PROMPT_CHARS)
    model, family = read_model(fields)
    width, height = read_size(fields, family)
    fields.choice("moderation", ("low", "auto"), "auto")
    fields.choice("complexity", ("low", "medium", "high"), "medium")
    fields.text("user")
    fields.text("safety_identifier")
    format, background = read_format(fields)
    return Parameters(
        prompt=prompt,
        model=model,
        family=family,
        count=fields.integer("n", 1, 1, MAX_COUNT),
        width=width,
        height=height,
        quality=fields.choice(
            "quality", FINE_QUALITIES if family is Family.FINE else QUALITIES, "auto"
        ),
        format=format,
        background=background,
        is_stream=fields.flag("stream"),
        partial_images=fields.integer("partial_images", 0, 0, 3),
    )


def read_model(fields: Fields) -> tuple[str, Family]:
    """The model and its family."""
    model = fields.required_text("model")
    if model in RETIRED:
        message = (
            f"The model `{model}` has been deprecated, learn more here: "
            "https://platform.openai.com/docs/deprecations"
        )
        raise Failure(Kind.NOT_FOUND, message)
    if model not in FAMILIES:
        raise Failure(Kind.NOT_FOUND, f"The model '{model}' does not exist.", "model")
    return model, FAMILIES[model]


def read_size(fields: Fields, family: Family) -> tuple[int, int]:
    """Width and height, `(0, 0)` for `auto`."""
    if family is Family.CLASSIC:
        size = fields.choice("size", CLASSIC_SIZES, "auto")
    else:
        size = fields.text("size", "auto")
    if size == "auto":
        return 0, 0
    width, height = parse_size("size", size)
    if family is not Family.CLASSIC:
        check_free_size(width, height)
    return width, height


def check_free_size(width: int, height: int) -> None:
    """Fail unless gpt-image-2 and its successors paint that size."""
    if width % SIDE_MULTIPLE or height % SIDE_MULTIPLE:
        raise wrong_value("size", f"width and height must be divisible by {SIDE_MULTIPLE}.")
    if not width or not height or max(width, height) > MAX_RATIO * min(width, height):
        raise wrong_value("size", "the aspect ratio must be between 1:3 and 3:1.")
    check_bounds("size", max(width, height), SIDE_MULTIPLE, MAX_SIDE_PX)
    check_bounds("size", width * height, SIDE_MULTIPLE**2, MAX_PIXELS)


def read_format(fields: Fields) -> tuple[str, str]:
    """The format of the files and the background, which depend on one another."""
    format = fields.choice("output_format", FORMATS, "png")
    compression = fields.integer("output_compression", 100, 0, 100)
    if format == "png" and compression < 100:
        raise wrong_value("output_compression", "not supported for output_format 'png'.")
    background = fields.choice("background", ("transparent", "opaque", "auto"), "auto")
    if background == "transparent" and format == "jpeg":
        raise wrong_value("background", "'transparent' needs output_format 'png' or 'webp'.")
    return format, background
