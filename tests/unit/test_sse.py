"""Server-sent events, read and written."""

from collections.abc import AsyncIterator, Sequence

import pytest
from hypothesis import given
from hypothesis import strategies as st

from darkroom.sse import (
    PIECE_BYTES,
    EventReader,
    EventTooLarge,
    ServerSentEvent,
    comment_frame,
    event_frame,
    read_events,
    read_latest_events,
)


def read(*chunks: bytes) -> list[ServerSentEvent]:
    reader = EventReader()
    return [event for chunk in chunks for event in reader.feed(chunk)]


def test_an_event_ends_at_a_blank_line() -> None:
    assert read(b"data: one\n\ndata: two\n") == [ServerSentEvent("message", b"one")]


def test_data_lines_are_joined_by_a_line_feed() -> None:
    assert read(b"event: x\ndata: one\ndata:two\n\n") == [ServerSentEvent("x", b"one\ntwo")]


def test_comments_ids_and_unknown_fields_are_passed_over() -> None:
    assert read(b": ping\n\nid: 7\nretry: 9\ndata: x\nfoo\n\n") == [
        ServerSentEvent("message", b"x")
    ]


@pytest.mark.parametrize("newline", [b"\n", b"\r\n", b"\r"])
def test_every_line_ending_of_the_standard_works(newline: bytes) -> None:
    wire = newline.join([b"event: a", b"data: 1", b"", b"data: 2", b"", b""])
    assert read(wire) == [ServerSentEvent("a", b"1"), ServerSentEvent("message", b"2")]


def test_a_line_ending_split_between_chunks_is_one_line_ending() -> None:
    assert read(b"data: 1\r", b"\ndata: 2\r", b"", b"\n\r", b"\n") == [
        ServerSentEvent("message", b"1\n2")
    ]


def test_an_event_that_outgrows_the_limit_is_refused() -> None:
    reader = EventReader(max_event_bytes=1000)
    with pytest.raises(EventTooLarge):
        for _ in range(100):
            reader.feed(b"data: " + b"x" * 100)


def test_a_long_event_below_the_limit_is_read_whole() -> None:
    wire = b"data: " + b"x" * 3_000_000 + b"\n\n"
    pieces = [wire[start : start + 4096] for start in range(0, len(wire), 4096)]
    (event,) = read(*pieces)
    assert len(event.data) == 3_000_000


def test_a_comment_is_seen_by_no_reader() -> None:
    assert read(comment_frame("still here")) == []


lines = st.text(st.characters(exclude_characters="\r\n", exclude_categories=["Cs"]))
names = st.text(st.sampled_from("abcdefghij._-"), min_size=1)


@given(
    events=st.lists(st.tuples(names, lines)),
    cuts=st.lists(st.integers(min_value=1, max_value=20)),
    crlf=st.booleans(),
)
def test_written_events_are_read_back_however_they_are_chunked(
    events: list[tuple[str, str]], cuts: list[int], crlf: bool
) -> None:
    wire = b"".join(event_frame(name, text.encode()) for name, text in events)
    if crlf:
        wire = wire.replace(b"\n", b"\r\n")
    chunks = []
    for cut in cuts:
        chunks.append(wire[:cut])
        wire = wire[cut:]
    expected = [ServerSentEvent(name, text.encode()) for name, text in events]
    assert read(*chunks, wire) == expected


async def chunks_of(*chunks: bytes) -> AsyncIterator[bytes]:
    for chunk in chunks:
        yield chunk


async def test_reading_a_sender_without_pauses_yields_to_other_tasks(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    pauses: list[int] = []
    seen = 0

    async def pause() -> None:
        pauses.append(seen)

    monkeypatch.setattr("darkroom.pauses.yield_to_host", pause)
    async for _ in read_events(chunks_of(b"data: x\n\n" * 1_000)):
        seen += 1
    gaps = [after - before for before, after in zip([0, *pauses], pauses, strict=False)]
    assert seen == 1_000
    assert max(gaps) <= 12


@pytest.mark.parametrize("unit", [b"data: x\n\n", b"\n", b": still here\n", b"event: x\n"])
async def test_a_stream_without_an_end_is_given_up(
    unit: bytes, monkeypatch: pytest.MonkeyPatch
) -> None:
    async def pause() -> None:
        return

    async def endless() -> AsyncIterator[bytes]:
        while True:
            yield unit * 10_000

    monkeypatch.setattr("darkroom.pauses.yield_to_host", pause)
    monkeypatch.setattr("darkroom.sse.MAX_STREAM_STEPS", 1_000_000)
    with pytest.raises(EventTooLarge):
        async for _ in read_events(endless()):
            pass


def test_empty_lines_of_data_take_room_too() -> None:
    reader = EventReader(1_000)
    with pytest.raises(EventTooLarge):
        reader.feed(b"data:\n" * 1_001)


async def latest_of(chunks: Sequence[bytes], *, with_steps: bool = True) -> list[bytes]:
    """The data of the events, where those with an `s` are steps that pass."""
    source = read_latest_events(
        chunks_of(*chunks), lambda data: data[:1] == b"s", transient=with_steps
    )
    return [event.data async for event in source]


def framed(*data: str) -> bytes:
    return b"".join(event_frame("message", one.encode()) for one in data)


async def test_steps_that_come_together_become_the_latest() -> None:
    chunks = [framed("s0", "s1", "s2", "s3", "result", "s4", "s5"), framed("end")]
    assert await latest_of(chunks) == [b"s3", b"result", b"s5", b"end"]


async def test_steps_that_come_one_by_one_are_all_there() -> None:
    assert await latest_of([framed("s1"), framed("s2"), framed("end")]) == [
        b"s1",
        b"s2",
        b"end",
    ]


async def test_steps_that_nobody_watches_are_left_out() -> None:
    chunks = [framed("s1", "a", "s2"), framed("s3"), framed("end")]
    assert await latest_of(chunks, with_steps=False) == [b"a", b"end"]


async def test_steps_of_one_chunk_become_the_latest_however_long_it_is() -> None:
    steps = [f"s{number}" + "x" * 200 for number in range(2 * PIECE_BYTES // 200)]
    assert await latest_of([framed(*steps), framed("end")]) == [steps[-1].encode(), b"end"]
