"""Bodies are freed with the request that they belong to, without waiting for Python's collector."""

import gc
import weakref
from collections.abc import Iterator

import pytest

from darkroom.app import handle
from darkroom.blob import Blob, BytesBlob
from darkroom.catalog.catalog import load_catalog
from darkroom.catalog.channels import configure
from darkroom.settings import Settings
from tests.support.fakes import FakeHttp, FakeReply, body_of, request
from tests.support.gateways import real_gateway

KEY = {"authorization": "Bearer gitee:good", "content-type": "application/json"}


class Watched(BytesBlob):
    """A blob that can be watched."""

    __slots__ = ("__weakref__",)


class WatchedReply(FakeReply):
    """An answer whose body is watched."""

    seen: "weakref.ref[Watched] | None" = None

    async def read_blob(self, limit: int) -> Blob:
        blob = Watched(await self.read(limit))
        WatchedReply.seen = weakref.ref(blob)
        return blob


@pytest.fixture
def no_collector() -> Iterator[None]:
    gc.disable()
    yield
    gc.enable()


@pytest.mark.parametrize("stream", [False, True])
@pytest.mark.parametrize(
    "body",
    [b"[" * 300_000, b"{}", b'{"data": [{"url": "http://127.0.0.1/a.png"}]}',
     b'{"data": [{"b64_json": "' + b"A" * 300_000 + b'"}]}', b'{"x":[' + b'"",' * 200_000 + b"1]}"],
)  # fmt: skip
@pytest.mark.usefixtures("no_collector")
async def test_an_answer_that_led_to_a_failure_is_freed(body: bytes, stream: bool) -> None:
    http = FakeHttp({"/images/generations": [WatchedReply(pieces=[body])]})
    gate = real_gateway(configure(load_catalog(), {}).catalog, http, Settings())
    requested = {"model": "gitee/z-image-turbo", "prompt": "a cat", "stream": stream}
    call = request("POST", "/v1/images/generations", requested, KEY)
    reply = await handle(call, gate, lambda entry: None)
    reported = await body_of(reply)
    assert b"error" in reported
    del reply
    http.replies.clear()
    assert WatchedReply.seen is not None
    assert WatchedReply.seen() is None
