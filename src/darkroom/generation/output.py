"""Output images: a URL or base64, in the requested format."""

from collections.abc import Mapping
from contextlib import suppress
from dataclasses import dataclass, replace
from typing import Literal

from darkroom.blob import Blob
from darkroom.catalog.parameters import COMPRESSIBLE, ResolvedParameters
from darkroom.deadline import Deadline
from darkroom.engine.image_download import load_picture
from darkroom.errors import Failure, JobFailed
from darkroom.events import Picture
from darkroom.gateway import Gateway
from darkroom.generation.request import Delivery
from darkroom.image import ImageFile, NotAnImage
from darkroom.json_writer import TextBlob
from darkroom.limit_settings import DAY_S
from darkroom.limits.errors import LimitReached
from darkroom.stores.unavailable import StoreUnavailable

Field = Literal["url", "b64_json", "bytes"]

KEEP_LIMIT_S = 20.0
CONVERT_LIMIT_S = 30.0
BESIDE_LIMIT_S = 20.0  # to fetch a picture whose address is at hand
SHORTEST_LIFE_S = 3600.0  # what dies sooner is not handed to a caller


@dataclass(frozen=True, slots=True)
class RenderedPicture:
    """An output image: the response field that carries it, its value, and metadata.

    The value is a `Blob` where the field is `bytes`. `base64` is what stands beside an
    address for a caller who gets both. `lasts_s` is how long an address lives, where that is known,
    `media_name` what the picture is kept as here, `converted` whether its format was made here,
    `file` what the caller gets, where it passed through here.
    """

    field: Field
    value: str | TextBlob | Blob
    output_format: str | None = None
    size: str | None = None
    lasts_s: float | None = None
    media_name: str | None = None
    converted: bool = False
    file: ImageFile | None = None
    base64: TextBlob | None = None

    @property
    def fields(self) -> Mapping[str, str | TextBlob]:
        """What goes into JSON."""
        beside = {"b64_json": self.base64} if self.base64 else {}
        return {self.field: self.text, **beside}

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
        Raises a `Failure` when the bytes cannot be had and are needed.
        """
        media = self.gateway.media
        as_it_is = delivery.field == "url" and media is None and _lives_on(picture)
        if as_it_is and (delivery.is_plain or self.gateway.converter is None):
            return await self._hand_through(picture, delivery)
        file = await load_picture(picture, self.gateway.http, self.deadline)
        converted = await self._convert(file, delivery)
        return await self._hand_over(converted or file, picture, delivery, keep, bool(converted))

    async def render_result(
        self, picture: Picture, served: ResolvedParameters, delivery: Delivery, *, keep: bool
    ) -> RenderedPicture:
        """Render a picture that is finished; see `render`.

        The source is laid over it first, where a mask says so that its model did not take.
        """
        if served.overlay is not None:
            painted = await load_picture(picture, self.gateway.http, self.deadline)
            picture = Picture(file=await served.overlay.lay_over(painted, self.deadline))
        elif picture.url is not None and picture.lasts_s is None:
            picture = replace(picture, lasts_s=served.model.provider.picture_lasts_s)
        return await self.render(picture, delivery, keep=keep)

    async def _hand_through(self, picture: Picture, delivery: Delivery) -> RenderedPicture:
        """The upstream's address, which need not be fetched but for a caller who gets both."""
        if delivery.both_within_bytes:
            with suppress(Failure):  # the address may be all that this caller reads
                with self.deadline.limit(BESIDE_LIMIT_S, lambda: JobFailed("too slow")):
                    file = await load_picture(picture, self.gateway.http, self.deadline)
                return await self._hand_over(file, picture, delivery, keep=False, converted=False)
        return RenderedPicture("url", str(picture.address), lasts_s=picture.lasts_s)

    async def _hand_over(
        self, file: ImageFile, picture: Picture, delivery: Delivery, keep: bool, converted: bool
    ) -> RenderedPicture:
        dimensions = file.dimensions
        size = f"{dimensions[0]}x{dimensions[1]}" if dimensions else None
        by_address = delivery.field == "url"
        name = await self.keep(file) if keep or by_address else None
        address, lasts_s = None, None
        if name is not None:
            address = self.address_of(name)
            if by_address:
                lasts_s = self.gateway.settings.lifetimes.media_lifetime_days * DAY_S
        elif by_address and picture.address and not converted and _lives_on(picture):
            address, lasts_s = str(picture.address), picture.lasts_s
        value, base64 = await self.forms(file, delivery, address)
        if base64 is not None:
            file = ImageFile(base64=base64.content)  # the picture is not held twice
        return RenderedPicture(
            delivery.field, value, file.format, size, lasts_s, name, converted, file, base64
        )

    async def forms(
        self, file: ImageFile, delivery: Delivery, address: str | None
    ) -> tuple[str | TextBlob | Blob, TextBlob | None]:
        """The value of the field that the caller gets, and the base64 beside an address.

        Without an address a data URL takes its place.
        """
        if delivery.field == "bytes":
            return await _bytes_of(file), None
        if delivery.field == "b64_json":
            return TextBlob(await file.to_base64()), None
        both = file.stored_bytes <= delivery.both_within_bytes
        if address is not None:
            return address, await _base64_of(file) if both else None
        base64 = TextBlob(await file.to_base64())
        url = TextBlob(base64.content, f"data:{file.media_type};base64,")
        return url, base64 if both else None

    def address_of(self, name: str) -> str:
        """The address of a stored image."""
        return f"{self.gateway.settings.public_url or self.origin}/media/{name}"

    async def _convert(self, file: ImageFile, delivery: Delivery) -> ImageFile | None:
        """The picture in the format that was asked for; None if it is so already, or cannot be."""
        converter = self.gateway.converter
        if converter is None:
            return None
        found = file.format
        wanted = delivery.output_format or found
        compresses = delivery.compression is not None and wanted in COMPRESSIBLE
        if wanted == found and not compresses:
            return None
        try:
            with self.deadline.limit(CONVERT_LIMIT_S, lambda: JobFailed("too slow")):
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
            with self.deadline.limit(KEEP_LIMIT_S, lambda: JobFailed("too slow")):
                await media.put(name, content, file.media_type)
        except (StoreUnavailable, JobFailed, LimitReached):
            return None
        return name


def missed_options(
    delivery: Delivery, served: ResolvedParameters, picture: RenderedPicture
) -> tuple[str, ...]:
    """The output options that could not be applied."""
    missed: list[str] = []
    got, converted = picture.output_format, picture.converted
    taken = served.job.options
    promised = got is None and "output_format" in taken  # an address whose file nobody looked at
    if delivery.output_format and delivery.output_format != got and not promised:
        missed.append("output_format")
    compressed = converted or "output_compression" in taken
    if delivery.compression is not None and not (
        compressed and (got or delivery.output_format) in COMPRESSIBLE
    ):
        missed.append("output_compression")
    return tuple(missed)


async def _base64_of(file: ImageFile) -> TextBlob | None:
    """The base64 beside an address; None where there is no memory for it."""
    try:
        return TextBlob(await file.to_base64())
    except Failure:
        return None


async def _bytes_of(file: ImageFile) -> Blob:
    try:
        return await file.to_bytes()
    except NotAnImage:
        raise JobFailed("The upstream's picture is broken: its text is not base64.") from None


def _lives_on(picture: Picture) -> bool:
    """Whether an address lives long enough for a caller to fetch it."""
    lasts = picture.lasts_s is None or picture.lasts_s >= SHORTEST_LIFE_S
    return picture.address is not None and lasts
