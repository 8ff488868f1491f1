"""The view Compare in headless Chromium: one prompt on several models, side by side."""

import re
from typing import Any

import pytest
from playwright.sync_api import FloatRect, Locator, Page, expect

from tests.browser.conftest import OpenPage
from tests.browser.person import PICTURE_LIMIT_MS
from tests.support.pages import look, violations


def columns(page: Page) -> Locator:
    """Each model's part in the newest comparison."""
    return page.locator(".round").first.get_by_role("article")


def test_models_paint_the_same_side_by_side_and_the_fastest_is_marked(open_page: OpenPage) -> None:
    page = open_page("compare")
    first = page.get_by_role("button", name=re.compile("^Model 1"))
    expect(first).to_contain_text("free")
    page.get_by_role("button", name="Add a model").press("Enter")
    page.get_by_role("button", name=re.compile("^Model 3")).press("Enter")
    page.keyboard.type("flux schnell hugging")
    page.keyboard.press("Enter")
    expect(page.get_by_role("button", name=re.compile("^Model 3"))).to_contain_text(
        "FLUX.1 Schnell"
    )
    page.get_by_role("button", name="Add a model").press("Enter")
    expect(page.get_by_role("button", name="Add a model")).to_be_hidden()
    page.get_by_role("group", name="Shape").get_by_text("4:3").click()
    page.get_by_role("spinbutton", name="Seed").fill("7")
    look(page, "compare-asked")
    requested: list[Any] = []
    page.on("request", lambda request: requested.append(request) if request.post_data else None)
    page.get_by_role("textbox", name="Prompt").focus()
    page.keyboard.type("a lighthouse [[steps:30]]")
    page.keyboard.press("Control+Enter")
    expect(columns(page)).to_have_count(4)
    expect(columns(page).get_by_text(re.compile(r"^Step \d+ of 30$")).first).to_be_visible()
    look(page, "comparing")
    expect(columns(page).get_by_role("link", name="Download")).to_have_count(
        4, timeout=PICTURE_LIMIT_MS
    )
    bodies = [request.post_data_json for request in requested]
    assert sorted(str(body["model"]) for body in bodies) == [
        "flux-1-schnell",
        "ovis-image",
        "z-image",
        "z-image-turbo",
    ]
    assert {(body["prompt"], body["seed"]) for body in bodies} == {("a lighthouse [[steps:30]]", 7)}
    sizes = [[int(side) for side in str(body["size"]).split("x")] for body in bodies]
    assert [width / height for width, height in sizes] == pytest.approx([4 / 3] * 4, rel=0.05)
    lefts, tops = zip(*[(box["x"], box["y"]) for box in boxes(columns(page))], strict=True)
    assert sorted(set(lefts)) == sorted(lefts)
    assert len(set(tops)) == 1
    reported = columns(page).locator(".status-text")
    expect(reported.filter(has_text=re.compile("^Done in "))).to_have_count(4)
    times = [float(text.split()[2]) for text in reported.all_inner_texts()]
    assert reported.evaluate_all("all => all.every((one) => one.scrollWidth <= one.clientWidth)")
    marked = page.get_by_role("heading", name=re.compile("free fastest$"))
    expect(marked).to_have_count(1)
    headings = page.locator(".round h3").all_inner_texts()
    at = next(at for at, text in enumerate(headings) if "fastest" in text)
    assert times[at] == min(times)
    look(page, "compared")
    assert violations(page) == []


def test_earlier_comparisons_stay_below_and_a_model_without_a_key_says_so(
    open_page: OpenPage,
) -> None:
    page = open_page("compare", width=360, scheme="dark", language="zh")
    expect(page.get_by_role("button", name=re.compile("^模型 2"))).to_contain_text("免费")
    page.get_by_role("textbox", name="提示词").fill("灯塔")
    page.get_by_role("button", name="开始对比").click()
    expect(columns(page).get_by_role("link", name="下载")).to_have_count(
        2, timeout=PICTURE_LIMIT_MS
    )
    expect(page.locator(".round h3").get_by_text("最快")).to_have_count(1)
    upper, lower = boxes(columns(page))
    assert upper["x"] == lower["x"]
    assert upper["y"] < lower["y"]
    page.get_by_role("button", name="添加模型").click()
    page.get_by_role("button", name="移除模型 2").click()
    page.get_by_role("button", name=re.compile("^模型 2")).click()
    page.get_by_role("dialog").get_by_role("searchbox").fill("gpt image 2 sunburst")
    page.get_by_role("dialog").get_by_role("searchbox").press("Enter")
    expect(page.get_by_text("这个模型需要密钥。")).to_be_visible()
    page.get_by_role("textbox", name="提示词").fill("山")
    page.get_by_role("button", name="开始对比").click()
    expect(page.locator(".round h2")).to_have_text(["山", "灯塔"])
    expect(columns(page).nth(1).get_by_role("alert")).to_contain_text("密钥")
    expect(columns(page).nth(0).get_by_role("link", name="下载")).to_be_visible(
        timeout=PICTURE_LIMIT_MS
    )
    expect(page.locator(".round").first.get_by_role("heading", level=3).nth(1)).to_contain_text(
        "需要密钥"
    )
    expect(page.locator(".round").first.get_by_text("最快")).to_be_hidden()
    assert page.evaluate("document.documentElement.scrollWidth <= innerWidth")
    look(page, "compared-zh")
    assert violations(page) == []


def boxes(parts: Locator) -> list[FloatRect]:
    """Where each stands."""
    found = [part.bounding_box() for part in parts.all()]
    return [box for box in found if box]


def test_a_round_without_a_seed_rolls_one_for_all(open_page: OpenPage) -> None:
    page = open_page("compare")
    expect(page.get_by_role("button", name=re.compile("^Model 2"))).to_contain_text("free")
    requested: list[Any] = []
    page.on("request", lambda request: requested.append(request) if request.post_data else None)
    page.get_by_role("textbox", name="Prompt").fill("مالك الحزين [[steps:100]]")
    page.get_by_role("button", name="Compare", exact=True).click()
    expect(columns(page)).to_have_count(2)
    heading = page.locator(".round h2")
    assert heading.evaluate("element => getComputedStyle(element).direction") == "rtl"
    expect(columns(page).get_by_text(re.compile(r"^Step \d+ of"))).to_have_count(2)
    page.reload()  # both are taken up where they were
    expect(columns(page)).to_have_count(2)
    expect(columns(page).get_by_role("link", name="Download")).to_have_count(
        2, timeout=PICTURE_LIMIT_MS
    )
    seeds = [request.post_data_json["seed"] for request in requested]
    assert len(seeds) == 2
    assert len(set(seeds)) == 1
    expect(page.get_by_role("spinbutton", name="Seed")).to_have_value("")
