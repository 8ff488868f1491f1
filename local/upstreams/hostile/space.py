"""A hostile Space, which can be taken for each of the catalog's (reference/gradio.md 1 to 5)."""

from typing import Any

from starlette.responses import JSONResponse, Response
from starlette.types import ASGIApp

from ..apis.call import Call
from .answers import answer_events, answer_file, answer_json
from .bodies import nestable
from .directives import Directives
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

    async def serve(self, call: Call, directives: Directives) -> Response:
        """Answer a call."""
        for ending, answer in self._routes.items():
            if call.path.endswith(ending):
                return await answer(call, directives)
        if call.method == "GET":
            directives = self._jobs.find(call.path) + directives
            return await answer_file(call, directives.at("file"))
        return error_reply(404, "Not Found")

    async def _tell_config(self, call: Call, directives: Directives) -> Response:
        prefix: object = directives.text("prefix", PREFIX)
        if "prefixes" in directives:
            prefix = ODD_PREFIXES
        config = {
            "version": "6.31.0",
            "protocol": "sse_v3",
            "root": directives.text("root", call.origin),
            "api_prefix": prefix,
            "dependencies": [
                {"id": number, "api_name": name, "inputs": list(range(count)), "targets": []}
                for number, (name, count) in enumerate(
                    (name, count) for name, counts in FUNCTIONS.items() for count in counts
                )
            ],
        }
        return await answer_json(call, directives.at("config"), config)

    async def _upload(self, call: Call, directives: Directives) -> Response:
        directives = directives.at("upload")
        count = len(call.form.files) if call.form else 0
        paths = [directives.text("path", f"/tmp/gradio/{n}.png") for n in range(count)]
        if not tuple(directives):
            return JSONResponse(paths)
        return await answer_json(call, directives, {"paths": paths})

    async def _join(self, call: Call, directives: Directives) -> Response:
        session = str(call.json_object().get("session_hash"))
        event_id = self._jobs.put(session, directives)
        return await answer_json(call, directives.at("join", Kind.STATUS), {"event_id": event_id})

    async def _follow(self, call: Call, directives: Directives) -> Response:
        session = call.query.get("session_hash", "")
        directives = self._jobs.find(session) + directives
        stage = directives.at("event", Kind.BODY, Kind.CONTENT, Kind.TRANSPORT)
        early, last = messages(stage, session)
        if "status" in stage:
            return await answer_json(call, stage, last)
        return answer_events(call, stage, early, last, '{"msg":"close_stream","event_id":null}')

    async def _cancel(self, call: Call, directives: Directives) -> Response:
        return await answer_json(call, directives.at("cancel"), {"success": True})


Message = dict[str, Any]


def messages(directives: Directives, event_id: str) -> tuple[list[Message], Message]:
    """The messages of a job before its end, and the one that ends it."""
    early: list[Message] = [
        {"msg": "estimation", "rank": 0, "queue_size": 1, "rank_eta": 1.5},
        {"msg": "log", "log": "Waiting for a GPU to become available", "level": "info"},
        {"msg": "process_starts", "eta": 1.5},
        *_previews(directives),
        *({"msg": "progress", "progress_data": [_progress(step)]} for step in range(STEPS)),
    ]
    last: Message = {"msg": "process_completed", "success": "fail" not in directives}
    if "fail" in directives:
        last |= {"title": "Error", "output": {"error": "It failed. "}}
    else:
        last["output"] = {"data": [_output(directives, event_id), SEED, _seed_text(directives)]}
    for message in (*early, last):
        message["event_id"] = event_id
    return early, last


def _progress(step: int) -> Message:
    return {"index": step, "length": STEPS, "unit": "steps", "progress": None, "desc": "Drawing"}


def _previews(directives: Directives) -> list[Message]:
    """The events of a function that yields before it returns."""
    if "preview" in directives:
        return [_generating([file_data(directives.text("preview"))])]
    if "diffs" not in directives:
        return []
    growth = [["append", [], [{"a": 1}] * APPENDED_OBJECTS]]
    return [_generating([[]]), *(_generating([growth]) for _ in range(directives.number("diffs")))]


def _generating(data: list[Any]) -> Message:
    return {"msg": "process_generating", "success": True, "output": {"data": data}}


def _output(directives: Directives, event_id: str) -> object:
    """The output value that a Space gives for its picture."""
    if "output" in directives or "slashes" in directives:
        return directives.text("output") or "/" + "file=" * directives.number("slashes") + " "
    picture = file_data(directives.text("path", f"/tmp/gradio/{event_id}/image.png"))
    if "picture" in directives:
        picture = file_data(directives.text("picture"))
    if "pictures" in directives:
        return [picture] * directives.number("pictures")
    return nestable(picture) if "nested" in directives else picture


def _seed_text(directives: Directives) -> str:
    return f"seed{' ' * directives.number('spaces')}x"


def file_data(place: str) -> Message:
    """Gradio's description of a file, by its path or its address."""
    return {
        "path": place,
        "url": place if "://" in place else None,
        "orig_name": "image.png",
        "meta": {"_type": "gradio.FileData"},
    }
