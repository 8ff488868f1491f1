"""`GET /sdapi/v1/progress`, `POST /interrupt` and `/skip`: the caller's own jobs (B5)."""

from darkroom.context import Handler, RequestContext
from darkroom.dialects.a1111.generate_response import timestamp
from darkroom.dialects.a1111.lists import json_reply
from darkroom.dialects.a1111.session import store_limit
from darkroom.errors import JobFailed, UpstreamUnavailable
from darkroom.http import Reply
from darkroom.json_writer import TextBlob
from darkroom.stores.progress import Interrupt, ProgressSnapshot
from darkroom.stores.unavailable import StoreUnavailable

START_PROGRESS = 0.01  # what the server counts for the time before the first step
_IDLE = {
    "skipped": False, "interrupted": False, "stopping_generation": False, "job": "",
    "job_count": 0, "job_timestamp": "0", "job_no": 0, "sampling_step": 0, "sampling_steps": 0,
}  # fmt: skip


async def get_progress(context: RequestContext) -> Reply:
    """Report the progress of the caller's job, whichever isolate runs it.

    All zeros where nothing is at work, and where that cannot be found out.
    """
    shown = await _look(context)
    with_image = context.request.query.get("skip_current_image", "").lower() not in ("true", "1")
    return json_reply(_report(shown, context.gateway.clock.time(), with_image=with_image))


def halting(how: Interrupt, answer: object) -> Handler:
    """The handler that ends the caller's jobs.

    All pictures of a request are painted side by side, so that there is none to skip to: `skip`
    ends them too, with whatever is there by then.
    """

    async def halt(context: RequestContext) -> Reply:
        if context.caller_key is not None:
            try:
                with store_limit(context.deadline):
                    await context.gateway.progress_store.halt(context.caller_key, how)
            except (StoreUnavailable, JobFailed):
                raise UpstreamUnavailable("The job cannot be reached now. Try again.") from None
        return json_reply(answer)

    return halt


async def _look(context: RequestContext) -> ProgressSnapshot | None:
    if context.caller_key is None:
        return None
    try:
        with store_limit(context.deadline):
            return await context.gateway.progress_store.look(context.caller_key)
    except (StoreUnavailable, JobFailed):
        return None


def _report(shown: ProgressSnapshot | None, now: float, *, with_image: bool) -> dict[str, object]:
    if shown is None:
        return {
            "progress": 0.0, "eta_relative": 0.0, "state": _IDLE,
            "current_image": None, "textinfo": None,
        }  # fmt: skip
    job_progress = shown.job_progress
    progress = min(1.0, max(START_PROGRESS, job_progress.progress))
    passed_s = max(0.0, now - job_progress.began)
    state = {
        "skipped": shown.halt is Interrupt.SKIP,
        "interrupted": shown.halt is Interrupt.INTERRUPT,
        "job": job_progress.kind,
        "job_count": job_progress.count,
        "job_timestamp": timestamp(job_progress.began),
        "job_no": min(job_progress.done, job_progress.count - 1),
        "sampling_step": job_progress.step,
        "sampling_steps": job_progress.steps,
    }
    preview = TextBlob(shown.preview) if shown.preview and with_image else None
    return {
        "progress": progress,
        "eta_relative": passed_s / progress - passed_s,
        "state": {**_IDLE, **state},
        "current_image": preview,
        "textinfo": job_progress.message,
    }
