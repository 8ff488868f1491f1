"""A generation that was accepted, on its way to be done."""

import math
from collections.abc import AsyncGenerator, Mapping, Sequence
from contextlib import aclosing
from dataclasses import dataclass, replace

from darkroom.catalog.wish import Fitted
from darkroom.deadline import Deadline
from darkroom.dialects.context import Gateway
from darkroom.dialects.openai.pictures import RenderedPicture, render_picture
from darkroom.dialects.openai.request import Generation
from darkroom.engine.plan import Step
from darkroom.engine.run import merge
from darkroom.errors import Failure
from darkroom.events import Attempted, Event, Failed, Finished, Preview


@dataclass(frozen=True, slots=True)
class RenderedPreview:
    """A preview in the shape that the caller gets."""

    picture: RenderedPicture
    index: int
    served: Fitted


@dataclass(frozen=True, slots=True)
class Completed:
    """A finished picture in the shape that the caller gets, and who served it."""

    picture: RenderedPicture
    served: Fitted
    provider: str
    seed: int | None
    revised_prompt: str | None
    usage: Mapping[str, object] | None


News = Event | RenderedPreview | Completed
NewsItem = tuple[int, News | Failed] | None


@dataclass(frozen=True, slots=True)
class Commission:
    """What is to be made, by which steps, until when; `origin` is the address that was called.

    `revised_prompt` is what an improvement of the prompt came to, `remarks` what the answer says
    of it beside the pictures.
    """

    generation: Generation
    plan: Sequence[Step]
    deadline: Deadline
    origin: str
    gateway: Gateway
    revised_prompt: str | None = None
    remarks: Mapping[str, object] | None = None

    def news(self, *, live: bool, tick_s: float = math.inf) -> AsyncGenerator[NewsItem]:
        """Do all jobs side by side and tell what happens; see `merge`.

        Pictures are fetched within their own job's course, so that none waits for another's.
        """
        return merge([self._do(seed, live=live) for seed in self.generation.seeds], tick_s)

    async def _do(self, seed: int, *, live: bool) -> AsyncGenerator[News]:
        generation = self.generation
        plan = [replace(step, job=replace(step.job, seed=seed)) for step in self.plan]
        latest: Attempted | None = None
        previews = 0
        async with aclosing(self.gateway.engine.run(plan, self.deadline, live=live)) as events:
            async for event in events:
                if isinstance(event, Attempted):
                    latest = event
                if not isinstance(event, Preview):
                    yield event
                elif live and (generation.previews is None or previews < generation.previews):
                    preview = await self._render_preview(event, previews, latest)
                    if preview is not None:
                        previews += 1
                        yield preview
                if isinstance(event, Finished):
                    yield await self._complete(event, latest)

    def _served(self, latest: Attempted | None) -> Fitted:
        choices = self.generation.choices
        model = latest.model if latest else None
        return next((choice for choice in choices if choice.model.id == model), choices[0])

    async def _render_preview(
        self, event: Preview, index: int, latest: Attempted | None
    ) -> RenderedPreview | None:
        try:
            picture = await render_picture(
                event.picture, "b64_json", self.gateway, self.origin, self.deadline
            )
        except Failure:
            return None  # the picture itself is still to come
        return RenderedPreview(picture, index, self._served(latest))

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
        return Completed(
            picture=picture,
            served=self._served(latest),
            provider=latest.provider if latest else "",
            seed=event.seed,
            revised_prompt=event.revised_prompt or self.revised_prompt,
            usage=event.usage,
        )
