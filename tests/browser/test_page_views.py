"""Every view of the page, looked at and judged by axe, in both themes and all languages."""

import re

import pytest
from playwright.sync_api import expect

from tests.browser.conftest import OpenPage
from tests.browser.person import finished, newest
from tests.support.pages import look, violations

VIEWS = ["create", "edit", "layers", "compare", "gallery", "keys"]
# Each width, theme and language with each other, but not all three.
LOOKS = [(1280, "light", "en"), (1280, "dark", "zh"), (360, "light", "zh"), (360, "dark", "en")]
LANGUAGES = {"en": "English", "zh": "中文", "ja": "日本語", "es": "Español", "de": "Deutsch"}


@pytest.mark.parametrize(("width", "scheme", "language"), LOOKS, ids=str)
def test_every_view_is_accessible(
    open_page: OpenPage, sources: str, width: int, scheme: str, language: str
) -> None:
    page = open_page(width=width, scheme=scheme, language=language, site=sources)
    expect(page.locator(".composer .button-primary")).to_be_enabled()
    page.locator("textarea").first.fill("a lighthouse at dusk")
    page.locator("textarea").first.press("Control+Enter")
    finished(newest(page))
    for view in VIEWS:
        page.locator(f"nav a[href='#{view}']").click()
        expect(page.locator(f"nav a[href='#{view}'][aria-current=page]")).to_be_visible()
        look(page, f"view-{view}-{scheme}-{language}")
        assert violations(page) == [], view
        assert page.evaluate("document.documentElement.scrollWidth <= innerWidth"), view


@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_every_view_is_accessible_in_every_language(open_page: OpenPage, scheme: str) -> None:
    page = open_page(width=360, scheme=scheme)
    expect(page.locator(".composer .button-primary")).to_be_enabled()
    for language in LANGUAGES:
        page.locator("[popovertarget=masthead-end]").click()
        page.locator(".settings-button").click()
        assert violations(page, ".settings") == [], language
        page.locator(".settings select").select_option(language)
        expect(page.locator("html")).to_have_attribute("lang", re.compile(f"^{language}"))
        page.keyboard.press("Escape")
        page.keyboard.press("Escape")
        expect(page.locator(".settings-button")).to_be_hidden()
        for view in VIEWS:
            page.locator(f"nav a[href='#{view}']").click()
            expect(page.locator(f"nav a[href='#{view}'][aria-current=page]")).to_be_visible()
            expect(page.locator("main > *").first).to_be_visible()
            look(page, f"language-{view}-{scheme}-{language}")
            assert violations(page) == [], (view, language)
            assert page.evaluate("document.documentElement.scrollWidth <= innerWidth"), view


def test_what_is_chosen_is_seen_where_the_system_forces_its_colours(open_page: OpenPage) -> None:
    page = open_page(forced=True)
    expect(page.locator(".composer .button-primary")).to_be_enabled()
    ground = "element => getComputedStyle(element).backgroundColor"
    for chosen, other in (
        (".chip input:checked + span", ".chip input:not(:checked) + span"),
        (".views a[aria-current]", ".views a:not([aria-current])"),
    ):
        assert page.locator(chosen).first.evaluate(ground) != (
            page.locator(other).first.evaluate(ground)
        )
    for view in VIEWS:
        page.locator(f"nav a[href='#{view}']").click()
        expect(page.locator(f"nav a[href='#{view}'][aria-current=page]")).to_be_visible()
        look(page, f"forced-{view}")
        assert violations(page) == [], view
