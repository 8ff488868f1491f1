"""The entry module of a Worker that reports on Darkroom from inside the isolate.

It imports the real entry under its own name there, `worker_entry`, at the top level, as production
does.
"""

import asyncio
import json
import os
import types
from collections.abc import Sequence
from functools import cache
from typing import Any
from urllib.parse import parse_qsl, urlsplit

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
            case "/inside/work/begin":
                counted_work().begin()
                return _answer({})
            case "/inside/work/end":
                return _answer(counted_work().end())
            case "/inside/work/nothing":
                return _answer({})
            case "/inside/work/more":
                await asyncio.create_task(asyncio.sleep(0.01))
                return _answer({})
            case "/inside/read":
                return _answer(await _read(**dict(parse_qsl(url.query))))
            case "/inside/ask":
                return _answer(await _ask(**dict(parse_qsl(url.query))))
            case "/inside/health":
                return _answer(await _share_health(self.env))
        return await super().fetch(request)


Cooldowns, Boards = worker_entry.Cooldowns, worker_entry.Boards
Tasks, Idempotency = worker_entry.Tasks, worker_entry.Idempotency


@cache
def counted_work() -> Any:
    """The one count of this isolate; what it looks at is imported when somebody asks for it."""
    from tests.e2e.inside_worker.work import Work

    return Work()


async def _read(reader: str, first: str, count: str) -> Sequence[str]:
    """What went wrong when a reader was given odd input, in JavaScript's memory."""
    from darkroom.edge.blob import JsBlob
    from tests.support.odd_readers import read_many

    def to_blob(data: bytes) -> JsBlob:
        return JsBlob(js.Uint8Array.new(to_js(data)))

    return await read_many(reader, int(first), int(count), to_blob)


async def _ask(upstream: str, first: str, count: str) -> Sequence[object]:
    """What was logged as a mistake of ours when an upstream answered oddly."""
    from tests.support.odd_upstreams import ask_oddly

    outcomes = [await ask_oddly(upstream, seed) for seed in _numbers(first, count)]
    return [entry for each in outcomes for entry in each.log if "traceback" in entry]


async def _share_health(env: Any) -> dict[str, Sequence[str]]:
    """The order of two models in one isolate's view, before and after another told of failures."""
    from darkroom.edge.model_health import ObjectModelHealth
    from darkroom.engine.model_health import ModelHealth
    from darkroom.worker.gateway import binding_of

    now, ranks = js.Date.now() / 1000, {"a": 0, "b": 0}
    store = ObjectModelHealth(binding_of(env, "COOLDOWNS"))
    here, there = ModelHealth(store), ModelHealth(store)
    for _ in range(3):
        here.fail("a", now)
    views: dict[str, Sequence[str]] = {"alone": there.ordered(["a", "b"], ranks, now, probe=False)}
    await here.share(now)
    for view in ("shared", "again"):
        await there.share(now)
        views[view] = there.ordered(["a", "b"], ranks, now, probe=False)
    return views


def _numbers(first: str, count: str) -> range:
    return range(int(first), int(first) + int(count))


def _answer(value: object) -> Response:
    return Response(js.Response.new(to_js(json.dumps(value).encode())))
