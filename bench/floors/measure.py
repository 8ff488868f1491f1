"""The share of the runtime in a job's CPU: the same jobs by the least that a Worker can do.

`worker.js` and `entry.py` beside this module ask the same upstreams, read the same answers and
answer in the same shape, without any of what a gateway is for. What Darkroom costs beyond them is
its own; what it costs below is had by no gateway in the same language.
"""

import asyncio
import shutil
import tempfile
from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from pathlib import Path

from bench.jobs import Jobs, measure_jobs
from bench.stage import SUBDOMAIN, settings_for, staged
from local.pack import repacked
from local.workerd import Bundle, bundle_of

HERE = Path(__file__).parent
NAMES = ("plain", "b64-192k", "b64-4m", "blocking-0", "blocking-30", "stream-30", "stream-300")
PACKAGES = Path("python_modules")
SOURCES = Path("src/darkroom")

Build = Callable[[Bundle, Path], Bundle]


@dataclass(frozen=True, slots=True)
class Side:
    """One of those that do the same jobs, and what they cost it."""

    name: str
    jobs: Jobs


def measure_floors(bundle: Bundle, rounds: int) -> list[Side]:
    """The costs of `NAMES` for each side, of a single caller; raises `StartFailed`."""
    sides = []
    with tempfile.TemporaryDirectory() as folder:
        for name, build in SIDES.items():
            own = build(bundle, Path(folder) / name)
            with staged(own, _settings) as stage:
                sides.append(Side(name, asyncio.run(measure_jobs(stage, NAMES, rounds))))
    return sides


def _in_javascript(bundle: Bundle, folder: Path) -> Bundle:
    folder.mkdir()
    shutil.copy(HERE / "worker.js", folder)
    return bundle_of(folder, "worker.js", {})


def _in_python(bundle: Bundle, folder: Path) -> Bundle:
    sources = folder.with_suffix(".src")
    shutil.copytree(SOURCES, sources / SOURCES.name)
    shutil.copy(HERE / "entry.py", sources)
    return replace(repacked(bundle, folder, (PACKAGES, sources)), objects={})


def _as_it_is(bundle: Bundle, folder: Path) -> Bundle:
    del folder
    return bundle


def _settings(instant: str) -> Mapping[str, str]:
    return {**settings_for(instant), "UPSTREAM": instant, "SUBDOMAIN": SUBDOMAIN}


SIDES: Mapping[str, Build] = {
    "JavaScript": _in_javascript,
    "Python": _in_python,
    "Darkroom": _as_it_is,
}
