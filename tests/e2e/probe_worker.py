"""The entry module of the probe: each path hands the request's body to one part of the edge."""

from typing import Any
from urllib.parse import parse_qsl, urlsplit

import js
from workers import DurableObject, Response, WorkerEntrypoint

from darkroom.edge.blob import JsBlob, to_array
from darkroom.edge.disk import ObjectDisk
from darkroom.edge.images import ImagesConverter
from darkroom.edge.sealing import WebCryptoSealer
from darkroom.settings import Secret
from darkroom.stores.sealing import SealBroken
from darkroom.stores.unavailable import StoreUnavailable


class Default(WorkerEntrypoint):  # type: ignore[misc]
    """Answers with what the part made of the body."""

    async def fetch(self, request: Any) -> Response:
        path = urlsplit(request.url).path.strip("/")
        query = dict(parse_qsl(urlsplit(request.url).query))
        body = JsBlob(js.Uint8Array.new(await request.js_object.arrayBuffer()))
        match path:
            case "convert":
                return await convert(ImagesConverter(self.env.IMAGES._binding), body, query)
            case "convert-options":
                return await convert(ImagesConverter(Spy()), body, query)
            case "seal":
                sealer = WebCryptoSealer(Secret(query["secret"]))
                return _answer(await sealer.seal(query["text"], query["purpose"]))
            case "open":
                return await unseal(WebCryptoSealer(Secret(query["secret"])), query)
            case "disk":
                stub = self.env.TASKS._binding.getByName(query["object"])
                answer = await stub.fetch(request.js_object.url, method="POST", body=body.array)
                return Response(answer)
        return _answer("alive")


class Tasks(DurableObject):  # type: ignore[misc]
    """Does one thing with its disk for each request; `bucket` puts one beside it."""

    async def fetch(self, request: Any) -> Response:
        query = dict(parse_qsl(urlsplit(request.url).query))
        bucket = self.env.MEDIA._binding if "bucket" in query else None
        disk = ObjectDisk(self.ctx.storage._binding, bucket, f"{query['object']}/")
        name = query["name"]
        match query["do"]:
            case "keep":
                content = JsBlob(js.Uint8Array.new(await request.js_object.arrayBuffer()))
                half = content.size // 2
                parts = [content.slice(0, half), content.slice(half, content.size)]
                return _answer(str(await disk.keep(name, parts)))
            case "fetch":
                found = await disk.fetch(name)
                return _answer("nothing", 404) if found is None else _answer(to_array(found))
            case "drop":
                await disk.drop(name)
            case "erase":
                await disk.erase()
        listed = (await self.ctx.storage._binding.list()).keys()
        return _answer(" ".join(str(key) for key in js.Array.from_(listed)))


async def unseal(sealer: WebCryptoSealer, query: dict[str, str]) -> Response:
    try:
        return _answer(await sealer.open(query["sealed"], query["purpose"]))
    except SealBroken:
        return _answer("broken", 400)


async def convert(converter: ImagesConverter, body: JsBlob, query: dict[str, str]) -> Response:
    compression = int(query["compression"]) if "compression" in query else None
    try:
        return _answer(to_array(await converter.convert(body, query["format"], compression)))
    except StoreUnavailable as failure:
        return _answer(str(failure), 503)


class Spy:
    """A binding that answers with the options that it was given."""

    def input(self, stream: Any) -> "Spy":
        return self

    async def output(self, options: Any) -> "Spy":
        self.options = js.JSON.stringify(options)
        return self

    def response(self) -> Any:
        return js.Response.new(self.options)


def _answer(content: Any, status: int = 200) -> Response:
    return Response(js.Response.new(content, status=status))
