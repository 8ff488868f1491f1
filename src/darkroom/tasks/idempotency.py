"""Idempotency keys: the request's fingerprint, and the record of one key."""

import asyncio
import hashlib
import json
from collections.abc import Mapping
from dataclasses import asdict, replace
from typing import Any

from darkroom.blob import Blob
from darkroom.deadline import Clock
from darkroom.http import Request
from darkroom.multipart import BrokenForm, read_form
from darkroom.stores.idempotency import Claim, ClaimState, Ticket
from darkroom.stores.object_storage import ObjectStorage

REMEMBERED_S = 86_400.0
# How long a request is taken to be under way that was neither accepted nor refused. Should it be
# under way after all, both come to the same task, whose id they share.
LEASE_S = 60.0
_FORM = "multipart/form-data"
_RECORD = "key"


def name_of_key(key: str, scope: str) -> str:
    """The storage name of a caller's key; `scope` is the caller's own."""
    return hashlib.sha256(f"{scope}\0{key}".encode()).hexdigest()


async def fingerprint(request: Request, body: Blob) -> str:
    """A fingerprint of a request: its method, address and body.

    A form is known by its fields: clients draw another boundary each time they send it.
    """
    kind = request.headers.get("content-type", "")
    content: object = await body.sha256()
    if kind.partition(";")[0].strip().lower() == _FORM:
        try:
            content = [
                [field.name, field.filename, await field.content.sha256()]
                for field in await read_form(body, kind)
            ]
        except BrokenForm:
            pass
    path = request.url.removeprefix(request.origin)
    text = json.dumps([request.method, path, content])
    return hashlib.sha256(text.encode()).hexdigest()


class IdempotencyRecord:
    """One key, as its object remembers it."""

    def __init__(self, storage: ObjectStorage, clock: Clock) -> None:
        self._storage = storage
        self._clock = clock
        self._one_at_a_time = asyncio.Lock()

    async def claim(self, fingerprint: str, ticket: Ticket) -> Claim:
        """Ask for the key; see `KeyStore.claim`."""
        async with self._one_at_a_time:
            record, now = await self._load(), self._clock.time()
            if record is not None:
                held = Ticket(**record["ticket"])
                if record["fingerprint"] != fingerprint:
                    return Claim(ClaimState.OTHER, held)
                if record["settled"]:
                    return Claim(ClaimState.ANSWERED, held)
                if held.claimed_at + LEASE_S > now:
                    return Claim(ClaimState.BUSY, held)
                ticket = held
            ticket = replace(ticket, claimed_at=now)
            await self._save(fingerprint, ticket, settled=False)
            return Claim(ClaimState.FRESH, ticket)

    async def settle(self, ticket: Ticket) -> None:
        """The request was accepted; see `KeyStore.settle`."""
        async with self._one_at_a_time:
            record = await self._load()
            if record is not None and record["ticket"]["task_id"] == ticket.task_id:
                await self._save(record["fingerprint"], ticket, settled=True)

    async def release(self, ticket: Ticket) -> None:
        """The request was refused; see `KeyStore.release`."""
        async with self._one_at_a_time:
            record = await self._load()
            held = Ticket(**record["ticket"]) if record else None
            if held and (held.task_id, held.claimed_at) == (ticket.task_id, ticket.claimed_at):
                await self._storage.erase()

    async def wake(self) -> None:
        """Forget the key."""
        await self._storage.erase()

    async def _load(self) -> dict[str, Any] | None:
        text = await self._storage.load(_RECORD)
        record: dict[str, Any] | None = json.loads(text) if text else None
        if record is None or record["ticket"]["created_at"] + REMEMBERED_S <= self._clock.time():
            return None
        return record

    async def _save(self, fingerprint: str, ticket: Ticket, *, settled: bool) -> None:
        record: Mapping[str, object] = {
            "fingerprint": fingerprint,
            "ticket": asdict(ticket),
            "settled": settled,
        }
        await self._storage.save(_RECORD, json.dumps(record))
        await self._storage.set_alarm(ticket.created_at + REMEMBERED_S)
