"""Progress polling beside a blocking request."""

import asyncio
from collections.abc import Awaitable, Mapping
from dataclasses import dataclass
from typing import Any, TypeVar

from darkroom.errors import Failure
from darkroom.events import Event, Preview, Progress
from darkroom.image import ImageFile
from darkroom.providers.response_images import as_object, picture_of, plain_number, whole_number

_MARK_BYTES = 64

T = TypeVar("T")


@dataclass(slots=True)
class Watch:
    """The last progress of an AUTOMATIC1111 server; only a change makes an event."""

    is_at_work: bool = False
    _progress: Progress | None = None
    _preview: object = None

    def read(self, state: Mapping[str, Any]) -> list[Event]:
        """The progress in a response of `/progress` (reference/wire-formats.md B5)."""
        inner = as_object(state.get("state"))
        if not inner.get("job_count"):  # idle
            return []
        self.is_at_work = True
        fraction = plain_number(state.get("progress"))
        progress = Progress(
            step=whole_number(inner.get("sampling_step")),
            total=whole_number(inner.get("sampling_steps")) or None,
            fraction=min(1.0, max(0.0, fraction)) if fraction is not None else None,
        )
        events: list[Event] = [] if progress == self._progress else [progress]
        self._progress = progress
        picture = picture_of(state.get("current_image"))
        mark = _mark(picture.file) if picture else None
        if picture is not None and mark is not None and mark != self._preview:
            self._preview = mark
            events.append(Preview(picture))
        return events


async def done_within(task: asyncio.Future[T], seconds: float) -> bool:
    """Whether a task is done, at the latest after so many seconds."""
    await asyncio.wait([task], timeout=seconds)
    return task.done()


async def meanwhile(task: asyncio.Future[T], asking: Awaitable[Mapping[str, Any]]) -> Any:
    """An answer that is only worth having while the task goes on; an empty one otherwise."""
    looking = asyncio.ensure_future(asking)
    waiting: list[asyncio.Future[Any]] = [task, looking]
    try:
        await asyncio.wait(waiting, return_when=asyncio.FIRST_COMPLETED)
        return {} if task.done() else looking.result()
    except Failure:
        return {}
    finally:
        await let_go(looking)


async def let_go(task: asyncio.Future[T]) -> None:
    """Cancel the task of the poll, whose result nobody waits for any more."""
    task.cancel()
    await asyncio.gather(task, return_exceptions=True)


def _mark(file: ImageFile | None) -> object:
    """A mark that differs between previews, without reading either."""
    text = file.base64 if file else None
    if text is None:
        return None
    middle = text.size // 2
    return text.size, text.slice(middle, middle + _MARK_BYTES).head(_MARK_BYTES)
