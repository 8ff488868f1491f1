"""Cloudflare's Analytics Engine: one point for each request."""

import json
from collections.abc import Sequence
from typing import Any

import js
from pyodide.ffi import JsException

from darkroom.stores.unavailable import StoreUnavailable


class AnalyticsPoints:
    """A `PointSink` on the runtime's own `dataset` binding, which waits for nothing."""

    def __init__(self, dataset: Any) -> None:
        self._dataset = dataset

    def write(self, index: str, blobs: Sequence[str], doubles: Sequence[float]) -> None:
        """Write a point; see `PointSink.write`."""
        point = {"indexes": [index], "blobs": list(blobs), "doubles": list(doubles)}
        try:
            self._dataset.writeDataPoint(js.JSON.parse(json.dumps(point)))
        except JsException as error:
            raise StoreUnavailable("the Analytics Engine took no point") from error
