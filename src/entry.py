"""The Worker."""

from typing import Any

from workers import DurableObject, Response, WorkerEntrypoint

from darkroom.dialects.context import Gateway
from darkroom.edge.boards import forget_preferences, serve_boards
from darkroom.edge.clock import SystemClock
from darkroom.edge.cooldowns import serve_cooldowns, sweep_cooldowns
from darkroom.edge.event_loop import install_event_loop
from darkroom.edge.gateway import binding_of, build_gateway
from darkroom.edge.keys import open_key, serve_key
from darkroom.edge.server import refuse, serve
from darkroom.edge.tasks import open_task, postpone, serve_task
from darkroom.errors import Misconfigured
from darkroom.stores.boards import MemoryBoards
from darkroom.tasks.keys import KeyLife
from darkroom.tasks.life import TaskLife

install_event_loop()

_gateway: Gateway | None = None  # one for each isolate, made by its first request


def _gateway_of(env: Any) -> Gateway:
    global _gateway  # noqa: PLW0603
    _gateway = _gateway or build_gateway(env)
    return _gateway


class Default(WorkerEntrypoint):
    """Answers every request that is not for a static file."""

    async def fetch(self, request) -> Response:  # type: ignore[no-untyped-def]
        """See `darkroom.app.handle`."""
        try:
            gateway = _gateway_of(self.env)
        except Misconfigured as failure:
            return refuse(failure)
        return await serve(request.js_object, gateway, self.ctx)


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


class Tasks(DurableObject):
    """One task: a request that is carried out when its caller may be gone."""

    _life: TaskLife | None = None

    async def fetch(self, request) -> Response:  # type: ignore[no-untyped-def]
        """See `darkroom.edge.tasks`."""
        return await serve_task(request.js_object, self._open())

    async def alarm(self, info=None) -> None:  # type: ignore[no-untyped-def]
        """See `darkroom.tasks.life`."""
        try:
            life = self._open()
        except Misconfigured as failure:
            await postpone(self.ctx, failure)
        else:
            await life.wake()

    def _open(self) -> TaskLife:
        if self._life is None:
            bucket = binding_of(self.env, "MEDIA")
            self._life = open_task(self.ctx, _gateway_of(self.env), bucket)
        return self._life


class Idempotency(DurableObject):
    """One caller's idempotency key, and what came of the first request with it."""

    _life: KeyLife | None = None

    async def fetch(self, request) -> Response:  # type: ignore[no-untyped-def]
        """See `darkroom.edge.keys`."""
        return await serve_key(request.js_object, self._open())

    async def alarm(self, info=None) -> None:  # type: ignore[no-untyped-def]
        """Forget the key."""
        await self._open().wake()

    def _open(self) -> KeyLife:
        self._life = self._life or open_key(self.ctx)
        return self._life
