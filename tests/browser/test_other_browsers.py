"""Every view of the folded page in Firefox and in WebKitGTK, where the machine has them.

`apt-get install firefox-esr webkit2gtk-driver xvfb xauth` brings both.
"""

import shutil
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager
from pathlib import Path

import pytest

from local.fold import fold
from local.static_server import Site, serving
from tests.browser.test_page_views import VIEWS
from tests.e2e.stack import Stack
from tests.support.webdriver import FIREFOX, WEBKIT, Driven, find, firefox, wait_for, webkit

pytestmark = pytest.mark.slow

Run = Callable[[Path], AbstractContextManager[Driven]]
BROWSERS: dict[str, tuple[Run, Callable[[], str | None]]] = {
    "Firefox": (firefox, lambda: find(FIREFOX)),
    "WebKitGTK": (webkit, lambda: find(WEBKIT) and shutil.which("xvfb-run")),
}

_LISTEN = """
window.heard = [];
addEventListener("error", ({ message }) => heard.push(message));
addEventListener("unhandledrejection", ({ reason }) => heard.push(String(reason)));
"""
_WRITE = """
const box = document.querySelector("textarea");
box.value = "a lighthouse at dusk";
box.dispatchEvent(new InputEvent("input", { bubbles: true }));
"""


@pytest.fixture
def site(tmp_path: Path, stack: Stack) -> Iterator[Site]:
    fold(tmp_path / "public")
    with serving(tmp_path / "public", stack.url) as site:
        yield site


@pytest.mark.parametrize("name", BROWSERS)
def test_every_view_opens_and_a_picture_is_painted(name: str, site: Site, tmp_path: Path) -> None:
    run, is_there = BROWSERS[name]
    if not is_there():
        pytest.skip(f"{name} is left out: it is not installed")
    home = tmp_path / "home"
    home.mkdir()
    with run(home) as browser:
        browser.go(site.url)
        wait_for(browser, "document.querySelector('nav') && document.querySelector('.badge')")
        browser.run(_LISTEN)
        for view in VIEWS:
            browser.run(f"location.hash = '{view}'")
            wait_for(browser, f"document.querySelector(\"nav a[href='#{view}'][aria-current]\")")
            wait_for(browser, "document.getElementById('main').innerText.length > 20")
            assert not browser.run("return document.querySelector('[role=alert]')?.innerText"), view
        browser.run("location.hash = 'create'")
        wait_for(browser, "document.querySelector('form textarea')")
        browser.run(_WRITE)
        wait_for(browser, "document.querySelector('form').checkValidity()")
        browser.run("document.querySelector('form').requestSubmit()")
        wait_for(
            browser, "document.querySelector('.picture img:not([data-preview])')?.naturalWidth"
        )
        # Kept and found again, also where a browser stores no Blob.
        browser.run("location.hash = 'gallery'")
        wait_for(browser, "document.querySelector('.shelf img')?.naturalWidth")
        assert not browser.run("return document.querySelector('[role=alert]')?.innerText")
        browser.run("document.querySelector('.shelf button').click()")
        wait_for(browser, "document.querySelector('.viewer-frame img')?.naturalWidth > 320")
        assert browser.run("return heard") == []
