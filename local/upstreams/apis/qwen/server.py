"""Pictures at once or in tasks."""

import time
from collections.abc import Callable
from datetime import UTC, datetime
from typing import Any

from starlette.responses import JSONResponse, Response
from starlette.types import ASGIApp

from ..call import Call
from ..chat import Chat
from ..faults import Answer
from ..polling import check_way
from ..shared_state import Studio
from ..standin import StandIn, get, post
from ..tasks import State, Task, Tasks
from ..words import WORDS
from .errors import REFUSALS, new_id, refuse, word
from .requests import ParsedRequest, read_messages_body, read_prompt_body

ASYNC_HEADER = "x-dashscope-async"
SERVICES = "/api/v1/services/aigc"
URL_LIFE_S = 24 * 3600
STEPS = {State.WAITING: "PENDING", State.RUNNING: "RUNNING"}
TIMED_OUT = {"code": "InternalError.Timeout", "message": "An internal timeout error has occured."}


def build(studio: Studio) -> ASGIApp:
    """The server."""
    desk = Desk(studio)
    return StandIn(
        studio,
        word,
        work=[
            post(f"{SERVICES}/multimodal-generation/generation", desk.generate),
            post(f"{SERVICES}/text2image/image-synthesis", desk.submit_prompt),
            post(f"{SERVICES}/image-generation/generation", desk.submit_messages),
            post("/compatible-mode/v1/chat/completions", Chat(studio, word).complete),
        ],
        calls=[
            get("/api/v1/tasks/{task_id}", desk.poll),
            get("/compatible-mode/v1/models", list_models),
        ],
    )


async def list_models(call: Call) -> Response:
    """The models of text, in OpenAI's shape."""
    models = [{"id": name, "object": "model"} for name in ("qwen-plus", "qwen-max")]
    return JSONResponse({"object": "list", "data": models})


class Desk:
    """Takes wishes, and says how their tasks are coming along."""

    def __init__(self, studio: Studio) -> None:
        self._studio = studio
        self._tasks: Tasks[ParsedRequest] = Tasks(studio)

    async def generate(self, call: Call) -> Response:
        """Pictures while the caller waits."""
        if call.headers.get(ASYNC_HEADER) == "enable":
            raise denied("asynchronous")
        parsed = read_messages_body(call, self._studio)
        directives = await call.heed(parsed.prompt)
        if "inside200" in directives:
            code = directives["inside200"] or "InternalError.Algo"
            return refuse(200, code, "An internal error has occured during execution.")
        content = [{"image": url} for url in await self._paint(parsed, call)]
        if "none" in directives:
            content = []
        if "words" in directives:
            content = [{"text": WORDS}]
        output = {"choices": [choose(content)]}
        return JSONResponse({"output": output, "usage": count(parsed), "request_id": new_id()})

    async def submit_prompt(self, call: Call) -> Response:
        """A task in the older form."""
        return await self._submit(call, read_prompt_body)

    async def submit_messages(self, call: Call) -> Response:
        """A task in the newer form."""
        return await self._submit(call, read_messages_body)

    async def _submit(self, call: Call, read: Callable[[Call, Studio], ParsedRequest]) -> Response:
        if call.headers.get(ASYNC_HEADER) != "enable":
            raise denied("synchronous")
        parsed = read(call, self._studio)
        directives = await call.heed(parsed.prompt, later=("refuse", "fail", "stall"))
        task = self._tasks.submit(parsed, directives, call.token)
        output = {"task_id": task.id, "task_status": "PENDING"}
        return JSONResponse({"output": output, "request_id": new_id()})

    async def poll(self, call: Call) -> Response:
        """Where a task stands; UNKNOWN when it is not the caller's."""
        task = self._tasks.poll(call.path_params["task_id"], call.token)
        if task is None:
            output = {"task_id": call.path_params["task_id"], "task_status": "UNKNOWN"}
            return JSONResponse({"request_id": new_id(), "output": output})
        check_way(task)
        output = {"task_id": task.id, "submit_time": stamp(task.submitted_at)}
        if task.polls > 1:
            output["scheduled_time"] = stamp(task.submitted_at)
        if task.state in STEPS:
            return report({**output, "task_status": STEPS[task.state]})
        output["end_time"] = stamp(time.time())
        if task.state is State.DONE:
            return await self._finish(task, output, call)
        failure = dict(TIMED_OUT)
        if task.state is State.REFUSED:
            text = REFUSALS.get(task.directives["refuse"], REFUSALS[""])
            failure = {"code": "DataInspectionFailed", "message": text}
        return report({**output, "task_status": "FAILED", **failure})

    async def _finish(
        self, task: Task[ParsedRequest], output: dict[str, Any], call: Call
    ) -> Response:
        parsed, directives = task.payload, task.directives
        urls: list[str | None] = [*await self._paint(parsed, call)]
        if "partial" in directives:
            urls[-1] = None
        if "none" in directives or "words" in directives:
            urls = []
        output["task_status"] = "SUCCEEDED"
        if not parsed.in_messages:
            output["results"] = [list_result(parsed, url) for url in urls]
            failed = urls.count(None)
            done = {"TOTAL": len(urls), "SUCCEEDED": len(urls) - failed, "FAILED": failed}
            output["task_metrics"] = done
        else:
            images = [{"image": url, "type": "image"} for url in urls if url]
            content = [{"text": WORDS, "type": "text"}] if "words" in directives else images
            output |= {"finished": True, "choices": [choose([item]) for item in content]}
        return report(output, usage={"image_count": len(urls) - urls.count(None)})

    async def _paint(self, parsed: ParsedRequest, call: Call) -> list[str]:
        pictures = await parsed.image_request.paint_all(self._studio)
        return [f"{call.keep(picture)}?{sign()}" for picture in pictures]


def denied(way: str) -> Answer:
    """The refusal of calls that are answered at once, or that are not, as an exception."""
    text = f"current user api does not support {way} calls."
    return Answer(refuse(403, "AccessDenied", text))


def choose(content: list[dict[str, str]]) -> dict[str, Any]:
    """One choice."""
    return {"finish_reason": "stop", "message": {"role": "assistant", "content": content}}


def list_result(parsed: ParsedRequest, url: str | None) -> dict[str, str]:
    """One result of a task in the older form; a failed one has no URL."""
    if url is None:
        return TIMED_OUT
    return {"orig_prompt": parsed.prompt, "actual_prompt": parsed.image_request.prompt, "url": url}


def count(parsed: ParsedRequest) -> dict[str, int]:
    """The usage of a call that is answered at once: its names depend on the family."""
    image_request = parsed.image_request
    if not parsed.family.is_free:
        return {
            "width": image_request.width,
            "height": image_request.height,
            "image_count": image_request.count,
        }
    return {
        "output_width": image_request.width,
        "output_height": image_request.height,
        "output_image_count": image_request.count,
        "input_image_count": len(image_request.sources),
    }


def report(output: dict[str, Any], **more: Any) -> Response:
    """What a poll is answered with."""
    return JSONResponse({"request_id": new_id(), "output": output, **more})


def sign() -> str:
    """The query of a URL that is valid for a day."""
    return f"Expires={time.time() + URL_LIFE_S:.0f}&OSSAccessKeyId=standin&Signature=c3RhbmQ%3D"


def stamp(seconds: float) -> str:
    """`2025-12-16 04:21:02.275`"""
    return f"{datetime.fromtimestamp(seconds, UTC):%Y-%m-%d %H:%M:%S.%f}"[:-3]
