"""Small pictures for the eyes of a model, of at most so many bytes of base64."""

from dataclasses import dataclass

from darkroom.blob import Blob
from darkroom.context import RequestContext
from darkroom.errors import Failure, JobFailed
from darkroom.generation.output import CONVERT_LIMIT_S, Completed, RenderedPreview
from darkroom.image import ImageFile, NotAnImage
from darkroom.job import Size
from darkroom.json_writer import TextBlob
from darkroom.stores.unavailable import StoreUnavailable

MAX_BYTES = 300_000  # of one
MAX_TOTAL_BYTES = 800_000  # of all those of one answer, which clients cut off at 1 MB
FORMAT = "webp"
# The longer side in pixels and the quality, until the result is small enough.
_TRIES = ((768, 75), (512, 60), (320, 50))


@dataclass(frozen=True, slots=True)
class InlinePicture:
    """A picture in base64."""

    base64: Blob
    media_type: str

    @property
    def content(self) -> dict[str, object]:
        """The block of a tool's result."""
        return {
            "type": "image",
            "data": TextBlob(self.base64),
            "mimeType": self.media_type,
            "annotations": {"audience": ["user", "assistant"]},
        }


def limit_of(count: int) -> int:
    """The bytes that each of so many previews may have."""
    return min(MAX_BYTES, MAX_TOTAL_BYTES // count)


async def make_preview(
    item: Completed, sketch: RenderedPreview | None, limit_bytes: int, context: RequestContext
) -> InlinePicture | None:
    """A picture as it is where that is small, else made smaller here, else the upstream's preview.

    None where there is none of them.
    """
    whole = whole_picture(item)
    if whole is not None and whole.base64.size <= limit_bytes:
        return whole
    return await _shrink(item, limit_bytes, context) or _of_sketch(sketch, limit_bytes)


def whole_picture(item: Completed) -> InlinePicture | None:
    """The picture itself, where it came along beside its address or in the place of one."""
    picture = item.picture
    inline = picture.base64 or picture.value
    if not isinstance(inline, TextBlob):
        return None
    return InlinePicture(inline.content, f"image/{picture.output_format or 'png'}")


async def _shrink(
    item: Completed, limit_bytes: int, context: RequestContext
) -> InlinePicture | None:
    converter = context.gateway.converter
    if converter is None:
        return None
    try:
        with context.deadline.limit(CONVERT_LIMIT_S, lambda: JobFailed("too slow")):
            file = await _file_of(item, context)
            if file is None:
                return None
            content = await file.to_bytes()
            for side, quality in _TRIES:
                size = _within(file, side)
                made = await converter.convert(content, FORMAT, quality, size)
                base64 = await made.to_base64()
                if base64.size <= limit_bytes:
                    return InlinePicture(base64, f"image/{FORMAT}")
    except (StoreUnavailable, NotAnImage, Failure):
        pass
    return None


async def _file_of(item: Completed, context: RequestContext) -> ImageFile | None:
    """The picture's file, read from the bucket where it came from the cache."""
    if item.picture.file is not None:
        return item.picture.file
    media, name = context.gateway.media, item.picture.media_name
    kept = await media.get(name) if media and name else None
    return ImageFile(data=kept.content) if kept else None


def _within(file: ImageFile, side: int) -> Size | None:
    """The size with its longer side at `side` pixels; None where it is that small already."""
    dimensions = file.dimensions
    if dimensions is None or max(dimensions) <= side:
        return None
    width, height = (max(1, round(each * side / max(dimensions))) for each in dimensions)
    return Size(width, height)


def _of_sketch(sketch: RenderedPreview | None, limit_bytes: int) -> InlinePicture | None:
    if sketch is None or not isinstance(sketch.picture.value, TextBlob):
        return None
    content = sketch.picture.value.content
    if content.size > limit_bytes:
        return None
    return InlinePicture(content, f"image/{sketch.picture.output_format or 'png'}")
