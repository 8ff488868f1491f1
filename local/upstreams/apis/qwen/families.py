"""What each family of models can do (wire-formats B4)."""

import re
from dataclasses import dataclass

from ..faults import Failure, Kind
from ..fields import wrong_value
from ..image_request import picture_size
from ..references import fit_area

Size = tuple[int, int]

SIZE = re.compile(r"(\d{1,5})\*(\d{1,5})")
EDIT_MIN_PX, EDIT_MAX_PX = 512, 2048
FREE_MIN_AREA_PX, FREE_MAX_AREA_PX = 512 * 512, 2048 * 2048
EDIT_AREA_PX = 1024 * 1024
EDIT_STEP_PX = 16
DATE = re.compile(r"-\d{4}-\d\d-\d\d$")

FIXED_SIZES: tuple[Size, ...] = (
    (1664, 928),
    (1472, 1104),
    (1472, 1140),
    (1328, 1328),
    (1104, 1472),
    (1140, 1472),
    (928, 1664),
)


@dataclass(frozen=True, slots=True)
class Family:
    """`max_images` is how many pictures may come in, `max_n` how many may come out."""

    max_n: int
    max_images: int
    needs_image: bool = False
    is_free: bool = False
    """Any size of up to 4 megapixels."""
    has_tasks: bool = False
    """Whether `text2image/image-synthesis` takes it."""

    def check_images(self, count: int) -> None:
        """Fail when there are too few or too many pictures."""
        if self.needs_image and not count:
            raise Failure(Kind.MISSING_FIELD, "The input must contain at least one image.")
        if count > self.max_images:
            raise wrong_value(
                "input.messages", f"at most {self.max_images} images are allowed, got {count}."
            )

    def read_size(self, text: str | None, sources: tuple[bytes, ...]) -> Size:
        """The size of `W*H`, else the family's own. Fails when the family does not do that size."""
        if text is None:
            return self._default_size(sources)
        match = SIZE.fullmatch(text)
        if not match:
            raise wrong_value("parameters.size", "the size must be in the format of width*height.")
        size = (int(match[1]), int(match[2]))
        self._check_size(size, is_edit=bool(sources))
        return size

    def _check_size(self, size: Size, *, is_edit: bool) -> None:
        width, height = size
        if self.is_free:
            if not FREE_MIN_AREA_PX <= width * height <= FREE_MAX_AREA_PX:
                raise wrong_value(
                    "parameters.size", "the total pixels must be between 512*512 and 2048*2048."
                )
        elif is_edit:
            if not (EDIT_MIN_PX <= min(size) and max(size) <= EDIT_MAX_PX):
                raise wrong_value("parameters.size", "each side must be between 512 and 2048.")
        elif size not in FIXED_SIZES:
            listed = ", ".join(f"{width}*{height}" for width, height in FIXED_SIZES)
            raise wrong_value("parameters.size", f"the size must be one of {listed}.")

    def _default_size(self, sources: tuple[bytes, ...]) -> Size:
        if not sources:
            return (2048, 2048) if self.is_free else FIXED_SIZES[0]
        width, height = picture_size(sources[-1])
        if self.is_free and FREE_MIN_AREA_PX <= width * height <= FREE_MAX_AREA_PX:
            return width, height
        return fit_area(width / height, EDIT_AREA_PX, EDIT_STEP_PX)


PAINTS = Family(max_n=1, max_images=0)
PAINTS_IN_TASKS = Family(max_n=1, max_images=0, has_tasks=True)
EDITS_ONE = Family(max_n=1, max_images=3, needs_image=True)
EDITS_MANY = Family(max_n=6, max_images=3, needs_image=True)
DOES_BOTH = Family(max_n=6, max_images=3, is_free=True)

FAMILIES = {
    "qwen-image": PAINTS_IN_TASKS,
    "qwen-image-plus": PAINTS_IN_TASKS,
    "qwen-image-max": PAINTS,
    "qwen-image-edit": EDITS_ONE,
    "qwen-image-edit-plus": EDITS_MANY,
    "qwen-image-edit-max": EDITS_MANY,
    "qwen-image-2.0": DOES_BOTH,
    "qwen-image-2.0-pro": DOES_BOTH,
    "qwen-image-3.0": DOES_BOTH,
    "qwen-image-3.0-pro": DOES_BOTH,
}


def find_family(model: str) -> Family:
    """The family of a model, with or without a date at the end of its name."""
    family = FAMILIES.get(DATE.sub("", model))
    if family is None:
        raise Failure(Kind.NOT_FOUND, "Model not exist.", "model")
    return family
