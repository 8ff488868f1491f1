"""`POST /api/encode` and `/api/save-embeddings`, and the files that they write.

The prompt is formatted here. Its embedding comes from a server of hidden states, whose vectors can
be kept here, or from a studio, which keeps them on its own disk (reference/studio-api.md 1.2, 9).
"""

import json
import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from hashlib import md5

from darkroom.blob import Blob, BytesBlob
from darkroom.context import RequestContext
from darkroom.dialects.studio.caller_storage import demand_caller_key, demand_store, store_limit
from darkroom.dialects.studio.errors import NotFound
from darkroom.dialects.studio.format_prompt import ChatPromptBody, read_prompt
from darkroom.embedding import Embedding, PromptEmbeddingJob
from darkroom.engine.run import Embedded
from darkroom.errors import NotConfigured
from darkroom.generation.capabilities import capabilities_of
from darkroom.generation.embeddings import embed
from darkroom.generation.failure_headers import tried_header
from darkroom.generation.ignored_fields import ignored_header
from darkroom.http import Reply, json_reply
from darkroom.json_writer import compact_json
from darkroom.prompts.chat_format import ChatPrompt

TEXTS = ("system_prompt", "thinking_content", "assistant_content")
FILES = "/api/embeddings/"
FILE_NAME = re.compile(r"embeddings_[0-9a-f]{8}\.(?:safetensors|json)")
# What a studio leaves out of the embeddings that it writes.
UNSAVED = (*TEXTS, "strip_quotes")
TENSOR = "embeddings"
MEDIA_TYPE = "application/octet-stream"
ALIGNMENT = 8  # of the numbers, in bytes: what maps the file into memory reads them where they are


@dataclass(frozen=True, slots=True)
class Encoding:
    """A request to encode a prompt: as it was sent, and as the text encoder gets it."""

    context: RequestContext
    body: ChatPromptBody
    chat: ChatPrompt
    formatted: str
    ignored: Sequence[str]

    @property
    def unsaved(self) -> Sequence[str]:
        """The names of fields without effect on what a studio writes, its template included."""
        body, chat = self.body, self.chat
        names = [name for name in UNSAVED if getattr(body, name)]
        of_template = [name for name in TEXTS if getattr(chat, name) and not getattr(body, name)]
        return [*names, "template"] if of_template else names

    async def embed(self, *, save: bool) -> Embedded:
        """Have it encoded; raises `NotConfigured` where no provider does that."""
        context = self.context
        _ = context.caller  # an unknown key is refused first
        if not capabilities_of(context.gateway).encoding:
            raise NotConfigured(
                "There is no text encoder here that gives embeddings: the operator has set neither "
                "HIDDEN_STATES_URL nor STUDIO_URL."
            )
        job = PromptEmbeddingJob(self.chat, self.body.strip_quotes, self.formatted, save=save)
        return await embed(job, context)

    def headers(self, embedded: Embedded, ignored: Sequence[str]) -> Mapping[str, str]:
        """Headers: the provider, the attempts, and the fields without effect."""
        return {
            "x-darkroom-provider": embedded.provider,
            **tried_header(embedded.attempt_log),
            **ignored_header(ignored),
        }


async def encode_prompt(context: RequestContext) -> Reply:
    """Answer with the size of a prompt's embedding, without the vectors, as a studio does."""
    encoding = await _read(context)
    clock = context.gateway.clock
    began = clock.monotonic()
    embedded = await encoding.embed(save=False)
    found = embedded.embedding
    answer = {
        "shape": list(found.shape),
        "dtype": found.dtype,
        "encode_time": clock.monotonic() - began,
        "token_count": found.shape[0],
        "prompt": encoding.body.prompt,
        "formatted_prompt": encoding.formatted,
    }
    return json_reply(answer, headers=encoding.headers(embedded, encoding.ignored))


async def save_embeddings(context: RequestContext) -> Reply:
    """Save a prompt's embedding as a file of safetensors, with a JSON file of facts beside it.

    The same prompt goes into the same file again.
    """
    encoding = await _read(context)
    clock = context.gateway.clock
    began = clock.monotonic()
    embedded = await encoding.embed(save=True)
    found, encode_time = embedded.embedding, clock.monotonic() - began
    answer: dict[str, object] = {"shape": list(found.shape), "encode_time": encode_time}
    ignored = list(encoding.ignored)
    if found.data is None:
        answer = {"path": found.path, **answer}
        ignored += encoding.unsaved
    else:
        answer = {**await _keep(encoding, found, found.data), **answer}
    return json_reply(answer, headers=encoding.headers(embedded, ignored))


async def fetch_embeddings(context: RequestContext) -> Reply:
    """Answer with a file that this caller has saved."""
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
    body, ignored = await read_prompt(context)
    chat = body.chat_prompt()
    formatted = chat.format(strip_quotes=body.strip_quotes)
    return Encoding(context, body, chat, formatted, ignored)


async def _keep(encoding: Encoding, found: Embedding, data: Blob) -> Mapping[str, object]:
    """Write both files; returns their addresses."""
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


def float32_file(rows: int, columns: int, data: Blob) -> Sequence[Blob]:
    """A file of safetensors around little-endian float32, in parts (reference/studio-api.md §9).

    They are the length of the header as eight bytes, the header in JSON, padded with spaces, and
    the numbers.
    """
    tensor = {"dtype": "F32", "shape": [rows, columns], "data_offsets": [0, data.size]}
    header = compact_json({TENSOR: tensor})
    header += b" " * (-len(header) % ALIGNMENT)
    return BytesBlob(len(header).to_bytes(8, "little") + header), data
