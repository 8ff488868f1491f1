"""What the tests do with any page."""

import os
from pathlib import Path

from playwright.sync_api import Page

ROOT = Path(__file__).parents[2]
FOLDER = ROOT / "build/screenshots"
AXE = ROOT / "node_modules/axe-core/axe.min.js"


def look(page: Page, name: str, *, whole: bool = True) -> None:
    """Keep a screenshot of the whole page or of its window, where `SCREENSHOTS` is set."""
    if not os.environ.get("SCREENSHOTS"):
        return
    FOLDER.mkdir(parents=True, exist_ok=True)
    width = page.viewport_size["width"] if page.viewport_size else 0
    page.screenshot(path=FOLDER / f"{name}-{width}.png", full_page=whole)


def violations(page: Page, within: str = "html") -> list[str]:
    """The findings of axe-core, of any impact, with the first element of each."""
    if not page.evaluate("'axe' in window"):
        page.evaluate(AXE.read_text("utf-8"))
    found = page.evaluate("within => axe.run(within).then(result => result.violations)", within)
    return [f"{v['impact']}: {v['id']} at {v['nodes'][0]['target']}" for v in found]
