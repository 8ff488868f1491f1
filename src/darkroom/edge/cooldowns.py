"""Credential cool-downs, shared between isolates by a Durable Object for each provider."""

import json
import re
import time
from collections.abc import Mapping, Sequence
from dataclasses import astuple
from typing import Any

import js
from js import Array, Date
from pyodide.ffi import JsException
from workers import Response

from darkroom.edge.model_health import read_records
from darkroom.stores.cooldowns import MAX_DIGESTS, Reason, Rest
from darkroom.stores.model_health import HALF_LIFE_S, Health, merged
from darkroom.stores.unavailable import StoreUnavailable

_DIGEST = re.compile("[0-9a-f]{64}")
SWEEP_AFTER_S = 3600
HEALTH, HEALTH_LASTS_S = "health", 10 * HALF_LIFE_S


class ObjectCooldowns:
    """A `CooldownStore` in Durable Objects; `namespace` is the runtime's own binding."""

    def __init__(self, namespace: Any) -> None:
        self._namespace = namespace

    async def read(self, provider: str, digests: Sequence[str]) -> Mapping[str, Rest]:
        """Those of the credentials that rest."""
        answer = await self._ask(provider, {"read": list(digests)[:MAX_DIGESTS]})
        return {
            digest: Rest(float(entry["until"]), Reason(entry["reason"]))
            for digest, entry in answer.items()
        }

    async def write(self, provider: str, digest: str, rest: Rest | None) -> None:
        """Let a credential rest."""
        entry = {"until": rest.until, "reason": rest.reason.value} if rest else None
        await self._ask(provider, {"write": digest, "rest": entry})

    async def _ask(self, provider: str, question: object) -> Any:
        try:
            stub = self._namespace.get(self._namespace.idFromName(provider))
            response = await stub.fetch(
                "https://cooldowns.invalid/", method="POST", body=json.dumps(question)
            )
            return json.loads(str(await response.text()))
        except (OSError, JsException, ValueError) as error:
            raise StoreUnavailable("the Durable Object did not answer") from error


async def serve_cooldowns(request: Any, storage: Any) -> Response:
    """Answer one question inside the Durable Object: digests go in, never a token."""
    question = json.loads(str(await request.text()))
    if "seen" in question:
        return _json(await _add_health(storage, read_records(question["seen"]), question["now"]))
    if "read" in question:
        return _json({d: entry for d in question["read"] if (entry := await _load(storage, d))})
    digest, rest = question["write"], question["rest"]
    if not _DIGEST.fullmatch(digest):
        return _json({})
    if rest is None:
        await storage.delete(digest)
    else:
        await storage.put(digest, json.dumps(rest))
        if not await storage.getAlarm():  # one that is put off by every write never comes
            await storage.setAlarm(int(Date.now()) + SWEEP_AFTER_S * 1000)
    return _json({})


async def _add_health(
    storage: Any, seen: Mapping[str, Health], now: float
) -> Mapping[str, Sequence[float]]:
    """Add what an isolate has seen of models to the record; returns all of it."""
    entry = await _load(storage, HEALTH) or {"models": {}}
    whole = merged(read_records(entry["models"]), seen, now)
    records = {model: astuple(health) for model, health in whole.items()}
    if seen:
        until = time.time() + HEALTH_LASTS_S
        await storage.put(HEALTH, json.dumps({"until": until, "models": records}))
        if not await storage.getAlarm():
            await storage.setAlarm(int(Date.now()) + SWEEP_AFTER_S * 1000)
    return records


async def sweep_cooldowns(storage: Any) -> None:
    """Forget the rests that are over, and come again for the others."""
    kept = 0
    for digest in Array.from_((await storage.list()).keys()):
        kept += bool(await _load(storage, str(digest)))
    if kept:
        await storage.setAlarm(int(Date.now()) + SWEEP_AFTER_S * 1000)


async def _load(storage: Any, digest: str) -> dict[str, Any] | None:
    """A rest that is not over yet; one that is gets deleted."""
    text = await storage.get(digest)
    if not isinstance(text, str):
        return None
    entry: dict[str, Any] = json.loads(text)
    if entry["until"] > time.time():
        return entry
    await storage.delete(digest)
    return None


def _json(value: object) -> Response:
    return Response(js.Response.new(json.dumps(value)))
