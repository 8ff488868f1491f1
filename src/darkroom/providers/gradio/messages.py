"""A reader of Gradio's queue messages, which yields events (reference/gradio.md section 5)."""

import re
from collections.abc import Mapping, Sequence
from typing import Any

from darkroom.events import Event, Finished, Preview, Progress, Queued, Started
from darkroom.providers.gradio.diffs import OutputDiffs, UnreadableDiff
from darkroom.providers.gradio.error_mapping import (
    lost,
    no_picture,
    stream_failure,
    unexpected_failure,
)
from darkroom.providers.gradio.outputs import FileAddresses, find_pictures, find_seed
from darkroom.providers.response_images import plain_number
from darkroom.scrub import scrub

ZERO_GPU_START_UP = "ZeroGPU init"  # its 0 to 100 are not steps of the picture
MAX_LOOPS = 16  # within each other
# Told by its words: Gradio 4 sends no title.
_ZERO_GPU_QUEUE = re.compile(r"waiting for a gpu|acquired a gpu", re.IGNORECASE)


class MessageReader:
    """Reads one job's messages; keeps what a later message builds on."""

    def __init__(self, space: str, addresses: FileAddresses) -> None:
        self._space = space
        self._addresses = addresses
        self._diffs = OutputDiffs()

    def read(self, message: Mapping[str, Any]) -> Event | None:
        """The event that a message stands for; None for those that tell a caller nothing.

        Raises the `Failure` that a message reports.
        """
        match message.get("msg"):
            case "estimation":
                return Queued(
                    position=_whole(message.get("rank")),
                    size=_whole(message.get("queue_size")),
                    eta_s=plain_number(message.get("rank_eta")),
                )
            case "process_starts":
                return Started(eta_s=plain_number(message.get("eta")))
            case "progress":
                return read_progress(_list(message.get("progress_data"))[:MAX_LOOPS])
            case "log":
                return _read_log(message)
            case "process_generating":
                return self._read_preview(message)
            case "process_completed":
                return self._read_result(message)
            case "unexpected_error":
                raise unexpected_failure(message, self._space)
            case "close_stream":
                raise lost(self._space)
        return None

    def _read_preview(self, message: Mapping[str, Any]) -> Event | None:
        if message.get("success") is False:
            raise stream_failure(message, self._space)
        data = _outputs(message)
        if not data:
            return None
        try:
            outputs = self._diffs.update(data)
        except UnreadableDiff:
            return None  # the final message carries full values: a preview may be missed
        pictures = find_pictures(outputs[0], self._addresses) if outputs else []
        return Preview(pictures[0]) if pictures else None

    def _read_result(self, message: Mapping[str, Any]) -> Finished:
        if not message.get("success"):
            raise stream_failure(message, self._space)
        data = _outputs(message)
        # A cancelled job and a refused picture both come as a success without a picture.
        pictures = find_pictures(data[:1], self._addresses) or find_pictures(data, self._addresses)
        if not pictures:
            raise no_picture(self._space)
        return Finished(tuple(pictures), find_seed(data[1:]))


def read_progress(entries: Sequence[Mapping[str, Any]]) -> Progress | None:
    """The progress of nested loops, given outermost first; None when there is nothing to tell.

    Steps are those of the innermost loop that counts, the fraction is of the whole.
    """
    entries = [
        entry
        for entry in entries
        if isinstance(entry, Mapping) and entry.get("desc") != ZERO_GPU_START_UP
    ]
    if not entries:
        return None
    step = total = None
    for entry in entries:
        index, length = _whole(entry.get("index")), _whole(entry.get("length"))
        if index is not None:
            step, total = index, length
    fraction: float | None = None
    for entry in reversed(entries):
        fraction = _fraction(entry, fraction)
    message = entries[-1].get("desc")
    return Progress(
        step=step,
        total=total,
        fraction=None if fraction is None else round(min(1.0, max(0.0, fraction)), 4),
        message=scrub(message) if isinstance(message, str) and message else None,
    )


def _fraction(entry: Mapping[str, Any], inner: float | None) -> float | None:
    """The progress of a loop, counting the loop inside it as a part of its current step."""
    progress = plain_number(entry.get("progress"))
    if progress is not None:
        return progress
    index, length = plain_number(entry.get("index")), plain_number(entry.get("length"))
    if index is None or not length:
        return inner
    return (index + (inner or 0.0)) / length


def _read_log(message: Mapping[str, Any]) -> Event | None:
    text = message.get("log")
    if not isinstance(text, str) or not _ZERO_GPU_QUEUE.search(text):
        return None
    return Started() if "acquired" in text else Queued(message=scrub(text))


def _outputs(message: Mapping[str, Any]) -> list[Any]:
    output = message.get("output")
    return _list(output.get("data")) if isinstance(output, Mapping) else []


def _list(value: object) -> list[Any]:
    return value if isinstance(value, list) else []


def _whole(value: object) -> int | None:
    number = plain_number(value)
    return None if number is None else int(number)
