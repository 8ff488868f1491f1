"""The stand-in Spaces that take pictures, over raw HTTP on real Gradio 6, 5 and 4."""

import asyncio
import hashlib
import io
import json
import secrets
from collections.abc import AsyncIterator, Sequence
from dataclasses import dataclass, replace
from typing import Any

import httpx
import pytest
from PIL import Image

from tests.support.spaces import Spaces, eventually

EDITS = ("linoyts-qwen-image-edit-2511-fast", "linoyts-qwen-image-edit-2509-fast")
EDIT = EDITS[0]
UPSCALER = "tuan2308-upscaler"
RED, BLUE = (255, 0, 0), (0, 0, 255)


def png(colour: tuple[int, int, int] = RED, size: tuple[int, int] = (64, 48)) -> bytes:
    buffer = io.BytesIO()
    Image.new("RGB", size, colour).save(buffer, "PNG")
    return buffer.getvalue()


def file_data(path: str) -> dict[str, Any]:
    return {"path": path, "meta": {"_type": "gradio.FileData"}}


def edit_inputs(
    *paths: str, prompt: str = "a hat", size: tuple[int, int] = (512, 384)
) -> list[Any]:
    gallery = [{"image": file_data(path), "caption": None} for path in paths]
    width, height = size
    return [gallery, prompt, 7, False, 1, 4, height, width, True]


def upscaler_inputs(path: str, scale: int = 4) -> list[Any]:
    return [file_data(path), "RealESRGAN_x4plus", 0.5, False, scale]


@dataclass(frozen=True, slots=True)
class SpaceClient:
    """A caller's dealings with one Space; `pin` names the replica they keep to."""

    http: httpx.AsyncClient
    root: str
    prefix: str
    token: str = ""
    pin: str = ""

    async def upload(
        self, *files: bytes, names: Sequence[str] = (), field: str = "files"
    ) -> httpx.Response:
        named = zip(names or ["image.png"] * len(files), files, strict=True)
        parts = [(field, (name, content, "image/png")) for name, content in named]
        return await self.http.post(self.url("/upload"), files=parts, headers=self.headers)

    async def paths(self, *files: bytes) -> list[str]:
        paths: list[str] = (await self.upload(*files)).raise_for_status().json()
        return paths

    async def join(self, fn_index: int, data: list[Any]) -> tuple[str, httpx.Response]:
        session = secrets.token_hex(8)
        body = {"data": data, "fn_index": fn_index, "trigger_id": None, "session_hash": session}
        answer = await self.http.post(self.url("/queue/join"), json=body, headers=self.headers)
        return session, answer

    async def follow(self, session: str) -> dict[str, Any]:
        """The message that ends the job."""
        url, requested = self.url("/queue/data"), {"session_hash": session}
        async with self.http.stream("GET", url, params=requested, headers=self.headers) as stream:
            async for line in stream.aiter_lines():
                message = json.loads(line.removeprefix("data:") or "{}")
                if message.get("msg") in ("process_completed", "unexpected_error"):
                    return dict(message)
        raise AssertionError("the stream ended before the job")

    async def run(self, fn_index: int, data: list[Any]) -> dict[str, Any]:
        session, answer = await self.join(fn_index, data)
        assert answer.status_code == 200, answer.text
        return await self.follow(session)

    async def fetch(self, file: dict[str, Any]) -> httpx.Response:
        return await self.http.get(self.url(f"/file={file['path']}"), headers=self.headers)

    async def picture(self, file: dict[str, Any]) -> Image.Image:
        return Image.open(io.BytesIO((await self.fetch(file)).raise_for_status().content))

    def url(self, path: str) -> str:
        return self.root + (f"/--replicas/{self.pin}" if self.pin else "") + self.prefix + path

    @property
    def headers(self) -> dict[str, str]:
        return {"x-hf-authorization": f"Bearer {self.token}"} if self.token else {}


@pytest.fixture
async def http() -> AsyncIterator[httpx.AsyncClient]:
    async with httpx.AsyncClient(timeout=30) as client:
        yield client


@pytest.fixture
def space_client(http: httpx.AsyncClient, spaces: Spaces) -> SpaceClient:
    return client_of(EDIT, http, spaces)


@pytest.fixture
def upscaler(http: httpx.AsyncClient, spaces: Spaces) -> SpaceClient:
    return client_of(UPSCALER, http, spaces)


def client_of(space: str, http: httpx.AsyncClient, spaces: Spaces, token: str = "") -> SpaceClient:
    prefix = "" if spaces.gradio == "gradio4" else "/gradio_api"
    return SpaceClient(http, spaces.space_url.format(subdomain=space), prefix, token)


@pytest.mark.parametrize(
    ("space", "fn_index", "trigger_id", "api_name"),
    [*((space, 0, 12, "infer") for space in EDITS), (UPSCALER, 1, 17, "realesrgan")],
)
async def test_the_functions_have_the_numbers_of_the_real_spaces(
    http: httpx.AsyncClient,
    spaces: Spaces,
    space: str,
    fn_index: int,
    trigger_id: int,
    api_name: str,
) -> None:
    config = (await http.get(f"{spaces.space_url.format(subdomain=space)}/config")).json()
    function = config["dependencies"][fn_index]
    assert (function["id"], function["api_name"]) == (fn_index, api_name)
    assert function["targets"][0] == [trigger_id, "click"]


@pytest.mark.every_gradio
@pytest.mark.parametrize("space", EDITS)
async def test_a_picture_is_edited(http: httpx.AsyncClient, spaces: Spaces, space: str) -> None:
    space_client = client_of(space, http, spaces)
    done = await space_client.run(0, edit_inputs(*await space_client.paths(png()), size=(768, 512)))
    gallery, seed, button = done["output"]["data"]
    ((image, caption),) = [(item["image"], item["caption"]) for item in gallery]
    assert (caption, seed) == (None, 7)
    assert button["__type__"] == "update"
    assert image["url"] == space_client.url(f"/file={image['path']}")
    picture = await space_client.picture(image)
    assert (picture.format, picture.size) == ("WEBP", (768, 512))


async def test_every_picture_of_the_gallery_counts(space_client: SpaceClient) -> None:
    done = await space_client.run(0, edit_inputs(*await space_client.paths(png(RED), png(BLUE))))
    picture = await space_client.picture(done["output"]["data"][0][0]["image"])
    left, right = picture.resize((2, 1), Image.Resampling.BOX).get_flattened_data()
    assert isinstance(left, tuple)
    assert isinstance(right, tuple)
    assert left[0] > left[2]
    assert right[2] > right[0]


async def test_the_least_size_leaves_the_choice_to_the_space(space_client: SpaceClient) -> None:
    paths = await space_client.paths(png(size=(10, 10)), png(size=(64, 48)))
    done = await space_client.run(0, edit_inputs(*paths, size=(256, 256)))
    picture = await space_client.picture(done["output"]["data"][0][0]["image"])
    assert picture.size == (1184, 896)  # about a megapixel, in the ratio of the last picture


async def test_a_directive_can_leave_the_gallery_empty(space_client: SpaceClient) -> None:
    paths = await space_client.paths(png())
    done = await space_client.run(0, edit_inputs(*paths, prompt="a hat [[none]]"))
    assert (done["success"], done["output"]["data"][0]) == (True, [])


async def test_nothing_is_edited_without_a_picture(space_client: SpaceClient) -> None:
    done = await space_client.run(0, edit_inputs())
    assert (done["success"], done["output"]["error"]) == (False, None)


@pytest.mark.parametrize("scale", [1, 2, 4])
async def test_a_picture_is_enlarged(upscaler: SpaceClient, scale: int) -> None:
    (path,) = await upscaler.paths(png(BLUE, (50, 40)))
    done = await upscaler.run(1, upscaler_inputs(path, scale))
    (image,) = done["output"]["data"]
    picture = await upscaler.picture(image)
    assert (picture.format, picture.size) == ("PNG", (50 * scale, 40 * scale))
    assert picture.getpixel((5, 5)) == (*BLUE, 255)


async def test_a_picture_that_is_too_large_comes_to_nothing(upscaler: SpaceClient) -> None:
    (path,) = await upscaler.paths(png(size=(3000, 4)))
    done = await upscaler.run(1, upscaler_inputs(path))
    assert (done["success"], done["output"]["data"]) == (True, [None])


async def test_an_exhausted_gpu_quota_fails_the_upscale(upscaler: SpaceClient) -> None:
    upscaler = replace(upscaler, token="quota-1")
    (path,) = await upscaler.paths(png())
    done = await upscaler.run(1, upscaler_inputs(path))
    assert done["success"] is False
    assert "exceeded your GPU quota" in done["output"]["error"]


@pytest.mark.every_gradio
async def test_uploads_are_named_in_their_order(space_client: SpaceClient) -> None:
    answer = await space_client.upload(png(RED), png(BLUE), names=["red.png", "blue.png"])
    assert answer.headers["content-type"] == "application/json"
    assert [path.rpartition("/")[2] for path in answer.json()] == ["red.png", "blue.png"]
    assert (await space_client.fetch({"path": answer.json()[1]})).content == png(BLUE)


async def test_a_form_without_the_right_field_is_taken_for_nothing(
    space_client: SpaceClient,
) -> None:
    assert (await space_client.upload(png(), field="file")).json() == []


async def test_the_log_tells_what_was_uploaded(space_client: SpaceClient, spaces: Spaces) -> None:
    spaces.forget()
    await space_client.upload(png(), names=["red.png"])
    (entry,) = spaces.log("/upload", status=200, disconnected=False)
    (file,) = entry["body"]["files"]
    assert (file["name"], file["filename"], file["size"]) == ("files", "red.png", len(png()))
    assert file["sha256"] == hashlib.sha256(png()).hexdigest()


async def test_an_upload_that_breaks_off_is_not_passed_on(
    space_client: SpaceClient, spaces: Spaces
) -> None:
    spaces.forget()
    url = httpx.URL(space_client.url("/upload"))
    _, writer = await asyncio.open_connection(url.host, url.port)
    head = f"POST {url.path} HTTP/1.1\r\nHost: {url.host}\r\nContent-Length: 5000\r\n"
    writer.write(f"{head}Content-Type: multipart/form-data; boundary=b\r\n\r\n--b\r\n".encode())
    await writer.drain()
    writer.close()
    await asyncio.to_thread(eventually, lambda: spaces.log("/upload", disconnected=True))
    assert spaces.log("/upload", status=None)


async def test_a_token_that_does_not_work_uploads_nothing(space_client: SpaceClient) -> None:
    assert (await replace(space_client, token="bad-1").upload(png())).status_code == 401


@pytest.mark.parametrize(
    ("mode", "status"),
    [("error", 503), ("sleeping", 503), ("missing", 404), ("rate", 429), ("full", 200)],
)
async def test_a_mode_holds_for_uploads_too(
    space_client: SpaceClient, spaces: Spaces, mode: str, status: int
) -> None:
    with spaces.mode(EDIT, mode):
        assert (await space_client.upload(png())).status_code == status


async def test_an_upload_is_of_no_use_at_another_space(
    http: httpx.AsyncClient, spaces: Spaces, space_client: SpaceClient
) -> None:
    other = client_of(EDITS[1], http, spaces)
    (path,) = await space_client.paths(png())
    done = await other.run(0, edit_inputs(path))
    assert (done["success"], done["output"]["error"]) == (False, None)
    assert (await other.fetch({"path": path})).status_code == 403


@pytest.mark.every_gradio
async def test_everything_after_the_upload_goes_to_the_replica_that_took_it(
    space_client: SpaceClient, spaces: Spaces
) -> None:
    with spaces.mode(EDIT, "replicas"):
        answer = await space_client.upload(png())
        pinned = replace(space_client, pin=answer.headers["x-proxied-replica"].rpartition("-")[2])
        done = await pinned.run(0, edit_inputs(*answer.json()))
        image = done["output"]["data"][0][0]["image"]
        assert "/--replicas/" not in image["url"]
        assert (await space_client.fetch(image)).status_code == 403
        assert (await pinned.picture(image)).size == (512, 384)


async def test_the_other_replica_takes_the_job_and_lacks_the_picture(
    space_client: SpaceClient, spaces: Spaces
) -> None:
    with spaces.mode(EDIT, "replicas"):
        uploaded = await space_client.upload(png())
        session, joined = await space_client.join(0, edit_inputs(*uploaded.json()))
        assert joined.status_code == 200
        home, other = (
            replace(space_client, pin=answer.headers["x-proxied-replica"].rpartition("-")[2])
            for answer in (uploaded, joined)
        )
        assert home.pin != other.pin
        assert (await home.follow(session))["msg"] == "unexpected_error"
        done = await other.follow(session)
        assert (done["success"], done["output"]["error"]) == (False, None)
