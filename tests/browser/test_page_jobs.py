"""Jobs that outlive the page, and what the page offers where one fails or stalls."""

import json
import re
from typing import Any

import httpx
import pytest
from playwright.sync_api import Dialog, Page, Route, expect

from tests.browser.conftest import OpenPage
from tests.browser.person import (
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
from tests.support.spaces import eventually

FLUX = "flux schnell hugging"
STEP = re.compile(r"Step \d+ of")


def requests_of(page: Page) -> list[dict[str, Any]]:
    """The pictures that are asked for from now on."""
    bodies: list[dict[str, Any]] = []
    page.on(
        "request",
        lambda request: (
            bodies.append(json.loads(request.post_data or "null"))
            if request.url.endswith("/v1/images/generations")
            else None
        ),
    )
    return bodies


def test_a_job_is_taken_up_again_after_a_reload(open_page: OpenPage, stack: Stack) -> None:
    page = open_page()
    stack.spaces.forget()
    job = generate(page, "kept over a reload [[steps:300]]", FLUX)
    expect(job.get_by_text(STEP).first).to_be_visible()
    page.reload()
    job = newest(page)
    expect(job.get_by_text(re.compile(r"^Taken up after \d+ s$"))).to_be_visible()
    expect(page.get_by_role("textbox", name="Prompt")).to_have_value(re.compile("^kept over"))
    expect(page.get_by_role("button", name="Model")).to_contain_text("FLUX.1 Schnell")
    expect(job.get_by_text(STEP).first).to_be_visible()
    look(page, "taken-up")
    assert violations(page) == []
    finished(job)
    assert len(stack.spaces.log("/queue/join")) == 1
    page.get_by_role("link", name="Gallery").click()
    expect(page.get_by_role("button", name=re.compile("kept over a reload"))).to_have_count(1)
    page.reload()
    page.get_by_role("link", name="Create").click()
    expect(page.get_by_role("article")).to_have_count(0)


def test_a_picture_that_was_finished_meanwhile_comes_when_the_page_is_opened(
    open_page: OpenPage, stack: Stack
) -> None:
    page = open_page()
    with page.expect_response("**/v1/images/generations") as response:
        job = generate(page, "made while away [[steps:50]]", FLUX)
    expect(job.get_by_text(STEP).first).to_be_visible()
    task = f"{stack.url}{response.value.headers['location']}?wait=30"
    page.close()
    assert httpx.get(task, timeout=60).json()["status"] == "completed"
    back = page.context.new_page()
    back.goto(f"{stack.url}/#gallery")
    expect(back.get_by_role("button", name=re.compile("made while away"))).to_be_visible()


def test_one_picture_of_several_is_cancelled_alone(open_page: OpenPage, stack: Stack) -> None:
    page = open_page()
    choose_model(page, FLUX)
    page.get_by_role("group", name="Pictures").get_by_text("2", exact=True).click()
    more(page)
    page.get_by_role("spinbutton", name="Seed").fill("41")
    page.get_by_role("spinbutton", name="Seed").press("Tab")
    stack.spaces.forget()
    bodies = requests_of(page)
    job = generate(page, "two of a kind [[steps:100]]")
    expect(job.get_by_text(STEP).first).to_be_visible()
    job.get_by_role("button", name="Cancel picture 2").click()
    expect(job.get_by_role("button", name="Cancel picture 2")).to_be_hidden()
    finished(job)
    expect(job.get_by_text("1 of 2 pictures were made")).to_be_visible()
    assert sorted(body["seed"] for body in bodies) == [41, 42]
    assert seed_of(job) == "41"
    eventually(lambda: stack.spaces.log("/cancel"))


def test_without_tasks_the_page_streams_and_warns_who_leaves(open_page: OpenPage) -> None:
    page = open_page()
    refusal = {"error": {"message": "none here", "type": "x", "code": "background_unavailable"}}

    def refuse(route: Route) -> None:
        if json.loads(route.request.post_data or "null").get("async"):
            route.fulfill(status=503, json=refusal)
        else:
            route.continue_()

    page.route("**/v1/images/generations", refuse)
    job = generate(page, "not a task [[steps:100]]", FLUX)
    expect(job.get_by_text(STEP).first).to_be_visible()
    asked: list[str] = []

    def stay(dialog: Dialog) -> None:
        asked.append(dialog.type)
        dialog.dismiss()

    page.on("dialog", stay)
    page.close(run_before_unload=True)
    expect(job.get_by_text(STEP).first).to_be_visible()
    eventually(lambda: page.evaluate("1") and asked)
    assert asked == ["beforeunload"]
    finished(job)


def test_the_draft_is_there_on_the_next_visit(open_page: OpenPage) -> None:
    page = open_page()
    choose_model(page, "z-image turbo hugging")
    write(page, "half a thought")
    page.get_by_role("group", name="Pictures").get_by_text("3", exact=True).click()
    page.get_by_role("group", name="Shape").get_by_text("16:9").click()
    choose_style(page, "render clay studio")
    address = page.url
    page.close()
    again = page.context.new_page()
    again.goto(address)
    expect(again.get_by_role("textbox", name="Prompt")).to_have_value("half a thought")
    expect(again.get_by_role("button", name="Model")).to_contain_text("Z-Image Turbo")
    expect(again.get_by_role("radio", name="3", exact=True)).to_be_checked()
    expect(again.get_by_role("radio", name=re.compile("^16:9"))).to_be_checked()
    expect(again.get_by_role("button", name="Style Render clay studio")).to_be_visible()


def test_auto_is_first_and_found_by_its_name(open_page: OpenPage) -> None:
    page = open_page()
    model = page.get_by_role("button", name="Model")
    expect(model).to_contain_text("the first free model that answers")
    model.click()
    dialog = page.get_by_role("dialog", name="Choose a model")
    expect(dialog.get_by_role("radio").first).to_have_value("auto")
    page.keyboard.press("Escape")
    choose_model(page, FLUX)
    choose_model(page, "auto")
    expect(model).to_contain_text("the first free model")


def test_used_up_quota_offers_the_next_model_and_a_key(open_page: OpenPage) -> None:
    page = open_page()
    card = generate(page, "a cat [[quota]]", FLUX).get_by_role("alert")
    expect(card).to_contain_text(re.compile(r"Tried: .*FLUX"))
    expect(card.get_by_role("button", name=re.compile("^Try with "))).to_be_visible()
    look(page, "fork")
    assert violations(page) == []
    bodies = requests_of(page)
    card.get_by_role("button", name=re.compile("^Try with ")).click()
    eventually(lambda: page.title() and bodies)  # events come while the page is asked
    assert bodies[0]["model"] != "flux-1-schnell"
    assert bodies[0]["prompt"] == "a cat [[quota]]"
    card = newest(page).get_by_role("alert")
    card.get_by_role("link", name="Add a key").click()
    expect(page.get_by_role("group", name="Hugging Face").locator("input")).to_be_focused()


def test_a_missing_key_is_put_in_where_it_is_missed(open_page: OpenPage) -> None:
    page = open_page()
    job = generate(page, "a cat", "gitee z-image turbo")
    card = job.get_by_role("alert")
    expect(card).to_contain_text("This model needs your Gitee AI key.")
    expect(card).not_to_contain_text("Authorization")
    look(page, "key-in-card")
    assert violations(page) == []
    card.get_by_role("group", name="Gitee AI").locator("input").fill("good-in-the-card")
    job.get_by_role("button", name="Again").click()
    finished(newest(page))


def test_a_refused_prompt_is_rewritten(open_page: OpenPage) -> None:
    page = open_page()
    page.route(
        "**/v1/prompts/enhance",
        lambda route: route.fulfill(json={"prompt": "a tame cat", "model": "x", "provider": "y"}),
    )
    card = generate(page, "a cat [[refuse]]", FLUX).get_by_role("alert")
    with page.expect_request("**/v1/prompts/enhance") as requested:
        card.get_by_role("button", name="Rewrite the prompt").click()
    assert "refused" in json.loads(requested.value.post_data or "null")["instruction"]
    expect(page.get_by_role("textbox", name="Prompt")).to_have_value("a tame cat")


def test_a_stall_offers_another_model(open_page: OpenPage) -> None:
    page = open_page()
    page.clock.install()
    job = generate(page, "a cat [[stall]]", FLUX)
    expect(job.get_by_text(STEP).first).to_be_visible()
    page.clock.fast_forward(40_000)
    expect(job.get_by_text("This takes longer than usual.")).to_be_visible()
    job.get_by_role("button", name=re.compile("^Try with ")).click()
    expect(page.get_by_role("article")).to_have_count(1)
    expect(newest(page)).not_to_contain_text("FLUX.1 Schnell")
    newest(page).get_by_role("button", name="Cancel").click()


def test_waits_are_told_in_hours_and_by_the_clock(open_page: OpenPage) -> None:
    page = open_page()
    error = {"message": "used up", "type": "insufficient_quota", "code": "insufficient_quota"}
    page.route(
        "**/v1/images/generations",
        lambda route: route.fulfill(
            status=429, headers={"retry-after": "62737"}, json={"error": error}
        ),
    )
    card = generate(page, "a cat", FLUX).get_by_role("alert")
    expect(card).to_contain_text(re.compile(r"Try again in 17 h 25 min \(.*\d\d:\d\d"))


def test_a_copied_call_has_the_seed_of_the_picture(open_page: OpenPage) -> None:
    page = open_page()
    job = generate(page, "a heron", FLUX)
    finished(job)
    seed = seed_of(job)
    menu(job).get_by_role("button", name="Copy as…").click()
    expect(page.get_by_role("dialog").locator("pre")).to_contain_text(f'"seed": {seed}')


@pytest.mark.parametrize("by_key", [False, True])
def test_a_double_click_asks_once_and_the_key_asks_each_time(
    open_page: OpenPage, *, by_key: bool
) -> None:
    page = open_page()
    choose_model(page, FLUX)
    write(page, "once [[steps:10]]")
    bodies = requests_of(page)
    if by_key:
        for _ in range(2):
            page.get_by_role("textbox", name="Prompt").press("Control+Enter")
    else:
        page.get_by_role("button", name="Generate").dblclick()
    film = page.get_by_role("list", name="Earlier pictures")
    expect(film.get_by_role("button", name="once")).to_have_count(2 if by_key else 1)
    finished(newest(page))
    assert len(bodies) == (2 if by_key else 1)
