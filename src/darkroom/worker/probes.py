"""The signs of life that `GET /ready` asks of the bindings: what they are asked changes nothing."""

from collections.abc import Mapping

from darkroom.gateway import Background
from darkroom.readiness import Probe
from darkroom.stores.cooldowns import CooldownStore
from darkroom.stores.history import HistoryStore
from darkroom.stores.idempotency import Ticket
from darkroom.stores.media import MediaStore
from darkroom.stores.preferences import PreferenceStore

NOBODY = "ready"  # a name that nothing has
NO_TASK = "00000000-0000-4000-8000-000000000000"


def build_probes(
    bindings: Mapping[str, object],
    *,
    media: MediaStore | None,
    history: HistoryStore | None,
    cooldowns: CooldownStore,
    preferences: PreferenceStore,
    background: Background | None,
) -> Mapping[str, Probe]:
    """A probe for each binding that is there and can be asked without cost."""
    probes: dict[str, Probe] = {}
    if media is not None:
        probes["MEDIA"] = lambda: media.head(NOBODY)
    if history is not None:
        probes["DB"] = lambda: history.page(NOBODY, limit=1)
    if bindings["COOLDOWNS"]:
        probes["COOLDOWNS"] = lambda: cooldowns.read(NOBODY, ["0" * 64])
    if bindings["BOARDS"]:
        probes["BOARDS"] = lambda: preferences.read(NOBODY)
    if background is not None:
        store, keys = background.store, background.keys
        probes["TASKS"] = lambda: store.read(NO_TASK)
        if keys is not None:
            probes["IDEMPOTENCY"] = lambda: keys.release(NOBODY, Ticket(NO_TASK, 0.0))
    return probes
