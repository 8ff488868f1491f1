"""Every view of the page, looked at and judged by axe, in both themes and languages."""

import pytest
from playwright.sync_api import expect

from tests.browser.conftest import OpenPage
from tests.browser.person import finished, newest
from tests.support.pages import look, violations

VIEWS = ["create", "edit", "layers", "compare", "gallery", "keys"]
# Each width, theme and language with each other, but not all three.
LOOKS = [(1280, "light", "en"), (1280, "dark", "zh"), (360, "light", "zh"), (360, "dark", "en")]


@pytest.mark.parametrize(("width", "scheme", "language"), LOOKS, ids=str)
def test_every_view_is_accessible(
    open_page: OpenPage, width: int, scheme: str, language: str
) -> None:
    page = open_page(width=width, scheme=scheme, language=language)
    expect(page.locator(".model-button .badge")).to_be_visible()
    page.locator("textarea").first.fill("a lighthouse at dusk")
    page.locator("textarea").first.press("Control+Enter")
    finished(newest(page))
    for view in VIEWS:
        page.locator(f"nav a[href='#{view}']").click()
        expect(page.locator(f"nav a[href='#{view}'][aria-current=page]")).to_be_visible()
        look(page, f"view-{view}-{scheme}-{language}")
        assert violations(page) == [], view
        assert page.evaluate("document.documentElement.scrollWidth <= innerWidth"), view
