"""A hostile Space, which can be taken for each of the catalog's (reference/gradio.md 1 to 5)."""

from typing import Any

from starlette.responses import JSONResponse, Response
from starlette.types import ASGIApp

from ..apis.call import Call
from .answers import answer_events, answer_file, answer_json
from .bodies import nestable
from .directives import Asked
from .listener import Jobs, Server, error_reply, listen_with
from .table import Kind

PREFIX = "/gradio_api"
# Each function of the catalog's Spaces, and the numbers of inputs that it has in one of them.
FUNCTIONS = {
    "generate_image": (6, 8),
    "generate": (6,),
    "infer": (6, 7, 9),
    "infer_1": (10,),
    "realesrgan": (5,),
}
SEED = 42
STEPS = 4
APPENDED_OBJECTS = 100
ODD_PREFIXES = ["@evil.example", {"toString": "x"}]


def build_space(forbidden: str) -> ASGIApp:
    """The server, with all Spaces at its root and below `/spaces/{subdomain}` too."""
    return listen_with(Space().serve, forbidden)


class Space:
    """Answers each route of a Gradio server, whatever stands before it in the path."""

    def __init__(self) -> None:
        self._jobs = Jobs()
        self._routes: dict[str, Server] = {
            "/config": self._tell_config,
            "/upload": self._upload,
            "/queue/join": self._join,
            "/queue/data": self._follow,
            "/cancel": self._cancel,
        }

    async def serve(self, call: Call, asked: Asked) -> Response:
        """Answer a call."""
        for ending, answer in self._routes.items():
            if call.path.endswith(ending):
                return await answer(call, asked)
        if call.method == "GET":
            asked = self._jobs.find(call.path) + asked
            return await answer_file(call, asked.at("file"))
        return error_reply(404, "Not Found")

    async def _tell_config(self, call: Call, asked: Asked) -> Response:
        prefix: object = asked.text("prefix", PREFIX)
        if "prefixes" in asked:
            prefix = ODD_PREFIXES
        config = {
            "version": "6.31.0",
            "protocol": "sse_v3",
            "root": asked.text("root", call.origin),
            "api_prefix": prefix,
            "dependencies": [
                {"id": number, "api_name": name, "inputs": list(range(count)), "targets": []}
                for number, (name, count) in enumerate(
                    (name, count) for name, counts in FUNCTIONS.items() for count in counts
                )
            ],
        }
        return await answer_json(call, asked.at("config"), config)

    async def _upload(self, call: Call, asked: Asked) -> Response:
        asked = asked.at("upload")
        count = len(call.form.files) if call.form else 0
        paths = [asked.text("path", f"/tmp/gradio/{n}.png") for n in range(count)]
        if not tuple(asked):
            return JSONResponse(paths)
        return await answer_json(call, asked, {"paths": paths})

    async def _join(self, call: Call, asked: Asked) -> Response:
        session = str(call.json_object().get("session_hash"))
        event_id = self._jobs.put(session, asked)
        return await answer_json(call, asked.at("join", Kind.STATUS), {"event_id": event_id})

    async def _follow(self, call: Call, asked: Asked) -> Response:
        session = call.query.get("session_hash", "")
        asked = self._jobs.find(session) + asked
        stage = asked.at("event", Kind.BODY, Kind.CONTENT, Kind.TRANSPORT)
        early, last = messages(stage, session)
        if "status" in stage:
            return await answer_json(call, stage, last)
        return answer_events(call, stage, early, last, '{"msg":"close_stream","event_id":null}')

    async def _cancel(self, call: Call, asked: Asked) -> Response:
        return await answer_json(call, asked.at("cancel"), {"success": True})


Message = dict[str, Any]


def messages(asked: Asked, event_id: str) -> tuple[list[Message], Message]:
    """The messages of a job before its end, and the one that ends it."""
    early: list[Message] = [
        {"msg": "estimation", "rank": 0, "queue_size": 1, "rank_eta": 1.5},
        {"msg": "log", "log": "Waiting for a GPU to become available", "level": "info"},
        {"msg": "process_starts", "eta": 1.5},
        *_previews(asked),
        *({"msg": "progress", "progress_data": [_progress(step)]} for step in range(STEPS)),
    ]
    last: Message = {"msg": "process_completed", "success": "fail" not in asked}
    if "fail" in asked:
        last |= {"title": "Error", "output": {"error": "It failed. "}}
    else:
        last["output"] = {"data": [_output(asked, event_id), SEED, _seed_text(asked)]}
    for message in (*early, last):
        message["event_id"] = event_id
    return early, last


def _progress(step: int) -> Message:
    return {"index": step, "length": STEPS, "unit": "steps", "progress": None, "desc": "Drawing"}


def _previews(asked: Asked) -> list[Message]:
    """The events of a function that yields before it returns."""
    if "preview" in asked:
        return [_generating([file_data(asked.text("preview"))])]
    if "diffs" not in asked:
        return []
    growth = [["append", [], [{"a": 1}] * APPENDED_OBJECTS]]
    return [_generating([[]]), *(_generating([growth]) for _ in range(asked.number("diffs")))]


def _generating(data: list[Any]) -> Message:
    return {"msg": "process_generating", "success": True, "output": {"data": data}}


def _output(asked: Asked, event_id: str) -> object:
    """The output value that a Space gives for its picture."""
    if "output" in asked or "slashes" in asked:
        return asked.text("output") or "/" + "file=" * asked.number("slashes") + " "
    picture = file_data(asked.text("path", f"/tmp/gradio/{event_id}/image.png"))
    if "picture" in asked:
        picture = file_data(asked.text("picture"))
    if "pictures" in asked:
        return [picture] * asked.number("pictures")
    return nestable(picture) if "nested" in asked else picture


def _seed_text(asked: Asked) -> str:
    return f"seed{' ' * asked.number('spaces')}x"


def file_data(place: str) -> Message:
    """Gradio's description of a file, by its path or its address."""
    return {
        "path": place,
        "url": place if "://" in place else None,
        "orig_name": "image.png",
        "meta": {"_type": "gradio.FileData"},
    }
