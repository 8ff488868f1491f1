"""The gateway: the parts that live as long as the isolate, shared by all requests."""

from collections.abc import AsyncGenerator, Awaitable, Callable, Mapping, Sequence
from dataclasses import dataclass, field

from darkroom.catalog.catalog import Catalog
from darkroom.deadline import Clock
from darkroom.engine.run import Engine
from darkroom.http import Http, Part, Remainder
from darkroom.memory_budget import MemoryBudget
from darkroom.metrics import Metrics
from darkroom.readiness import Readiness
from darkroom.settings import Settings
from darkroom.stores.budget import BudgetStore
from darkroom.stores.conversion import Converter
from darkroom.stores.gateway_keys import IssuedKeys
from darkroom.stores.history import HistoryStore
from darkroom.stores.idempotency import KeyStore
from darkroom.stores.kept import KeptStore
from darkroom.stores.media import MediaStore
from darkroom.stores.neurons import NeuronAllowance
from darkroom.stores.points import PointSink
from darkroom.stores.preferences import PreferenceStore
from darkroom.stores.progress import ProgressStore
from darkroom.stores.request_counts import RequestCounts, RequestLimiter
from darkroom.stores.sealing import Sealer
from darkroom.stores.sweeping import Sweeper
from darkroom.stores.tasks import TaskStore
from darkroom.stores.usage import UsageStore

# The server-sent events of a task by its id, after the event of that number, for so many seconds at
# the most; None for a task not known. To close them changes nothing.
FollowTask = Callable[[str, int, float], Awaitable[AsyncGenerator[Part | Remainder] | None]]


@dataclass(frozen=True, slots=True)
class Background:
    """The stores and keys of background tasks.

    Without `keys` idempotency keys mean nothing, without a `sealer` no credential can be kept.
    `draw_id` draws a UUID of version 4, `follow` raises `StoreUnavailable`.
    """

    store: TaskStore
    keys: KeyStore | None
    sealer: Sealer | None
    draw_id: Callable[[], str]
    follow: FollowTask


@dataclass(frozen=True, slots=True)
class Gateway:
    """The parts that live as long as the isolate.

    `draw_token` draws an unguessable name, `draw_seed` a seed; `bindings` tells which of the
    runtime's stores and services are there. `memory` counts what requests hold outside Python's
    heap. Without a `background` there are no tasks and no idempotency keys. `issued_keys` are the
    gateway keys beside the settings' digests. Requests are counted where there are
    `request_counts`, painting where there is a `budget`; `usage` adds up what was painted, and
    `kept` registers what is in the bucket, `allowance` is what callers without a gateway key are
    given of the binding `AI`, and `sweepers` delete what is over. `probes` ask
    what is bound for a sign of life, by the binding's name; `points` takes figures of each request.
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
    progress_store: ProgressStore
    preferences: PreferenceStore
    bindings: Mapping[str, bool]
    memory: MemoryBudget = field(default_factory=MemoryBudget)
    history: HistoryStore | None = None
    background: Background | None = None
    metrics: Metrics = field(default_factory=Metrics)
    points: PointSink | None = None
    probes: Mapping[str, Callable[[], Awaitable[object]]] = field(default_factory=dict)
    readiness: Readiness = field(default_factory=Readiness)
    issued_keys: IssuedKeys | None = None
    request_counts: RequestCounts | None = None
    caller_limiter: RequestLimiter | None = None
    deployment_limiter: RequestLimiter | None = None
    budget: BudgetStore | None = None
    allowance: NeuronAllowance | None = None
    usage: UsageStore | None = None
    kept: KeptStore | None = None
    sweepers: Sequence[Sweeper] = ()


def metrics_for(catalog: Catalog) -> Metrics:
    """Empty metrics whose labels may name what the catalog has."""
    names = [*(row.id for row in catalog.models), *(row.id for row in catalog.chat_models)]
    return Metrics(frozenset(row.id for row in catalog.providers), frozenset(names))
