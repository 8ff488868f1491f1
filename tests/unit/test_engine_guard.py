"""No token comes back in what an upstream says, however it is cut into pieces."""

from collections.abc import Sequence

import pytest
from hypothesis import given
from hypothesis import strategies as st

from darkroom.engine.upstream_output import RedactedReply, guard_event
from darkroom.errors import JobFailed
from darkroom.events import Finished, Picture, Preview, Progress, Queued
from tests.support.fakes import FakeReply
from tests.support.runs import route_to

TOKEN = "hf_secret_token_1234"
ROUTE = route_to("z-image-turbo", TOKEN)
URL = "https://files.example.com/a.png"


def test_texts_of_events_lose_the_token() -> None:
    said = f"Bearer {TOKEN}!"
    finished = guard_event(Finished((Picture(url=URL),), revised_prompt=said), ROUTE, ())
    assert isinstance(finished, Finished)
    assert finished.revised_prompt == "Bearer [removed]!"
    for event in (Queued(message=said), Progress(message=said)):
        guarded = guard_event(event, ROUTE, ())
        assert isinstance(guarded, Queued | Progress)
        assert guarded.message == "Bearer [removed]!"


def test_an_address_with_the_token_in_it_is_not_handed_on() -> None:
    picture = Picture(url=f"{URL}?t={TOKEN}")
    assert guard_event(Preview(picture), ROUTE, ()) is None
    with pytest.raises(JobFailed):
        guard_event(Finished((picture,)), ROUTE, ())


async def read(pieces: Sequence[bytes]) -> bytes:
    reply = RedactedReply(FakeReply(pieces=pieces), TOKEN.encode())
    return b"".join([chunk async for chunk in reply.chunks(idle_s=1)])


@given(st.integers(1, 60), st.lists(st.sampled_from([TOKEN, "hf_", "data: x\n\n", "é", TOKEN[:9]])))
async def test_a_stream_loses_the_token_however_it_is_cut(size: int, words: list[str]) -> None:
    whole = "".join(words).encode()
    pieces = [whole[at : at + size] for at in range(0, len(whole), size)]
    assert await read(pieces) == whole.replace(TOKEN.encode(), b"[removed]")


async def test_chunks_that_cannot_hold_the_token_are_passed_on_at_once() -> None:
    reply = RedactedReply(FakeReply(pieces=[b"data: x\n\n", b"data: y\n\n"]), TOKEN.encode())
    assert [chunk async for chunk in reply.chunks(idle_s=1)] == [b"data: x\n\n", b"data: y\n\n"]


async def test_a_blocking_answer_loses_it_too() -> None:
    reply = RedactedReply(FakeReply(pieces=[f'"{TOKEN}"'.encode()]), TOKEN.encode())
    assert await reply.read(100) == b'"[removed]"'
    assert (await reply.read_blob(100)).head(100) == b'"[removed]"'
