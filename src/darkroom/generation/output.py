"""Output images: a URL or base64, in the requested format."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Literal

from darkroom.blob import Blob
from darkroom.catalog.parameters import COMPRESSIBLE, ResolvedParameters
from darkroom.deadline import Deadline
from darkroom.engine.image_download import load_picture
from darkroom.errors import JobFailed
from darkroom.events import Picture
from darkroom.gateway import Gateway
from darkroom.generation.request import Delivery
from darkroom.image import ImageFile, NotAnImage
from darkroom.json_writer import TextBlob
from darkroom.stores.unavailable import StoreUnavailable

KEEP_LIMIT_S = 20.0
CONVERT_LIMIT_S = 30.0
SHORTEST_LIFE_S = 3600.0  # what dies sooner is not handed to a caller


@dataclass(frozen=True, slots=True)
class RenderedPicture:
    """An output image: the response field that carries it, its value, and metadata.

    The value is a `Blob` where the field is `bytes`. `lasts_s` is how long an address of the
    upstream's lives, `media_name` what the picture is kept as here, `converted` whether its format
    was made here, `file` what the caller gets, where it passed through here.
    """

    field: Literal["url", "b64_json", "bytes"]
    value: str | TextBlob | Blob
    output_format: str | None = None
    size: str | None = None
    lasts_s: float | None = None
    media_name: str | None = None
    converted: bool = False
    file: ImageFile | None = None

    @property
    def text(self) -> str | TextBlob:
        """The value of a picture that goes into JSON: not for the field `bytes`."""
        assert isinstance(self.value, str | TextBlob)  # noqa: S101
        return self.value


@dataclass(frozen=True, slots=True)
class RenderedPreview:
    """A preview in the shape that the caller gets."""

    picture: RenderedPicture
    index: int
    served: ResolvedParameters


@dataclass(frozen=True, slots=True)
class Completed:
    """A finished image in the shape that the caller gets, and who served it.

    `missed` are output options that could not be applied, `recalled` says that the image
    came from the cache. `layers` are those of a picture that was taken apart, from
    the back to the front, of which `picture` is the first. `took_s` is how long it took,
    its fetching included, `history_id` its id in the caller's history, where it goes there.
    """

    picture: RenderedPicture
    served: ResolvedParameters
    provider: str
    seed: int | None
    revised_prompt: str | None = None
    usage: Mapping[str, object] | None = None
    missed: tuple[str, ...] = ()
    recalled: bool = False
    layers: tuple[RenderedPicture, ...] = ()
    took_s: float = 0.0
    history_id: int | None = None


@dataclass(frozen=True, slots=True)
class Renderer:
    """Renders images for one request; `origin` is the address that was called."""

    gateway: Gateway
    origin: str
    deadline: Deadline

    async def render(
        self, picture: Picture, delivery: Delivery, *, keep: bool = False
    ) -> RenderedPicture:
        """Render a picture as requested.

        An address is one of this gateway's, if it can keep pictures, for upstreams' own die; else
        the upstream's, if that lives long enough, else a data URL. `keep` keeps it in any case.
        Raises a `Failure` when the bytes cannot be had.
        """
        media = self.gateway.media
        as_it_is = delivery.field == "url" and media is None and _lives_on(picture)
        if as_it_is and (delivery.is_plain or self.gateway.converter is None):
            return RenderedPicture("url", str(picture.address), lasts_s=picture.lasts_s)
        file = await load_picture(picture, self.gateway.http, self.deadline)
        converted = await self._convert(file, delivery)
        return await self._hand_over(converted or file, picture, delivery, keep, bool(converted))

    async def _hand_over(
        self, file: ImageFile, picture: Picture, delivery: Delivery, keep: bool, converted: bool
    ) -> RenderedPicture:
        dimensions = file.dimensions
        size = f"{dimensions[0]}x{dimensions[1]}" if dimensions else None
        name = await self.keep(file) if keep or delivery.field == "url" else None

        def rendered(value: str | TextBlob | Blob, lasts_s: float | None = None) -> RenderedPicture:
            return RenderedPicture(
                delivery.field, value, file.format, size, lasts_s, name, converted, file
            )

        if delivery.field == "bytes":
            return rendered(await _bytes_of(file))
        if delivery.field == "b64_json":
            return rendered(TextBlob(await file.to_base64()))
        if name is not None:
            return rendered(self.address_of(name))
        if picture.address and not converted and _lives_on(picture):
            return rendered(str(picture.address), picture.lasts_s)
        return rendered(TextBlob(await file.to_base64(), f"data:{file.media_type};base64,"))

    def address_of(self, name: str) -> str:
        """The address of a stored image."""
        return f"{self.gateway.settings.public_url or self.origin}/media/{name}"

    async def _convert(self, file: ImageFile, delivery: Delivery) -> ImageFile | None:
        """The picture in the format that was asked for; None if it is so already, or cannot be."""
        converter, wanted = self.gateway.converter, delivery.output_format or file.format
        compresses = delivery.compression is not None and wanted in COMPRESSIBLE
        if converter is None or (wanted == file.format and not compresses):
            return None
        try:
            async with self.deadline.limit(CONVERT_LIMIT_S, lambda: JobFailed("too slow")):
                content = await converter.convert(
                    await _bytes_of(file), wanted, delivery.compression
                )
        except (StoreUnavailable, JobFailed):
            return None
        return ImageFile(data=content)

    async def keep(self, file: ImageFile) -> str | None:
        """The name under which a picture was kept; None if it was not: it is not lost for that."""
        media = self.gateway.media
        if media is None:
            return None
        name = f"{self.gateway.draw_token()}.{file.format}"
        content = await _bytes_of(file)
        try:
            async with self.deadline.limit(KEEP_LIMIT_S, lambda: JobFailed("too slow")):
                await media.put(name, content, file.media_type)
        except (StoreUnavailable, JobFailed):
            return None
        return name


async def _bytes_of(file: ImageFile) -> Blob:
    try:
        return await file.to_bytes()
    except NotAnImage:
        raise JobFailed("The upstream's picture is broken: its text is not base64.") from None


def _lives_on(picture: Picture) -> bool:
    """Whether an address lives long enough for a caller to fetch it."""
    lasts = picture.lasts_s is None or picture.lasts_s >= SHORTEST_LIFE_S
    return picture.address is not None and lasts
