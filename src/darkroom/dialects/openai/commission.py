"""A generation that was accepted, on its way to be done."""

import math
from collections.abc import AsyncGenerator, Sequence
from contextlib import aclosing
from dataclasses import dataclass

from darkroom.deadline import Deadline
from darkroom.dialects.context import Gateway
from darkroom.dialects.openai.pictures import RenderedPicture, render_picture
from darkroom.dialects.openai.request import Generation
from darkroom.engine.run import merge
from darkroom.errors import Failure
from darkroom.events import Attempted, Event, Failed, Finished, Preview
from darkroom.job import ImageJob
from darkroom.providers.provider import Route


@dataclass(frozen=True, slots=True)
class RenderedPreview:
    """A preview in the shape that the caller gets."""

    picture: RenderedPicture
    index: int


@dataclass(frozen=True, slots=True)
class Completed:
    """A finished picture in the shape that the caller gets."""

    picture: RenderedPicture
    seed: int | None


News = Event | RenderedPreview | Completed
NewsItem = tuple[int, News | Failed] | None


@dataclass(frozen=True, slots=True)
class Commission:
    """What is to be made, by which routes, until when; `origin` is the address that was called."""

    generation: Generation
    routes: Sequence[Route]
    deadline: Deadline
    origin: str
    gateway: Gateway

    def news(self, *, live: bool, tick_s: float = math.inf) -> AsyncGenerator[NewsItem]:
        """Do all jobs side by side and tell what happens; see `merge`.

        Pictures are fetched within their own job's course, so that none waits for another's.
        """
        return merge([self._do(job, live=live) for job in self.generation.jobs], tick_s)

    async def _do(self, job: ImageJob, *, live: bool) -> AsyncGenerator[News]:
        generation, engine = self.generation, self.gateway.engine
        latest: Attempted | None = None
        previews = 0
        async with aclosing(engine.run(job, self.routes, self.deadline, live=live)) as events:
            async for event in events:
                if isinstance(event, Attempted):
                    latest = event
                if not isinstance(event, Preview):
                    yield event
                elif live and (generation.previews is None or previews < generation.previews):
                    preview = await self._render_preview(event, previews)
                    if preview is not None:
                        previews += 1
                        yield preview
                if isinstance(event, Finished):
                    yield await self._complete(event, latest)

    async def _render_preview(self, event: Preview, index: int) -> RenderedPreview | None:
        try:
            picture = await render_picture(
                event.picture, "b64_json", self.gateway, self.origin, self.deadline
            )
        except Failure:
            return None  # the picture itself is still to come
        return RenderedPreview(picture, index)

    async def _complete(self, event: Finished, latest: Attempted | None) -> Completed:
        wanted = self.generation.response_format
        try:
            picture = await render_picture(
                event.pictures[0], wanted, self.gateway, self.origin, self.deadline
            )
        except Failure as failure:
            if latest is not None:
                failure.served_by(latest.provider, latest.number)
            raise
        return Completed(picture, event.seed)
