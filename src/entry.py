"""The Worker."""

from workers import DurableObject, Response, WorkerEntrypoint

from darkroom.dialects.context import Gateway
from darkroom.edge.boards import forget_preferences, serve_boards
from darkroom.edge.clock import SystemClock
from darkroom.edge.cooldowns import serve_cooldowns, sweep_cooldowns
from darkroom.edge.event_loop import install_event_loop
from darkroom.edge.gateway import build_gateway
from darkroom.edge.server import refuse, serve
from darkroom.errors import Misconfigured
from darkroom.stores.boards import MemoryBoards

install_event_loop()

_gateway: Gateway | None = None  # one for each isolate, made by its first request


class Default(WorkerEntrypoint):
    """Answers every request that is not for a static file."""

    async def fetch(self, request) -> Response:  # type: ignore[no-untyped-def]
        """See `darkroom.app.handle`."""
        global _gateway  # noqa: PLW0603
        try:
            _gateway = _gateway or build_gateway(self.env)
        except Misconfigured as failure:
            return refuse(failure)
        return await serve(request.js_object, _gateway, self.ctx)


class Cooldowns(DurableObject):
    """Remembers which of one provider's credentials rest, by their hashes."""

    async def fetch(self, request) -> Response:  # type: ignore[no-untyped-def]
        """See `darkroom.edge.cooldowns`."""
        return await serve_cooldowns(request.js_object, self.ctx.storage)

    async def alarm(self, info=None) -> None:  # type: ignore[no-untyped-def]
        """Forget what is over."""
        await sweep_cooldowns(self.ctx.storage)


class Boards(DurableObject):
    """What the requests of one caller share: earlier choices, and how jobs at work stand."""

    def __init__(self, ctx, env) -> None:  # type: ignore[no-untyped-def]
        super().__init__(ctx, env)
        self._boards = MemoryBoards(SystemClock())

    async def fetch(self, request) -> Response:  # type: ignore[no-untyped-def]
        """See `darkroom.edge.boards`."""
        return await serve_boards(request.js_object, self.ctx.storage, self._boards)

    async def alarm(self, info=None) -> None:  # type: ignore[no-untyped-def]
        """Forget the choices."""
        await forget_preferences(self.ctx.storage)
