"""Pools: names for several models, with an order of their own for each purpose."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from enum import StrEnum

from darkroom.catalog.model import Model
from darkroom.job import Operation


class Purpose(StrEnum):
    """The kind of work that a model of a pool is chosen for."""

    GENERATE = "generate"
    EDIT = "edit"
    MASK = "mask"
    UPSCALE = "upscale"

    @classmethod
    def of(cls, *, is_edit: bool, is_masked: bool) -> "Purpose":
        """The purpose of a request with or without pictures and a mask."""
        if not is_edit:
            return cls.GENERATE  # a mask without a picture covers nothing
        return cls.MASK if is_masked else cls.EDIT


# Models in the order in which they are tried. Those of one group may change places by how they
# have done of late; no model passes one of a group before its own.
Groups = tuple[tuple[str, ...], ...]

_INSTEAD: Mapping[Purpose, tuple[Purpose, ...]] = {
    Purpose.MASK: (Purpose.EDIT, Purpose.GENERATE),
    Purpose.EDIT: (Purpose.GENERATE,),
    Purpose.UPSCALE: (Purpose.GENERATE,),
    Purpose.GENERATE: (),
}
AUTO = "auto"  # the pool that the operator's channels are added to
FALLBACK_GROUP = 1  # behind what is free


@dataclass(frozen=True, slots=True)
class Pool:
    """A name for several models: for each purpose those that serve it, in groups."""

    id: str
    orders: Mapping[Purpose, Groups]

    @property
    def models(self) -> tuple[str, ...]:
        """All of its models, each once."""
        found = (name for groups in self.orders.values() for group in groups for name in group)
        return tuple(dict.fromkeys(found))

    def groups_for(self, purpose: Purpose) -> Groups:
        """The models for a purpose; where it has no order of its own, that of a wider one."""
        return self.orders[self.purpose_for(purpose)]

    def purpose_for(self, purpose: Purpose) -> Purpose:
        """The purpose whose order is used for another; the first there is, for want of a wider."""
        wider = (known for known in (purpose, *_INSTEAD[purpose]) if known in self.orders)
        return next(wider, next(iter(self.orders)))

    def with_fallback(self, models: Sequence[Model]) -> "Pool":
        """The same with further models at the end of the second group, for what each can do."""
        orders = dict(self.orders)
        for purpose, groups in self.orders.items():
            able = tuple(model.id for model in models if _serves(model, purpose))
            before, behind = groups[:FALLBACK_GROUP], groups[FALLBACK_GROUP + 1 :]
            own = groups[FALLBACK_GROUP] if len(groups) > FALLBACK_GROUP else ()
            if able:
                orders[purpose] = (*before, (*own, *able), *behind)
        return replace(self, orders=orders)

    def describe(self) -> dict[str, list[str]]:
        """The orders in the words of `/v1/models`, without their groups."""
        return {
            purpose.value: [name for group in groups for name in group]
            for purpose, groups in self.orders.items()
        }


@dataclass(frozen=True, slots=True)
class PoolOrder:
    """The order of models that a pool's name stood for, or a list with such a name in it.

    `id` is the pool's, `ranks` the number of each model's group; `members` came from the pool and
    were not named by themselves. `purpose` is the one whose list was used.
    """

    id: str
    ranks: Mapping[str, int]
    members: frozenset[str]
    purpose: Purpose


def read_pool(name: str, value: object) -> Pool:
    """Read a pool: a list of models that are tried in order, or a table of one for each purpose.

    An entry of such a list may be a list itself: its models are one group. Raises `ValueError` for
    anything else.
    """
    if isinstance(value, Mapping) and value:
        return Pool(name, {Purpose(key): _groups(entries) for key, entries in value.items()})
    return Pool(name, {Purpose.GENERATE: _groups(value)})


def _groups(entries: object) -> Groups:
    if not isinstance(entries, list) or not entries:
        raise ValueError("not a list of models")
    groups = [entry if isinstance(entry, list) else [entry] for entry in entries]
    names = [name for group in groups for name in group]
    if not names or not all(isinstance(name, str) for name in names):
        raise ValueError("not names of models")
    return tuple(map(tuple, groups))


def _serves(model: Model, purpose: Purpose) -> bool:
    if purpose is Purpose.MASK:
        return model.mask
    return Operation(purpose.value) in model.operations
