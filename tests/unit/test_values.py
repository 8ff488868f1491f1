"""Small values: deadlines, JSON with large strings, picture formats."""

import asyncio
import json

import pytest
from hypothesis import given
from hypothesis import strategies as st

from darkroom.blob import BytesBlob
from darkroom.deadline import Deadline, IdleTimeout
from darkroom.edge.clock import SystemClock
from darkroom.errors import DeadlineExceeded, UpstreamUnavailable
from darkroom.image_header import image_format
from darkroom.json_writer import TextBlob, json_parts
from tests.support.fakes import PNG, WEBP, FakeClock


def test_a_deadline_comes_nearer_and_then_has_passed() -> None:
    clock = FakeClock()
    deadline = Deadline.after(10, clock)
    clock.now += 8
    assert deadline.remaining_s() == 2
    clock.now += 8
    assert deadline.remaining_s() == 0


async def test_each_of_many_waits_has_its_time() -> None:
    idle_timeout = IdleTimeout(0.4, Deadline.after(60, SystemClock()))
    for _ in range(4):
        assert await idle_timeout.wait_for(asyncio.sleep(0.12, "heard")) == "heard"
    await asyncio.sleep(0.5)  # the timer goes off while nothing is waited for
    assert await idle_timeout.wait_for(asyncio.sleep(0.12, "heard")) == "heard"
    with pytest.raises(TimeoutError):
        await idle_timeout.wait_for(asyncio.Event().wait())
    idle_timeout.end()


async def test_waits_end_with_the_whole_time() -> None:
    idle_timeout = IdleTimeout(60, Deadline.after(0.05, SystemClock()))
    with pytest.raises(DeadlineExceeded):
        await idle_timeout.wait_for(asyncio.Event().wait())


async def test_cancelling_an_idle_wait_raises_cancelled_error() -> None:
    idle_timeout = IdleTimeout(60, Deadline.after(60, SystemClock()))
    with pytest.raises(TimeoutError):
        async with asyncio.timeout(0.01):
            with pytest.raises(asyncio.CancelledError) as cancelled:
                await idle_timeout.wait_for(asyncio.Event().wait())
            raise cancelled.value
    idle_timeout.end()


async def test_running_out_of_a_parts_time_is_the_parts_failure() -> None:
    deadline = Deadline.after(60, FakeClock())
    with pytest.raises(UpstreamUnavailable):
        with deadline.limit(0.01, lambda: UpstreamUnavailable("slow")):
            await asyncio.Event().wait()


async def test_running_out_of_the_whole_time_is_the_requests_failure() -> None:
    deadline = Deadline.after(0.01, FakeClock())
    with pytest.raises(DeadlineExceeded):
        with deadline.limit(5, lambda: UpstreamUnavailable("slow")):
            await asyncio.Event().wait()
    with pytest.raises(DeadlineExceeded):
        with deadline.enforced():
            await asyncio.Event().wait()


def joined(value: object) -> bytes:
    parts = json_parts(value)
    return b"".join(part if isinstance(part, bytes) else part.head(part.size) for part in parts)


values = st.recursive(
    st.none() | st.booleans() | st.integers() | st.text(),
    lambda inner: st.lists(inner) | st.dictionaries(st.text(), inner),
)


@given(values)
def test_json_in_parts_is_the_same_json(value: object) -> None:
    assert json.loads(joined(value)) == value


@given(st.text(), st.text(st.sampled_from("abcXYZ019+/=")))
def test_a_large_string_stands_where_it_belongs(prefix: str, text: str) -> None:
    value = {"before": 1, "image": TextBlob(BytesBlob(text.encode()), prefix), "after": [None]}
    assert json.loads(joined(value)) == {"before": 1, "image": prefix + text, "after": [None]}


def test_a_large_string_is_handed_on_as_it_is() -> None:
    blob = BytesBlob(b"QUJD")
    assert json_parts({"a": TextBlob(blob)}) == [b'{"a":"', blob, b'"}']


async def test_bytes_print_neither_themselves_nor_their_base64() -> None:
    blob = BytesBlob(b"picture")
    assert "picture" not in repr(blob)
    assert (await blob.to_base64()).head(99) == b"cGljdHVyZQ=="


@pytest.mark.parametrize(
    ("head", "kind"),
    [
        (PNG, "png"),
        (WEBP, "webp"),
        (b"\xff\xd8\xff\xe0", "jpeg"),
        (b"GIF89a", "gif"),
        (b"\x00\x00\x00\x20ftypavif", "avif"),
        (b"<html>", None),
        (b"RIFF1234WAVE", None),
        (b"", None),
    ],
)
def test_a_picture_is_known_by_its_first_bytes(head: bytes, kind: str | None) -> None:
    assert image_format(head) == kind
