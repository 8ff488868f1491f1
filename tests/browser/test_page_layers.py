"""The view Layers in headless Chromium: a picture is taken apart, and its layers are changed."""

import io
import re
import zipfile
from pathlib import Path

from playwright.sync_api import Download, FilePayload, Locator, Page, expect

from tests.browser.conftest import OpenPage
from tests.browser.person import PICTURE_LIMIT_MS, menu
from tests.support.pages import look, violations
from tests.support.pictures import opened, picture

_PASTE = """async (bytes) => {
  const data = new DataTransfer();
  data.items.add(new File([new Uint8Array(bytes)], "pasted.png", { type: "image/png" }));
  document.body.dispatchEvent(new ClipboardEvent("paste", { clipboardData: data, bubbles: true, cancelable: true }));
}"""


def test_a_picture_is_taken_apart_and_a_layer_changed_and_kept(open_page: OpenPage) -> None:
    page = open_page("layers")
    expect(page.get_by_role("button", name="Choose a picture first")).to_be_visible()
    expect(page.get_by_text("Qwen Image Layered")).to_be_visible()
    give(page, picture("teal"))
    layers = page.get_by_role("spinbutton", name="Layers")
    expect(layers).to_have_value("3")  # the model's own, once it is known
    layers.fill("4")
    layers.press("Tab")
    expect(layers).to_have_value("4")
    page.get_by_role("spinbutton", name="Seed").fill("7")
    page.get_by_role("group", name="Resolution").get_by_text("640").click()
    page.get_by_role("textbox", name="What it shows").fill("a fox [[steps:60]]")
    page.keyboard.press("Control+Enter")
    expect(page.get_by_text("Sent, waiting for an answer").first).to_be_visible()
    expect(page.get_by_role("progressbar")).to_have_js_property("position", -1)
    expect(page.locator(".clock")).to_have_text("1 s")
    look(page, "taking-apart")
    expect(layer(page, "Layer 3")).to_be_visible(timeout=PICTURE_LIMIT_MS)
    names = page.get_by_role("checkbox").evaluate_all(
        "boxes => boxes.map(({ parentNode }) => parentNode.textContent)"
    )
    assert names == ["Layer 3", "Layer 2", "Layer 1", "Composite"]

    stack = page.get_by_role("img", name="The layers that are on").locator("img:visible")
    expect(stack).to_have_count(4)
    page.get_by_role("checkbox", name="Composite").press("Space")
    expect(stack).to_have_count(3)
    page.get_by_role("checkbox", name="Composite").press("Space")

    row = layer(page, "Layer 2")
    before = saved(page, row.get_by_role("link", name="Download"))
    assert (opened(before).format, opened(before).mode) == ("PNG", "RGBA")
    row.get_by_text("Change this layer").press("Enter")
    row.get_by_role("textbox", name="What to change").fill("make it green")
    row.get_by_role("button", name="Change", exact=True).press("Enter")
    expect(row.get_by_role("button", name="Undo")).to_be_visible(timeout=PICTURE_LIMIT_MS)
    look(page, "layers")
    assert violations(page) == []
    changed = saved(page, row.get_by_role("link", name="Download"))
    assert opened(changed).convert("RGB").tobytes() != opened(before).convert("RGB").tobytes()
    assert opened(changed).getchannel("A").tobytes() == opened(before).getchannel("A").tobytes()
    files = zipfile.ZipFile(
        io.BytesIO(saved(page, page.get_by_role("button", name="Download all (ZIP)")))
    )
    assert [name[0] for name in files.namelist()] == ["0", "1", "2", "3"]
    assert files.read(files.namelist()[2]) == changed
    row.get_by_role("button", name="Undo").press("Enter")
    expect(row.get_by_role("button", name="Undo")).to_be_hidden()
    assert saved(page, row.get_by_role("link", name="Download")) == before


def test_layers_are_sent_ordered_and_shine_through(open_page: OpenPage) -> None:
    page = open_page("edit")
    give(page, picture("teal"))
    page.get_by_role("textbox", name="What to change").fill("a moon")
    page.get_by_role("button", name="Edit the picture").click()
    menu(page.get_by_role("article").first).get_by_role("button", name="Take apart").click()
    expect(page.get_by_role("region", name="Layers", exact=True)).to_have_count(1)
    page.get_by_role("button", name="Take apart").click()
    expect(layer(page, "Layer 2")).to_be_visible(timeout=PICTURE_LIMIT_MS)

    def order() -> list[str]:
        boxes = page.get_by_role("checkbox")
        names: list[str] = boxes.evaluate_all(
            "all => all.map(({ parentNode }) => parentNode.textContent)"
        )
        return names

    page.get_by_role("button", name="Move Layer 1 forward").press("Enter")
    assert order() == ["Layer 1", "Layer 2", "Composite"]
    page.set_viewport_size({"width": 1280, "height": 3000})  # nothing scrolls under the mouse
    layer(page, "Layer 1").locator("> img").drag_to(layer(page, "Composite").locator("> img"))
    expect(page.get_by_role("checkbox").nth(2)).to_have_accessible_name("Layer 1")
    assert order() == ["Layer 2", "Composite", "Layer 1"]
    layer(page, "Layer 2").get_by_role("slider", name="Opacity").fill("0")
    stack = page.get_by_role("img", name="The layers that are on").locator("img:visible")
    expect(stack.nth(2)).to_have_css("opacity", "0")
    page.get_by_role("checkbox", name="Layer 1").press("Space")
    seen = opened(saved(page, page.get_by_role("button", name="Download what is seen")))
    page.get_by_role("link", name="Create", exact=True).click()
    page.get_by_role("link", name="Layers", exact=True).click()
    expect(page.get_by_role("checkbox")).to_have_count(3)
    assert order() == ["Layer 2", "Composite", "Layer 1"]
    back = opened(saved(page, layer(page, "Composite").get_by_role("link", name="Download")))
    assert seen.convert("RGB").tobytes() == back.convert("RGB").tobytes()


def test_failures_are_shown_and_cancel_takes_the_job_back(open_page: OpenPage) -> None:
    page = open_page("layers", width=360, scheme="dark", language="zh")
    expect(page.get_by_text("Qwen Image Layered")).to_be_visible()
    page.evaluate(_PASTE, list(picture("olive")))
    shows = page.get_by_role("textbox", name="图片内容")
    shows.fill("[[quota]]")
    page.get_by_role("button", name="拆分").click()
    expect(page.get_by_role("alert")).to_contain_text(re.compile(r"req_[0-9a-f]{32}"))
    shows.fill("[[steps:1000]]")
    page.get_by_role("button", name="拆分").click()
    expect(page.locator(".clock").first).to_have_text("1 秒")
    with page.expect_event("requestfailed") as left:
        page.get_by_role("button", name="取消").click()
    assert left.value.url.endswith("/decompose")
    expect(page.get_by_text("后已取消").first).to_be_visible()
    shows.fill("")
    page.get_by_role("button", name="拆分").click()
    row = layer(page, "图层 1")
    expect(row).to_be_visible(timeout=PICTURE_LIMIT_MS)
    row.get_by_text("修改此图层").click()
    row.get_by_role("textbox", name="要改什么").fill("[[quota]]")
    row.get_by_role("button", name="修改", exact=True).click()
    expect(row.get_by_role("alert")).to_contain_text(re.compile(r"req_[0-9a-f]{32}"))
    assert page.evaluate("document.documentElement.scrollWidth <= innerWidth")
    look(page, "layers-zh")
    assert violations(page) == []


def give(page: Page, content: bytes) -> None:
    """Choose a picture's file."""
    file: FilePayload = {"name": "picture.png", "mimeType": "image/png", "buffer": content}
    page.locator("input[type=file]").set_input_files(file)


def layer(page: Page, name: str) -> Locator:
    """One layer's row."""
    return page.get_by_role("group", name=name, exact=True)


def saved(page: Page, link: Locator) -> bytes:
    """What a click downloads."""
    with page.expect_download() as download:
        link.click()
    file: Download = download.value
    return Path(file.path()).read_bytes()
