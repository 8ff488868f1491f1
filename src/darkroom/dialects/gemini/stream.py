"""The response of `:streamGenerateContent`: one event, opened while the picture is made.

Google's SDKs know no comments and no events without data: google-genai 3.4.0 for Python takes a
comment for JSON, @google/generative-ai a blank line. All of them take a line of data that begins
with blanks, so those are what keeps the connection alive.
"""

import asyncio
from collections.abc import AsyncGenerator

from darkroom.dialects.gemini.response import content_answer
from darkroom.generation.run import Generation, GenerationResult, run_to_end
from darkroom.generation.stream import begin, end, event_stream
from darkroom.http import Part, Reply
from darkroom.json_writer import json_parts

HEARTBEAT = b" "


async def stream_content(generation: Generation) -> Reply:
    """Wait for one heartbeat at the most, then answer with a stream.

    What fails before keeps its status; raises that `Failure`.
    """
    result = GenerationResult.of(generation)
    task = await begin(run_to_end(generation, result))
    return event_stream(result.timing.headers(), _event(generation, task), HEARTBEAT)


async def _event(
    generation: Generation, task: asyncio.Task[GenerationResult]
) -> AsyncGenerator[Part]:
    """The event's parts; a failure is raised while its line is open, see `errors.error_frame`."""
    try:
        yield b"data: "
        result = await task
    finally:
        await end(task)
    for part in json_parts(content_answer(generation, result)):
        yield part
    yield b"\n\n"
