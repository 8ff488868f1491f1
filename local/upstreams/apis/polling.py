"""What a poll finds on the way to the end of its task.

[[badpoll]] [[badpoll:429]]     the second poll meets a proxy's 502 page, or a 429
"""

from typing import Any

from starlette.responses import HTMLResponse, PlainTextResponse

from .faults import Answer
from .tasks import State, Task
from .tokens import RETRY_AFTER_S

BAD_POLL = 2
BAD_GATEWAY_PAGE = (
    "<html><head><title>502 Bad Gateway</title></head>"
    "<body><center><h1>502 Bad Gateway</h1></center><hr><center>nginx</center></body></html>"
)


def check_way(task: Task[Any]) -> None:
    """End the call where a directive put something in its way: the task itself goes on."""
    if "badpoll" not in task.directives or task.polls != BAD_POLL:
        return
    if task.directives["badpoll"] == "429":
        headers = {"Retry-After": str(RETRY_AFTER_S)}
        raise Answer(PlainTextResponse("Too Many Requests", 429, headers))
    raise Answer(HTMLResponse(BAD_GATEWAY_PAGE, 502))


def measure_progress(task: Task[Any]) -> float:
    """From 0, at the first poll, to just under 1; a task that stalls gets stuck at the second."""
    if task.state is not State.RUNNING:
        return 0.0 if task.state is State.WAITING else 1.0
    polls = 2 if "stall" in task.directives else task.polls
    return round((polls - 1) / max(2, task.steps), 2)
