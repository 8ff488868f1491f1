"""The page in headless Chromium, used as a person would use it: making pictures, and watching."""

import json
import re
from typing import Any

import httpx
import pytest
from playwright.sync_api import Request, expect

from tests.browser.conftest import OpenPage
from tests.browser.person import (
    PICTURE_LIMIT_MS,
    choose_model,
    choose_style,
    finished,
    generate,
    menu,
    more,
    newest,
    seed_of,
    write,
)
from tests.e2e.stack import Stack
from tests.support.pages import look, violations
from tests.support.slow import slow_but
from tests.support.spaces import eventually

USUAL_VIEWS = ((1280, "light", "en"), (360, "dark", "zh"))
VIEWS = [(1280, "light", "en"), (1280, "dark", "zh"), (360, "light", "en"), (360, "dark", "zh")]
PHONE_BELOW = 640
GENERATE = {"en": "Generate", "zh": "生成"}
PROMPT = {"en": "Prompt", "zh": "提示词"}
STEP = {"en": re.compile(r"^Step \d+ of 60$"), "zh": re.compile(r"^第 \d+ 步，共 60 步$")}  # noqa: RUF001
AUTO = {"en": "Auto – the first free model", "zh": "自动 – 最先回应的免费模型"}  # noqa: RUF001
MODEL = {"en": "Model", "zh": "模型"}
DOWNLOAD = {"en": "Download", "zh": "下载"}

_WATCH = """() => {
  window.seen = { words: [], values: [], said: [], shifted: 0 };
  const note = () => {
    seen.words.push(document.querySelector(".status-text")?.textContent ?? "");
    seen.values.push(document.querySelector("progress")?.value ?? 0);
  };
  new MutationObserver(note).observe(
    document.querySelector("main"),
    { subtree: true, childList: true, characterData: true, attributes: true },
  );
  const announcer = document.getElementById("announcer");
  new MutationObserver(() => seen.said.push(announcer.textContent))
    .observe(announcer, { childList: true, characterData: true, subtree: true });
}"""
_MIDDLES = """frame => [frame, frame.querySelector("img")]
  .map((element) => element.getBoundingClientRect())
  .map(({ left, width }) => left + width / 2)"""
_MEASURE_SHIFTS = """() => new PerformanceObserver((list) => {
  for (const entry of list.getEntries()) if (!entry.hadRecentInput) seen.shifted += entry.value;
}).observe({ type: "layout-shift" })"""


@pytest.mark.parametrize(("width", "scheme", "language"), slow_but(USUAL_VIEWS, VIEWS), ids=str)
def test_a_person_makes_a_picture_and_watches_it(
    open_page: OpenPage, width: int, scheme: str, language: str
) -> None:
    page = open_page(width=width, scheme=scheme, language=language)
    folded = page.locator(".composer > .composer-settings")  # on a phone
    if width < PHONE_BELOW:
        expect(folded).to_have_text(AUTO[language].split()[0])
        folded.click()
    expect(page.get_by_text(AUTO[language])).to_be_visible()
    look(page, f"create-{scheme}-{language}")
    page.get_by_role("button", name=MODEL[language]).click()
    page.get_by_role("searchbox").last.fill("z-image turbo hugging")
    page.get_by_role("searchbox").last.press("Enter")
    expect(page.get_by_role("button", name=MODEL[language])).to_contain_text("Z-Image Turbo")
    if width < PHONE_BELOW:
        page.keyboard.press("Escape")
        expect(folded).to_have_text("Z-Image Turbo")
    page.evaluate(_WATCH)
    page.get_by_role("textbox", name=PROMPT[language]).fill("a lighthouse at dusk [[steps:60]]")
    page.get_by_role("button", name=GENERATE[language]).click()
    job = newest(page)
    expect(job.get_by_role("progressbar")).to_be_visible()
    page.evaluate(_MEASURE_SHIFTS)
    expect(job.get_by_text(STEP[language])).to_be_visible()
    look(page, f"watching-{scheme}-{language}")
    assert violations(page) == []
    picture = job.get_by_role("img", name="a lighthouse at dusk")
    expect(picture).to_be_visible(timeout=PICTURE_LIMIT_MS)
    assert picture.evaluate("image => image.naturalWidth") == 1024
    expect(job.get_by_role("link", name=DOWNLOAD[language])).to_be_visible()
    look(page, f"finished-{scheme}-{language}")
    assert violations(page) == []
    seen = page.evaluate("seen")
    values = [value for value in seen["values"] if value]
    assert len({text for text in seen["words"] if STEP[language].match(text)}) > 5
    assert len(set(values)) > 5
    assert values == sorted(values)
    assert seen["shifted"] == 0
    assert 2 <= len(seen["said"]) < 10  # a screen reader hears of stages, not of every step


def test_nothing_needs_to_be_scrolled_sideways(open_page: OpenPage) -> None:
    for width in (320, 640):  # 1280 at 200 % has 640 pixels of its own
        page = open_page(width=width)
        finished(generate(page, "a narrow street"))
        look(page, "narrow")
        for view in ("create", "edit", "layers", "compare", "gallery", "keys"):
            page.locator(f"nav a[href='#{view}']").click()
            expect(page.locator(f"nav a[href='#{view}'][aria-current=page]")).to_be_visible()
            assert page.evaluate("document.documentElement.scrollWidth <= innerWidth"), view


def test_the_prompt_field_grows_and_reduced_motion_stops_animations(open_page: OpenPage) -> None:
    page = open_page(motion="no-preference")
    prompt = page.get_by_role("textbox", name="Prompt")
    height = prompt.evaluate("area => area.clientHeight")
    write(page, "\n".join(f"line {number}" for number in range(9)))
    assert prompt.evaluate("area => area.clientHeight") > height
    assert prompt.evaluate("area => area.scrollHeight <= area.clientHeight")
    page.emulate_media(reduced_motion="reduce")
    job = generate(page, "a still lake [[steps:60]]", "z-image turbo hugging")
    expect(job.get_by_text(re.compile(r"Step \d+ of 60"))).to_be_visible()
    assert page.evaluate("document.getAnimations().length") == 0
    finished(job)


def test_the_list_of_models_holds_every_one_that_paints_from_words(
    open_page: OpenPage, stack: Stack
) -> None:
    page = open_page()
    page.get_by_role("button", name="Model").click()
    dialog = page.get_by_role("dialog", name="Choose a model")
    names = dialog.get_by_role("radio").evaluate_all("fields => fields.map(({ value }) => value)")
    rows = httpx.get(f"{stack.url}/v1/models", timeout=30).json()["data"]
    painters = {
        row["id"]
        for row in rows
        if row["type"] == "pool"
        or (row["type"] == "image" and "generate" in row["capabilities"]["operations"])
    }
    assert set(names) == painters
    expect(dialog.get_by_role("group", name="Hugging Face Spaces")).to_contain_text("free")
    expect(dialog.get_by_role("group", name="Gitee AI")).to_contain_text("needs a key")
    look(page, "models", whole=False)
    assert violations(page) == []


def test_the_keyboard_alone_is_enough(open_page: OpenPage) -> None:
    page = open_page()
    expect(page.get_by_text(AUTO["en"])).to_be_visible()
    page.get_by_role("textbox", name="Prompt").focus()
    page.keyboard.type("a fox")
    page.get_by_role("button", name="Model").focus()
    page.keyboard.press("Enter")
    expect(page.get_by_role("searchbox", name="Search", exact=True)).to_be_focused()
    page.keyboard.type("flux schnell hugging")
    expect(page.get_by_role("dialog").get_by_role("radio")).to_have_count(2)
    page.keyboard.press("Tab")
    page.keyboard.press("Space")
    expect(page.get_by_role("button", name="Model")).to_contain_text("FLUX.1 Schnell")
    page.get_by_role("textbox", name="Prompt").focus()
    page.keyboard.press("Control+Enter")
    expect(page.get_by_role("heading", name="Pictures")).to_be_focused(timeout=PICTURE_LIMIT_MS)
    expect(page.get_by_role("img", name="a fox")).to_be_visible()
    write(page, "")
    page.keyboard.press("ArrowUp")
    expect(page.get_by_role("textbox", name="Prompt")).to_have_value("a fox")
    page.keyboard.press("ArrowDown")
    expect(page.get_by_role("textbox", name="Prompt")).to_have_value("")


def test_a_number_counts_while_it_is_typed(open_page: OpenPage) -> None:
    page = open_page()
    choose_model(page, "z-image turbo hugging")
    more(page)
    typed = page.get_by_role("spinbutton", name="Steps")
    slider = page.get_by_role("slider", name="Steps")
    typed.fill("")
    typed.press_sequentially("11")
    expect(slider).to_have_value("11")
    typed.press("Backspace")
    typed.press("Backspace")
    expect(typed).to_have_value("")
    expect(slider).to_have_value("1")
    typed.press("Tab")
    expect(typed).to_have_value("1")


def test_controls_are_those_of_the_model_with_its_ranges_and_defaults(open_page: OpenPage) -> None:
    page = open_page()
    choose_model(page, "z-image turbo hugging")
    more(page)
    steps = page.get_by_role("spinbutton", name="Steps")
    expect(steps).to_have_value("9")
    expect(steps).to_have_attribute("max", "20")
    expect(page.get_by_role("textbox", name="What it should not show")).to_be_hidden()
    expect(page.get_by_role("spinbutton", name="Guidance")).to_be_hidden()
    expect(page.get_by_role("group", name="Quality")).to_be_hidden()
    choose_model(page, "a1111 loaded")
    expect(page.get_by_role("spinbutton", name="Steps")).to_have_value("20")
    expect(page.get_by_role("textbox", name="What it should not show")).to_be_visible()
    expect(page.get_by_role("spinbutton", name="Guidance")).to_have_value("7")
    choose_model(page, "qwen/qwen-image spaces")
    expect(page.get_by_text(re.compile("fast 15.25 · quality 30.50"))).to_be_visible()
    expect(page.get_by_text(re.compile("creative 2.4 · precise 4.8"))).to_be_visible()
    choose_model(page, "openai gpt image 2 sunburst")
    expect(page.get_by_role("group", name="Quality")).to_contain_text("high")
    expect(page.get_by_role("spinbutton", name="Seed")).to_be_hidden()
    expect(page.get_by_text("This model needs a key.")).to_be_visible()
    look(page, "controls")


def test_the_chosen_settings_are_those_requested(open_page: OpenPage) -> None:
    page = open_page()
    choose_model(page, "z-image turbo hugging")
    write(page, "a fox")
    page.get_by_role("group", name="Shape").get_by_text("16:9").click()
    more(page)
    page.get_by_role("group", name="Resolution").get_by_text("2K").click()
    page.get_by_role("group", name="Pictures").get_by_text("2", exact=True).click()
    page.get_by_role("spinbutton", name="Steps").fill("3")
    page.get_by_role("spinbutton", name="Steps").press("Tab")
    page.get_by_role("button", name="Roll a seed").click()
    seed = int(page.get_by_role("spinbutton", name="Seed").input_value())
    page.get_by_role("group", name="Format").get_by_text("jpeg").click()
    choose_style(page, "render clay studio")
    with page.expect_request("**/v1/images/generations") as requested:
        page.get_by_role("button", name="Generate").click()
    body = _body(requested.value)
    style = body.pop("prompt").removeprefix("a fox\n\n")
    assert "sculpted model" in style
    assert body == {
        "model": "z-image-turbo",
        "size": "2048x1152",
        "seed": seed,
        "steps": 3,
        "output_format": "jpeg",
        "stream": True,
        "async": True,
    }
    expect(newest(page).get_by_role("link", name="Download")).to_have_count(
        2, timeout=PICTURE_LIMIT_MS
    )
    seeds = newest(page).locator(".seed-used").all_inner_texts()
    assert {str(seed), str(seed + 1)} <= set(seeds)


def test_a_seed_is_kept_and_settings_are_used_again(open_page: OpenPage) -> None:
    page = open_page()
    job = generate(page, "a heron", "z-image turbo hugging")
    finished(job)
    used = seed_of(job)
    more(page)
    page.get_by_role("button", name="Keep the seed").click()
    expect(page.get_by_role("spinbutton", name="Seed")).to_have_value(used)
    page.get_by_role("button", name="Keep the seed").click()
    expect(page.get_by_role("spinbutton", name="Seed")).to_have_value("")
    write(page, "something else")
    menu(job).get_by_role("button", name="Reuse settings").click()
    expect(page.get_by_role("textbox", name="Prompt")).to_have_value("a heron")
    expect(page.get_by_role("spinbutton", name="Seed")).to_have_value(used)


def test_text_models_write_on_the_prompt_and_it_can_be_taken_back(open_page: OpenPage) -> None:
    page = open_page()
    prompt = page.get_by_role("textbox", name="Prompt")
    write(page, "a fox in the snow")
    page.get_by_role("button", name="Enhance").click()
    written = page.get_by_role("region", name="Create").get_by_text("Written by")
    expect(written).to_be_visible(timeout=PICTURE_LIMIT_MS)
    assert prompt.input_value() != "a fox in the snow"
    page.get_by_role("button", name="Undo").click()
    expect(prompt).to_have_value("a fox in the snow")
    write(page, "一只狐狸")
    page.get_by_role("button", name="Translate").click()
    expect(written).to_be_visible(timeout=PICTURE_LIMIT_MS)
    assert prompt.input_value() != "一只狐狸"


def test_the_queue_is_reported_and_several_jobs_run_at_once(open_page: OpenPage) -> None:
    page = open_page()
    finished(generate(page, "a quick one, from which the Space learns how long it takes", "ovis"))
    generate(page, "a heron [[steps:300]]")
    expect(newest(page).get_by_text(re.compile(r"Step \d+ of 300"))).to_be_visible()
    fox = generate(page, "a fox [[steps:50]]")
    expect(fox.get_by_text(re.compile(r"^Queued, next in line"))).to_be_visible()
    last = generate(page, "an owl [[steps:50]]")
    expect(last.get_by_text(re.compile(r"^Queued, 2nd in line, about \d+ s$"))).to_be_visible()
    expect(page.get_by_role("link", name=re.compile("^Create"))).to_contain_text("3")
    look(page, "queued")
    expect(last.get_by_text(re.compile(r"^Queued, next in line"))).to_be_visible()
    expect(page.get_by_role("img", name="an owl")).to_be_visible(timeout=PICTURE_LIMIT_MS)
    film = page.get_by_role("list", name="Earlier pictures")
    for name in ("a heron", "a fox"):
        film.get_by_role("button", name=name).click()
        expect(page.get_by_role("img", name=name)).to_be_visible(timeout=PICTURE_LIMIT_MS)


def test_previews_are_shown_as_they_come(open_page: OpenPage) -> None:
    page = open_page()
    choose_model(page, "a1111 loaded")
    more(page)
    page.get_by_role("spinbutton", name="Steps").fill("150")
    page.get_by_role("spinbutton", name="Steps").press("Tab")
    job = generate(page, "a slow fog")
    expect(job.get_by_role("img", name="Unfinished preview")).to_be_visible(
        timeout=PICTURE_LIMIT_MS
    )
    look(page, "preview")
    finished(job)
    expect(job.get_by_role("img", name="Unfinished preview")).to_be_hidden()


def test_a_failure_says_what_to_do_and_shows_the_request_id(open_page: OpenPage) -> None:
    page = open_page()
    job = generate(page, "a cat [[quota]]", "flux schnell hugging")
    card = job.get_by_role("alert")
    expect(card).to_contain_text("quota")
    expect(card.get_by_role("link", name="Add a key")).to_be_visible()
    expect(card).to_contain_text(re.compile(r"req_[0-9a-f]{32}"))
    look(page, "failure")
    assert violations(page) == []
    with page.expect_request("**/v1/images/generations") as requested:
        job.get_by_role("button", name="Again").click()
    assert _body(requested.value)["prompt"] == "a cat [[quota]]"


def test_cancel_takes_the_job_back(open_page: OpenPage, stack: Stack) -> None:
    page = open_page()
    stack.spaces.forget()
    job = generate(page, "never finished [[steps:1000]]", "flux schnell hugging")
    expect(job.get_by_text(re.compile(r"Step \d+ of")).first).to_be_visible()
    job.get_by_role("button", name="Cancel").click()
    expect(job.get_by_text("Cancelled after")).to_be_visible()
    eventually(lambda: stack.spaces.log("/cancel"))


def test_a_picture_is_seen_in_full_size_downloaded_and_copied(open_page: OpenPage) -> None:
    page = open_page(height=800)
    job = generate(page, "a shop sign", "qwen image hugging")
    with page.expect_download() as saved:
        finished(job).click()
    assert re.fullmatch(r"darkroom-[\w.-]+\.(png|webp|jpg)", saved.value.suggested_filename)
    menu(job).get_by_role("button", name="Copy picture").click()
    expect(page.get_by_role("status").filter(has_text="Copied.")).to_be_attached()
    copied = "navigator.clipboard.read().then(([item]) => item.types)"
    assert page.evaluate(copied) == ["image/png"]
    page.keyboard.press("Escape")
    job.get_by_role("button", name="a shop sign").click()
    large = page.get_by_role("dialog").get_by_role("img", name="a shop sign")
    expect(large).to_be_in_viewport(ratio=1)
    middles = page.locator(".viewer-frame").evaluate(_MIDDLES)
    assert middles[0] == pytest.approx(middles[1], abs=1)
    page.keyboard.press("1")
    expect(page.get_by_title("Fit to the window")).to_have_text("100 %")
    assert large.evaluate("image => image.clientWidth === image.naturalWidth")
    page.keyboard.press("Escape")
    expect(large).to_be_hidden()


def test_the_language_is_a_choice_that_stays(open_page: OpenPage) -> None:
    page = open_page()
    page.get_by_role("button", name="Settings").click()
    page.get_by_role("combobox", name="Language").select_option("zh")
    expect(page.get_by_role("button", name="生成")).to_be_visible()
    assert page.evaluate("document.documentElement.lang") == "zh-Hans"
    page.reload()
    expect(page.get_by_role("button", name="生成")).to_be_visible()
    page.get_by_role("button", name="设置").click()
    page.get_by_role("combobox", name="语言").select_option("en")
    expect(page.get_by_role("button", name="Generate")).to_be_visible()


def test_the_page_asks_nobody_but_its_own_gateway(open_page: OpenPage, stack: Stack) -> None:
    page = open_page()
    requested: list[str] = []
    page.on("request", lambda request: requested.append(request.url))
    page.reload(wait_until="networkidle")
    finished(generate(page, "a fox"))
    ours = (stack.url, "blob:", "data:")
    assert requested
    assert [url for url in requested if not url.startswith(ours)] == []


def test_a_model_list_that_fails_is_requested_again(open_page: OpenPage) -> None:
    page = open_page()
    page.route("**/v1/models", lambda route: route.abort())
    page.evaluate("localStorage.clear()")  # those of the last visit
    page.reload()
    card = page.get_by_role("alert")
    expect(card).to_contain_text("could not be reached")
    expect(page.get_by_role("button", name="Model No models")).to_be_visible()
    page.unroute("**/v1/models")
    card.get_by_role("button", name="Load the models again").click()
    expect(page.get_by_text(AUTO["en"])).to_be_visible()
    expect(card).to_be_hidden()


def _body(request: Request) -> dict[str, Any]:
    body: dict[str, Any] = json.loads(request.post_data or "null")
    return body


def test_the_cost_of_what_is_chosen_is_told_before_it_is_asked_for(open_page: OpenPage) -> None:
    page = open_page(script="sessionStorage.setItem('darkroom.keys', '{\"hf\": \"good\"}')")
    expect(page.locator(".composer .button-primary")).to_be_enabled()
    cost = page.locator(".field:has(> .model-button) > .hint")
    expect(cost).to_have_count(0)  # of Auto nothing is known
    choose_model(page, "flux schnell workers")
    expect(page.get_by_role("button", name=re.compile("^Model FLUX.1 Schnell"))).to_contain_text(
        "free"
    )
    expect(cost).to_have_text(
        re.compile(r"^about 58 neurons · \d+ of 9000 free neurons left today$")
    )
    page.get_by_role("group", name="Pictures").get_by_text("4").click()
    expect(cost).to_have_text(re.compile(r"^about 231 neurons for 4 pictures"))
    page.get_by_role("group", name="Pictures").get_by_text("1").click()
    choose_model(page, "phoenix")
    expect(cost).to_have_text(re.compile(r"^about 2360 neurons"))
    page.get_by_role("group", name="Shape").get_by_text("16:9").click()
    expect(cost).to_have_text(re.compile(r"^about 3414 neurons"))
    page.get_by_role("button", name=re.compile("^Model ")).first.click()
    row = page.get_by_role("radio", name=re.compile("^FLUX.1 Schnell about 58 neurons"))
    expect(row).to_be_attached()
    look(page, "costs", whole=False)
    page.keyboard.press("Escape")
    choose_model(page, "z-image-turbo")
    expect(cost).to_have_text(re.compile(r"^\d+ of \d+ s of GPU time left$"))
