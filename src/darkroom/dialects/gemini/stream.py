"""The response of `:streamGenerateContent`: one event, opened while the picture is made.

Google's SDKs know no comments and no events without data: google-genai 3.4.0 for Python takes a
comment for JSON, @google/generative-ai a blank line. All of them take a line of data that begins
with blanks, so those are what keeps the connection alive.
"""

from collections.abc import AsyncGenerator
from contextlib import aclosing

from darkroom.dialects.gemini.response import content_answer
from darkroom.generation.run import Generation, GenerationResult, IndexedEvent
from darkroom.generation.stream import HEARTBEAT_S, event_stream
from darkroom.http import Part, Reply
from darkroom.json_writer import json_parts


async def stream_content(generation: Generation) -> Reply:
    """Wait for one heartbeat at the most, then answer with a stream.

    What fails before keeps its status; raises that `Failure`.
    """
    events = generation.events(live=False, tick_s=HEARTBEAT_S)
    result = GenerationResult.of(generation)
    try:
        async for item in events:
            result.add_event(item)
            if item is None:
                break
        else:
            _demand_a_picture(result)
    except BaseException:
        await events.aclose()
        raise
    return event_stream(result.timing.headers(), _event(generation, result, events))


async def _event(
    generation: Generation, result: GenerationResult, events: AsyncGenerator[IndexedEvent]
) -> AsyncGenerator[Part]:
    """The event's parts; a failure is raised while its line is open, see `errors.error_frame`."""
    async with aclosing(events):
        yield b"data: "
        async for item in events:
            result.add_event(item)
            if item is None:
                yield b" "
    _demand_a_picture(result)
    for part in json_parts(content_answer(generation, result)):
        yield part
    yield b"\n\n"


def _demand_a_picture(result: GenerationResult) -> None:
    if not result.completed:
        raise result.failures[min(result.failures)]
