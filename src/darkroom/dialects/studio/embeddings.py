"""`POST /api/encode` and `/api/save-embeddings`, and the files that they write.

The prompt is formatted here. Its embedding comes from a server of hidden states, whose vectors can
be kept, or from a studio, which keeps them on its own disk (reference/studio-api.md 1.2, 9).
"""

import json
import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from hashlib import md5
from typing import Any

from darkroom.blob import Blob, BytesBlob
from darkroom.context import RequestContext
from darkroom.dialects.studio.bodies import PromptBody, read_body, read_document
from darkroom.dialects.studio.caller_storage import demand_caller_key, demand_store, store_limit
from darkroom.dialects.studio.errors import NotFound
from darkroom.dialects.studio.json_replies import json_reply
from darkroom.dialects.studio.safetensors import MEDIA_TYPE, float32_file
from darkroom.dialects.studio.upstreams import (
    HIDDEN_STATES,
    STUDIO,
    Served,
    first_of,
    hidden_states_for,
    provider_of,
    said_to_studio,
    studio_for,
)
from darkroom.errors import NotConfigured, UpstreamBroken
from darkroom.generation.ignored_fields import ignored_header
from darkroom.http import Reply
from darkroom.json_reader import FIELDS
from darkroom.prompts.chat_format import MAX_TOKENS, ChatPrompt
from darkroom.prompts.template import TEMPLATES

TEXTS = ("system_prompt", "thinking_content", "assistant_content")
FILES = "/api/embeddings/"
FILE_NAME = re.compile(r"embeddings_[0-9a-f]{8}\.(?:safetensors|json)")
# What a studio leaves out of the embeddings that it writes.
UNSAVED = (*TEXTS, "strip_quotes")
FLOAT32, BFLOAT16 = "torch.float32", "torch.bfloat16"


@dataclass(frozen=True, slots=True)
class Embedding:
    """A prompt's embedding. `data` is float32, where the vectors themselves came.

    `path` is where a studio has written it on its own disk.
    """

    shape: tuple[int, int]
    dtype: str
    data: Blob | None = None
    model: str | None = None
    path: str | None = None


@dataclass(frozen=True, slots=True)
class Encoding:
    """One request: the prompt as it was sent, and as the text encoder gets it."""

    context: RequestContext
    body: PromptBody
    chat: ChatPrompt
    formatted: str
    ignored: Sequence[str]

    @property
    def unsaved(self) -> Sequence[str]:
        """The fields without effect on what a studio writes, a template's texts among them."""
        body, chat = self.body, self.chat
        names = [name for name in UNSAVED if getattr(body, name)]
        of_template = [name for name in TEXTS if getattr(chat, name) and not getattr(body, name)]
        return [*names, "template"] if of_template else names

    async def embed(self, *, save: bool) -> Served[Embedding]:
        """Have it encoded; raises `NotConfigured` where nobody can do that."""
        context = self.context
        _ = context.caller  # who must not call is told so, whoever would encode

        async def by_states() -> Embedding:
            server = hidden_states_for(context)
            assert server is not None  # noqa: S101 - it is known where it answers
            found = await server.ask(self.formatted, MAX_TOKENS)
            return Embedding((found.tokens, found.dim), FLOAT32, found.data, found.model)

        async def by_studio() -> Embedding:
            server = studio_for(context)
            assert server is not None  # noqa: S101 - it is known where it answers
            said = said_to_studio(self.chat, self.body.strip_quotes)
            answer = await (server.save(said) if save else server.encode(said))
            path, dtype = answer.get("path"), answer.get("dtype")
            return Embedding(
                shape=_shape(answer),
                dtype=dtype if isinstance(dtype, str) else BFLOAT16,
                path=path if isinstance(path, str) else None,
            )

        ways = [(HIDDEN_STATES, "hidden_states", by_states), (STUDIO, "encode", by_studio)]
        ways = [way for way in ways if provider_of(way[0], context.gateway) is not None]
        if not ways:
            raise NotConfigured(
                "There is no text encoder here that gives embeddings: the operator has set neither "
                "HIDDEN_STATES_URL nor STUDIO_URL."
            )
        return await first_of(ways)


async def encode_prompt(context: RequestContext) -> Reply:
    """Tell how large a prompt's embedding is, as a studio does: without the vectors."""
    encoding = await _read(context)
    clock = context.gateway.clock
    began = clock.monotonic()
    served = await encoding.embed(save=False)
    found = served.value
    answer = {
        "shape": list(found.shape),
        "dtype": found.dtype,
        "encode_time": clock.monotonic() - began,
        "token_count": found.shape[0],
        "prompt": encoding.body.prompt,
        "formatted_prompt": encoding.formatted,
    }
    return json_reply(answer, headers={**served.headers, **ignored_header(encoding.ignored)})


async def save_embeddings(context: RequestContext) -> Reply:
    """Keep a prompt's embedding as a file of safetensors with its facts beside it.

    The same prompt goes into the same file again.
    """
    encoding = await _read(context)
    clock = context.gateway.clock
    began = clock.monotonic()
    served = await encoding.embed(save=True)
    found, encode_time = served.value, clock.monotonic() - began
    answer: dict[str, object] = {"shape": list(found.shape), "encode_time": encode_time}
    ignored = list(encoding.ignored)
    if found.data is None:
        answer = {"path": found.path, **answer}
        ignored += encoding.unsaved
    else:
        answer = {**await _keep(encoding, found, found.data), **answer}
    return json_reply(answer, headers={**served.headers, **ignored_header(ignored)})


async def fetch_embeddings(context: RequestContext) -> Reply:
    """A file that this caller had kept."""
    name = context.request.path_after(FILES)
    scope, found = context.caller_key, None
    if scope is not None and FILE_NAME.fullmatch(name):
        async with store_limit(context.deadline):
            found = await demand_store(context.gateway).get(f"embeddings/{scope}/{name}")
    if found is None:
        raise NotFound("You have no such file here. POST /api/save-embeddings writes them.")
    headers = {
        "content-type": found.media_type,
        "content-length": str(found.size),
        "cache-control": "no-store",
    }
    return Reply(200, headers, [found.content])


async def _read(context: RequestContext) -> Encoding:
    raw = await context.read_body(FIELDS.text_bytes)
    document = read_document(raw)
    body = read_body(PromptBody, document)
    ignored = [name for name in document if name not in PromptBody.model_fields]
    if body.template and body.template not in TEMPLATES:
        ignored.append("template")
    chat = body.chat_prompt()
    formatted = chat.format(strip_quotes=body.strip_quotes)
    return Encoding(context, body, chat, formatted, ignored)


async def _keep(encoding: Encoding, found: Embedding, data: Blob) -> Mapping[str, object]:
    """Write both files; returns where they are."""
    context, body = encoding.context, encoding.body
    request, gateway = context.request, context.gateway
    media = demand_store(gateway)
    scope = demand_caller_key(context)
    digest = md5(body.prompt.encode(), usedforsecurity=False).hexdigest()[:8]
    stem = f"embeddings_{digest}"
    tokens, dim = found.shape
    facts = {
        "prompt": body.prompt,
        "template": body.template,
        "enable_thinking": bool(
            encoding.chat.force_think_block or (encoding.chat.thinking_content or "").strip()
        ),
        "system_prompt": encoding.chat.system_prompt,
        "thinking_content": encoding.chat.thinking_content,
        "sequence_length": tokens,
        "embedding_dim": dim,
        "dtype": found.dtype,
        "created_at": datetime.fromtimestamp(gateway.clock.time(), UTC).isoformat(),
        "encoder_device": None,
        "model_path": found.model,
    }
    folder = f"embeddings/{scope}"
    async with store_limit(context.deadline):
        parts = float32_file(tokens, dim, data)
        await media.put_parts(f"{folder}/{stem}.safetensors", parts, MEDIA_TYPE)
        sidecar = BytesBlob(json.dumps(facts, indent=2, ensure_ascii=False).encode())
        await media.put_parts(f"{folder}/{stem}.json", [sidecar], "application/json")
    address = f"{gateway.settings.public_url or request.origin}{FILES}{stem}"
    return {
        "path": f"embeddings/{stem}.safetensors",
        "url": f"{address}.safetensors",
        "facts_url": f"{address}.json",
    }


def _shape(answer: Mapping[str, Any]) -> tuple[int, int]:
    match answer.get("shape"):
        case [int(tokens), int(dim)]:
            return tokens, dim
    raise UpstreamBroken("The studio does not say how large the embedding is.")
