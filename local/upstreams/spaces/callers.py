"""Who is behind the job that runs in this thread, as Gradio's own context knows it."""

from gradio.context import LocalContext

# The hosting edge writes this header itself, from the caller's token or address; the library
# behind ZeroGPU books GPU time on it. The real value is a JWT.
ALLOWANCE_HEADER = "x-ip-token"
ALLOWANCE_LEFT = "left"
ALLOWANCE_SPENT = "spent"


def allowance_is_spent() -> bool:
    """Whether the edge says that the caller has no GPU time left."""
    request = LocalContext.request.get()
    return request is not None and request.headers.get(ALLOWANCE_HEADER) == ALLOWANCE_SPENT


def caller_has_left() -> bool:
    """Whether this job was cancelled, or its stream closed, while it ran."""
    blocks, event_id = LocalContext.blocks.get(), LocalContext.event_id.get()
    if blocks is None or event_id is None:
        return False
    running = (event for job in list(blocks._queue.active_jobs) if job for event in job)
    return not any(event._id == event_id and event.alive for event in running)
