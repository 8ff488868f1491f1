"""The record of models, shared between isolates by one Durable Object of the cool-downs' class."""

import json
from collections.abc import Mapping
from dataclasses import astuple
from typing import Any

from pyodide.ffi import JsException

from darkroom.stores.model_health import Health
from darkroom.stores.unavailable import StoreUnavailable

NAME = "model-health"  # no provider is called so


class ObjectModelHealth:
    """A `HealthStore` in a Durable Object; `namespace` is the runtime's binding of cool-downs."""

    def __init__(self, namespace: Any) -> None:
        self._namespace = namespace

    async def add(self, seen: Mapping[str, Health], now: float) -> Mapping[str, Health]:
        """Add what was seen; returns all there is."""
        question = {"seen": {model: astuple(health) for model, health in seen.items()}, "now": now}
        try:
            stub = self._namespace.get(self._namespace.idFromName(NAME))
            response = await stub.fetch(
                "https://cooldowns.invalid/", method="POST", body=json.dumps(question)
            )
            return read_records(json.loads(str(await response.text())))
        except (OSError, JsException, ValueError, TypeError) as error:
            raise StoreUnavailable("the Durable Object did not answer") from error


def read_records(value: Mapping[str, Any]) -> dict[str, Health]:
    """Records as `ObjectModelHealth` sends them."""
    return {model: Health(*map(float, numbers)) for model, numbers in value.items()}
