"""The progress of a running job as JSON fields, for streams and for task polling."""

from darkroom.events import (
    Progress,
    Queued,
    Started,
)


def progress_fields(index: int, event: Queued | Started | Progress) -> dict[str, object]:
    """The progress of a running job as JSON fields; what is not known is null."""
    queued = event if isinstance(event, Queued) else Queued()
    progress = event if isinstance(event, Progress) else Progress()
    eta_s = None if isinstance(event, Progress) else event.eta_s
    message = None if isinstance(event, Started) else event.message
    fields: dict[str, object] = {
        "image_index": index,
        "stage": "queued" if isinstance(event, Queued) else "running",
        "queue_position": queued.position,
        "queue_size": queued.size,
        "eta_seconds": None if eta_s is None else round(eta_s, 1),
        "step": progress.step,
        "total_steps": progress.total,
        "progress": progress.fraction,
    }
    if message:
        fields["message"] = message
    return fields
