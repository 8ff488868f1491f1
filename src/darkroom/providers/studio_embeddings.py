"""Embeddings at a Z-Image studio of the operator's own, which keeps them and tells their size.

Source: reference/studio-api.md 1.2 and section 7.
"""

from collections.abc import Mapping
from typing import Any

from darkroom.address import address_below
from darkroom.deadline import Deadline
from darkroom.embedding import Embedding, EmbeddingJob, ImageEmbeddingJob, PromptEmbeddingJob
from darkroom.errors import UpstreamBroken
from darkroom.http import Http
from darkroom.json_writer import TextBlob
from darkroom.providers.api_client import ApiClient
from darkroom.providers.credential import credential_for
from darkroom.providers.error_mapping import map_generation_error
from darkroom.providers.provider import EmbeddingRoute
from darkroom.providers.response_images import plain_number, whole_number

LIMIT_S = 120.0
ENCODE, SAVE, EXTRACT = "/api/encode", "/api/save-embeddings", "/api/vl/extract"
BFLOAT16 = "torch.bfloat16"


class StudioEmbedder:
    """Has a studio embed prompts and pictures; the vectors themselves are never sent."""

    async def embed(
        self, job: EmbeddingJob, route: EmbeddingRoute, http: Http, deadline: Deadline
    ) -> Embedding:
        """Embed one thing; see `Embedder.embed`."""
        provider = route.provider
        client = ApiClient(
            provider.name,
            http,
            deadline,
            credential_for(provider, route.token),
            map_generation_error,
            LIMIT_S,
        )
        if isinstance(job, PromptEmbeddingJob):
            path = SAVE if job.save else ENCODE
            answer = await client.post(address_below(provider.base_url, path), _prompt(job))
            return _prompt_embedding(answer)
        body = await _picture(job)
        answer = await client.post(address_below(provider.base_url, EXTRACT), body)
        return _image_embedding(answer, job)


def _prompt(job: PromptEmbeddingJob) -> Mapping[str, object]:
    """The texts that a template here made: a studio's own of that name may say something else."""
    chat = job.chat
    return {
        "prompt": chat.prompt,
        "system_prompt": chat.system_prompt,
        "thinking_content": chat.thinking_content,
        "assistant_content": chat.assistant_content,
        "force_think_block": chat.force_think_block,
        "strip_quotes": job.strip_quotes,
    }


def _prompt_embedding(answer: Mapping[str, Any]) -> Embedding:
    match answer.get("shape"):
        case [int(tokens), int(dim)]:
            path, dtype = answer.get("path"), answer.get("dtype")
            return Embedding(
                (tokens, dim),
                dtype if isinstance(dtype, str) else BFLOAT16,
                path=path if isinstance(path, str) else None,
            )
    raise UpstreamBroken("The studio does not say how large the embedding is.")


async def _picture(job: ImageEmbeddingJob) -> Mapping[str, object]:
    return {
        "image": TextBlob(await job.image.to_base64()),
        "text": job.text,
        "hidden_layer": job.hidden_layer,
        "image_tokens_only": job.image_tokens_only,
        "scale_to_text": job.scale_to_text,
    }


def _image_embedding(answer: Mapping[str, Any], job: ImageEmbeddingJob) -> Embedding:
    shape = answer.get("shape")
    sides = tuple(map(whole_number, shape)) if isinstance(shape, list) else (None,)
    if None in sides or answer.get("embeddings_id") != job.id:
        raise UpstreamBroken("The studio did not say what it has kept.")
    return Embedding(
        tuple(side for side in sides if side is not None),
        BFLOAT16,
        num_tokens=whole_number(answer.get("num_tokens")),
        original_std=plain_number(answer.get("original_std")),
        scaled_std=plain_number(answer.get("scaled_std")),
    )
