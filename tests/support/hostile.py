"""The hostile stand-ins, as tests start, steer and question them."""

import random
import sys
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import httpx

from local.processes import Process, answers, is_free
from local.upstreams.hostile.__main__ import settings

START_LIMIT_S = 60
# Ten times the Space's port and one is the forbidden host's: both have to be ports.
LOWEST_PORT, HIGHEST_PORT = 2_100, 3_270


@dataclass(frozen=True, slots=True)
class Hostile:
    """Running hostile stand-ins; `forbidden` is the host and port that must never be asked."""

    space_url: str
    api_url: str
    forbidden: str

    @property
    def settings(self) -> Mapping[str, str]:
        """The settings that lead a gateway here."""
        return settings(self.space_url, self.api_url)

    @contextmanager
    def mode(self, directives: str) -> Iterator[None]:
        """Let every request misbehave, those that have no prompt among them."""
        urls = [f"{url}/_mode" for url in (self.space_url, self.api_url)]
        for url in urls:
            httpx.post(url, json={"directives": directives}, timeout=30).raise_for_status()
        try:
            yield
        finally:
            for url in urls:
                httpx.delete(url, timeout=30).raise_for_status()

    def requested(self, path_ending: str = "") -> list[dict[str, Any]]:
        """What the Space and the API were asked."""
        return [
            entry
            for url in (self.space_url, self.api_url)
            for entry in _log(url)
            if entry["path"].endswith(path_ending)
        ]

    def requests_to_forbidden(self) -> list[str]:
        """What the forbidden host was asked."""
        return [f"{each['method']} {each['path']}" for each in _log(f"http://{self.forbidden}")]

    def forget(self) -> None:
        """Empty all logs."""
        for url in (self.space_url, self.api_url, f"http://{self.forbidden}"):
            httpx.delete(f"{url}/_log", timeout=30).raise_for_status()


@contextmanager
def running_hostile(logs: Path) -> Iterator[Hostile]:
    """The hostile stand-ins on free ports.

    A digit behind the Space's address leads to the forbidden host, as a suffix does that makes
    another name of a host's.
    """
    space, forbidden = _ports()
    command = [sys.executable, "-m", "local.upstreams.hostile", "--port", str(space)]
    command += ["--forbidden-port", str(forbidden)]
    process = Process("the hostile stand-ins", command, logs / "hostile.log")
    urls = [f"http://127.0.0.1:{port}" for port in (space, space + 1, forbidden)]
    try:
        for url in urls:
            process.wait_until(lambda url=url: answers(f"{url}/_health"), START_LIMIT_S)  # type: ignore[misc]
        yield Hostile(urls[0], urls[1], urls[2].removeprefix("http://"))
    finally:
        process.stop()


def _ports() -> tuple[int, int]:
    while True:
        space = random.randrange(LOWEST_PORT, HIGHEST_PORT)
        if all(map(is_free, (space, space + 1, 10 * space + 1))):
            return space, 10 * space + 1


def _log(url: str) -> list[dict[str, Any]]:
    entries: list[dict[str, Any]] = httpx.get(f"{url}/_log", timeout=30).json()
    return entries
