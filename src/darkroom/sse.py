"""A reader and writer of server-sent events.

Follows the WHATWG rules (https://html.spec.whatwg.org/multipage/server-sent-events.html): lines end
in LF, CR or CRLF, `data` lines are joined by LF, a blank line ends an event, a colon starts a
comment. `id` and `retry` are passed over: nothing here reconnects.
"""

from collections.abc import AsyncGenerator, AsyncIterator, Callable
from contextlib import aclosing
from dataclasses import dataclass

from darkroom.pauses import TooMuchWork, WorkMeter

# A picture as base64 arrives in one line (reference/gradio.md section 5); 12 MiB of text hold a
# 9 MiB picture, and an isolate has 128 MB for everything.
MAX_EVENT_BYTES = 12 * 1024 * 1024
PIECE_BYTES = 16 * 1024
# What reading costs, in steps of `WorkMeter`; an event is parsed and forwarded as well.
STEPS_A_PIECE, STEPS_A_LINE, STEPS_AN_EVENT, STEPS_A_VALUE, BYTES_A_STEP = 300, 4, 3_000, 10, 128
STEPS_A_TRANSIENT_EVENT = 100
COUNTED_BYTES = 64 * 1024  # of an event, in which its values are counted
MAX_STREAM_STEPS = 30_000_000  # some 10,000 events


class EventTooLarge(Exception):
    """An event is longer than the reader is willing to hold."""


@dataclass(frozen=True, slots=True)
class ServerSentEvent:
    """One event: its type (`message` when none is given) and its data, still encoded."""

    type: str
    data: bytes


class EventReader:
    """Cuts a byte stream into events, however it was split on the way."""

    def __init__(self, max_event_bytes: int = MAX_EVENT_BYTES) -> None:
        self._max_event_bytes = max_event_bytes
        self._pending: list[bytes] = []  # the pieces of a line that has not ended yet
        self._after_cr = False  # a LF that comes next belongs to the CR before it
        self._data: list[bytes] = []
        self._type = ""
        self._held_bytes = 0
        self._lines = 0

    def take_count(self) -> int:
        """The number of lines since this was asked last."""
        lines, self._lines = self._lines, 0
        return lines

    def feed(self, chunk: bytes) -> list[ServerSentEvent]:
        """Take the next bytes; returns the events that they complete.

        Raises `EventTooLarge` when an event grows beyond the limit.
        """
        if not chunk:
            return []
        if self._after_cr and chunk.startswith(b"\n"):
            chunk = chunk[1:]
        self._after_cr = chunk.endswith(b"\r")
        events = []
        if b"\r" in chunk:
            chunk = chunk.replace(b"\r\n", b"\n").replace(b"\r", b"\n")
        *lines, rest = chunk.split(b"\n")
        self._lines += len(lines)
        if self._pending and lines:
            self._held_bytes -= sum(map(len, self._pending))  # counted again, as data
            lines[0] = b"".join([*self._pending, lines[0]])
            self._pending = []
        for line in lines:
            if line:
                self._take_field(line)
            elif self._data:
                events.append(ServerSentEvent(self._type or "message", b"\n".join(self._data)))
                self._data, self._type, self._held_bytes = [], "", 0
            else:
                self._type = ""
        if rest:
            self._pending.append(rest)
            self._hold(len(rest))
        return events

    def _take_field(self, line: bytes) -> None:
        name, _, value = line.partition(b":")
        value = value.removeprefix(b" ")
        if name == b"data":
            self._data.append(value)
            self._hold(len(value) + 1)  # an empty line takes room too
        elif name == b"event":
            self._type = value.decode("utf-8", "replace")

    def _hold(self, count: int) -> None:
        self._held_bytes += count
        if self._held_bytes > self._max_event_bytes:
            raise EventTooLarge(f"an event is longer than {self._max_event_bytes} bytes")


async def read_events(chunks: AsyncIterator[bytes]) -> AsyncGenerator[ServerSentEvent]:
    """Yield the events of a byte stream; by the rules an unfinished one at its end is dropped.

    A sender that makes no pause gives others a turn all the same. Raises `EventTooLarge` for an
    event that is too long, and for a stream that is more work than any job's.
    """
    meter = WorkMeter(MAX_STREAM_STEPS)
    try:
        async with aclosing(_batches(chunks, meter)) as batches:
            async for events in batches:
                for event in events:
                    yield event
                    if meter.add(_steps_of(event.data)):
                        await meter.pause()
    except TooMuchWork:
        raise EventTooLarge("the stream does not end") from None


async def read_latest_events(
    chunks: AsyncIterator[bytes], is_transient: Callable[[bytes], bool], *, transient: bool
) -> AsyncGenerator[ServerSentEvent]:
    """Yield the events as `read_events` does, but of transient ones that came together the latest.

    Transient is an event whose data `is_transient` accepts; without `transient` none is yielded.
    """
    meter = WorkMeter(MAX_STREAM_STEPS)
    latest: ServerSentEvent | None = None
    try:
        async with aclosing(_batches(chunks, meter)) as batches:
            async for events in batches:
                for event in events:
                    if is_transient(event.data):
                        latest = event if transient else None
                        meter.add(STEPS_A_TRANSIENT_EVENT)
                        continue
                    if latest is not None:
                        yield latest
                        latest = None
                    yield event
                    if meter.add(_steps_of(event.data)):
                        await meter.pause()
                if latest is not None:
                    yield latest
                    meter.add(_steps_of(latest.data))
                    latest = None
    except TooMuchWork:
        raise EventTooLarge("the stream does not end") from None


async def _batches(
    chunks: AsyncIterator[bytes], meter: WorkMeter
) -> AsyncGenerator[list[ServerSentEvent]]:
    """Yield the events that came together."""
    reader = EventReader()
    async for chunk in chunks:
        events: list[ServerSentEvent] = []
        for start in range(0, len(chunk), PIECE_BYTES):
            events += reader.feed(chunk[start : start + PIECE_BYTES])
            if meter.add(STEPS_A_PIECE + STEPS_A_LINE * reader.take_count()):
                await meter.pause()
        if events:
            yield events


def _steps_of(data: bytes) -> int:
    """The cost of parsing an event in steps; each value in it costs by itself."""
    values = data[:COUNTED_BYTES].count(b",")
    return STEPS_AN_EVENT + len(data) // BYTES_A_STEP + STEPS_A_VALUE * values


def event_frame(kind: str, data: bytes) -> bytes:
    """One event on the wire; `data` must be a single line, as JSON from `json.dumps` is."""
    return b"event: %b\ndata: %b\n\n" % (kind.encode(), data)


def comment_frame(text: str) -> bytes:
    """A comment on the wire: keeps a connection alive and is seen by no event listener."""
    return f": {text}\n\n".encode()
