"""A reader of Gradio's queue messages, which yields events (reference/gradio.md section 5)."""

import re
from collections.abc import Callable, Mapping, Sequence
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
from darkroom.scrub import MAX_UPSTREAM_TEXT_CHARS, scrub

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
        self._told = self._told_of = ""

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
                entries = _list(message.get("progress_data"))[:MAX_LOOPS]
                return read_progress(entries, self._scrubbed)
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

    def _scrubbed(self, text: str) -> str:
        """The text as callers may read it; most steps of a job are told in the same words."""
        if text != self._told_of:
            told = scrub(text)
            if len(text) > MAX_UPSTREAM_TEXT_CHARS:
                return told
            self._told_of, self._told = text, told
        return self._told

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


def read_progress(
    entries: Sequence[Mapping[str, Any]], scrubbed: Callable[[str], str] = scrub
) -> Progress | None:
    """The progress of nested loops, given outermost first; None when there is nothing to tell.

    Steps are those of the innermost loop that counts, the fraction is of the whole.
    """
    step = total = fraction = message = None
    is_known = False
    for entry in reversed(entries):
        if not isinstance(entry, Mapping) or (desc := entry.get("desc")) == ZERO_GPU_START_UP:
            continue
        if not is_known:
            message, is_known = desc, True
        index, length = plain_number(entry.get("index")), plain_number(entry.get("length"))
        if step is None and index is not None:
            step, total = int(index), None if length is None else int(length)
        progress = plain_number(entry.get("progress"))
        if progress is not None:
            fraction = progress
        elif index is not None and length:  # the loop inside is a part of the current step
            fraction = (index + (fraction or 0.0)) / length
    if not is_known:
        return None
    return Progress(
        step,
        total,
        None if fraction is None else round(min(1.0, max(0.0, fraction)), 4),
        scrubbed(message) if isinstance(message, str) and message else None,
    )


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
