"""What every handler of every dialect is given."""

from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass, field

from darkroom.catalog.catalog import Catalog
from darkroom.deadline import Clock
from darkroom.engine.run import Engine
from darkroom.http import Http, Reply, Request
from darkroom.memory import MemoryBudget
from darkroom.settings import Settings
from darkroom.stores.boards import BoardStore
from darkroom.stores.conversion import Converter
from darkroom.stores.history import HistoryStore
from darkroom.stores.keys import KeyStore
from darkroom.stores.media import MediaStore
from darkroom.stores.preferences import PreferenceStore
from darkroom.stores.sealing import Sealer
from darkroom.stores.tasks import TaskStore

# Told what happens to each job of a request: its index, and the event.
Observer = Callable[[int, object], None]


@dataclass(frozen=True, slots=True)
class Background:
    """Where work goes on when its caller may be gone.

    Without `keys` idempotency keys mean nothing, without a `sealer` no credential can be kept.
    `draw_id` draws a UUID of version 4.
    """

    store: TaskStore
    keys: KeyStore | None
    sealer: Sealer | None
    draw_id: Callable[[], str]


Work = Callable[[], Awaitable[None]]
Later = Callable[[Work], Awaitable[None]]


async def at_once(work: Work) -> None:
    """Do work now."""
    await work()


@dataclass(frozen=True, slots=True)
class Gateway:
    """The parts that live as long as the isolate.

    `draw_token` draws an unguessable name, `draw_seed` a seed; `bindings` tells which of the
    runtime's stores and services are there. `later` has work done that no answer waits for; each
    request has its own. `memory` counts what requests hold outside Python's heap. Without a
    `background` every request is carried out at once. An `observer` is there where a task is being
    carried out, and only there.
    """

    settings: Settings
    catalog: Catalog
    engine: Engine
    http: Http
    clock: Clock
    draw_token: Callable[[], str]
    draw_seed: Callable[[], int]
    media: MediaStore | None
    converter: Converter | None
    boards: BoardStore
    preferences: PreferenceStore
    bindings: Mapping[str, bool]
    memory: MemoryBudget = field(default_factory=MemoryBudget)
    history: HistoryStore | None = None
    later: Later = at_once
    background: Background | None = None
    observer: Observer | None = None


Handler = Callable[[Request, Gateway], Awaitable[Reply]]
