"""The browser, and the page in it."""

from collections import defaultdict
from collections.abc import Callable, Iterator
from typing import Literal

import pytest
from playwright.sync_api import Browser, BrowserContext, CDPSession, Page, expect, sync_playwright

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

PERMISSIONS = ["clipboard-read", "clipboard-write"]

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


class Contexts:
    """Browser contexts of one module, which are emptied after each test and used again.

    To open the page in a new one costs half as much CPU again. What stays is the cache of HTTP.
    """

    def __init__(self, browser: Browser, origin: str) -> None:
        self._browser = browser
        self._origin = origin
        self._free: defaultdict[tuple[str, bool], list[BrowserContext]] = defaultdict(list)
        self._sessions: dict[BrowserContext, CDPSession] = {}  # each of a page that stays open

    def take(self, language: str, touch: bool) -> BrowserContext:
        """A context as of a reader who was never there."""
        if free := self._free[language, touch]:
            return free.pop()
        context = self.new(language, touch)
        self._sessions[context] = context.new_cdp_session(context.new_page())
        return context

    def new(self, language: str, touch: bool) -> BrowserContext:
        """A context that is the caller's own."""
        return self._browser.new_context(
            has_touch=touch,
            is_mobile=touch,
            locale={"en": "en-GB", "zh": "zh-CN"}.get(language, language),
            permissions=PERMISSIONS,
        )

    def give_back(self, context: BrowserContext, language: str, touch: bool) -> None:
        """Take all pages, data and routes out of a context, for the next test."""
        context.set_offline(False)
        context.unroute_all()
        for page in context.pages[1:]:
            page.close()
        everything = {"origin": self._origin, "storageTypes": "all"}
        self._sessions[context].send("Storage.clearDataForOrigin", everything)
        self._free[language, touch].append(context)

    def close(self) -> None:
        """Close all that were taken."""
        for context in self._sessions:
            context.close()


@pytest.fixture(scope="module")
def contexts(browser: Browser, stack: Stack) -> Iterator[Contexts]:
    """The browser contexts that this module's tests share."""
    contexts = Contexts(browser, stack.url)
    yield contexts
    contexts.close()


@pytest.fixture
def open_page(contexts: Contexts, stack: Stack) -> Iterator[OpenPage]:
    """Opens a view of the page, each time as a reader who was never there.

    Whatever the console complains of, a refusal by the Content-Security-Policy too, fails the
    test; but a failed request, which the page shows, is logged by Chromium in words of its own.
    """
    shared: list[tuple[BrowserContext, str, bool]] = []
    own: list[BrowserContext] = []
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
        if site is None:
            context = contexts.take(language, touch)
            shared.append((context, language, touch))
        else:
            context = contexts.new(language, touch)
            own.append(context)
        page = context.new_page()
        page.set_viewport_size({"width": width, "height": height})
        page.emulate_media(
            color_scheme="dark" if scheme == "dark" else "light",
            reduced_motion=motion,
            forced_colors="active" if forced else "none",
        )
        page.add_init_script(_LISTEN + script)
        hear(page)
        page.goto(f"{site or stack.url}/#{view}{link}")
        expect(page.locator(f"nav a[href='#{view}'][aria-current=page]")).to_be_visible()
        return page

    yield opened
    for context in own:
        context.close()
    for context, language, touch in shared:
        contexts.give_back(context, language, touch)
    assert [text for text in complaints if not text.startswith("Failed to load resource")] == []
