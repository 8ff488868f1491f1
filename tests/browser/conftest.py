"""The browser, and the page in it."""

from collections.abc import Callable, Iterator
from typing import Literal

import pytest
from playwright.sync_api import Browser, BrowserContext, Page, expect, sync_playwright

from local.browser import find_chromium
from local.modules import PUBLIC
from local.static_server import serving
from tests.e2e.stack import Stack

QUIET = [
    "--no-sandbox",
    "--disable-gpu",
    "--disable-quic",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
]

OpenPage = Callable[..., Page]

# A canvas turns into a file when Chromium finds an idle moment, which a busy machine has seldom.
expect.set_options(timeout=20_000)

# Said to the console by the page itself, before any of its modules runs.
_LISTEN = """
document.addEventListener("securitypolicyviolation", (event) =>
  console.error(`refused by ${event.violatedDirective}: ${event.blockedURI} ${event.sample}`));
"""


@pytest.fixture(scope="package")
def browser() -> Iterator[Browser]:
    """Chromium, without a window. While it runs, no coroutine can be tested in this process."""
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=find_chromium(), args=QUIET)
        yield browser
        browser.close()


@pytest.fixture(scope="package")
def sources(stack: Stack) -> Iterator[str]:
    """The address of the page as `make dev` serves it, in many modules; the stack has it folded."""
    with serving(PUBLIC, stack.url) as site:
        yield site.url


@pytest.fixture
def open_page(browser: Browser, stack: Stack) -> Iterator[OpenPage]:
    """Opens a view of the page, each time as a reader who was never there.

    Whatever the console complains of, a refusal by the Content-Security-Policy too, fails the
    test; but a failed request, which the page shows, is logged by Chromium in words of its own.
    """
    contexts: list[BrowserContext] = []
    complaints: list[str] = []

    def hear(page: Page) -> None:
        page.on(
            "console",
            lambda line: complaints.append(line.text) if line.type == "error" else None,
        )
        page.on("pageerror", lambda error: complaints.append(str(error)))

    def opened(
        view: str = "create",
        *,
        width: int = 1280,
        scheme: str = "light",
        language: str = "en",
        link: str = "",
        script: str = "",
        height: int = 900,
        touch: bool = False,
        motion: Literal["reduce", "no-preference"] = "reduce",  # drawn without a graphics card
        forced: bool = False,
        site: str | None = None,
    ) -> Page:
        context = browser.new_context(
            viewport={"width": width, "height": height},
            has_touch=touch,
            is_mobile=touch,
            color_scheme="dark" if scheme == "dark" else "light",
            reduced_motion=motion,
            forced_colors="active" if forced else "none",
            locale={"en": "en-GB", "zh": "zh-CN"}.get(language, language),
            permissions=["clipboard-read", "clipboard-write"],
        )
        contexts.append(context)
        context.add_init_script(_LISTEN + script)
        page = context.new_page()
        hear(page)
        page.goto(f"{site or stack.url}/#{view}{link}")
        expect(page.locator(f"nav a[href='#{view}'][aria-current=page]")).to_be_visible()
        return page

    yield opened
    for context in contexts:
        context.close()
    assert [text for text in complaints if not text.startswith("Failed to load resource")] == []
