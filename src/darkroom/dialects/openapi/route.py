"""`GET /openapi.json`: this API, described for programs."""

import json
from collections.abc import Callable, Sequence
from typing import Any

from darkroom.catalog.catalog import Catalog
from darkroom.dialects.answers import OpenApiDocument
from darkroom.dialects.context import Gateway
from darkroom.dialects.described import JSON, Answer, Described
from darkroom.dialects.endpoint import Endpoint
from darkroom.dialects.openapi.document import draw_up
from darkroom.dialects.operations import SERVICE
from darkroom.http import Reply, Request


class ApiDescription:
    """The document, drawn up for the first who asks and kept: starting costs nothing for it."""

    def __init__(self, endpoints: Callable[[], Sequence[Endpoint]]) -> None:
        self._endpoints = endpoints
        self._kept: tuple[Catalog, dict[str, Any]] | None = None

    async def answer(self, request: Request, gateway: Gateway) -> Reply:
        """The document, its server the public address or the one that was called."""
        if self._kept is None or self._kept[0] is not gateway.catalog:
            document = draw_up(self._endpoints(), gateway.catalog.providers)
            self._kept = (gateway.catalog, document)
        servers = [{"url": gateway.settings.public_url or request.origin}]
        headers = {"content-type": JSON, "cache-control": "public, max-age=300"}
        body = json.dumps({**self._kept[1], "servers": servers}, ensure_ascii=False)
        return Reply(200, headers, [body.encode("utf-8", "replace")])

    def described(self) -> Described:
        """The route."""
        return Described(
            "getOpenApi",
            self.answer,
            "Describe this API for programs",
            SERVICE,
            [Answer({JSON: OpenApiDocument})],
            about="`/docs` shows it to people.",
        )
