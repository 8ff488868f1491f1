"""Values in the Worker are what they are elsewhere, but for the check that nobody changes them."""

import dataclasses
import re
from dataclasses import FrozenInstanceError, dataclass, field
from pathlib import Path
from typing import Any

import pytest

from darkroom.quick_dataclasses import quick_dataclass, quick_replace

SRC = Path(__file__).parents[2] / "src"


def value_class(**options: Any) -> type[Any]:
    """A class of this package's with a few kinds of fields."""

    class Value:
        size: int
        name: str = "a"
        tags: list[str] = field(default_factory=list, compare=False)

        def __post_init__(self) -> None:
            if self.size < 0:
                raise ValueError

    Value.__module__ = "darkroom.somewhere"
    quick: type[Any] = quick_dataclass(slots=True, **options)(Value)
    return quick


def test_a_frozen_value_is_equal_hashed_and_printed_as_ever() -> None:
    kind = value_class(frozen=True)
    assert kind(1) == kind(1, "a") != kind(2)
    assert len({kind(1), kind(1), kind(2)}) == 2
    assert repr(kind(1)).endswith("Value(size=1, name='a', tags=[])")
    with pytest.raises(TypeError):
        kind()


def test_values_that_are_compared_by_identity_stay_so() -> None:
    kind = value_class(frozen=True, eq=False)
    assert kind(1) != kind(1)
    assert len({kind(1), kind(1)}) == 2


def test_a_value_that_may_change_has_no_hash() -> None:
    with pytest.raises(TypeError):
        hash(value_class()(1))


def test_others_classes_stay_frozen() -> None:
    @quick_dataclass(frozen=True)
    class Other:
        size: int

    with pytest.raises(FrozenInstanceError):
        Other(1).size = 2  # type: ignore[call-arg]


def test_a_replaced_field_leaves_the_others_and_the_value_itself_alone() -> None:
    kind = value_class(frozen=True)
    value = kind(1, "b", ["c"])
    changed = quick_replace(value, size=2)
    assert (changed, changed.tags is value.tags) == (kind(2, "b"), True)
    assert value == kind(1, "b")
    with pytest.raises(ValueError):
        quick_replace(value, size=-1)
    with pytest.raises(TypeError):
        quick_replace(value, other=1)


def test_classes_with_other_kinds_of_fields_are_replaced_as_ever() -> None:
    @dataclass(frozen=True)
    class Named:
        size: int
        name: str = field(kw_only=True)

    @dataclass(frozen=True)
    class Single:
        size: int

    assert quick_replace(Named(1, name="a"), size=2) == Named(2, name="a")
    assert quick_replace(Single(1), size=2) == Single(2)
    with pytest.raises(TypeError):
        quick_replace("no dataclass", size=2)


def test_nothing_counts_on_the_check() -> None:
    offenders = [
        str(path)
        for path in SRC.rglob("*.py")
        if re.search(r"FrozenInstanceError|InitVar|weakref_slot", path.read_text("utf-8"))
    ]
    assert offenders == []


def test_the_standard_librarys_own_are_left_alone_outside_the_worker() -> None:
    assert dataclasses.dataclass.__module__ == dataclasses.replace.__module__ == "dataclasses"
