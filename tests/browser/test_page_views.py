"""Every view of the page, looked at and judged by axe, in both themes and all languages."""

import re
from collections.abc import Iterable

import pytest
from playwright.sync_api import Page, expect

from tests.browser.conftest import OpenPage
from tests.browser.person import finished, newest
from tests.support.pages import look, violations
from tests.support.slow import SLOW, slow_but

VIEWS = ["create", "edit", "layers", "compare", "gallery", "keys"]
# Each width, theme and language with each other, but not all three.
LOOKS = [(1280, "light", "en"), (1280, "dark", "en"), (360, "light", "zh"), (360, "dark", "zh")]
USUAL_LOOKS = ((1280, "light", "en"), (360, "dark", "zh"))
LANGUAGES = ("en", "zh", "ja", "es", "de")


def visit(page: Page, view: str) -> None:
    """Go to a view, and wait until its modules have drawn it."""
    page.locator(f"nav a[href='#{view}']").click()
    expect(page.locator(f"nav a[href='#{view}'][aria-current=page]")).to_be_visible()
    expect(page.locator("main > *").first).to_be_visible()


@pytest.mark.parametrize(("width", "scheme", "language"), slow_but(USUAL_LOOKS, LOOKS), ids=str)
def test_every_view_is_accessible(
    open_page: OpenPage, sources: str, width: int, scheme: str, language: str
) -> None:
    page = open_page(width=width, scheme=scheme, language=language, site=sources)
    expect(page.locator(".composer .button-primary")).to_be_enabled()
    page.locator("textarea").first.fill("a lighthouse at dusk")
    page.locator("textarea").first.press("Control+Enter")
    finished(newest(page))
    for view in VIEWS:
        visit(page, view)
        look(page, f"view-{view}-{scheme}-{language}")
        assert violations(page) == [], view
        assert page.evaluate("document.documentElement.scrollWidth <= innerWidth"), view


@pytest.mark.parametrize(
    ("scheme", "languages"),
    [
        ("light", ("en", "zh", "de")),
        pytest.param("light", ("ja", "es"), marks=SLOW),
        pytest.param("dark", LANGUAGES, marks=SLOW),
    ],
)
def test_every_view_is_accessible_in_every_language(
    open_page: OpenPage, scheme: str, languages: Iterable[str]
) -> None:
    page = open_page(width=360, scheme=scheme)
    expect(page.locator(".composer .button-primary")).to_be_enabled()
    for language in languages:
        page.locator("[popovertarget=masthead-end]").click()
        page.locator(".settings-button").click()
        assert violations(page, ".settings") == [], language
        page.locator(".settings select").select_option(language)
        expect(page.locator("html")).to_have_attribute("lang", re.compile(f"^{language}"))
        page.keyboard.press("Escape")
        page.keyboard.press("Escape")
        expect(page.locator(".settings-button")).to_be_hidden()
        for view in VIEWS:
            visit(page, view)
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
        visit(page, view)
        look(page, f"forced-{view}")
        assert violations(page) == [], view


@pytest.mark.parametrize(
    ("scheme", "language", "forced"),
    [
        ("light", "es", False),
        pytest.param("dark", "ja", False, marks=SLOW),
        ("dark", "de", True),
    ],
)
def test_what_opens_over_a_view_is_accessible(
    open_page: OpenPage, scheme: str, language: str, forced: bool
) -> None:
    page = open_page(scheme=scheme, language=language, forced=forced)

    def judge(what: str) -> None:
        expect(page.locator(f"{what}:visible").first).to_be_visible()
        look(page, f"open{what.replace(' ', '')}-{scheme}-{language}", whole=False)
        assert violations(page) == [], what

    def close() -> None:
        page.keyboard.press("Escape")

    expect(page.locator(".composer .button-primary")).to_be_enabled()
    assert page.locator(".model-button").evaluate("one => one.scrollWidth <= one.clientWidth")
    page.locator(".settings-button").click()
    judge(".settings")
    close()
    page.locator("textarea").first.fill("a fox")
    page.locator("details.more summary").click()
    judge("details.more")
    page.locator("details.more .button-quiet").last.click()
    judge(".dialog")
    close()
    page.locator(".model-button").click()
    judge(".model-list")
    close()
    with page.expect_response("**/examples/styles.webp"):
        page.locator(".style-button").click()
    judge(".style-picture")
    close()
    for prompt in ("a fox [[quota]]", "a fox"):
        page.locator("textarea").first.fill(prompt)
        page.locator("textarea").first.press("Control+Enter")
        if "quota" in prompt:
            judge(".failure")
    finished(newest(page))
    page.locator(".result [popovertarget]").first.click()
    judge(".menu")
    close()
    page.locator(".tray .open").click()
    judge(".viewer")
    page.keyboard.press("i")
    judge(".viewer-info")
    close()
    page.locator("nav a[href='#gallery']").click()
    page.locator("main .tools > [popovertarget]").first.click()
    judge(".confirm")
    close()
    page.locator(".shelf button").first.click()
    judge(".viewer")
    page.keyboard.press("Delete")
    judge(".undo")


def test_a_phones_settings_and_the_lists_within_them_are_accessible(open_page: OpenPage) -> None:
    page = open_page(width=360, touch=True, scheme="dark")
    expect(page.locator(".composer .button-primary")).to_be_enabled()
    page.locator(".composer-settings").click()
    assert violations(page) == []
    for button, shown in ((".style-button", ".style-picture"), (".model-button", ".model-name")):
        page.locator(button).click()
        expect(page.locator(f".model-list {shown}").first).to_be_visible()
        look(page, f"phone{button}", whole=False)
        assert violations(page) == [], button
        page.keyboard.press("Escape")
