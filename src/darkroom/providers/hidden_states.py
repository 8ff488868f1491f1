"""A server of the operator's own that returns the hidden states of a text encoder.

Source: reference/studio-api.md section 9.
"""

import re
import struct
from dataclasses import dataclass
from typing import Any

from darkroom.address import address_below
from darkroom.blob import Blob, BytesBlob
from darkroom.deadline import Deadline
from darkroom.embedding import Embedding, EmbeddingJob, PromptEmbeddingJob
from darkroom.errors import UpstreamBroken
from darkroom.http import Http
from darkroom.json_reader import JsonLimits, parse_json
from darkroom.json_writer import TextBlob, json_parts
from darkroom.pauses import WorkMeter
from darkroom.prompts.chat_format import MAX_TOKENS
from darkroom.providers.api_client import ApiClient
from darkroom.providers.credential import credential_for
from darkroom.providers.provider import EmbeddingRoute

LIMIT_S = 120.0
FLOAT_BYTES = 4
# Written out, each number becomes an object of Python's, all of them in one go.
NUMBERS = JsonLimits(1024 * 1024, values=120_000, odd_numbers=True)
_WRITTEN_OUT = re.compile(rb'"hidden_states"\s*:\s*\[')
_HEAD_BYTES = 4096
_ROW_STEPS = 16


@dataclass(frozen=True, slots=True)
class HiddenStates:
    """Has prompts encoded by such a server; `model` is what it calls its encoder."""

    model: str | None = None

    async def embed(
        self, job: EmbeddingJob, route: EmbeddingRoute, http: Http, deadline: Deadline
    ) -> Embedding:
        """The hidden states of a formatted prompt; see `Embedder.embed`."""
        provider, options = route.provider, route.provider.options
        if not isinstance(job, PromptEmbeddingJob):
            raise UpstreamBroken(f"{provider.name} embeds prompts alone.")
        credential = credential_for(provider, route.token)
        client = ApiClient(provider.name, http, deadline, credential, limit_s=LIMIT_S)
        body = {
            "input": job.formatted,
            **({"model": self.model} if self.model else {}),
            "layer": options["layer"],
            "max_length": MAX_TOKENS,
            "encoding_format": "base64",
        }
        _, content = await client.ask(
            "POST",
            address_below(provider.base_url, str(options["path"])),
            body=json_parts(body),
            headers={"content-type": "application/json", "accept": "application/json"},
        )
        return await read_hidden_states(content, provider.name)


async def read_hidden_states(content: Blob, name: str) -> Embedding:
    """Read an answer; raises `UpstreamBroken` for one that holds no matrix of numbers."""
    if content.size > NUMBERS.text_bytes and _WRITTEN_OUT.search(content.head(_HEAD_BYTES)):
        raise UpstreamBroken(
            f"{name} wrote its numbers out, too many to be read. It was asked for base64."
        )
    try:
        answer = parse_json(content, NUMBERS)
    except ValueError:
        answer = None
    if not isinstance(answer, dict):
        raise UpstreamBroken(f"{name} did not answer in JSON.")
    states, model = answer.get("hidden_states"), answer.get("model")
    model_name = model if isinstance(model, str) else None
    if isinstance(states, list):
        tokens, dim, data = await _packed(states, name)
        return Embedding((tokens, dim), data=data, model=model_name)
    if not isinstance(states, str | TextBlob):
        raise UpstreamBroken(f"{name} answered without hidden states.")
    text = states.content if isinstance(states, TextBlob) else BytesBlob(states.encode())
    try:
        data = await text.from_base64()
    except ValueError:
        raise UpstreamBroken(f"The hidden states of {name} are not base64.") from None
    tokens, dim = _shape(answer.get("shape"), name)
    if data.size != tokens * dim * FLOAT_BYTES:
        raise UpstreamBroken(
            f"{name} sent {data.size} bytes, which are not {tokens} × {dim} numbers of float32."
        )
    return Embedding((tokens, dim), data=data, model=model_name)


def _shape(value: object, name: str) -> tuple[int, int]:
    """Tokens and width, whether or not a batch of one is written around them."""
    match value:
        case [int(tokens), int(dim)] | [1, int(tokens), int(dim)] if tokens > 0 and dim > 0:
            return tokens, dim
    raise UpstreamBroken(f"{name} does not say how many tokens its hidden states are of.")


async def _packed(rows: list[Any], name: str) -> tuple[int, int, Blob]:
    if len(rows) == 1 and isinstance(rows[0], list) and rows[0] and isinstance(rows[0][0], list):
        rows = rows[0]  # a batch of one
    dim = len(rows[0]) if rows and isinstance(rows[0], list) else 0
    if not dim or not all(isinstance(row, list) and len(row) == dim for row in rows):
        raise UpstreamBroken(f"The hidden states of {name} are no matrix.")
    packed: list[bytes] = []
    meter = WorkMeter(_ROW_STEPS * NUMBERS.text_bytes)
    try:
        for row in rows:
            packed.append(struct.pack(f"<{dim}f", *row))
            meter.add(_ROW_STEPS + dim)
            await meter.pause()
    except (struct.error, OverflowError):
        raise UpstreamBroken(f"The hidden states of {name} are not all float32.") from None
    return len(rows), dim, BytesBlob(b"".join(packed))
