"""A server of the operator's own that returns the hidden states of a text encoder.

Source: reference/studio-api.md section 9.
"""

import re
import struct
from dataclasses import dataclass, field
from typing import Any

from darkroom.address import address_below
from darkroom.blob import Blob, BytesBlob
from darkroom.catalog.provider_row import ProviderRow
from darkroom.deadline import Deadline
from darkroom.errors import UpstreamBroken
from darkroom.http import Http
from darkroom.json_reader import JsonLimits, parse_json
from darkroom.json_writer import TextBlob, json_parts
from darkroom.pauses import WorkMeter
from darkroom.providers.api_client import ApiClient
from darkroom.providers.credential import credential_for
from darkroom.settings import Secret

LIMIT_S = 120.0
FLOAT_BYTES = 4
# Written out, each number becomes an object of Python's, all of them in one go.
NUMBERS = JsonLimits(1024 * 1024, values=120_000, odd_numbers=True)
_WRITTEN_OUT = re.compile(rb'"hidden_states"\s*:\s*\[')
_HEAD_BYTES = 4096
_ROW_STEPS = 16


@dataclass(frozen=True, slots=True)
class HiddenStates:
    """A matrix of little-endian float32, row by row: one row for each of `tokens`."""

    tokens: int
    dim: int
    data: Blob = field(repr=False)
    model: str | None = None


@dataclass(frozen=True, slots=True)
class HiddenStatesServer:
    """Asks one server on behalf of one request; `model` is what the server calls its encoder."""

    provider: ProviderRow
    token: Secret | None
    model: str | None
    http: Http
    deadline: Deadline

    async def ask(self, text: str, max_tokens: int) -> HiddenStates:
        """The hidden states of a text; raises a `Failure` where there are none."""
        name, options = self.provider.name, self.provider.options
        credential = credential_for(self.provider, self.token)
        exchange = ApiClient(name, self.http, self.deadline, credential, limit_s=LIMIT_S)
        body = {
            "input": text,
            **({"model": self.model} if self.model else {}),
            "layer": options["layer"],
            "max_length": max_tokens,
            "encoding_format": "base64",
        }
        _, content = await exchange.ask(
            "POST",
            address_below(self.provider.base_url, str(options["path"])),
            body=json_parts(body),
            headers={"content-type": "application/json", "accept": "application/json"},
        )
        return await read_hidden_states(content, name)


async def read_hidden_states(content: Blob, name: str) -> HiddenStates:
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
    told = model if isinstance(model, str) else None
    if isinstance(states, list):
        tokens, dim, data = await _packed(states, name)
        return HiddenStates(tokens, dim, data, told)
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
    return HiddenStates(tokens, dim, data, told)


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
