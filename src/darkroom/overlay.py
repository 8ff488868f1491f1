"""The source of an edit laid over the result, where a mask keeps it and the model takes no masks.

The model paints the whole picture; what the mask keeps is put back afterwards. Pictures are put
together as PNGs in Python; the converter, where there is one, makes PNGs of others and scales them.
"""

import asyncio
import zlib
from collections.abc import Sequence
from contextlib import suppress
from dataclasses import astuple, dataclass

from darkroom.blob import Blob, BytesBlob
from darkroom.composite import KEEP, composite, read_levels
from darkroom.deadline import Deadline
from darkroom.errors import InvalidRequest, JobFailed
from darkroom.image import ImageFile, NotAnImage
from darkroom.job import ImageJob, Size
from darkroom.masks import MAX_MASK_SIDE, MAX_MASK_STEPS, Mask
from darkroom.pauses import WorkMeter
from darkroom.png import HEADER_BYTES, read_header
from darkroom.stores.conversion import Converter
from darkroom.stores.unavailable import StoreUnavailable

MAX_OVERLAY_PIXELS = 2048 * 1024  # of all pictures of a request
MAX_STEPS_A_PIXEL = 24  # photographs under a soft mask take 9, under one that is soft all over 17
STEPS_BESIDE = 1_000_000  # of narrow pictures, whose rows cost more than their pixels
MAX_PNG_BYTES = 12 * 1024 * 1024  # of a file, which Python has to hold
CONVERT_LIMIT_S = 30.0
_PNG = "png"
_OTHER_MODEL = "name a model that takes masks"


@dataclass(frozen=True, slots=True)
class OverlayTerms:
    """The terms of a request on which its source may be laid over results.

    `converter` is the gateway's, if it has one, `pictures` how many there will be. `mask_name`
    and `image_name` are the caller's spellings of the fields, which failures name.
    """

    converter: Converter | None
    pictures: int
    mask_name: str = "mask"
    image_name: str = "image"

    def overlay(self, job: ImageJob, mask: Mask, image_format: str | None) -> "Overlay":
        """The overlay of a job whose model takes no masks and makes pictures of that format.

        The picture keeps the size of its source, unless the caller asked for one. Raises
        `InvalidRequest` for what cannot be put together here; it looks at headers alone.
        """
        source, converts = job.images[0], self.converter is not None
        if not converts and not _is_plain(source):
            advice = f"Send the image as a PNG that is not interlaced, or {_OTHER_MODEL}"
            raise self._unable(job, "that takes PNGs here", advice)
        made = job.options.get("output_format") or image_format or _PNG
        if not converts and made != _PNG:
            why = f"that takes PNGs here, and this model makes {made}"
            raise self._unable(job, why, _OTHER_MODEL.capitalize())
        seen = Size(*source.dimensions) if source.dimensions else job.size
        size = job.size if job.size_requested or not self._fits(seen) else seen
        for each in (size, *(() if converts else (seen,))):
            if not self._fits(each):
                why = f"{each} has more than {MAX_OVERLAY_PIXELS // self.pictures} pixels"
                advice = f"Ask for fewer pictures or a smaller size, or {_OTHER_MODEL}"
                raise self._unable(job, why, advice)
        return Overlay(source, mask, size, self)

    def _fits(self, size: Size) -> bool:
        return size.width * size.height * self.pictures <= MAX_OVERLAY_PIXELS

    def _unable(self, job: ImageJob, why: str, advice: str) -> InvalidRequest:
        words = "takes no mask, and the image cannot be laid over its result"
        return InvalidRequest(
            f"{self.mask_name}: {job.model} {words}: {why}. {advice}.", param=self.mask_name
        )


class Overlay:
    """The source and the mask of an edit, to be laid over its results at one size.

    They are prepared when a model is about to paint, and once for all of its pictures.
    """

    def __init__(self, source: ImageFile, mask: Mask, size: Size, terms: OverlayTerms) -> None:
        self.mask = mask
        self._source = source
        self._size = size
        self._terms = terms
        self._prepared: tuple[Blob, Sequence[bytes]] | None = None
        self._lock = asyncio.Lock()

    async def prepare(self, deadline: Deadline) -> None:
        """Read the mask and convert the source.

        Raises `InvalidRequest` for what cannot be read, and for a mask that lets nothing change.
        """
        async with self._lock:
            await self._prepare(deadline)

    async def lay_over(self, painted: ImageFile, deadline: Deadline) -> ImageFile:
        """A PNG of the painted picture where the mask lets it change, and of the source elsewhere.

        One picture is put together at a time. Raises `JobFailed` where that cannot be done.
        """
        async with self._lock:
            source, levels = await self._prepare(deadline)
            try:
                content = await self._as_png(painted, deadline)
                made = await composite(
                    _whole(content),
                    _whole(source),
                    levels,
                    self._size,
                    self._meter(content, source),
                )
            except (NotAnImage, ValueError, zlib.error):
                raise JobFailed(
                    f"{self._terms.mask_name}: the picture was painted, and the image could not be "
                    "laid over it: one of them cannot be read here, or has too much fine detail. "
                    f"{_OTHER_MODEL.capitalize()}."
                ) from None
        return ImageFile(data=BytesBlob(made))

    async def _prepare(self, deadline: Deadline) -> tuple[Blob, Sequence[bytes]]:
        if self._prepared is None:
            levels = await self._levels()
            try:
                self._prepared = await self._as_png(self._source, deadline), levels
            except (NotAnImage, ValueError):
                name = self._terms.image_name
                raise InvalidRequest(
                    f"{name}: it could not be read, to be laid over the result where the mask "
                    f"keeps it. Send it as a PNG, or {_OTHER_MODEL}.",
                    param=name,
                ) from None
        return self._prepared

    async def _levels(self) -> Sequence[bytes]:
        mask, name = await self.mask.to_black_and_white(), self._terms.mask_name
        try:
            levels = await read_levels(_whole(mask), self._size, WorkMeter(MAX_MASK_STEPS))
        except (ValueError, zlib.error):
            raise InvalidRequest(
                f"{name}: this PNG is broken, or there is too much fine detail in it. Paint it "
                "with flat areas and soft edges, and export it anew.",
                param=name,
            ) from None
        if not any(row.strip(KEEP) for row in levels):
            raise InvalidRequest(f"{name}: it lets nothing change.", param=name)
        return levels

    def _meter(self, *pngs: Blob) -> WorkMeter:
        pixels = max(self._size.width * self._size.height, *map(_pixels_of, pngs))
        return WorkMeter(MAX_STEPS_A_PIXEL * pixels + STEPS_BESIDE)

    async def _as_png(self, file: ImageFile, deadline: Deadline) -> Blob:
        """The file as a PNG that Python reads, of the right size where it could be scaled.

        Raises `ValueError` or `NotAnImage` where it cannot be had.
        """
        content, converter = await file.to_bytes(), self._terms.converter
        is_sized = file.dimensions == astuple(self._size)
        if converter is not None and not (is_sized and _is_plain(file)):
            with suppress(StoreUnavailable, JobFailed):  # Python may read it as it is
                with deadline.limit(CONVERT_LIMIT_S, lambda: JobFailed("too slow")):
                    size = None if is_sized else self._size
                    content = await converter.convert(content, _PNG, None, size)
        if not _is_plain(ImageFile(data=content)) or _pixels_of(content) > MAX_OVERLAY_PIXELS:
            raise ValueError("no PNG that is read here")
        return content


def _is_plain(file: ImageFile) -> bool:
    """True for a PNG that Python reads: not too large, interlaced, or turned by Exif."""
    size = file.stored_bytes if file.data is not None else file.stored_bytes * 3 // 4
    try:
        header = read_header(file.read(0, HEADER_BYTES))
    except ValueError:
        return False
    stored = (header.width, header.height)
    fits = size <= MAX_PNG_BYTES and max(stored) <= MAX_MASK_SIDE
    return fits and not header.interlaced and file.dimensions == stored


def _pixels_of(png: Blob) -> int:
    header = read_header(png.head(HEADER_BYTES))
    return header.width * header.height


def _whole(blob: Blob) -> bytes:
    return blob.head(blob.size)
