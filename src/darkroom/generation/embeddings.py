"""Embeddings on behalf of a caller."""

from darkroom.context import RequestContext
from darkroom.embedding import EmbeddingJob
from darkroom.engine.plan import plan_embedding
from darkroom.engine.run import Embedded


async def embed(job: EmbeddingJob, context: RequestContext) -> Embedded:
    """Have something embedded by the first provider that can and that the caller may use.

    Raises `CredentialMissing` where the caller may use none of them, or why none of them did it.
    """
    gateway = context.gateway
    plan = plan_embedding(job.kind, gateway.catalog.providers, context.caller)
    embedded = await gateway.engine.embed(job, plan, context.deadline)
    model = embedded.embedding.model or ""
    context.trace.add_attempts("embeddings", embedded.provider, model, embedded.attempt_log)
    return embedded
