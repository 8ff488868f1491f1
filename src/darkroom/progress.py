"""The progress of a running job as JSON fields, for streams and for task polling."""

from darkroom.events import (
    Progress,
    Queued,
    Started,
)


def progress_fields(index: int, event: Queued | Started | Progress) -> dict[str, object]:
    """The progress of a running job as JSON fields; what is not known is null."""
    fields: dict[str, object] = {
        "image_index": index,
        "stage": "running",
        "queue_position": None,
        "queue_size": None,
        "eta_seconds": None,
        "step": None,
        "total_steps": None,
        "progress": None,
    }
    if isinstance(event, Progress):
        fields["step"], fields["total_steps"] = event.step, event.total
        fields["progress"] = event.fraction
    elif event.eta_s is not None:
        fields["eta_seconds"] = round(event.eta_s, 1)
    if isinstance(event, Queued):
        fields["stage"] = "queued"
        fields["queue_position"], fields["queue_size"] = event.position, event.size
    if not isinstance(event, Started) and event.message:
        fields["message"] = event.message
    return fields
