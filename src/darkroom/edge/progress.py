"""Progress and preferences of one caller, in a Durable Object of that caller's own.

The choices lie in its storage, progress in its memory: a job publishes it every second.
"""

import json
from collections.abc import Mapping
from dataclasses import asdict
from typing import Any
from urllib.parse import parse_qsl, urlsplit

import js
from js import Date, Object, Uint8Array
from pyodide.ffi import JsException, to_js
from workers import Response

from darkroom.blob import Blob
from darkroom.edge.blob import JsBlob, to_array
from darkroom.edge.json_objects import to_object
from darkroom.stores.preferences import Preferences
from darkroom.stores.progress import Interrupt, JobProgress, ProgressSnapshot, ProgressStore
from darkroom.stores.unavailable import StoreUnavailable

FORGOTTEN_AFTER_S = 90 * 86_400
_PREFERENCES = "preferences"
_PROGRESS_HEADER = "x-standing"  # the preview's metadata travels beside its bytes


class _Stub:
    """The way to a caller's object; `namespace` is the runtime's own binding."""

    def __init__(self, namespace: Any) -> None:
        self._namespace = namespace

    async def ask(
        self, scope: str, path: str, body: Any = None, headers: Mapping[str, str] | None = None
    ) -> Any:
        """A JavaScript response; raises `StoreUnavailable` when none comes."""
        options = {"method": "POST", "headers": headers or {}, "body": body}
        try:
            stub = self._namespace.get(self._namespace.idFromName(scope))
            return await stub.fetch(
                f"https://boards.invalid/{path}",
                to_js(options, dict_converter=Object.fromEntries),
            )
        except (OSError, JsException) as error:
            raise StoreUnavailable("the Durable Object did not answer") from error

    async def ask_json(self, *question: Any) -> Any:
        """The response as JSON."""
        response = await self.ask(*question)
        try:
            return json.loads(str(await response.text()))
        except (OSError, JsException, ValueError) as error:
            raise StoreUnavailable("the Durable Object did not answer in JSON") from error


class ObjectProgress:
    """A `BoardStore` in Durable Objects, one for each scope."""

    def __init__(self, namespace: Any) -> None:
        self._stub = _Stub(namespace)

    async def show(
        self, scope: str, job: str, job_progress: JobProgress, preview: Blob | None = None
    ) -> Interrupt | None:
        """Show how a job stands."""
        body = to_array(preview) if preview else None
        headers = {_PROGRESS_HEADER: json.dumps(asdict(job_progress))}
        halt = await self._stub.ask_json(scope, f"show?job={job}", body, headers)
        return Interrupt(halt) if halt else None

    async def clear(self, scope: str, job: str) -> None:
        """Take a job down."""
        await self._stub.ask_json(scope, f"clear?job={job}")

    async def look(self, scope: str) -> ProgressSnapshot | None:
        """The job that has been at work for the longest, its preview left in JavaScript."""
        response = await self._stub.ask(scope, "look")
        reported = response.headers.get(_PROGRESS_HEADER)
        try:
            content = Uint8Array.new(await response.arrayBuffer())
        except (OSError, JsException) as error:
            raise StoreUnavailable("the Durable Object broke off") from error
        if not isinstance(reported, str):
            return None
        facts = json.loads(reported)
        preview = JsBlob(content) if content.byteLength else None
        halt = Interrupt(facts["halt"]) if facts["halt"] else None
        return ProgressSnapshot(JobProgress(**facts["standing"]), preview, halt)

    async def halt(self, scope: str, how: Interrupt) -> None:
        """Have all jobs stop."""
        await self._stub.ask_json(scope, f"halt?how={how.value}")


class ObjectPreferences:
    """A `PreferenceStore` in the same Durable Objects."""

    def __init__(self, namespace: Any) -> None:
        self._stub = _Stub(namespace)

    async def read(self, scope: str) -> Preferences:
        """All that was chosen."""
        chosen: Preferences = await self._stub.ask_json(scope, "read")
        return chosen

    async def write(self, scope: str, preferences: Preferences) -> None:
        """Remember this."""
        await self._stub.ask_json(scope, "write", json.dumps(preferences))


async def serve_progress(request: Any, storage: Any, progress_store: ProgressStore) -> Response:
    """Answer one question inside the Durable Object, which holds a single scope."""
    url = urlsplit(str(request.url))
    query = dict(parse_qsl(url.query))
    match url.path.strip("/"):
        case "show":
            content = Uint8Array.new(await request.arrayBuffer())
            job_progress = JobProgress(**json.loads(str(request.headers.get(_PROGRESS_HEADER))))
            preview = JsBlob(content) if content.byteLength else None
            return _json(await progress_store.show("", query["job"], job_progress, preview))
        case "clear":
            await progress_store.clear("", query["job"])
        case "halt":
            await progress_store.halt("", Interrupt(query["how"]))
        case "look":
            return _show(await progress_store.look(""))
        case "read":
            text = await storage.get(_PREFERENCES)
            return _json(json.loads(text) if isinstance(text, str) else {})
        case "write":
            await storage.put(_PREFERENCES, str(await request.text()))
            await storage.setAlarm(int(Date.now()) + FORGOTTEN_AFTER_S * 1000)
    return _json(None)


async def forget_preferences(storage: Any) -> None:
    """Forget what was chosen long ago."""
    await storage.deleteAll()


def _show(shown: ProgressSnapshot | None) -> Response:
    if shown is None:
        return Response(js.Response.new())
    headers = {
        _PROGRESS_HEADER: json.dumps({"standing": asdict(shown.job_progress), "halt": shown.halt})
    }
    content = to_array(shown.preview) if shown.preview else None
    js_headers = to_object(headers)
    return Response(js.Response.new(content, headers=js_headers))


def _json(value: object) -> Response:
    return Response(js.Response.new(json.dumps(value)))
