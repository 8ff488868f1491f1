"""A stand-in for ModelScope, api-inference.modelscope.cn (wire-formats B9, image-providers §4.3).

[[refuse]] [[refuse:output]]    turned down at once, or when the picture is there
[[fail]]            `FAILED`, with the message in `errors.message`
[[fail:PLACE]]      with the message in another of its places: message, task_msg, error_msg,
                    error_message
[[badpoll]] [[badpoll:429]]     the second poll meets a proxy's 502 page, or a 429
"""

import math
import re
import time
import uuid
from typing import Any

from starlette.responses import JSONResponse, Response
from starlette.types import ASGIApp

from .call import Call
from .chat import Chat
from .faults import Failure, Fault, Kind
from .fields import Fields, wrong_type, wrong_value
from .image_request import ImageRequest, check_side, parse_size, picture_size
from .polling import check_way
from .references import read_reference, snap
from .shared_state import MAX_SEED, Studio
from .standin import StandIn, get, post
from .tasks import State, Task, Tasks
from .words import WORDS

MODEL_ID = re.compile(r"[\w.-]+/[\w.-]+")
MAX_PROMPT_CHARS = 1999
DEFAULT_SIDE_PX = 1024
MIN_SIDE_PX = 64
MAX_SIDE_PX = {"qwen-image": 1664, "flux": 1024}
ANY_MAX_SIDE_PX = 2048
EDIT_STEP_PX = 8
EDITS = ("edit", "kontext")
MAX_LORAS = 6
ASYNC_HEADER, TYPE_HEADER = "x-modelscope-async-mode", "x-modelscope-task-type"
TASK_TYPE = "image_generation"
MESSAGE_PLACES = ("message", "task_msg", "error_msg", "error_message")
REFUSED_INPUT = "Input data may contain inappropriate content."
REFUSED_OUTPUT = "Output data may contain inappropriate content."


def build(studio: Studio) -> ASGIApp:
    """The server."""
    desk = Desk(studio)
    return StandIn(
        studio,
        word,
        work=[
            post("/v1/images/generations", desk.generate),
            post("/v1/chat/completions", Chat(studio, word).complete),
        ],
        calls=[get("/v1/tasks/{task_id}", desk.poll)],
    )


def word(fault: Fault) -> Response:
    """Every trouble is `errors.message`."""
    match fault.kind:
        case Kind.NO_TOKEN | Kind.BAD_TOKEN:
            text = "Authentication failed, please make sure that a valid ModelScope token is "
            return refuse(text + "supplied.", 401)
        case Kind.QUOTA:
            text = "You have exceeded today's quota for this model, please try again tomorrow."
            return refuse(text, 429)
        case Kind.LIMITED:
            return refuse("Request limit exceeded: too many requests, please slow down.", 429)
        case Kind.UNAVAILABLE:
            return refuse("The model service is temporarily unavailable.", 503)
        case Kind.FAILED:
            return refuse("Internal error: the model service failed.", 500)
        case Kind.REFUSED:
            return refuse(REFUSED_OUTPUT if fault.text == "output" else REFUSED_INPUT, 400)
        case Kind.NO_ROUTE | Kind.NOT_FOUND:
            return refuse(fault.text or "Not found", 404)
        case _:
            return refuse(fault.text or "Bad request", 400)


def refuse(message: str, status: int) -> Response:
    """`{"errors": {"message"}, "request_id"}`"""
    return JSONResponse({"errors": {"message": message}, "request_id": new_request_id()}, status)


def new_request_id() -> str:
    """One for each answer."""
    return str(uuid.uuid4())


class Desk:
    """Paints while the caller waits, or later, as the caller asks."""

    def __init__(self, studio: Studio) -> None:
        self._studio = studio
        self._tasks: Tasks[ImageRequest] = Tasks(studio)

    async def generate(self, call: Call) -> Response:
        """Pictures, or a task that the caller polls for."""
        image_request = self._read(call)
        if call.headers.get(ASYNC_HEADER, "").lower() == "true":
            # A refusal of the prompt comes at once.
            later = ("fail", "stall") + (("refuse",) if "[[refuse:" in image_request.prompt else ())
            directives = await call.heed(image_request.prompt, later)
            task = self._tasks.submit(image_request, directives, call.token)
            answer = {"task_id": task.id, "task_status": "PENDING"}
            return JSONResponse({**answer, "request_id": new_request_id()})
        directives = await call.heed(image_request.prompt)
        answer = {"request_id": new_request_id()}
        if "words" in directives:
            return JSONResponse({"images": [], "text": WORDS, **answer})
        if "none" in directives:
            return JSONResponse({"images": [], **answer})
        url = call.keep(await image_request.paint(self._studio))
        return JSONResponse({"images": [{"url": url}], **answer})

    async def poll(self, call: Call) -> Response:
        """Where a task stands; only whose token created it may know."""
        task_id = call.path_params["task_id"]
        if call.headers.get(TYPE_HEADER) != TASK_TYPE:
            raise Failure(Kind.WRONG_VALUE, "X-ModelScope-Task-Type is missing or not supported.")
        task = self._tasks.poll(task_id, call.token)
        if task is None:
            raise Failure(Kind.NOT_FOUND, f"Task {task_id} does not exist.")
        check_way(task)
        report = {"task_id": task.id, "request_id": new_request_id()}
        match task.state:
            case State.DONE:
                return JSONResponse({**report, **await self._finish(task, call)})
            case State.FAILED:
                text = "Image generation failed: the model ran out of memory."
                return JSONResponse({**report, **report_failure(text, task.directives["fail"])})
            case State.REFUSED:
                return JSONResponse({**report, **report_failure(REFUSED_OUTPUT, "")})
            case State.WAITING:
                return JSONResponse({**report, "task_status": "PENDING", "output_images": []})
        # Both words are in use for the same thing.
        status = "RUNNING" if task.polls % 2 == 0 else "PROCESSING"
        return JSONResponse({**report, "task_status": status, "output_images": []})

    async def _finish(self, task: Task[ImageRequest], call: Call) -> dict[str, Any]:
        images = []
        if "none" not in task.directives and "words" not in task.directives:
            images.append(call.keep(await task.payload.paint(self._studio)))
        outputs = {"outputs": {"text": WORDS}} if "words" in task.directives else {}
        taken_ms = round((time.time() - task.submitted_at) * 1000, 1)
        done = {"task_status": "SUCCEED", "output_images": images, "time_taken": taken_ms}
        return {**done, **outputs}

    def _read(self, call: Call) -> ImageRequest:
        fields = Fields(call.json_object())
        model = fields.required_text("model")
        if not MODEL_ID.fullmatch(model):
            raise Failure(Kind.WRONG_VALUE, f"Invalid model id: {model}", "model")
        if "n" in fields:
            raise Failure(Kind.UNKNOWN_FIELD, "The parameter 'n' is not supported.", "n")
        prompt = fields.required_text("prompt", MAX_PROMPT_CHARS)
        fields.text("negative_prompt", max_chars=MAX_PROMPT_CHARS)
        fields.integer("steps", 1, 1, 100)
        fields.number("guidance", 1.5, 1.5, 20)
        check_loras(fields.raw("loras"))
        sources = read_sources(fields, model)
        width, height = read_size(fields, model, sources)
        seed = fields.integer("seed", self._studio.new_seed(), 0, MAX_SEED)
        return ImageRequest(prompt, width, height, seed, sources=sources)


def report_failure(message: str, place: str) -> dict[str, Any]:
    """A failed task, with the message in the place named, or else in `errors`."""
    report = {"task_status": "FAILED", "output_images": []}
    if place in MESSAGE_PLACES:
        return {**report, place: message}
    return {**report, "errors": {"message": message}}


def max_side(model: str) -> int:
    """The longest side in pixels, by the family that the model's name tells."""
    matches = (side for family, side in MAX_SIDE_PX.items() if family in model.lower())
    return next(matches, ANY_MAX_SIDE_PX)


def read_size(fields: Fields, model: str, sources: tuple[bytes, ...]) -> tuple[int, int]:
    """The size asked for, else about that of the first picture."""
    highest = max_side(model)
    if "size" in fields:
        width, height = parse_size("size", fields.text("size"))
        check_side("size", width, MIN_SIDE_PX, highest)
        check_side("size", height, MIN_SIDE_PX, highest)
        return width, height
    if not sources:
        return DEFAULT_SIDE_PX, DEFAULT_SIDE_PX
    width, height = picture_size(sources[0])
    scale = min(1.0, highest / max(width, height))
    return snap(width * scale, EDIT_STEP_PX), snap(height * scale, EDIT_STEP_PX)


def read_sources(fields: Fields, model: str) -> tuple[bytes, ...]:
    """The pictures to edit: a URL or data URI, or a list of them."""
    value = fields.raw("image_url")
    if value is None:
        if any(word in model.lower() for word in EDITS):
            raise Failure(Kind.MISSING_FIELD, "image_url is required by this model.", "image_url")
        return ()
    texts = value if isinstance(value, list) else [value]
    if not texts or not all(isinstance(text, str) for text in texts):
        raise wrong_type("image_url", "a string or an array of strings", value)
    try:
        return tuple(read_reference(text) for text in texts)
    except ValueError as error:
        raise wrong_value("image_url", f"{error}.") from error


def check_loras(loras: Any) -> None:
    """An id, or up to six ids with weights that sum to 1."""
    if loras is None or isinstance(loras, str):
        return
    if not isinstance(loras, dict):
        raise wrong_type("loras", "a string or an object", loras)
    if not 1 <= len(loras) <= MAX_LORAS:
        raise wrong_value("loras", f"one to {MAX_LORAS} are allowed.")
    weights = list(loras.values())
    if not all(isinstance(weight, int | float) for weight in weights):
        raise wrong_type("loras", "an object of numbers", loras)
    if not math.isclose(sum(weights), 1.0, abs_tol=1e-6):
        raise wrong_value("loras", "the weights must sum to 1.0.")
