"""The entry module of a Worker that reports on Darkroom from inside the isolate.

It imports the real entry under its own name there, `worker_entry`, at the top level, as production
does.
"""

import json
import os
import types
from typing import Any
from urllib.parse import urlsplit

import js
from pyodide.ffi import to_js
from workers import Response

from tests.e2e.inside_worker import imports

worker_entry, imported = imports.watch_import("worker_entry")


def _control() -> dict[str, Any]:
    """What is reported where a module does all that none may do."""
    module = types.ModuleType("darkroom.control")
    module.kept = {"deep": [lambda kept=js.Headers.new(): kept]}  # type: ignore[attr-defined]  # noqa: B008
    entropy = imports.Entropy()
    os.urandom(1)
    entropy.end()
    return {"javascript": imports.javascript_values([module]), "random": entropy.count}


control = _control()


class Default(worker_entry.Default):  # type: ignore[name-defined,misc]
    """Answers as Darkroom does, and below `/inside` with a report."""

    async def fetch(self, request: Any) -> Response:
        url = urlsplit(request.js_object.url)
        match url.path:
            case "/inside/imports":
                return _answer(imported.as_dict())
            case "/inside/control":
                return _answer(control)
        return await super().fetch(request)


Cooldowns, Boards = worker_entry.Cooldowns, worker_entry.Boards
Tasks, Idempotency = worker_entry.Tasks, worker_entry.Idempotency


def _answer(value: object) -> Response:
    return Response(js.Response.new(to_js(json.dumps(value).encode())))
