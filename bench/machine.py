"""Where the figures were taken, and what else ran there meanwhile."""

import json
import os
import platform
import time
import tomllib
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path

from bench.stage import Stage
from bench.usage import machine_processor_s


@dataclass(frozen=True, slots=True)
class Machine:
    """The circumstances; `others_cores` is what processes of nobody's concern used of the cores."""

    date: str
    versions: dict[str, str]
    cores: int
    others_cores: float
    took_s: float


class Watch:
    """Adds up what the rest of the machine does while something is measured."""

    def __init__(self) -> None:
        self._others_s = 0.0
        self._elapsed_s = 0.0

    @contextmanager
    def over(self, stage: Stage) -> Iterator[None]:
        """Watch during the block, in which the stage's own three parties do not count."""
        began, others_s = time.monotonic(), _others_s(stage)
        yield
        self._elapsed_s += time.monotonic() - began
        self._others_s += _others_s(stage) - others_s

    @property
    def others_cores(self) -> float:
        """How many cores the others kept busy, on average."""
        return self._others_s / self._elapsed_s if self._elapsed_s else 0.0


def describe_machine(watch: Watch, took_s: float) -> Machine:
    """What a reader of the figures has to know."""
    project = tomllib.loads(Path("pyproject.toml").read_text("utf-8"))["project"]
    workerd = json.loads(Path("node_modules/workerd/package.json").read_text("utf-8"))
    return Machine(
        date=datetime.now(UTC).isoformat(timespec="seconds"),
        versions={
            "Darkroom": project["version"],
            "workerd": workerd["version"],
            "client on Python": platform.python_version(),
        },
        cores=len(os.sched_getaffinity(0)),
        others_cores=watch.others_cores,
        took_s=took_s,
    )


def _others_s(stage: Stage) -> float:
    return machine_processor_s() - sum(stage.processor_s().values())
