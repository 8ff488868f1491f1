"""The embeddings, captions and conditioning of a Z-Image studio.

Source: reference/studio-api.md 1.2, sections 7 and 9.
"""

from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import Any

from darkroom.address import Address, address_below
from darkroom.catalog.provider_row import ProviderRow
from darkroom.deadline import Deadline
from darkroom.errors import Failure, UpstreamBroken
from darkroom.http import Http, UpstreamReply
from darkroom.image import ImageFile
from darkroom.providers.api_client import PAINTING_LIMIT_S, ApiClient
from darkroom.providers.credential import credential_for
from darkroom.providers.error_mapping import UpstreamError, map_generation_error
from darkroom.settings import Secret

READING_LIMIT_S = 120.0


class EmbeddingForgotten(UpstreamBroken):
    """The studio does not have the embedding that it had: it keeps them in its memory alone."""


@dataclass(frozen=True, slots=True)
class StudioServer:
    """Asks one studio on behalf of one request. Everything raises a `Failure` that fails."""

    provider: ProviderRow
    token: Secret | None
    http: Http
    deadline: Deadline

    async def encode(self, body: Mapping[str, object]) -> dict[str, Any]:
        """The shape of a prompt's embedding: the embedding itself is never sent."""
        return await self._exchange(READING_LIMIT_S).post(self._at("/api/encode"), body)

    async def save(self, body: Mapping[str, object]) -> dict[str, Any]:
        """Have an embedding written to the studio's own disk."""
        return await self._exchange(READING_LIMIT_S).post(self._at("/api/save-embeddings"), body)

    async def extract(self, body: Mapping[str, object]) -> dict[str, Any]:
        """Have a picture embedded and kept in the studio's memory; `image` is bare base64."""
        return await self._exchange(READING_LIMIT_S).post(self._at("/api/vl/extract"), body)

    async def paint(self, body: Mapping[str, object]) -> tuple[UpstreamReply, ImageFile]:
        """Have a picture painted that is conditioned on another.

        Raises `EmbeddingForgotten` where that one is named by an id that the studio does not know.
        """
        named = body.get("vl_embeddings_id")

        def sort(refusal: UpstreamError, name: str) -> Failure:
            if refusal.status == 404 and isinstance(named, str) and named in refusal.says:
                return EmbeddingForgotten(f"{name} has forgotten the picture.")
            return map_generation_error(refusal, name)

        exchange = replace(self._exchange(PAINTING_LIMIT_S), sort=sort)
        return await exchange.ask_image("POST", self._at("/api/vl/generate"), body, {})

    def _at(self, path: str) -> Address:
        return address_below(self.provider.base_url, path)

    def _exchange(self, limit_s: float) -> ApiClient:
        credential = credential_for(self.provider, self.token)
        return ApiClient(
            self.provider.name, self.http, self.deadline, credential, map_generation_error, limit_s
        )
