"""The answer of `:streamGenerateContent`: one event, whose line is open while the picture is made.

Google's SDKs know no comments and no events without data: google-genai 3.4.0 for Python takes a
comment for JSON, @google/generative-ai a blank line. All of them take a line of data that begins
with blanks, so those are what keeps the connection alive.
"""

from collections.abc import AsyncGenerator
from contextlib import aclosing

from darkroom.dialects.commission import Commission, NewsItem, Outcome
from darkroom.dialects.gemini.answers import content_answer
from darkroom.dialects.live import HEARTBEAT_S, event_stream
from darkroom.http import Part, Reply
from darkroom.json_body import json_parts


async def stream_content(commission: Commission) -> Reply:
    """Wait for one heartbeat at the most, then answer with a stream.

    What fails before keeps its status; raises that `Failure`.
    """
    news = commission.news(live=False, tick_s=HEARTBEAT_S)
    outcome = Outcome.of(commission)
    try:
        async for item in news:
            outcome.note(item)
            if item is None:
                break
        else:
            _demand_a_picture(outcome)
    except BaseException:
        await news.aclose()
        raise
    return event_stream(outcome.timing.headers(), _event(commission, outcome, news))


async def _event(
    commission: Commission, outcome: Outcome, news: AsyncGenerator[NewsItem]
) -> AsyncGenerator[Part]:
    """The event's parts; a failure is raised while its line is open, see `errors.error_frame`."""
    async with aclosing(news):
        yield b"data: "
        async for item in news:
            outcome.note(item)
            if item is None:
                yield b" "
    _demand_a_picture(outcome)
    for part in json_parts(content_answer(commission, outcome)):
        yield part
    yield b"\n\n"


def _demand_a_picture(outcome: Outcome) -> None:
    if not outcome.completed:
        raise outcome.failures[min(outcome.failures)]
