"""How soon the page is there, in headless Chromium with a cold cache, from `wrangler dev`."""

import shutil
import tempfile
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

from playwright.sync_api import Browser, sync_playwright

from bench.figures import percentile
from local.browser import find_chromium
from local.processes import free_port, free_ports
from local.stack import API_SETTINGS, Plan, running

OPENINGS = 20
VIEWPORTS: Mapping[str, tuple[int, int]] = {"1280 px": (1280, 900), "360 px": (360, 800)}
_PAINTED = "performance.getEntriesByName('first-contentful-paint')[0].startTime"
_BYTES = """performance.getEntriesByType("resource")
  .reduce((sum, entry) => sum + entry.transferSize, 0)"""


@dataclass(frozen=True, slots=True)
class Opening:
    """The page of one width, opened again and again by readers who were never there.

    Times are since the navigation began: until something is painted, and until the list of models
    has come and a picture can be asked for. `kib` is what travelled, the document aside.
    """

    width: str
    openings: int
    painted_p50_ms: float
    painted_max_ms: float
    ready_p50_ms: float
    ready_max_ms: float
    kib: float


def measure_page() -> list[Opening]:
    """Measure the page on the stand-in stack, as `make dev` serves it."""
    where = Path(tempfile.mkdtemp(prefix="bench-page-"))
    plan = Plan(
        port=free_port(),
        upstream_port=free_ports(len(API_SETTINGS) + 1),
        state=where / "state",
        logs=where,
    )
    try:
        with running(plan), sync_playwright() as playwright:
            browser = playwright.chromium.launch(
                executable_path=find_chromium(), args=["--no-sandbox"]
            )
            _open(browser, plan.url, (1280, 900))  # the Worker is awake from here on
            openings = [
                _measure(browser, plan.url, width, size) for width, size in VIEWPORTS.items()
            ]
            browser.close()
            return openings
    finally:
        shutil.rmtree(where)


def _measure(browser: Browser, url: str, width: str, size: tuple[int, int]) -> Opening:
    seen = [_open(browser, url, size) for _ in range(OPENINGS)]
    painted, ready, sizes = ([sample[at] for sample in seen] for at in range(3))
    return Opening(
        width=width,
        openings=OPENINGS,
        painted_p50_ms=percentile(painted, 50),
        painted_max_ms=max(painted),
        ready_p50_ms=percentile(ready, 50),
        ready_max_ms=max(ready),
        kib=sizes[0] / 1024,
    )


def _open(browser: Browser, url: str, size: tuple[int, int]) -> tuple[float, float, float]:
    context = browser.new_context(viewport={"width": size[0], "height": size[1]}, locale="en-GB")
    page = context.new_page()
    page.goto(url, wait_until="commit")
    page.get_by_role("button", name="Generate", disabled=False).wait_for()
    ready: float = page.evaluate("performance.now()")
    painted: float = page.evaluate(_PAINTED)
    travelled: float = page.evaluate(_BYTES)
    context.close()
    return painted, ready, travelled
