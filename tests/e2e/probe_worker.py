"""The entry module of the probe: each path hands the request's body to one part of the edge."""

from typing import Any
from urllib.parse import parse_qsl, urlsplit

import js
from workers import Response, WorkerEntrypoint

from darkroom.edge.blob import JsBlob, to_array
from darkroom.edge.images import ImagesConverter
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
        return _answer("alive")


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
