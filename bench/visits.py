"""A first and a second visit to the page on a slow line: `python -m bench.visits`.

Chromium is held to 1.6 Mb/s and 300 ms for each request, as the tools of its developers do it. The
folded copy is measured as a deployment serves it, and the sources as `make dev` does. The API's
answers come at once from a stand-in here, all models of the catalog among them: the Worker's own
time is measured elsewhere.
"""

import json
import sys
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from playwright.sync_api import Browser, BrowserContext, Page, sync_playwright

sys.path.insert(0, str(Path(__file__).parents[1] / "src"))

from bench.figures import percentile
from darkroom.catalog.catalog import load_catalog
from darkroom.dialects.openai.models import model_row
from local.browser import find_chromium
from local.fold import fold
from local.modules import PUBLIC
from local.static_server import Site, serving

OPENINGS = 5
SLOW_LINE = {
    "offline": False,
    "latency": 300,
    "downloadThroughput": 1.6e6 / 8,
    "uploadThroughput": 0.75e6 / 8,
}
CATALOG = load_catalog()
MODELS = {"object": "list", "data": [model_row(model, False) for model in CATALOG.models]}
API = {
    "/v1/models": json.dumps(MODELS).encode(),
    "/v1/providers": b'{"object": "list", "data": []}',
    "/api/templates": b'{"templates": []}',
    "/health": b"{}",
}
_PAINTED = "() => performance.getEntriesByName('first-contentful-paint')[0]?.startTime"
_BYTES = """["navigation", "resource"].flatMap((type) => performance.getEntriesByType(type))
  .reduce((sum, entry) => sum + entry.transferSize, 0)"""
# Looked for before each frame: a locator looks in steps of half a second.
_USABLE = """() => document.querySelector(".composer .button-primary:not([aria-disabled=true])")
  && performance.now()"""
_KEPT = """async () => {
  await navigator.serviceWorker.ready;
  for (;;) {
    for (const name of await caches.keys()) if (await (await caches.open(name)).match("/")) return;
    await new Promise((resolve) => setTimeout(resolve, 50));
  }
}"""


@dataclass(frozen=True, slots=True)
class Visit:
    """One visit: times since the navigation began; `files` are those of the page that were sent."""

    what: str
    painted_ms: float
    typed_ms: float
    usable_ms: float
    files: int
    kib: float


def measure_visits() -> list[Visit]:
    """Measure the folded copy and the sources; the median of several readers."""
    with tempfile.TemporaryDirectory() as folder, sync_playwright() as playwright:
        folded = Path(folder) / "public"
        fold(folded)
        browser = playwright.chromium.launch(executable_path=find_chromium(), args=["--no-sandbox"])
        visits = [
            visit
            for name, public in (("folded", folded), ("sources", PUBLIC))
            for visit in _measure(browser, name, public)
        ]
        browser.close()
        return visits


def _measure(browser: Browser, name: str, public: Path) -> Iterator[Visit]:
    rounds = []
    with serving(public, answers=API) as site:
        for _ in range(OPENINGS):
            with _reader(browser) as context:
                rounds.append([_visit(context, site) for _ in range(2)])
    for at, which in enumerate(("first visit", "second visit")):
        columns = zip(*(both[at] for both in rounds), strict=True)
        painted, typed, usable, files, size = (percentile(list(column), 50) for column in columns)
        yield Visit(f"{name}, {which}", painted, typed, usable, int(files), size / 1024)


@contextmanager
def _reader(browser: Browser) -> Iterator[BrowserContext]:
    context = browser.new_context(locale="en-GB")
    yield context
    context.close()


def _visit(context: BrowserContext, site: Site) -> tuple[float, float, float, float, float]:
    page = context.new_page()
    context.new_cdp_session(page).send("Network.emulateNetworkConditions", SLOW_LINE)
    before = len(site.requests)
    page.goto(site.url, wait_until="commit")
    page.get_by_role("textbox").first.wait_for()
    typed: float = page.evaluate("performance.now()")
    usable: float = page.wait_for_function(_USABLE, polling="raf").json_value()
    painted: float = page.wait_for_function(_PAINTED, polling="raf").json_value()
    size: float = page.evaluate(_BYTES)
    files = len({path for path, _ in site.requests[before:]} & _requested(page))
    page.evaluate(_KEPT)
    page.close()
    return painted, typed, usable, float(files), size


def _requested(page: Page) -> set[str]:
    """The paths that the page has asked for, whoever answered."""
    paths: list[str] = page.evaluate(
        """performance.getEntriesByType("resource").map(({ name }) => new URL(name).pathname)"""
    )
    return {"/", *paths}


if __name__ == "__main__":
    for visit in measure_visits():
        print(
            f"{visit.what:24} painted {visit.painted_ms:5.0f} ms, typing {visit.typed_ms:5.0f} ms, "
            f"usable {visit.usable_ms:5.0f} ms, {visit.files:3} files, {visit.kib:6.1f} KiB"
        )
