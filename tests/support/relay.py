"""The relay's routes before providers that paint whatever they are asked for."""

import base64
import io
from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from typing import Any

from PIL import Image

from darkroom.app import handle
from darkroom.blob import BytesBlob
from darkroom.catalog.catalog import Catalog, load_catalog
from darkroom.events import Finished, Picture
from darkroom.gateway import Gateway
from darkroom.http import Reply
from darkroom.image import ImageFile
from darkroom.job import ImageJob
from tests.support.fakes import (
    FakeHttp,
    FakeProvider,
    FakeReply,
    MemoryMedia,
    Script,
    engine,
    gateway,
    json_of,
    request,
)

CATALOG = load_catalog()
# A token for everybody whose models stand first behind the relay's names.
VENDORS = "bfl:good,gemini:good,openai:good,qwen:good"


def png(width: int = 64, height: int = 48, mode: str = "RGB", colour: Any = 0) -> bytes:
    """A picture of one colour."""
    buffer = io.BytesIO()
    Image.new(mode, (width, height), colour).save(buffer, "PNG")
    return buffer.getvalue()


PAINTED = png(96, 64)
ADDRESS = "https://example.com/photo.png"


def base64_of(content: bytes) -> str:
    """A picture as the relay's clients send it."""
    return base64.b64encode(content).decode()


# The image routes, by their paths behind `/v2/`.
FLUX, FLUX_1 = "image/flux/generate", "image/flux-1/generate"
GEMINI = "image/gemini-3/generate"
GPT, GPT_EDIT, GPT_2 = (
    "image/gpt-image/generate",
    "image/gpt-image/edit",
    "image/gpt-image-2/generate",
)
QWEN, QWEN_EDIT = "image/qwen/generate", "image/qwen/edit"
UPSCALE, ANY = "image/realesrgan/upscale", "image/generate"
TXT2IMG = "automatic1111/sdapi/v1/txt2img"

SOURCE = base64_of(png())
# The least that each of them takes.
LEAST: dict[str, dict[str, Any]] = {
    FLUX: {"prompt": "a cat"},
    FLUX_1: {"inputs": "a cat"},
    GEMINI: {"prompt": "a cat"},
    GPT: {"prompt": "a cat"},
    GPT_EDIT: {"prompt": "a cat", "image": SOURCE},
    GPT_2: {"prompt": "a cat"},
    QWEN: {"prompt": "a cat"},
    QWEN_EDIT: {"prompt": "a cat", "image": SOURCE},
    UPSCALE: {"image_b64": SOURCE},
    TXT2IMG: {"prompt": "a cat"},
    ANY: {"prompt": "a cat"},
}


@dataclass
class Relay:
    """A gateway all of whose providers play the same scripts; `http` serves one photo."""

    scripts: list[Script] = field(default_factory=list)
    media: MemoryMedia | None = None
    catalog: Catalog = CATALOG
    parts: Mapping[str, Any] = field(default_factory=dict)
    painter: FakeProvider = field(init=False)
    gateway: Gateway = field(init=False)
    log: list[Mapping[str, object]] = field(default_factory=list)

    def __post_init__(self) -> None:
        held = Finished((Picture(file=ImageFile(data=BytesBlob(PAINTED))),), 42)
        self.painter = FakeProvider(self.scripts or [[held]])
        http = FakeHttp({"photo.png": [FakeReply(pieces=[png()])]})
        names = (row.protocol or row.id for row in self.catalog.providers)
        bare = gateway(http=http, media=self.media, catalog=self.catalog, **self.parts)
        self.gateway = replace(bare, engine=engine(dict.fromkeys(names, self.painter), http))

    @property
    def jobs(self) -> list[ImageJob]:
        """What the providers were asked for."""
        return [job for job, _ in self.painter.calls]

    async def call(self, method: str, path: str, body: object = None, **headers: str) -> Reply:
        """One request; headers have underscores for hyphens."""
        named = {name.replace("_", "-"): value for name, value in headers.items()}
        return await handle(request(method, path, body, named), self.gateway, self.log.append)

    async def paint(self, family: str, body: Mapping[str, Any], **headers: str) -> Reply:
        """Ask one of the image routes, by its path behind `/v2/`."""
        return await self.call("POST", f"/v2/{family}", body, **headers)

    async def answer(self, family: str, body: Mapping[str, Any], **headers: str) -> dict[str, Any]:
        """What such a route answers, which has to go well."""
        reply = await self.paint(family, body, **headers)
        answer: dict[str, Any] = await json_of(reply)
        assert reply.status == 200, answer
        return answer

    async def job(self, family: str, body: Mapping[str, Any], **headers: str) -> ImageJob:
        """What a provider was asked for by a request that went well."""
        await self.answer(family, body, **headers)
        return self.jobs[-1]


async def refusal_of(reply: Reply, status: int) -> dict[str, Any]:
    """The envelope of a failure, which has to be whole."""
    body: dict[str, Any] = await json_of(reply)
    assert reply.status == status, body
    assert set(body) == {"detail", "error"}
    assert {"code", "type", "source", "message", "request_id"} <= set(body["error"])
    assert body["error"]["request_id"] == reply.headers["x-request-id"]
    return body
