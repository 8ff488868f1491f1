"""The host of idempotency records: a Durable Object for each key."""

from dataclasses import asdict
from typing import Any

from darkroom.edge.clock import SystemClock
from darkroom.edge.object_rpc import answer, ask, unframe
from darkroom.edge.object_storage import DurableObjectStorage
from darkroom.stores.idempotency import Claim, ClaimState, Ticket
from darkroom.tasks.idempotency import IdempotencyRecord


class ObjectKeys:
    """A `KeyStore` in Durable Objects; `namespace` is the runtime's own binding."""

    def __init__(self, namespace: Any) -> None:
        self._namespace = namespace

    async def claim(self, name: str, fingerprint: str, ticket: Ticket) -> Claim:
        """Ask for a key; see `KeyStore.claim`."""
        question = {"claim": fingerprint, "ticket": asdict(ticket)}
        reported, _ = await ask(self._namespace, name, question)
        return Claim(ClaimState(reported["state"]), Ticket(**reported["ticket"]))

    async def settle(self, name: str, ticket: Ticket) -> None:
        """The request was accepted; see `KeyStore.settle`."""
        await ask(self._namespace, name, {"settle": True, "ticket": asdict(ticket)})

    async def release(self, name: str, ticket: Ticket) -> None:
        """The request was refused; see `KeyStore.release`."""
        await ask(self._namespace, name, {"release": True, "ticket": asdict(ticket)})


def open_key(ctx: Any) -> IdempotencyRecord:
    """The life that goes on in an object; `ctx` is the object's own."""
    storage = getattr(ctx.storage, "_binding", ctx.storage)
    return IdempotencyRecord(DurableObjectStorage(storage, None, ""), SystemClock())


async def serve_key(request: Any, life: IdempotencyRecord) -> Any:
    """Answer one question inside the object, with a JavaScript `Response`."""
    question, _ = await unframe(request)
    ticket = Ticket(**question["ticket"])
    if "claim" in question:
        claim = await life.claim(question["claim"], ticket)
        return answer({"state": claim.state.value, "ticket": asdict(claim.ticket)})
    await (life.settle(ticket) if "settle" in question else life.release(ticket))
    return answer(None)
