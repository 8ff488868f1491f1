"""The Worker."""

import gc
from typing import Any

from workers import DurableObject, Response, WorkerEntrypoint

from darkroom.edge.clock import SystemClock
from darkroom.edge.cooldowns import serve_cooldowns, sweep_cooldowns
from darkroom.edge.event_loop import install_event_loop
from darkroom.edge.log import log_line
from darkroom.edge.progress import forget_preferences, serve_progress
from darkroom.errors import Misconfigured
from darkroom.gateway import Gateway
from darkroom.stores.progress import MemoryProgress
from darkroom.stores.sweeping import sweep
from darkroom.tasks.idempotency import IdempotencyRecord
from darkroom.tasks.runner import TaskRunner
from darkroom.worker.budget_object import open_budget, serve_budget
from darkroom.worker.fetch import refuse, serve
from darkroom.worker.gateway import binding_of, build_gateway
from darkroom.worker.idempotency_object import open_key, serve_key
from darkroom.worker.task_object import open_task, postpone, serve_task

install_event_loop()
gc.freeze()  # what was imported stays; to walk it took a full collection 60 ms of CPU

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
            return refuse(failure, str(request.js_object.url))
        return await serve(request.js_object, gateway, self.ctx)

    async def scheduled(self, *_: object) -> None:
        """See `darkroom.stores.sweeping`; what a setting keeps from it is in the log."""
        try:
            gateway = _gateway_of(self.env)
        except Misconfigured as failure:
            log_line({"error": failure.code, "message": failure.message})
        else:
            await sweep(gateway.sweepers, gateway.clock.time(), log_line)


class Budgets(DurableObject):
    """The budget: jobs at work and the pictures of the day, for the whole deployment."""

    def __init__(self, ctx, env) -> None:  # type: ignore[no-untyped-def]
        super().__init__(ctx, env)
        self._budget = open_budget(ctx)

    async def fetch(self, request) -> Response:  # type: ignore[no-untyped-def]
        """See `darkroom.worker.budget_object`."""
        return await serve_budget(request.js_object, self._budget)


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
        self._progress_store = MemoryProgress(SystemClock())

    async def fetch(self, request) -> Response:  # type: ignore[no-untyped-def]
        """See `darkroom.edge.progress`."""
        return await serve_progress(request.js_object, self.ctx.storage, self._progress_store)

    async def alarm(self, info=None) -> None:  # type: ignore[no-untyped-def]
        """Forget the choices."""
        await forget_preferences(self.ctx.storage)


class Tasks(DurableObject):
    """One task: a request that is carried out when its caller may be gone."""

    _life: TaskRunner | None = None

    async def fetch(self, request) -> Response:  # type: ignore[no-untyped-def]
        """See `darkroom.worker.task_object`."""
        return await serve_task(request.js_object, self._open(), self.ctx.waitUntil)

    async def alarm(self, info=None) -> None:  # type: ignore[no-untyped-def]
        """See `darkroom.tasks.runner`."""
        try:
            life = self._open()
        except Misconfigured as failure:
            await postpone(self.ctx, failure)
        else:
            await life.wake()

    def _open(self) -> TaskRunner:
        if self._life is None:
            bucket = binding_of(self.env, "MEDIA")
            self._life = open_task(self.ctx, _gateway_of(self.env), bucket)
        return self._life


class Idempotency(DurableObject):
    """One caller's idempotency key, and what came of the first request with it."""

    _life: IdempotencyRecord | None = None

    async def fetch(self, request) -> Response:  # type: ignore[no-untyped-def]
        """See `darkroom.worker.idempotency_object`."""
        return await serve_key(request.js_object, self._open())

    async def alarm(self, info=None) -> None:  # type: ignore[no-untyped-def]
        """Forget the key."""
        await self._open().wake()

    def _open(self) -> IdempotencyRecord:
        self._life = self._life or open_key(self.ctx)
        return self._life
