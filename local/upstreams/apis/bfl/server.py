"""Takes orders and answers polls."""

import math
import time
from dataclasses import dataclass
from typing import Any

from starlette.requests import Request
from starlette.responses import JSONResponse, Response
from starlette.types import ASGIApp

from ..call import Call, Handler
from ..faults import Fault, Kind
from ..image_request import ImageRequest, picture_size, to_base64
from ..painting import MEDIA_TYPES
from ..polling import check_way, measure_progress
from ..shared_state import Studio
from ..standin import StandIn, get, post
from ..tasks import State, Task, Tasks
from ..tokens import says
from ..validation import missing, read_body, unprocessable
from .requests import ENDPOINTS, Body, quote

SAMPLE_LIFE_S = 600
PREVIEW_SIDE_PX = 64
ELSEWHERE = "https://evil.example"
EXPIRED = (
    '<?xml version="1.0" encoding="utf-8"?><Error><Code>AuthenticationFailed</Code>'
    "<Message>Server failed to authenticate the request. Signature not valid in the specified "
    "time frame</Message></Error>"
)


@dataclass(frozen=True, slots=True)
class Job:
    """What was sent, and what is to be painted."""

    body: Body
    image_request: ImageRequest


def build(studio: Studio) -> ASGIApp:
    """The server."""
    desk = Desk(studio)
    return StandIn(
        studio,
        word,
        work=[post(f"/v1/{name}", desk.endpoint(schema)) for name, schema in ENDPOINTS.items()],
        calls=[get("/v1/get_result", desk.poll), get("/v1/credits", tell_credits)],
        public=[get("/results/{name}", fetch_sample)],
        token_of=key_of,
    )


async def tell_credits(call: Call) -> Response:
    """What is left to be spent."""
    return JSONResponse({"credits": 0.0 if says(call.token, "quota") else 1000.0})


def key_of(request: Request) -> str:
    """The key, which has a header of its own."""
    return request.headers.get("x-key", "")


def word(fault: Fault) -> Response:
    """Every trouble is a `detail`."""
    match fault.kind:
        case Kind.NO_TOKEN:
            return refuse("Not authenticated", 403)
        case Kind.BAD_TOKEN:
            return refuse("Not authenticated - Invalid Authentication", 403)
        case Kind.QUOTA:
            return refuse("Insufficient credits. Please add credits to your account.", 402)
        case Kind.LIMITED:
            limits = {"X-RateLimit-Limit": "24", "X-RateLimit-Remaining": "0"}
            return refuse("Too many requests: 24 active tasks are allowed.", 429, limits)
        case Kind.UNAVAILABLE:
            return refuse("Service Unavailable", 503)
        case Kind.NO_ROUTE:
            return refuse("Not Found", 404)
        case Kind.FAILED:
            return refuse("Internal Server Error", 500)
        case _:
            return refuse(fault.text or "Bad Request", 400)


def refuse(detail: str, status: int, headers: dict[str, str] | None = None) -> Response:
    """`{"detail": "..."}`"""
    return JSONResponse({"detail": detail}, status, headers)


class Desk:
    """Takes orders, and says how they are coming along."""

    def __init__(self, studio: Studio) -> None:
        self._studio = studio
        self._tasks: Tasks[Job] = Tasks(studio)

    def endpoint(self, schema: type[Body]) -> Handler:
        """The handler for the orders of one model."""

        async def submit(call: Call) -> Response:
            body = read_body(call, schema)
            directives = await call.heed(body.prompt, later=("refuse", "fail", "stall"))
            sources = body.sources()
            width, height = body.size(sources)
            image_request = ImageRequest(
                body.prompt,
                width,
                height,
                seed=self._studio.new_seed() if body.seed is None else body.seed,
                format=body.output_format,
                sources=tuple(sources),
            )
            task = self._tasks.submit(Job(body, image_request), directives, call.token)
            return JSONResponse(acknowledge(task, call.origin))

        return submit

    async def poll(self, call: Call) -> Response:
        """The task of `?id=`."""
        if "id" not in call.query:
            raise unprocessable(missing("query", "id"))
        task = self._tasks.poll(call.query["id"], call.token)
        if task is None:
            return JSONResponse(report(call.query["id"], "Task not found"), 404)
        check_way(task)
        match stage_of(task):
            case State.REFUSED:
                return JSONResponse(report_refusal(task))
            case State.FAILED:
                details = {"error": "The task could not be completed."}
                # One client saw a terminal status come that way.
                return JSONResponse(report(task.id, "Error", details=details), 503)
            case State.DONE:
                return JSONResponse(report(task.id, "Ready", result=await self._finish(task, call)))
        return JSONResponse(await self._report_pending(task))

    async def _report_pending(self, task: Task[Job]) -> dict[str, Any]:
        progress, preview = measure_progress(task), None
        if "preview" in task.directives and progress:
            prompt, seed = (
                f"{task.payload.image_request.prompt} at {progress}",
                task.payload.image_request.seed,
            )
            side = PREVIEW_SIDE_PX
            preview = to_base64(await self._studio.paint(prompt, seed, side, side))
        return report(task.id, "Pending", progress=progress, preview=preview)

    async def _finish(self, task: Task[Job], call: Call) -> dict[str, Any] | None:
        if "none" in task.directives:
            return None
        image_request, now = task.payload.image_request, time.time()
        result = {
            "prompt": image_request.prompt,
            "seed": image_request.seed,
            "start_time": task.submitted_at,
            "end_time": now,
            "duration": now - task.submitted_at,
        }
        if "words" in task.directives:
            return result
        name = self._studio.pictures.keep(
            await image_request.paint(self._studio), image_request.format
        )
        end = now + (-1 if "gone" in task.directives else SAMPLE_LIFE_S)
        signature = f"se={end:.0f}&sp=r&sv=2024-11-04&sr=b&sig={name[:16]}%3D"
        return {"sample": f"{call.origin}/results/{name}?{signature}", **result}


def acknowledge(task: Task[Job], origin: str) -> dict[str, Any]:
    """What a submission is answered with."""
    body, image_request = task.payload.body, task.payload.image_request
    if body.webhook_url:
        return {"id": task.id, "status": "Pending", "webhook_url": body.webhook_url}
    host = ELSEWHERE if "elsewhere" in task.directives else origin
    pixels_in = sum(math.prod(picture_size(source)) for source in image_request.sources)
    price = quote(body, pixels_in, image_request.width * image_request.height)
    return {"id": task.id, "polling_url": f"{host}/v1/get_result?id={task.id}", **price}


def stage_of(task: Task[Job]) -> State:
    """The task's state; a prompt is looked at before any work is done."""
    if "refuse" in task.directives and task.directives["refuse"] != "output":
        return State.REFUSED
    return task.state


def report_refusal(task: Task[Job]) -> dict[str, Any]:
    """What a poll says of a task that was moderated; it costs nothing."""
    status = "Content Moderated" if task.directives["refuse"] == "output" else "Request Moderated"
    return report(task.id, status, details={"Moderation Reasons": ["Derivative Works Filter"]})


def report(task_id: str, status: str, **more: Any) -> dict[str, Any]:
    """What a poll says of a task."""
    empty = {"result": None, "progress": None, "details": None, "preview": None}
    return {"id": task_id, "status": status, **empty, **more}


async def fetch_sample(call: Call) -> Response:
    """A picture, as long as its URL is valid: ten minutes."""
    name = call.path_params["name"]
    picture = call.studio.pictures.find(name)
    if picture is None:
        return Response("Not Found", 404)
    if float(call.query.get("se", 0)) < time.time():
        return Response(EXPIRED, 403, media_type="application/xml")
    return Response(picture, media_type=MEDIA_TYPES[name.rpartition(".")[2]])
