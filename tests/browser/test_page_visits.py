"""The folded page: what a first and a second visit ask for, and what is there before any script."""

import re
import shutil
from collections.abc import Iterator
from pathlib import Path

import pytest
from playwright.sync_api import Browser, Page, Route, expect

from local.fold import fold
from local.static_server import Site, serving
from tests.browser.conftest import OpenPage
from tests.browser.person import finished, generate
from tests.e2e.stack import Stack
from tests.support.pages import look
from tests.support.spaces import eventually

API = ("/v1/", "/api/", "/health")
_KEPT = """async () => {
  await navigator.serviceWorker.ready;
  const pages = await Promise.all((await caches.keys()).map(async (name) => (await caches.open(name)).match("/")));
  return pages.filter(Boolean).length;
}"""


@pytest.fixture(scope="module")
def folded(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("folded") / "public"
    fold(folder)
    return folder


@pytest.fixture
def site(folded: Path, stack: Stack, tmp_path: Path) -> Iterator[Site]:
    folder = tmp_path / "public"
    shutil.copytree(folded, folder)
    with serving(folder, stack.url) as site:
        yield site


def files_of(site: Site) -> list[str]:
    return [path for path, _ in site.requests if not path.startswith(API)]


def hold(held: list[Route], route: Route) -> None:
    """Leave a request without an answer for now. Playwright takes no method of a list itself."""
    held.append(route)


def is_kept(page: Page, releases: int = 1) -> None:
    eventually(lambda: page.evaluate(_KEPT) == releases)


def hold_scripts(page: Page) -> list[Route]:
    """Keep the page's own code from coming; what is asked for is returned."""
    held: list[Route] = []

    def hold(route: Route) -> None:
        held.append(route)

    page.route("**/scripts/main.js", hold)
    return held


def test_a_second_visit_asks_for_the_document_alone(open_page: OpenPage, site: Site) -> None:
    page = open_page(site=site.url)
    expect(page.locator(".composer .button-primary")).to_be_enabled()
    assert len([path for path in files_of(site) if path.startswith("/r/")]) <= 4
    is_kept(page)
    page.goto("about:blank")
    site.requests.clear()
    page.goto(site.url)
    expect(page.locator(".composer .button-primary")).to_be_enabled()
    for view in ("Edit", "Gallery"):
        page.get_by_role("navigation").get_by_role("link", name=view).click()
        expect(page.get_by_role("main")).not_to_be_empty()
    eventually(lambda: "/" in files_of(site))
    assert set(files_of(site)) - {"/sw.js"} == {"/"}  # sw.js is the browser's own wish


def test_a_new_release_is_there_at_the_next_visit_but_one(open_page: OpenPage, site: Site) -> None:
    page = open_page(site=site.url)
    is_kept(page)
    document = site.folder / "index.html"
    text = document.read_text("utf-8")
    found = re.search(r'data-release="(\w+)"', text)
    assert found
    release = page.locator("html").get_attribute("data-release")
    (site.folder / "r" / found[1]).rename(site.folder / "r/newer")
    document.write_text(text.replace(found[1], "newer"), "utf-8")
    page.reload()
    expect(page.locator("html")).to_have_attribute("data-release", str(release))
    page.get_by_role("link", name="Layers").click()  # is of the release that is open
    expect(page.get_by_text("The layers of your picture appear here.")).to_be_visible()
    is_kept(page, releases=2)
    page.reload()
    expect(page.locator("html")).to_have_attribute("data-release", "newer")
    expect(page.get_by_text("The layers of your picture appear here.")).to_be_visible()


def test_what_is_typed_before_the_scripts_are_there_stays(browser: Browser, site: Site) -> None:
    context = browser.new_context(service_workers="block", locale="de-DE")
    slow = context.new_page()
    held = hold_scripts(slow)
    slow.goto(site.url, wait_until="commit")
    box = slow.get_by_role("textbox", name="Bildbeschreibung")
    box.press_sequentially("ein Leuchtturm am")
    expect(slow.get_by_role("button", name="Erzeugen")).to_be_visible()
    look(slow, "first-paint")
    assert held
    held[0].continue_()
    expect(slow.locator(".composer .button-primary")).to_be_enabled()
    slow.keyboard.type(" Abend")
    expect(box).to_have_value("ein Leuchtturm am Abend")
    context.close()


def test_the_models_come_beside_the_scripts_and_once(browser: Browser, site: Site) -> None:
    context = browser.new_context(service_workers="block", locale="en-GB")
    page = context.new_page()
    held = hold_scripts(page)
    page.goto(site.url, wait_until="commit")
    expect(page.get_by_role("textbox", name="Prompt")).to_be_visible()
    eventually(lambda: "/v1/models" in [path for path, _ in site.requests])
    held[0].continue_()
    expect(page.locator(".composer .button-primary")).to_be_enabled()
    expect(page.get_by_role("button", name=re.compile("^Model Auto"))).to_be_visible()
    asked = [path for path, _ in site.requests]
    assert (asked.count("/v1/models"), asked.count("/health")) == (1, 1)
    context.close()


def test_words_are_loaded_for_the_language_that_is_read_alone(
    open_page: OpenPage, site: Site
) -> None:
    page = open_page(language="ja", site=site.url)
    expect(page.get_by_role("button", name="生成")).to_be_visible()
    assert page.locator("html").get_attribute("lang") == "ja"
    words = {Path(path).name for path in files_of(site) if "/words/" in path}
    assert words == {"ja.json"}


def test_the_theme_is_a_choice_that_is_there_before_the_first_paint(
    open_page: OpenPage, site: Site
) -> None:
    page = open_page(site=site.url)
    ground = "getComputedStyle(document.documentElement).backgroundColor"
    light = page.evaluate(ground)
    page.get_by_role("button", name="Settings").click()
    page.get_by_text("Dark", exact=True).click()
    dark = page.evaluate(ground)
    assert dark != light
    look(page, "settings-dark")
    other = page.context.new_page()
    hold_scripts(other)
    other.goto(site.url, wait_until="commit")
    expect(other.get_by_role("textbox", name="Prompt")).to_be_visible()
    assert other.evaluate(ground) == dark
    other.close()


def test_pictures_stay_blurred_until_each_is_asked_for(open_page: OpenPage) -> None:
    page = open_page()
    page.get_by_role("button", name="Settings").click()
    page.get_by_label("Blur pictures until I ask to see them").check()
    page.keyboard.press("Escape")
    finished(generate(page, "a fox"))
    veil = page.get_by_role("button", name="Show the picture")
    expect(veil).to_be_visible()
    look(page, "veiled")
    veil.click()
    expect(veil).to_be_hidden()
    page.reload()
    page.get_by_role("link", name="Gallery").click()
    page.locator(".shelf button").first.click()
    viewer = page.get_by_role("dialog")
    expect(viewer.get_by_role("button", name="Show the picture")).to_be_visible()
    look(page, "veiled-viewer")
    viewer.get_by_role("button", name="Show the picture").click()
    expect(veil).to_be_hidden()
    expect(viewer.locator(".viewer-frame")).to_be_focused()
    page.keyboard.press("Escape")
    expect(viewer).to_be_hidden()
    blurred = "element => getComputedStyle(element).filter"
    assert "blur" in page.locator(".shelf img").first.evaluate(blurred)
    page.get_by_role("link", name="Create").click()
    assert "blur" in page.locator(".film img").first.evaluate(blurred)


def test_styles_are_named_and_found_in_chinese(open_page: OpenPage) -> None:
    page = open_page(language="zh")
    style = page.get_by_role("button", name="风格")
    style.click()
    dialog = page.get_by_role("dialog", name="选择风格")
    search = dialog.get_by_role("searchbox", name="搜索")
    search.fill("水墨")
    expect(dialog.get_by_role("radio")).to_have_count(1)
    search.press("Enter")
    expect(style).to_have_text("水墨")
    expect(page.get_by_text("笔、水与留白")).to_be_visible()
    style.click()
    search.fill("ink")  # by its English name too
    expect(dialog.get_by_role("radio", name="水墨")).to_be_checked()


def test_a_prompt_runs_in_the_direction_of_its_letters(open_page: OpenPage) -> None:
    page = open_page()
    job = generate(page, "منارة عند الغروب")
    direction = "element => getComputedStyle(element).direction"
    assert page.get_by_role("textbox", name="Prompt", exact=True).evaluate(direction) == "rtl"
    assert job.locator(".job-prompt").evaluate(direction) == "rtl"
    assert job.locator(".job-model").evaluate(direction) == "ltr"
    finished(job)
    page.get_by_role("link", name="Gallery").click()
    assert page.locator(".shelf button > span").first.evaluate(direction) == "rtl"


def test_without_models_the_field_does_not_go_on_saying_that_it_loads_them(
    open_page: OpenPage,
) -> None:
    page = open_page()
    page.context.route("**/v1/models", lambda route: route.abort())
    page.evaluate("localStorage.clear()")  # those of the last visit
    page.reload()
    expect(page.get_by_role("alert")).to_be_visible()
    expect(page.get_by_role("button", name="Model No models")).to_be_visible()


def test_a_key_keeps_its_name_when_it_is_counted(open_page: OpenPage) -> None:
    page = open_page("keys")
    field = page.get_by_role("group", name="OpenAI", exact=True).locator("input")
    field.fill("sk-one,sk-two")
    expect(field).to_have_accessible_name("OpenAI")
    expect(field).to_have_accessible_description(re.compile(r"^2 keys"))


def test_words_of_others_come_in_a_frame_of_the_readers_language(open_page: OpenPage) -> None:
    page = open_page(language="de")
    page.get_by_role("textbox", name="Bildbeschreibung").fill("a fox [[quota]]")
    page.get_by_role("button", name="Erzeugen").click()
    card = page.get_by_role("alert")
    expect(card).to_contain_text("Der Dienst meldet:")
    expect(card.locator("[lang=en]")).not_to_be_empty()
