"""The page in headless Chromium, used as a person would use it."""

import re
from collections.abc import Iterator

import httpx
import pytest
from playwright.sync_api import Browser, Page, expect

from tests.e2e.stack import Stack
from tests.support.pages import look, violations
from tests.support.spaces import eventually

PICTURE_LIMIT_MS = 30_000


@pytest.fixture(params=[(1280, "light"), (1280, "dark"), (360, "dark")], ids=str)
def view(request: pytest.FixtureRequest) -> tuple[int, str]:
    width, scheme = request.param
    return width, scheme


@pytest.fixture
def page(browser: Browser, stack: Stack) -> Iterator[Page]:
    """The page, opened; whatever the console complains of fails the test."""
    yield from opened(browser, stack, 1280, "light")


def opened(browser: Browser, stack: Stack, width: int, scheme: str) -> Iterator[Page]:
    context = browser.new_context(
        viewport={"width": width, "height": 900},
        color_scheme="dark" if scheme == "dark" else "light",
    )
    page = context.new_page()
    complaints: list[str] = []
    page.on("console", lambda line: complaints.append(line.text) if line.type == "error" else None)
    page.on("pageerror", lambda error: complaints.append(str(error)))
    page.goto(stack.url)
    expect(page.get_by_role("combobox", name="Model")).to_contain_text("Z-Image Turbo")
    yield page
    context.close()
    # A refusal that the page shows is logged by Chromium itself, in words of its own.
    assert [text for text in complaints if not text.startswith("Failed to load resource")] == []


def ask(page: Page, prompt: str, model: str = "FLUX.1 Schnell") -> None:
    page.get_by_role("textbox", name="Prompt").fill(prompt)
    page.get_by_role("combobox", name="Model").select_option(label=model)
    page.get_by_role("button", name="Generate").click()


def test_a_person_makes_a_picture_and_watches_it(
    browser: Browser, stack: Stack, view: tuple[int, str]
) -> None:
    width, scheme = view
    for page in opened(browser, stack, width, scheme):
        page.evaluate(
            """() => {
              window.seen = { words: [], values: [] };
              const note = () => {
                seen.words.push(document.getElementById("status-text").textContent);
                seen.values.push(document.getElementById("progress").value);
              };
              new MutationObserver(note).observe(
                document.querySelector("main"),
                { subtree: true, childList: true, characterData: true, attributes: true },
              );
            }"""
        )
        ask(page, "a lighthouse at dusk [[steps:60]]")
        expect(page.get_by_role("progressbar", name="Progress")).to_be_visible()
        expect(page.get_by_text(re.compile(r"Step \d+ of 60")).first).to_be_visible()
        look(page, f"watching-{scheme}")
        picture = page.get_by_role("img", name="a lighthouse at dusk")
        expect(picture).to_be_visible(timeout=PICTURE_LIMIT_MS)
        assert picture.evaluate("image => image.naturalWidth") == 1024
        look(page, f"finished-{scheme}")
        words = page.evaluate("seen.words")
        values = [value for value in page.evaluate("seen.values") if value]
        assert any(text.startswith("Queued") for text in words)
        assert len({text for text in words if text.startswith("Step")}) > 5
        assert len(set(values)) > 5
        assert values == sorted(values)
        assert violations(page) == []


def test_the_picker_offers_every_model_that_paints_from_words(page: Page, stack: Stack) -> None:
    names = page.get_by_role("combobox", name="Model").locator("option").all_inner_texts()
    assert names[:6] == [
        "Z-Image Turbo",
        "Z-Image",
        "Qwen Image Fast",
        "Ovis Image",
        "FLUX.1 Schnell",
        "Qwen Image",
    ]
    rows = httpx.get(f"{stack.url}/v1/models?type=image", timeout=30).json()["data"]
    painters = [row for row in rows if "generate" in row["capabilities"]["operations"]]
    assert sorted(names) == sorted(row["name"] for row in painters)


def test_a_failure_says_what_happened_and_shows_the_request_id(page: Page) -> None:
    ask(page, "a cat [[quota]]")
    card = page.get_by_role("alert")
    expect(card).to_contain_text("quota")
    expect(card).to_contain_text(re.compile(r"req_[0-9a-f]{32}"))
    look(page, "failure")
    assert violations(page) == []


def test_cancel_takes_the_job_back(page: Page, stack: Stack) -> None:
    stack.spaces.forget()
    ask(page, "never finished [[steps:1000]]")
    expect(page.get_by_text(re.compile(r"Step \d+ of")).first).to_be_visible()
    page.get_by_role("button", name="Cancel").click()
    expect(page.get_by_text("Cancelled").first).to_be_visible()
    eventually(lambda: stack.spaces.log("/cancel"))
    expect(page.get_by_role("button", name="Generate")).to_be_enabled()


def test_the_keyboard_alone_is_enough(page: Page) -> None:
    page.get_by_role("textbox", name="Prompt").focus()
    page.keyboard.type("a fox")
    page.keyboard.press("Control+Enter")
    expect(page.get_by_role("img", name="a fox")).to_be_visible(timeout=PICTURE_LIMIT_MS)


def test_a_picture_that_came_as_text_is_shown_too(page: Page) -> None:
    ask(page, "a shop sign", "Qwen Image")
    expect(page.get_by_role("img", name="a shop sign")).to_be_visible(timeout=PICTURE_LIMIT_MS)


def test_the_page_asks_nobody_but_its_own_gateway(browser: Browser, stack: Stack) -> None:
    context = browser.new_context()
    page = context.new_page()
    asked: list[str] = []
    page.on("request", lambda request: asked.append(request.url))
    page.goto(stack.url, wait_until="networkidle")
    context.close()
    assert asked
    assert [url for url in asked if not url.startswith((stack.url, "blob:", "data:"))] == []
