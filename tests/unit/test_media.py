"""Kept pictures over HTTP: whole, in part, or not at all."""

from collections.abc import Mapping
from urllib.parse import quote

import pytest

from darkroom.app import handle
from darkroom.blob import BytesBlob
from darkroom.http import Reply
from darkroom.stores.media import MediaFacts
from darkroom.stores.unavailable import StoreUnavailable
from tests.support.fakes import PNG, MemoryMedia, body_of, gateway, json_of, request

NAME = "f00d.png"
SIZE = len(PNG)


async def kept(name: str = NAME, media_type: str = "image/png") -> MemoryMedia:
    media = MemoryMedia()
    await media.put(name, BytesBlob(PNG), media_type)
    return media


async def ask(media: MemoryMedia, name: str = NAME, method: str = "GET", **headers: str) -> Reply:
    named: Mapping[str, str] = {key.replace("_", "-"): value for key, value in headers.items()}
    requested = request(method, f"/media/{name}", None, named)
    return await handle(requested, gateway(media=media), lambda entry: None)


async def test_a_picture_comes_with_all_that_lets_it_be_kept_and_continued() -> None:
    media = await kept()
    reply = await ask(media)
    assert (reply.status, await body_of(reply)) == (200, PNG)
    headers = dict(reply.headers)
    assert headers["content-type"] == "image/png"
    assert headers["content-length"] == str(SIZE)
    assert headers["accept-ranges"] == "bytes"
    assert headers["etag"] == media.kept[NAME].etag
    assert headers["cache-control"] == "public, max-age=31536000, immutable"
    assert headers["x-content-type-options"] == "nosniff"
    assert {"etag", "content-range"} <= set(headers["access-control-expose-headers"].split(", ")), (
        "pages of other origins may read them"
    )


@pytest.mark.parametrize(
    ("requested", "start", "end"),
    [
        ("bytes=0-0", 0, 1),
        ("bytes=2-5", 2, 6),
        ("BYTES=2-5", 2, 6),
        ("bytes=60-", 60, SIZE),
        ("bytes=0-", 0, SIZE),
        ("bytes=60-99999", 60, SIZE),
        ("bytes=-5", SIZE - 5, SIZE),
        ("bytes=-99999", 0, SIZE),
    ],
)
async def test_one_range_is_a_206_that_says_which(requested: str, start: int, end: int) -> None:
    reply = await ask(await kept(), range=requested)
    assert (reply.status, await body_of(reply)) == (206, PNG[start:end])
    assert reply.headers["content-range"] == f"bytes {start}-{end - 1}/{SIZE}"
    assert reply.headers["content-length"] == str(end - start)
    assert reply.headers["content-type"] == "image/png"


@pytest.mark.parametrize(
    "requested",
    [
        *(
            "bytes=5-2",
            "bytes=-",
            "bytes=0-1,4-5",
            "bytes 0-1",
            "bytes=a-b",
            "bytes=1",
            "pixels=0-1",
        ),
        *("", f"bytes={'9' * 5000}-", "bytes=\u0661-\u0662"),
    ],
)
async def test_several_ranges_and_nonsense_are_answered_with_the_whole(requested: str) -> None:
    reply = await ask(await kept(), range=requested)
    assert (reply.status, await body_of(reply)) == (200, PNG)
    assert "content-range" not in reply.headers


@pytest.mark.parametrize("requested", [f"bytes={SIZE}-", "bytes=99999-100000", "bytes=-0"])
async def test_a_range_behind_the_end_is_a_416_with_the_size(requested: str) -> None:
    media = await kept()
    reply = await ask(media, range=requested)
    assert reply.status == 416
    assert reply.headers["content-range"] == f"bytes */{SIZE}"
    assert reply.headers["cache-control"] == "no-store"
    assert (await json_of(reply))["error"]["code"] == "range_not_satisfiable"
    assert media.read == []


async def test_a_picture_that_the_caller_has_is_a_304_and_not_read() -> None:
    media = await kept()
    etag = media.kept[NAME].etag
    for known in (etag, f"W/{etag}", f'"other", {etag}', "*"):
        for method in ("GET", "HEAD"):
            reply = await ask(media, method=method, if_none_match=known, range="bytes=0-1")
            assert (reply.status, reply.body) == (304, [])
            assert reply.headers["etag"] == etag
            assert "content-length" not in reply.headers
    assert media.read == []


async def test_a_caller_who_has_another_picture_gets_this_one() -> None:
    media = await kept()
    for known in ('"other"', media.kept[NAME].etag.strip('"'), ""):
        assert (await ask(media, if_none_match=known)).status == 200


async def test_a_range_is_sent_only_if_if_range_names_the_same_picture() -> None:
    media = await kept()
    etag = media.kept[NAME].etag
    assert (await ask(media, range="bytes=4-", if_range=etag)).status == 206
    for other in ('"other"', f"W/{etag}", "Wed, 21 Oct 2026 07:28:00 GMT"):
        reply = await ask(media, range="bytes=4-", if_range=other)
        assert (reply.status, await body_of(reply)) == (200, PNG)
    assert (await ask(media, range=f"bytes={SIZE}-", if_range='"other"')).status == 200


async def test_a_head_request_gets_the_headers_and_reads_nothing() -> None:
    media = await kept()
    whole = await ask(media)
    media.read.clear()
    head = await ask(media, method="HEAD", range="bytes=0-1")
    varying = {"x-request-id", "server-timing"}
    assert (head.status, head.body, media.read) == (200, [], [])
    assert {k: v for k, v in head.headers.items() if k not in varying} == {
        k: v for k, v in whole.headers.items() if k not in varying
    }


@pytest.mark.parametrize(
    ("name", "kept_as", "served_as"),
    [
        ("a.webp", "image/webp", "image/webp"),
        ("a.webp", "application/octet-stream", "image/webp"),
        ("a.jpeg", "", "image/jpeg"),
        ("a.png", "text/html", "image/png"),
        ("a.bin", "text/html", "application/octet-stream"),
    ],
)
async def test_a_picture_is_served_as_a_picture_however_it_was_kept(
    name: str, kept_as: str, served_as: str
) -> None:
    assert (await ask(await kept(name, kept_as), name)).headers["content-type"] == served_as


@pytest.mark.parametrize(
    "key", ["results/f00d.png", "history/f00d.png", "tasks/t.png", "ünä.png", "a.b.png", ".png"]
)
@pytest.mark.parametrize("method", ["GET", "HEAD"])
async def test_nothing_else_of_the_bucket_can_be_had(key: str, method: str) -> None:
    media = await kept(key)
    for spelling in (key, quote(key, safe=""), f"../{key}", f"/{key}"):
        reply = await ask(media, spelling, method)
        assert reply.status == 404
    assert media.read == []


@pytest.mark.parametrize("headers", [{}, {"range": "bytes=0-1"}])
async def test_a_picture_that_was_deleted_is_a_404(headers: Mapping[str, str]) -> None:
    media = await kept()
    await media.delete(NAME)
    await media.delete(NAME)
    reply = await ask(media, **headers)
    assert (await json_of(reply))["error"]["code"] == "media_not_found"
    assert (await ask(media, method="HEAD")).status == 404


async def test_a_store_that_fails_is_a_503() -> None:
    class Broken(MemoryMedia):
        async def head(self, name: str) -> MediaFacts | None:
            raise StoreUnavailable

        async def get(self, name: str, part: object = None) -> None:
            raise StoreUnavailable

    for method in ("GET", "HEAD"):
        reply = await ask(Broken(), method=method)
        assert reply.status == 503
