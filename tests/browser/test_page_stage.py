"""The first screen, the composer and the stage, and the page on a phone."""

import json
import re
from pathlib import Path
from typing import Any

import pytest
from playwright.sync_api import Locator, Page, Request, Route, expect

from tests.browser.conftest import OpenPage
from tests.browser.person import (
    PICTURE_LIMIT_MS,
    choose_model,
    choose_style,
    finished,
    generate,
    menu,
    newest,
    write,
)
from tests.support.pages import look, violations
from tests.support.pictures import picture
from tests.support.slow import slow, slow_but
from tests.support.spaces import eventually

WORDS = Path(__file__).parents[2] / "public/words"
EXAMPLES = json.loads((WORDS / "examples.json").read_text("utf-8"))
PROMPTS = {
    language: json.loads((WORDS / f"{language}.json").read_text("utf-8"))["examples"]
    for language in json.loads((WORDS / "languages.json").read_text("utf-8"))
}
FOX = next(example for example in EXAMPLES if example["id"] == "fox")
FOX_PROMPT = PROMPTS["en"]["fox"]
SLOW = "[[steps:1000]]"
PAINTS = "/v1/images/generations"

_SMALL = """() => [...document.querySelectorAll(
  "button, a:not(p a), summary, select, textarea, input:not(.visually-hidden, .check input), .check, .chip span",
)].filter((element) => element.checkVisibility() && element.getBoundingClientRect().height < 44)
  .map((element) => element.outerHTML.slice(0, 90))"""
_SHARING = """
navigator.canShare = () => true;
navigator.share = async ({ files }) => { window.shared = files.map(({ name }) => name); };
"""
_UNSEEN = """
Object.defineProperty(document, "hidden", { get: () => true });
Object.defineProperty(Notification, "permission", { get: () => "default" });
Notification.requestPermission = async () => { window.asked = true; return "granted"; };
"""
_LONG_JOB = """async () => {
  const [{ Job }, { jobs }] = await Promise.all(["job", "jobs"].map((name) => import(`/scripts/state/${name}.js`)));
  const job = new Job({ operation: "generate", model: "m", prompt: "p", parameters: {} }, {}, "layers");
  jobs.value = [job];
  job.stage.value = "done";
  job.took.value = 21;
}"""
_SHARE = """async (bytes) => {
  const form = new FormData();
  form.append("image", new File([new Uint8Array(bytes)], "shared.png", { type: "image/png" }));
  await fetch("/share", { method: "POST", body: form, redirect: "manual" });
}"""


TURBO = "?model=z-image-turbo"  # which tells of its steps


def model_known(page: Page, name: str = "Auto") -> None:
    expect(page.locator(".model-name, .composer-settings").first).to_have_text(re.compile(name))


def idea(page: Page, prompt: str) -> Locator:
    return page.locator(".ideas").get_by_role("button", name=prompt)


def box(locator: Locator) -> Any:
    found = locator.bounding_box()
    assert found is not None
    return found


def test_the_first_screen_is_full_of_pictures_and_a_click_paints_one(open_page: OpenPage) -> None:
    page = open_page(height=800)
    model_known(page)
    expect(page.get_by_role("heading", name="What shall we paint?")).to_be_visible()
    expect(page.get_by_text("Free, no account. Pictures stay in your browser.")).to_be_visible()
    pictures = page.locator(".ideas img")
    expect(pictures).to_have_count(12)
    eventually(
        lambda: set(pictures.evaluate_all("all => all.map((one) => one.naturalWidth)")) == {384}
    )
    prompt = page.get_by_role("textbox", name="Prompt")
    expect(prompt).to_be_focused()
    prompts = PROMPTS["en"].values()
    assert prompt.get_attribute("placeholder") in prompts
    page.get_by_role("button", name="Surprise me").click()
    assert prompt.input_value() in prompts
    look(page, "ideas", whole=False)
    assert violations(page) == []

    idea(page, PROMPTS["en"]["lighthouse"]).click(modifiers=["Shift"])
    expect(prompt).to_have_value(PROMPTS["en"]["lighthouse"])
    expect(page.get_by_role("radio", name="3:2")).to_be_checked()
    expect(page.get_by_role("article")).to_have_count(0)
    with page.expect_request("**/v1/images/generations") as requested:
        idea(page, FOX_PROMPT).click()
    body = json.loads(requested.value.post_data or "null")
    assert (body["seed"], body["size"]) == (FOX["seed"], "1024x1024")
    assert body["prompt"].startswith(FOX_PROMPT + "\n\n")
    finished(newest(page))
    page.locator(".film").get_by_role("button", name="Ideas").click()
    expect(idea(page, FOX_PROMPT).locator("img")).to_have_attribute("src", re.compile("^blob:"))
    assert page.locator(".ideas img[src^=examples]").count() == 11
    page.locator(".film").get_by_role("button", name=FOX_PROMPT).click()
    expect(page.get_by_role("img", name=FOX_PROMPT)).to_be_visible()


@pytest.mark.parametrize("language", ["ja", "es", "de"])
def test_examples_and_their_placeholder_speak_the_readers_language(
    open_page: OpenPage, language: str
) -> None:
    page = open_page(language=language)
    expect(page.locator(".ideas b")).to_have_text(list(PROMPTS[language].values()))
    prompt = page.locator(".composer textarea").first
    assert prompt.get_attribute("placeholder") in PROMPTS[language].values()
    page.locator(".ideas button").first.click(modifiers=["Shift"])
    expect(prompt).to_have_value(PROMPTS[language]["lighthouse"])


def test_edit_is_tried_on_a_sample_picture(open_page: OpenPage) -> None:
    page = open_page("edit")
    expect(page.get_by_text("Qwen Image Edit")).to_be_visible()
    page.get_by_role("button", name="Add snow").click(modifiers=["Shift"])
    expect(page.get_by_role("textbox", name="What to change")).to_have_value("Add snow")
    page.get_by_role("button", name="Remove picture 1").click()
    page.get_by_role("button", name="Make it night").click()
    job = newest(page)
    finished(job)
    expect(job.get_by_role("img", name="Make it night")).to_be_visible()


def test_the_composer_fits_a_small_window_and_all_else_is_folded_away(open_page: OpenPage) -> None:
    page = open_page(height=720)
    model_known(page)
    name, field = page.locator(".model-name"), page.locator(".model-button")
    assert box(name)["x"] + box(name)["width"] < box(field)["x"] + box(field)["width"]
    choose_model(page, "z-image-turbo")
    choose_style(page, "aerial view")
    button = box(page.get_by_role("button", name="Generate"))
    folded = page.locator("details.more")
    assert box(folded)["y"] + box(folded)["height"] <= button["y"]
    assert button["y"] + button["height"] <= 720
    expect(page.get_by_title("1024 × 1024")).to_be_visible()
    expect(page.get_by_role("spinbutton", name="Steps")).to_be_hidden()
    folded.locator("summary").click()
    expect(page.get_by_role("spinbutton", name="Seed")).to_have_attribute("placeholder", "random")
    page.get_by_role("spinbutton", name="Seed").fill("7")
    page.get_by_role("spinbutton", name="Steps").fill("5")
    expect(folded.locator("summary")).to_have_text("More Seed 7 · Steps 5")
    page.reload()
    expect(page.get_by_role("spinbutton", name="Steps")).to_be_visible()


@pytest.mark.parametrize(
    ("width", "height"),
    slow_but([(1280, 800), (360, 740)], [(1280, 800), (1440, 900), (768, 1024), (360, 740)]),
)
def test_status_bar_and_stop_are_in_view_when_a_job_begins(
    open_page: OpenPage, width: int, height: int
) -> None:
    page = open_page(link=TURBO, width=width, height=height)
    model_known(page, "Z-Image Turbo")
    finished(generate(page, "a heron"))
    page.evaluate("scrollTo(0, 9999)")
    if width > 640:
        page.get_by_role("group", name="Pictures").get_by_text("4", exact=True).click()
    job = generate(page, f"a fox {SLOW}")
    expect(job.get_by_text(re.compile("Step|Queued|1 of|0 of")).first).to_be_visible()
    expect(job.locator(".status-line")).to_be_in_viewport(ratio=1)
    expect(job.get_by_role("progressbar")).to_be_in_viewport()
    expect(job.locator(".tray").first).to_be_in_viewport(ratio=0.9)
    assert (
        box(job.locator("figcaption").first)["height"] < 72
    )  # the room of one line of facts, and of one of buttons
    expect(job.get_by_role("button", name="Cancel", exact=True)).to_be_in_viewport(ratio=1)
    if width != 768:  # where the composer is above the stage, and Cancel is what is at hand
        stop = page.get_by_role("button", name=re.compile("^Painting.*Stop$"))
        expect(stop).to_be_in_viewport(ratio=1)
    look(page, "stage-running", whole=False)
    page.keyboard.press("Escape")
    expect(job.get_by_text("Cancelled after")).to_be_visible()
    expect(job.get_by_role("progressbar")).to_have_count(0)


def test_generate_becomes_stop_and_a_double_click_stops_nothing(open_page: OpenPage) -> None:
    page = open_page(link=TURBO)
    model_known(page, "Z-Image Turbo")
    page.get_by_role("group", name="Pictures").get_by_text("2", exact=True).click()
    write(page, f"a fox {SLOW}")
    page.get_by_role("button", name="Generate").dblclick()
    stop = page.get_by_role("button", name="Painting 1 of 2 · Stop")
    expect(stop).to_be_visible()
    expect(page).to_have_title("● 1 of 2 – Darkroom")  # noqa: RUF001
    expect(page.get_by_role("button", name=re.compile("^a fox"))).to_have_count(1)
    expect(newest(page).locator(".clock")).not_to_have_text("0 s")  # a click so late is meant
    page.get_by_role("button", name="Paint this too").click()
    expect(page.locator(".film").get_by_role("button", name=re.compile("^a fox"))).to_have_count(2)
    expect(newest(page).locator(".clock")).not_to_have_text("0 s")
    stop.click()
    expect(newest(page).get_by_text("Cancelled after")).to_be_visible()
    page.locator(".film").get_by_role("button", name=re.compile("^a fox")).nth(1).click()
    newest(page).get_by_role("button", name="Cancel", exact=True).click()
    expect(page).to_have_title("Create – Darkroom")  # noqa: RUF001
    page.get_by_role("link", name="Gallery").click()
    expect(page).to_have_title("Gallery – Darkroom")  # noqa: RUF001


def test_a_picture_has_few_strong_actions_and_the_others_in_a_menu(open_page: OpenPage) -> None:
    page = open_page(script=_SHARING, height=800)
    job = generate(page, "a shop sign", "z-image-turbo")
    finished(job)
    bar = job.get_by_role("group", name="This picture")
    names = bar.locator(".button").evaluate_all(
        "all => all.map((one) => one.getAttribute('aria-label'))"
    )
    assert names == ["Download", "Vary", "Upscale", "Edit", "More actions"]
    seed = job.locator(".seed-used").inner_text()
    job.locator("button.facts-line").click()
    expect(job.locator("button.facts-line")).to_have_text("Copied.")
    assert page.evaluate("navigator.clipboard.readText()") == seed
    opened = menu(job)
    assert opened.get_by_role("button").all_inner_texts() == [
        "Copy picture", "Share", "Copy link", "Copy as…", "Full size", "Reuse settings",
        "Use as reference", "Take apart", "Compare with…", "Delete",
    ]  # fmt: skip
    look(page, "menu", whole=False)
    assert violations(page) == []
    opened.get_by_role("button", name="Share").click()
    assert page.evaluate("shared")[0].startswith("darkroom-")
    menu(job).get_by_role("button", name="Use as reference").click()
    expect(page.get_by_role("figure").get_by_role("img", name="Picture 1")).to_be_visible()
    page.go_back()
    menu(newest(page)).get_by_role("button", name="Compare with…").click()
    expect(page.get_by_role("textbox", name="Prompt")).to_have_value("a shop sign")
    expect(page.get_by_role("spinbutton", name="Seed")).to_have_value(seed)
    page.go_back()
    remove = menu(newest(page)).get_by_role("button", name="Delete")
    remove.click()
    expect(remove).to_have_text("Delete for good?")
    remove.click()
    expect(page.get_by_role("heading", name="What shall we paint?")).to_be_visible()
    page.get_by_role("link", name="Gallery").click()
    expect(page.get_by_text("Nothing here yet.")).to_be_visible()


def test_a_picture_is_varied_and_enlarged_beside_itself(open_page: OpenPage) -> None:
    page = open_page(height=800)
    job = generate(page, "a fox", "z-image-turbo")
    finished(job)
    bodies: list[Any] = []

    def note(sent: Request) -> None:
        if PAINTS in sent.url:
            bodies.append(sent.post_data_json)

    page.on("request", note)
    job.get_by_role("button", name="Vary").click()
    job = newest(page)
    expect(job.locator(".seed-used")).to_have_count(4, timeout=PICTURE_LIMIT_MS)
    assert [body["prompt"] for body in bodies] == ["a fox"] * 4
    seeds = {str(body["seed"]) for body in bodies}
    assert len(seeds) == 4
    assert set(job.locator(".seed-used").all_inner_texts()) == seeds
    for figure in job.get_by_role("figure").all():
        expect(figure).to_be_in_viewport(ratio=1)
    job.get_by_role("button", name="Upscale").nth(1).click()
    figure = job.get_by_role("figure").nth(1)
    expect(figure.get_by_role("slider", name="Before and after")).to_be_visible(
        timeout=PICTURE_LIMIT_MS
    )
    expect(figure).to_contain_text("4096 × 4096")
    look(page, "upscaled", whole=False)
    figure.get_by_role("button", name="Discard").click()
    expect(figure.get_by_role("slider")).to_have_count(0)
    job.get_by_role("button", name="Upscale").nth(0).click()
    job.get_by_role("button", name="Keep").click(timeout=PICTURE_LIMIT_MS)
    expect(newest(page).locator(".facts-line")).to_contain_text("4096²")
    page.get_by_role("link", name="Gallery").click()
    expect(page.get_by_role("status").filter(has_text="6 of 6 pictures")).to_be_visible()


def test_the_focus_stays_at_a_picture_while_others_of_its_job_come(open_page: OpenPage) -> None:
    page = open_page(link=TURBO)
    model_known(page, "Z-Image Turbo")
    page.get_by_role("group", name="Pictures").get_by_text("2", exact=True).click()
    asked: list[Route] = []

    def hold_second(route: Route) -> None:
        asked.append(route)
        if len(asked) == 1:
            route.continue_()

    page.route(f"**{PAINTS}", hold_second)
    job = generate(page, "two foxes")
    download = job.get_by_role("link", name="Download")
    expect(download).to_have_count(1, timeout=PICTURE_LIMIT_MS)
    download.focus()
    asked[1].continue_()
    expect(job.locator(".status-text")).to_have_text(re.compile("^Done"), timeout=PICTURE_LIMIT_MS)
    expect(download).to_have_count(2)
    expect(download.first).to_be_focused()


def test_a_failed_job_is_in_view_without_an_empty_bar(open_page: OpenPage) -> None:
    page = open_page(height=800)
    finished(generate(page, "a heron", "flux schnell hugging"))
    page.evaluate("scrollTo(0, 9999)")
    job = generate(page, "a cat [[quota]]")
    expect(job.get_by_role("alert")).to_be_visible(timeout=PICTURE_LIMIT_MS)
    expect(job.locator(".status-line")).to_be_in_viewport(ratio=1)
    expect(job.get_by_role("alert")).to_be_in_viewport()
    expect(job.get_by_role("progressbar")).to_have_count(0)
    page.get_by_role("link", name="Edit", exact=True).click()
    page.get_by_role("button", name="Add snow").click(modifiers=["Shift"])
    expect(page.get_by_role("textbox", name="What to change")).to_have_value("Add snow")
    page.get_by_role("textbox", name="What to change").fill("snow [[quota]]")
    page.get_by_role("textbox", name="What to change").press("Control+Enter")
    card = newest(page).get_by_role("alert")
    expect(card).to_be_visible(timeout=PICTURE_LIMIT_MS)
    expect(card).to_be_in_viewport()


def test_a_dialog_dims_the_scroll_bars_room_too(open_page: OpenPage) -> None:
    page = open_page()
    model_known(page)
    ground = "getComputedStyle(document.documentElement).backgroundColor"
    before = page.evaluate(ground)
    page.get_by_role("button", name="Model").click()
    eventually(lambda: page.evaluate(ground) != before)


@pytest.mark.parametrize("scheme", ["light", *slow("dark")])
def test_a_phone_has_its_views_at_the_foot_and_the_composer_above_them(
    open_page: OpenPage, scheme: str
) -> None:
    page = open_page(width=360, height=740, touch=True, scheme=scheme)
    model_known(page)
    look(page, f"phone-{scheme}", whole=False)
    assert box(page.locator(".masthead h1"))["y"] < 60
    assert box(page.get_by_role("heading", name="What shall we paint?"))["y"] < 100
    tabs, composer = box(page.locator("nav.views")), box(page.locator(".composer"))
    assert tabs["y"] + tabs["height"] == 740
    assert abs(composer["y"] + composer["height"] - tabs["y"]) <= 1
    assert page.evaluate(_SMALL) == []
    page.get_by_role("button", name="API and language").click()
    page.get_by_role("button", name=re.compile("^EN")).click()
    expect(page.get_by_role("combobox", name="Language")).to_be_visible()
    page.keyboard.press("Escape")
    page.keyboard.press("Escape")
    expect(page.locator(".masthead-end")).to_be_hidden()
    page.get_by_title("Settings").click()
    sheet = page.get_by_role("dialog", name="Settings")
    sheet.get_by_text("16:9").click()
    sheet.locator("summary").click()
    assert page.evaluate(_SMALL) == []
    assert violations(page) == []
    look(page, f"phone-sheet-{scheme}", whole=False)
    sheet.get_by_role("button", name="Close").click()
    expect(page.get_by_title("Settings")).to_contain_text("16:9")
    write(page, "a lighthouse")
    page.get_by_role("button", name="Generate").click()
    job = newest(page)
    finished(job)
    expect(job.get_by_role("img", name="a lighthouse")).to_be_in_viewport(ratio=1)
    assert page.evaluate(_SMALL) == []
    look(page, f"phone-finished-{scheme}", whole=False)
    assert violations(page) == []
    for view in ("edit", "layers", "compare", "gallery", "keys"):
        page.locator(f"nav a[href='#{view}']").click()
        expect(page.locator(f"nav a[href='#{view}'][aria-current=page]")).to_be_visible()
        expect(page.locator("main > *").first).to_be_visible()
        assert page.evaluate(_SMALL) == [], view


def test_a_notification_is_offered_once_after_a_long_job_in_the_background(
    open_page: OpenPage, sources: str
) -> None:
    page = open_page(script=_UNSEEN, site=sources)
    model_known(page)
    page.evaluate(_LONG_JOB)
    page.get_by_role("button", name="Yes, tell me").click()
    assert page.evaluate("asked")
    page.evaluate(_LONG_JOB)
    expect(page.get_by_role("button", name="Yes, tell me")).to_have_count(0)


def test_a_picture_that_another_app_shares_is_edited(open_page: OpenPage) -> None:
    page = open_page()
    page.evaluate("navigator.serviceWorker.ready.then(() => 'installed')")
    page.reload()
    page.evaluate(_SHARE, list(picture("red")))
    page.goto(f"{page.url.split('#')[0]}?again#edit?shared")
    expect(page.get_by_role("figure").get_by_role("img", name="Picture 1")).to_be_visible()
    expect(page).to_have_url(re.compile("#edit$"))


def test_styles_have_pictures_that_are_loaded_with_their_list(open_page: OpenPage) -> None:
    page = open_page()
    asked: list[str] = []
    page.on("request", lambda request: asked.append(request.url))
    page.reload()
    model_known(page)
    style = page.get_by_role("button", name="Style No style")
    expect(style).to_be_visible()
    assert not [url for url in asked if "styles.webp" in url]
    with page.expect_response("**/examples/styles.webp") as sprite:
        style.press("Enter")
    assert sprite.value.ok
    dialog = page.get_by_role("dialog", name="Choose a style")
    places = dialog.locator(".style-picture").evaluate_all(
        "all => all.map((one) => one.style.backgroundImage && one.style.backgroundPosition)"
    )
    assert len(set(places)) == len(places) > 90
    assert "" not in places
    look(page, "styles", whole=False)
    page.keyboard.type("ink wash")
    expect(dialog.get_by_role("radio")).to_have_count(1)
    page.keyboard.press("Tab")
    page.keyboard.press("Tab")
    expect(dialog.get_by_role("radio", name="Ink wash")).to_be_focused()
    page.keyboard.press("Enter")
    expect(page.get_by_role("button", name="Style Ink wash")).to_be_focused()
    expect(page.get_by_text("Brush, water and what is left out.")).to_be_visible()


def test_styles_are_chosen_without_their_pictures_too(open_page: OpenPage) -> None:
    page = open_page()
    page.context.route("**/examples/styles.webp", lambda route: route.abort())
    model_known(page)
    choose_style(page, "ink wash")
    expect(page.get_by_role("button", name="Style Ink wash")).to_be_visible()
    page.get_by_role("button", name="Style Ink wash").click()
    page.get_by_role("button", name="No style").last.click()
    expect(page.get_by_role("button", name="Style No style")).to_be_visible()
