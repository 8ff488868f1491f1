"""The history writer: stores finished images in the caller's history, for every dialect."""

from collections.abc import Sequence
from contextlib import suppress
from dataclasses import dataclass, replace

from darkroom.access import Caller
from darkroom.context import Defer, RequestContext
from darkroom.deadline import Deadline
from darkroom.errors import Failure, JobFailed
from darkroom.gateway import Gateway
from darkroom.generation.output import Completed, Renderer
from darkroom.generation.request import ImageRequest
from darkroom.stores.history import HistoryItem, HistoryStore
from darkroom.stores.unavailable import StoreUnavailable

LIMIT_S = 25.0  # the runtime lets work go on for 30 s after an answer
STORE_LIMIT_S = 5.0
_DRAWN_BITS = 21  # of an id, beside the second that it was drawn in: together less than 2**53


@dataclass(frozen=True, slots=True)
class HistoryWriter:
    """Writes the images of one request to its caller's history. `prompt` is the caller's own."""

    store: HistoryStore
    scope: str
    prompt: str
    defer: Defer

    async def record(
        self, image_request: ImageRequest, completed: Completed, renderer: Renderer
    ) -> Completed:
        """Store an image after the response; returns it with its id in the history."""
        if image_request.history_fields is None:
            return completed
        gateway = renderer.gateway
        now = gateway.clock.time()
        drawn = gateway.draw_seed() % 2**_DRAWN_BITS
        completed = replace(completed, history_id=int(now) << _DRAWN_BITS | drawn)
        fields = {
            **self._fields(completed),
            **image_request.history_fields,
            **_taken_apart(completed),
        }

        async def work() -> None:
            deadline = Deadline.after(LIMIT_S, gateway.clock)
            await self._keep(completed, now, fields, replace(renderer, deadline=deadline))

        await self.defer(work)
        return completed

    def _fields(self, completed: Completed) -> dict[str, object]:
        picture, served = completed.picture, completed.served
        job = served.job
        width, height = map(int, (picture.size or str(job.size)).split("x"))
        return {
            "model_type": "zimage",
            "prompt": self.prompt,
            "revised_prompt": completed.revised_prompt,
            "negative_prompt": job.negative_prompt,
            "width": width,
            "height": height,
            "steps": job.steps,
            "seed": completed.seed,
            "guidance_scale": job.guidance_scale,
            "gen_time": completed.took_s,
            "model": served.model.id,
            "provider": completed.provider,
            "operation": job.operation.value,
        }

    async def _keep(
        self, completed: Completed, now: float, fields: dict[str, object], renderer: Renderer
    ) -> None:
        """Store the image, unless it is stored already, and its entry; a failure is not raised."""
        picture, gateway = completed.picture, renderer.gateway
        kept = None
        try:
            if picture.media_name is None and picture.file is not None:
                kept = await renderer.keep(picture.file)
            name = picture.media_name or kept
            url = picture.value if picture.field == "url" and name is None else None
            item = HistoryItem(
                id=completed.history_id or 0,
                timestamp=now,
                fields=fields,
                media_name=name,
                own=kept is not None,
                url=url if isinstance(url, str) else None,
            )
            with renderer.deadline.limit(STORE_LIMIT_S, lambda: JobFailed("too slow")):
                released = await self.store.add(self.scope, item, gateway.settings.history_cap)
        except (StoreUnavailable, Failure):
            released = [kept] if kept else []
        await release(released, gateway)


def _taken_apart(completed: Completed) -> dict[str, object]:
    """The parameters that layers were made with."""
    if not completed.layers:
        return {}
    job = completed.served.job
    used = {"layer_num": len(completed.layers), "cfg_scale": job.guidance_scale}
    return {**used, **{name: job.options[name] for name in ("resolution",) if name in job.options}}


def history_writer_for(
    image_request: ImageRequest, caller: Caller, context: RequestContext
) -> HistoryWriter | None:
    """The history writer of a request; None without a history.

    Callers without a credential that tells them apart have none: nothing links pictures to IP
    addresses.
    """
    store, scope = context.gateway.history, caller.scope
    if store is None or scope is None:
        return None
    return HistoryWriter(store, scope, image_request.choices[0].job.prompt, context.defer)


async def release(names: Sequence[str], gateway: Gateway) -> None:
    """Delete stored images that no history refers to any more, as far as the store answers."""
    if names and gateway.media is not None:
        with suppress(StoreUnavailable):
            await gateway.media.delete(*names)
