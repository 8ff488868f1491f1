"""The stand-ins of the HTTP APIs, as tests start and question them."""

from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import httpx

from local.processes import answers, free_ports
from local.stack import API_SETTINGS, api_settings, api_urls, start_apis

OPTIONS = ("--slow-seconds", "20", "--poll-steps", "2", "--step-seconds", "0.02")


@dataclass(frozen=True, slots=True)
class Apis:
    """Running stand-ins, by name."""

    urls: Mapping[str, str]

    @property
    def settings(self) -> Mapping[str, str]:
        """The settings that lead a gateway here."""
        return api_settings(self.urls)

    def log(self, name: str) -> list[dict[str, Any]]:
        """The requests that one of them saw."""
        entries: list[dict[str, Any]] = httpx.get(f"{self.urls[name]}/_log", timeout=30).json()
        return entries

    def forget(self, name: str) -> None:
        """Empty one's log."""
        httpx.delete(f"{self.urls[name]}/_log", timeout=30).raise_for_status()


@contextmanager
def running_apis(logs: Path) -> Iterator[Apis]:
    """All stand-ins on ports of their own."""
    first = free_ports(len(API_SETTINGS))
    process = start_apis(first, logs, OPTIONS)
    urls = api_urls(first)
    try:
        for url in urls.values():
            process.wait_until(lambda url=url: answers(f"{url}/_health"), 60)  # type: ignore[misc]
        yield Apis(urls)
    finally:
        process.stop()
