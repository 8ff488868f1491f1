"""ZeroGPU as a caller meets it, in the words of the `spaces` package."""

from collections.abc import Callable

import gradio as gr

from .notices import error, toast

QUOTA_TITLE = "ZeroGPU quota exceeded"
WORKER_TITLE = "ZeroGPU worker error"
DEFAULT_RETRY_IN = "17:25:53"

REFUSALS = {
    "runs": (QUOTA_TITLE, "You have exceeded your ZeroGPU runs limit. "),
    "nogpu": ("ZeroGPU queue timeout", "No GPU was available after 60s. Retry later"),
    "badtoken": ("ZeroGPU client error", "Expired ZeroGPU proxy token"),
    "duration": (
        "ZeroGPU illegal duration",
        "The requested GPU duration (180s) is larger than the maximum allowed",
    ),
}


def quota_exceeded(retry_in: str = "") -> gr.Error:
    """`retry_in` is a Python timedelta as text, such as `1 day, 3:00:00`."""
    return error(
        "You have exceeded your GPU quota (120s requested vs. 47s left). "
        f"Try again in {retry_in or DEFAULT_RETRY_IN}",
        QUOTA_TITLE,
    )


def refusal(name: str) -> gr.Error:
    """The refusal that the directive `name` asks for, a key of `REFUSALS`."""
    title, message = REFUSALS[name]
    return error(message, title)


def worker_error(cause: str = "") -> gr.Error:
    """All that is seen of a crash inside the GPU function: the name of the exception."""
    return error(cause or "RuntimeError", WORKER_TITLE)


def task_aborted() -> gr.Error:
    """The end of a job that overran its time, or was killed."""
    return error("GPU task aborted", WORKER_TITLE)


def wait_for_gpu(pause: Callable[[float], None], seconds: float) -> None:
    """The toasts that a full ZeroGPU cluster shows, around the wait."""
    toast("info", "Waiting for a GPU to become available", "ZeroGPU queue")
    pause(seconds)
    toast("success", "Successfully acquired a GPU", "ZeroGPU queue")
