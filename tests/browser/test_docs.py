"""The page at /docs in headless Chromium: the API, to read and to try."""

import re
from collections.abc import Iterator
from dataclasses import dataclass, field

import httpx
import pytest
from playwright.sync_api import Browser, ConsoleMessage, Locator, Page, expect

from tests.e2e.stack import Stack
from tests.support.pages import look, violations
from tests.support.slow import slow_but

ANSWER_LIMIT_MS = 30_000
# Chromium tells the page of each thing that its policy forbids.
WATCH = """
  window.forbidden = [];
  addEventListener("securitypolicyviolation", event =>
    forbidden.push(`${event.violatedDirective}: ${event.blockedURI}`));
"""

# The method and path of each operation that a reader can see.
SHOWN = """
  [...document.querySelectorAll(".opblock")]
    .filter(block => block.checkVisibility({visibilityProperty: true, opacityProperty: true}))
    .filter(block => block.getBoundingClientRect().height > 0)
    .map(block => [block.querySelector(".opblock-summary-method").innerText.toLowerCase(),
                   block.querySelector("[data-path]").dataset.path].join(" "))
"""


@dataclass
class Visit:
    """The page, opened, and what was seen of it from outside."""

    page: Page
    requested: list[str] = field(default_factory=list)
    complaints: list[str] = field(default_factory=list)

    def hear(self, line: ConsoleMessage) -> None:
        """Keep what the console says, but for Chromium's own hints to developers."""
        if str(line.type) != "verbose":
            self.complaints.append(f"{line.type}: {line.text}")

    def operation(self, method: str, path: str) -> Locator:
        """One operation's part of the page."""
        return self.page.locator(f'.opblock-{method.lower()}:has([data-path="{path}"])')

    def execute(self, operation: Locator) -> Locator:
        """Open an operation, send what it proposes, and wait for the answer's status."""
        operation.locator(".opblock-summary-control").click()
        operation.get_by_role("button", name="Try it out").click()
        operation.get_by_role("button", name="Execute").click()
        status = operation.locator(".live-responses-table .response-col_status")
        expect(status.last).to_contain_text(re.compile(r"\d{3}"), timeout=ANSWER_LIMIT_MS)
        return status.last


def visit(browser: Browser, stack: Stack, width: int, scheme: str) -> Iterator[Visit]:
    context = browser.new_context(
        viewport={"width": width, "height": 900},
        color_scheme="dark" if scheme == "dark" else "light",
    )
    page = context.new_page()
    page.add_init_script(WATCH)
    seen = Visit(page)
    page.on("request", lambda request: seen.requested.append(request.url))
    page.on("console", seen.hear)
    page.on("pageerror", lambda error: seen.complaints.append(str(error)))
    page.goto(f"{stack.url}/docs")
    expect(page.locator(".opblock").first).to_be_visible(timeout=ANSWER_LIMIT_MS)
    yield seen
    assert page.evaluate("forbidden") == []
    assert [url for url in seen.requested if not url.startswith((f"{stack.url}/", "data:"))] == []
    assert f"{stack.url}/openapi.json" in seen.requested
    assert seen.complaints == []
    context.close()


@pytest.fixture(scope="module")
def seen(browser: Browser, stack: Stack) -> Iterator[Visit]:
    """The page in a wide window by daylight; what it may not do fails the last of its tests."""
    yield from visit(browser, stack, 1280, "light")


@pytest.mark.parametrize(
    ("width", "scheme"), slow_but([(1280, "light")], [(1280, "light"), (360, "dark")])
)
def test_every_operation_is_shown(browser: Browser, stack: Stack, width: int, scheme: str) -> None:
    document = httpx.get(f"{stack.url}/openapi.json", timeout=60).json()
    for seen in visit(browser, stack, width, scheme):
        operations = [
            f"{method} {path}" for path, methods in document["paths"].items() for method in methods
        ]
        expect(seen.page.locator(".opblock")).to_have_count(len(operations))
        assert sorted(seen.page.evaluate(SHOWN)) == sorted(operations)
        look(seen.page, f"docs-{scheme}")
        assert violations(seen.page, ".masthead") == []
        fits = "document.documentElement.scrollWidth <= document.documentElement.clientWidth"
        assert seen.page.evaluate(fits)


def test_a_request_is_tried_from_the_page(seen: Visit, stack: Stack) -> None:
    health = seen.operation("GET", "/health")
    expect(seen.execute(health)).to_have_text(re.compile("^200"))
    expect(health.locator(".live-responses-table")).to_contain_text('"status": "ok"')
    assert f"{stack.url}/health" in seen.requested


def test_a_picture_is_painted_from_the_page(seen: Visit) -> None:
    generation = seen.operation("POST", "/v1/images/generations")
    expect(seen.execute(generation)).to_have_text(re.compile("^200"))
    expect(generation.locator(".live-responses-table")).to_contain_text('"seed": 42')
    generation.locator(".live-responses-table").evaluate("answer => answer.scrollIntoView()")
    look(seen.page, "docs-tried", whole=False)


def test_a_token_goes_along(seen: Visit, stack: Stack) -> None:
    seen.page.get_by_role("button", name="Authorize").first.click()
    dialog = seen.page.locator(".dialog-ux")
    expect(dialog).to_contain_text("gitee:")
    look(seen.page, "docs-token", whole=False)
    token = dialog.locator(".auth-container").filter(has=seen.page.locator("#auth-bearer-value"))
    token.get_by_role("textbox").fill("hf:hf_good_token")
    token.get_by_role("button", name="Apply credentials").click()
    dialog.get_by_role("button", name="Close").last.click()
    with seen.page.expect_request(f"{stack.url}/v1/providers") as requested:
        seen.execute(seen.operation("GET", "/v1/providers"))
    assert requested.value.headers["authorization"] == "Bearer hf:hf_good_token"


def test_a_document_that_cannot_be_had_is_reported(browser: Browser, stack: Stack) -> None:
    page = browser.new_page()
    page.route("**/openapi.json", lambda route: route.fulfill(status=503))
    page.goto(f"{stack.url}/docs")
    expect(page.get_by_role("alert")).to_contain_text("status 503")
    page.close()
