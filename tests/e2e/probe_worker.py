"""The entry module of the probe: each path hands the request's body to one part of the edge."""

import asyncio
import hashlib
import json
from collections.abc import AsyncGenerator, Iterator, Sequence
from contextlib import contextmanager
from typing import Any
from urllib.parse import parse_qsl, urlsplit

import js
from pyodide.ffi import JsException, to_js
from workers import DurableObject, Response, WorkerEntrypoint

from darkroom.address import address_below
from darkroom.deadline import Deadline
from darkroom.edge.blob import CHUNK_BYTES, MEMORY, JsBlob, to_array
from darkroom.edge.chunks import ChunkReader
from darkroom.edge.clock import SystemClock
from darkroom.edge.http import EdgeHttp
from darkroom.edge.images import ImagesConverter
from darkroom.edge.object_storage import DurableObjectStorage
from darkroom.edge.response_body import hand_over
from darkroom.edge.sealing import WebCryptoSealer
from darkroom.edge.streams import PushStream
from darkroom.errors import Failure, UpstreamBroken
from darkroom.http import Part
from darkroom.settings import Secret
from darkroom.stores.sealing import SealBroken
from darkroom.stores.unavailable import StoreUnavailable
from darkroom.worker.fetch import EdgeBody


class Default(WorkerEntrypoint):  # type: ignore[misc]
    """Answers with what the part made of the body."""

    async def fetch(self, request: Any) -> Response:  # noqa: PLR0912 - a table of what can be asked
        requested = request.js_object
        path = urlsplit(requested.url).path.strip("/")
        query = dict(parse_qsl(urlsplit(requested.url).query))
        if path == "alive":
            return _answer(b"alive")
        headers = {str(k): str(v) for k, v in js.Array.from_(requested.headers.entries())}
        if path == "hear":
            return await hear(requested, headers, query)
        try:
            with memory_taken(int(query.get("taken", 0))):
                limit = int(query.get("limit", 10**8))
                said = (
                    {**headers, "content-length": query["declared"]}
                    if "declared" in query
                    else headers
                )
                body = await EdgeBody(requested.body, said).read(limit)
        except Failure as failure:
            return _answer(failure.message.encode(), failure.status)
        match path:
            case "body":
                return self._deliver([body])
            case "to-base64":
                return self._deliver([await body.to_base64()])
            case "from-base64":
                return await self._from_base64(body)
            case "relay":
                return await self._relay(_parts(body, query), query)
            case "answer":
                return self._deliver(_parts(body, query))
            case "stream":
                return _respond(
                    PushStream(copies(body, int(query["count"]))).open(None, self.ctx.waitUntil)
                )
            case "chunks":
                return _answer(await read_chunks(body, "close" in query))
            case "ahead":
                return _answer(await count_ahead(body, int(query["count"])))
            case "gather":
                pauses_s = [float(pause) for pause in query["pause"].split(",")]
                return _answer(await gather(query["url"], pauses_s))
            case "find":
                return _answer(find_all(JsBlob(js.Uint8Array.new(to_array(body))), query))
            case "lifetime":
                return _answer(lifetime(JsBlob(js.Uint8Array.new(to_array(body)))))
            case "convert":
                return await convert(ImagesConverter(self.env.IMAGES._binding), body, query)
            case "convert-options":
                return await convert(ImagesConverter(Spy()), body, query)
            case "seal":
                sealer = WebCryptoSealer(Secret(query["secret"]))
                return _answer((await sealer.seal(query["text"], query["purpose"])).encode())
            case "open":
                return await unseal(WebCryptoSealer(Secret(query["secret"])), query)
            case "disk":
                stub = self.env.TASKS._binding.getByName(query["object"])
                answer = await stub.fetch(request.js_object.url, method="POST", body=to_array(body))
                return Response(answer)
        return _answer(b"?", 404)

    def _deliver(self, parts: Sequence[Part], headers: Any = None) -> Response:
        return _respond(hand_over(parts, self.ctx.waitUntil), headers)

    async def _relay(self, parts: Sequence[Part], query: dict[str, str]) -> Response:
        """What an upstream answered that was sent the parts."""
        deadline = Deadline.after(30, SystemClock())
        reply = await EdgeHttp().send(
            "POST", address_below(query["url"], ""), headers={}, body=parts, deadline=deadline
        )
        try:
            content = await reply.read_blob(int(query.get("answer-limit", 10**8)))
        except UpstreamBroken as failure:
            return _answer(failure.message.encode(), 502)
        finally:
            await reply.close()
        headers = [["x-heard", reply.headers["x-heard"]]]
        return self._deliver([content], js.Object.fromEntries(to_js(headers)))

    async def _from_base64(self, body: Any) -> Response:
        try:
            return self._deliver([await body.from_base64()])
        except ValueError as failure:
            return _answer(str(failure).encode(), 400)


class Tasks(DurableObject):  # type: ignore[misc]
    """Does one thing with its disk for each request; `bucket` puts one beside it."""

    async def fetch(self, request: Any) -> Response:
        query = dict(parse_qsl(urlsplit(request.url).query))
        bucket = self.env.MEDIA._binding if "bucket" in query else None
        storage = DurableObjectStorage(self.ctx.storage._binding, bucket, f"{query['object']}/")
        name = query["name"]
        match query["do"]:
            case "keep":
                content = JsBlob(js.Uint8Array.new(await request.js_object.arrayBuffer()))
                half = content.size // 2
                parts = [content.slice(0, half), content.slice(half, content.size)]
                return _answer(str(await storage.keep(name, parts)).encode())
            case "fetch":
                found = await storage.fetch(name)
                return _answer(b"nothing", 404) if found is None else _respond(to_array(found))
            case "drop":
                await storage.drop(name)
            case "erase":
                await storage.erase()
        listed = (await self.ctx.storage._binding.list()).keys()
        return _answer(" ".join(str(key) for key in js.Array.from_(listed)).encode())


@contextmanager
def memory_taken(size: int) -> Iterator[None]:
    """Another request holds so many bytes."""
    owner = MEMORY.new_owner()
    MEMORY.hold(size, owner)
    try:
        yield
    finally:
        MEMORY.release(owner, size)


async def unseal(sealer: WebCryptoSealer, query: dict[str, str]) -> Response:
    try:
        return _answer((await sealer.open(query["sealed"], query["purpose"])).encode())
    except SealBroken:
        return _answer(b"broken", 400)


async def hear(requested: Any, headers: dict[str, str], query: dict[str, str]) -> Response:
    """An upstream that answers with its body, and tells in a header what came with it."""
    reported = {name: headers.get(name) for name in ("content-length", "transfer-encoding")}
    content = js.Uint8Array.new(await requested.arrayBuffer())
    js_headers = [["x-heard", json.dumps(reported)]]
    match query.get("as"):
        case "stream":
            content = js.Blob.new(to_js([content])).stream()
        case "gzip":
            packed = js.Response.new(content).body.pipeThrough(js.CompressionStream.new("gzip"))
            content = js.Uint8Array.new(await js.Response.new(packed).arrayBuffer())
            js_headers.append(["content-encoding", "gzip"])
    answer = {"headers": js.Object.fromEntries(to_js(js_headers)), "encodeBody": "manual"}
    return Response(js.Response.new(content, **answer))


async def copies(body: Any, count: int) -> AsyncGenerator[Part]:
    """The body so many times, each in an array of its own that nothing else holds."""
    for _ in range(count):
        yield JsBlob(js.Uint8Array.new(to_array(body)))


async def read_chunks(body: Any, closes: bool) -> bytes:
    """What of a fast stream's body comes, or whether it ends when it is closed half-way."""
    stream = js.TransformStream.new()
    writer = stream.writable.getWriter()
    for start in range(0, body.size, CHUNK_BYTES):
        writer.write(to_array(body).slice(start, start + CHUNK_BYTES))
    written = writer.close()
    reader = ChunkReader(stream.readable)
    await asyncio.sleep(0.05)  # all that may come ahead is there
    if not closes:
        pieces = []
        while piece := await reader.take():
            pieces.append(piece)
        return b"".join(pieces)
    reader.close()
    try:
        async with asyncio.timeout(2):
            await written
    except TimeoutError:
        return b"held"
    except JsException:
        return b"refused"
    return b"taken"


async def count_ahead(body: Any, count: int) -> bytes:
    """The number of chunks that are read of a stream whose reader has taken what came first."""
    stream = js.TransformStream.new()
    writer = stream.writable.getWriter()
    written = [writer.write(to_array(body).slice()) for _ in range(count)]
    reader = ChunkReader(stream.readable)
    await reader.take()
    await asyncio.sleep(0.05)  # all that may come ahead is there
    ahead = sum(write.done() for write in written)
    reader.close()
    return str(ahead).encode()


async def gather(url: str, pauses_s: list[float]) -> bytes:
    """The sizes of what each read of an upstream's body gave, and a digest of all of it.

    Of several pauses each is for one read, and the last for all that follow; then reads begin some
    time after another.
    """
    left = pauses_s[::-1]
    reader = ChunkReader((await js.fetch(url)).body, lambda: left.pop() if left[1:] else left[0])
    digest, sizes = hashlib.sha256(), list[int]()
    try:
        while chunk := await reader.take():
            digest.update(chunk)
            sizes.append(len(chunk))
            if pauses_s[1:]:
                await asyncio.sleep(0.02)
    except ConnectionError:
        return json.dumps({"sizes": sizes, "broken": True}).encode()
    reader.close()
    return json.dumps({"sizes": sizes, "sha256": digest.hexdigest()}).encode()


def find_all(blob: JsBlob, query: dict[str, str]) -> bytes:
    """The index of the first of some bytes, and those of others before it and in the whole."""
    these, others = bytes.fromhex(query["these"]), bytes.fromhex(query["others"])
    index = blob.find(these, int(query["start"]))
    before = blob.slice(int(query["start"]), index if index >= 0 else blob.size)
    inside = [before.find(bytes([byte])) for byte in others]
    again = [blob.find(bytes([byte])) for byte in others]
    return json.dumps({"index": index, "before": inside, "whole": again}).encode()


def lifetime(blob: JsBlob) -> bytes:
    """Whether the array was there with its blob, with a slice alone, and with neither."""
    array = blob.array
    lengths = [int(array.byteLength)]
    part = blob.slice(1, 3)
    del blob
    lengths.append(int(array.byteLength))
    del part
    lengths.append(int(array.byteLength))
    return json.dumps(lengths).encode()


async def convert(converter: ImagesConverter, body: Any, query: dict[str, str]) -> Response:
    compression = int(query["compression"]) if "compression" in query else None
    try:
        return _respond(to_array(await converter.convert(body, query["format"], compression)))
    except StoreUnavailable as failure:
        return _answer(str(failure).encode(), 503)


class Spy:
    """A binding that answers with the options that it was given."""

    def input(self, stream: Any) -> "Spy":
        return self

    async def output(self, options: Any) -> "Spy":
        self.options = js.JSON.stringify(options)
        return self

    def response(self) -> Any:
        return js.Response.new(self.options)


def _parts(body: Any, query: dict[str, str]) -> list[Part]:
    """The body as so many parts, every other one in Python's memory."""
    step = max(1, -(-body.size // int(query.get("parts", 1))))
    views = [body.slice(start, start + step) for start in range(0, body.size, step)]
    return [view.head(step) if number % 2 else view for number, view in enumerate(views)]


def _answer(content: bytes, status: int = 200) -> Response:
    return Response(js.Response.new(to_js(content), status=status))


def _respond(content: Any, headers: Any = None) -> Response:
    return Response(js.Response.new(content, headers=headers or js.Headers.new()))
