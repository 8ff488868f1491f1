"""Clicks, seconds and scrolls of journeys over the page: `python -m bench.journeys`.

Each begins as a reader who was never there, on the stand-in stack, whose models paint at once; so
the seconds are the page's own and those of the browser that drives it, not a painter's. A click is
a press of the mouse or of a key that acts (Enter, Ctrl + Enter); text and paint are not counted. A
scroll is told in pixels: how far the page moved by itself or had to be moved.
"""

import shutil
import tempfile
import time
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path

from playwright.sync_api import Browser, Locator, Page, expect, sync_playwright

from local.browser import find_chromium
from local.processes import free_port, free_ports
from local.stack import API_SETTINGS, Plan, running

PATIENCE_MS = 60_000
DESK, PHONE = (1280, 800), (360, 740)
_WATCH_SCROLLS = """
window.scrolled = 0;
let last = 0;
addEventListener("scroll", () => { scrolled += Math.abs(scrollY - last); last = scrollY; });
"""


@dataclass(slots=True)
class Journey:
    """One journey: what was pressed, and since when."""

    page: Page
    clicks: int = 0
    begun: float = field(default_factory=time.perf_counter)

    def click(self, what: Locator) -> None:
        """Press something."""
        self.clicks += 1
        what.click()

    def press(self, key: str) -> None:
        """Press a key that acts."""
        self.clicks += 1
        self.page.keyboard.press(key)

    def picture(self, prompt: str) -> None:
        """Wait for the picture of the newest job, which is of that prompt."""
        newest = self.page.get_by_role("article").first
        expect(newest.locator(".job-prompt")).to_contain_text(prompt)
        expect(newest.get_by_role("link", name="Download")).to_be_visible(timeout=PATIENCE_MS)

    def follow_link(self, model: str) -> None:
        """Have a model chosen by a link, which costs nothing: one that tells of its steps."""
        self.page.evaluate("model => { location.hash = `create?model=${model}`; }", model)
        expect(self.page.locator(".model-name")).not_to_contain_text("Auto")

    def choose(self, model: str) -> None:
        """Choose a model by its name."""
        self.click(self.page.get_by_role("button", name="Model", exact=False).first)
        self.page.get_by_role("searchbox", name="Search").last.fill(model)
        self.press("Enter")


@dataclass(frozen=True, slots=True)
class Cost:
    """The cost of a journey to a person."""

    what: str
    clicks: int
    seconds: float
    scrolled: int


def first_picture(journey: Journey) -> None:
    """First visit, first picture, by a prompt of one's own."""
    journey.page.keyboard.type("a lighthouse at dusk")
    journey.press("Control+Enter")
    journey.picture("a lighthouse at dusk")


def first_idea(journey: Journey) -> None:
    """First visit, first picture, by an example."""
    journey.click(journey.page.locator(".ideas button").first)
    journey.picture("lighthouse")


def four_and_stop(journey: Journey) -> None:
    """Four at once, and stopped."""
    page = journey.page
    journey.follow_link("flux-1-schnell")
    page.keyboard.type("a fox [[steps:1000]]")
    journey.click(page.get_by_role("group", name="Pictures").get_by_text("4", exact=True))
    journey.click(page.get_by_role("button", name="Generate"))
    stop = page.get_by_role("article").first.get_by_role("button", name="Cancel", exact=True)
    expect(stop).to_be_in_viewport(ratio=1)
    journey.click(stop)
    expect(page.get_by_text("Cancelled after").first).to_be_visible()


def edit_a_part(journey: Journey) -> None:
    """From a picture to one of which a part was changed."""
    page = journey.page
    actions = page.get_by_role("article").first
    journey.click(actions.get_by_role("button", name="Edit", exact=True))
    canvas = page.locator("canvas")
    expect(page.get_by_text("Nothing is painted")).to_be_visible()
    box = canvas.bounding_box()
    assert box
    page.mouse.move(box["x"] + 40, box["y"] + 40)
    page.mouse.down()
    page.mouse.move(box["x"] + 140, box["y"] + 60, steps=4)
    page.mouse.up()
    journey.click(page.get_by_role("button", name="Switch to"))
    page.get_by_role("textbox", name="What to change").fill("a moon")
    journey.click(page.get_by_role("button", name="Edit the picture"))
    journey.picture("a moon")


def enlarge(journey: Journey) -> None:
    """From a picture to the same four times as wide."""
    journey.click(journey.page.get_by_role("article").first.get_by_role("button", name="Upscale"))
    expect(journey.page.get_by_text("4096 × 4096")).to_be_visible(timeout=PATIENCE_MS)


def take_apart(journey: Journey) -> None:
    """From a picture to its layers."""
    page = journey.page
    journey.click(page.get_by_role("article").first.get_by_role("button", name="More actions"))
    journey.click(page.get_by_role("button", name="Take apart"))
    journey.click(page.get_by_role("button", name="Take apart", exact=True).last)
    expect(page.get_by_role("group", name="Layer 1")).to_be_visible(timeout=PATIENCE_MS)


def compare_four(journey: Journey) -> None:
    """One prompt on four models."""
    page = journey.page
    journey.click(page.get_by_role("link", name="Compare", exact=True))
    for _ in range(2):
        journey.click(page.get_by_role("button", name="Add a model"))
    page.get_by_role("textbox", name="Prompt").fill("a heron")
    journey.click(page.get_by_role("button", name="Compare", exact=True))
    done = page.locator(".round").first.get_by_role("link", name="Download")
    expect(done).to_have_count(4, timeout=PATIENCE_MS)


def find_again(journey: Journey) -> None:
    """A kept picture found again, and its settings taken over."""
    page = journey.page
    journey.click(page.get_by_role("link", name="Gallery"))
    page.get_by_role("searchbox").fill("lighthouse")
    journey.click(page.locator(".shelf button").first)
    page.locator(".viewer-frame:focus").wait_for()
    journey.press("i")
    journey.click(page.get_by_role("button", name="Reuse settings"))
    expect(page.get_by_role("textbox", name="Prompt")).to_have_value("a lighthouse")


def recover(journey: Journey) -> None:
    """From a model whose quota is used up to a picture of another."""
    page = journey.page
    journey.choose("flux schnell hugging")
    page.get_by_role("textbox", name="Prompt").fill("a cat [[quota]]")
    journey.click(page.get_by_role("button", name="Generate"))
    journey.click(page.get_by_role("button", name="Try with"))
    expect(page.get_by_role("article").first).not_to_contain_text("FLUX.1 Schnell")


def reload_in_between(journey: Journey) -> None:
    """The page loaded again while a job runs, until its picture is there."""
    page = journey.page
    journey.follow_link("flux-1-schnell")
    page.keyboard.type("kept [[steps:100]]")
    journey.press("Control+Enter")
    expect(page.get_by_role("article").first).to_contain_text("Step", timeout=PATIENCE_MS)
    page.reload()
    journey.picture("kept")


def change_a_word(journey: Journey) -> None:
    """A second picture with another word."""
    page = journey.page
    page.get_by_role("textbox", name="Prompt").fill("a lighthouse at dawn")
    journey.click(page.get_by_role("button", name="Generate"))
    journey.picture("a lighthouse at dawn")


JOURNEYS: tuple[tuple[Callable[[Journey], None], tuple[int, int], bool], ...] = (
    (first_picture, DESK, False),
    (first_idea, DESK, False),
    (four_and_stop, DESK, False),
    (edit_a_part, DESK, True),
    (enlarge, DESK, True),
    (take_apart, DESK, True),
    (compare_four, DESK, False),
    (find_again, DESK, True),
    (recover, DESK, False),
    (reload_in_between, DESK, False),
    (first_picture, PHONE, False),
    (change_a_word, PHONE, True),
)


def measure_journeys() -> list[Cost]:
    """Measure each journey once, on the page as `make dev` serves it."""
    where = Path(tempfile.mkdtemp(prefix="bench-journeys-"))
    ports = free_ports(len(API_SETTINGS) + 1)
    plan = Plan(port=free_port(), upstream_port=ports, state=where / "state", logs=where)
    try:
        with running(plan), sync_playwright() as playwright:
            chromium = find_chromium()
            browser = playwright.chromium.launch(
                executable_path=chromium, args=["--no-sandbox", "--disable-gpu"]
            )
            _measure(browser, plan.url, first_picture, DESK, False)  # the Worker is awake
            costs = [_measure(browser, plan.url, *journey) for journey in JOURNEYS]
            browser.close()
            return costs
    finally:
        shutil.rmtree(where)


def _measure(
    browser: Browser,
    url: str,
    travel: Callable[[Journey], None],
    size: tuple[int, int],
    with_picture: bool,
) -> Cost:
    """Travel once; `with_picture`: one was painted before."""
    width, height = size
    context = browser.new_context(
        viewport={"width": width, "height": height},
        locale="en-GB",
        has_touch=width < DESK[0],
        reduced_motion="reduce",
    )
    context.add_init_script(_WATCH_SCROLLS)
    page = context.new_page()
    begun = time.perf_counter()
    page.goto(url)
    page.get_by_role("button", name="Generate", disabled=False).wait_for()
    journey = Journey(page, begun=begun)
    page.get_by_role("textbox", name="Prompt").focus()
    if with_picture:
        page.keyboard.type("a lighthouse")
        page.keyboard.press("Control+Enter")
        journey.picture("a lighthouse")
        page.evaluate("window.scrolled = 0")
        journey = Journey(page)
    travel(journey)
    seconds = time.perf_counter() - journey.begun
    scrolled: int = page.evaluate("Math.round(scrolled)")
    context.close()
    what = (travel.__doc__ or "").rstrip(".") + (", on a phone" if size == PHONE else "")
    return Cost(what, journey.clicks, seconds, scrolled)


if __name__ == "__main__":
    for cost in measure_journeys():
        print(f"{cost.what:70} {cost.clicks:2} clicks {cost.seconds:5.1f} s {cost.scrolled:5} px")
