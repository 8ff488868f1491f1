"""A generation that was accepted, on its way to be done."""

import math
from collections.abc import AsyncGenerator, Sequence
from dataclasses import dataclass
from typing import Literal

from darkroom.deadline import Deadline
from darkroom.dialects.context import Gateway
from darkroom.dialects.openai.pictures import RenderedPicture, render_picture
from darkroom.dialects.openai.request import Generation
from darkroom.events import Event, Picture
from darkroom.providers.provider import Route


@dataclass(frozen=True, slots=True)
class Commission:
    """What is to be made, by which routes, until when; `origin` is the address that was called."""

    generation: Generation
    routes: Sequence[Route]
    deadline: Deadline
    origin: str
    gateway: Gateway

    def events(
        self, *, live: bool, tick_s: float = math.inf
    ) -> AsyncGenerator[tuple[int, Event] | None]:
        """Do all jobs; see `Engine.run_all`."""
        return self.gateway.engine.run_all(
            self.generation.jobs, self.routes, self.deadline, live=live, tick_s=tick_s
        )

    async def render(self, picture: Picture, wanted: Literal["url", "b64_json"]) -> RenderedPicture:
        """Give a picture the shape that is wanted; see `render_picture`."""
        return await render_picture(picture, wanted, self.gateway, self.origin, self.deadline)
