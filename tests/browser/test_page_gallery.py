"""The gallery: what this browser keeps, and what the gateway keeps for those with a key."""

import io
import json
import zipfile
from collections.abc import Callable
from pathlib import Path

import httpx
from playwright.sync_api import Page, Route, expect

from tests.browser.conftest import OpenPage
from tests.browser.person import choose_model, finished, generate, menu, more, seed_of
from tests.e2e.stack import Stack
from tests.support.pages import look, violations
from tests.support.spaces import eventually

KEY = "good-of-the-collector"

# Puts pictures into the gallery by the page's own way, without waiting for a model.
_KEEP = """async (prompts) => {
  const { keep } = await import("/scripts/state/gallery.js");
  const canvas = Object.assign(document.createElement("canvas"), { width: 96, height: 64 });
  canvas.getContext("2d").fillRect(0, 0, 64, 64);
  const blob = await new Promise((resolve) => canvas.toBlob(resolve));
  for (const [seed, prompt] of prompts.entries()) {
    const order = { operation: "generate", model: "z-image-turbo", prompt, parameters: { steps: 8 } };
    await keep({
      blob, width: 96, height: 64, seed, model: "z-image-turbo", provider: "huggingface",
      requestId: null, elapsedS: 1, order, url: "", authorization: "Bearer hf_secret",
    });
  }
}"""
_COUNT_URLS = """() => {
  window.open_urls = new Set();
  const [create, revoke] = [URL.createObjectURL, URL.revokeObjectURL];
  URL.createObjectURL = (blob) => { const url = create(blob); open_urls.add(url); return url; };
  URL.revokeObjectURL = (url) => { open_urls.delete(url); revoke(url); };
}"""
_ALL_ROWS = """async () => {
  const { listKept } = await import("/scripts/state/gallery.js");
  return JSON.stringify(await listKept());
}"""


def visit(page: Page) -> None:
    page.get_by_role("link", name="Gallery").click()


def prints(page: Page) -> Callable[[], list[str]]:
    return lambda: page.locator(".shelf button span").all_inner_texts()


def hold_key(page: Page) -> None:
    page.evaluate("key => sessionStorage.setItem('darkroom.keys', key)", json.dumps({"gitee": KEY}))
    page.reload()


def test_a_finished_picture_is_found_again_with_all_its_settings(open_page: OpenPage) -> None:
    page = open_page()
    choose_model(page, "z-image turbo hugging")
    more(page)
    page.get_by_role("spinbutton", name="Steps").fill("11")
    finished(generate(page, "a heron at the river"))
    page.evaluate(_KEEP, ["a red barn", "a fox"])
    page.reload()
    visit(page)
    expect(page.get_by_role("status").filter(has_text="3 of 3 pictures")).to_be_visible()
    assert prints(page)() == ["a fox", "a red barn", "a heron at the river"]
    page.get_by_role("searchbox").fill("HERON turbo")
    expect(page.get_by_role("status").filter(has_text="1 of 3 pictures")).to_be_visible()
    look(page, "gallery-light-en")
    assert violations(page) == []

    page.get_by_role("button", name="a heron at the river").click()
    dialog = page.get_by_role("dialog", name="a heron at the river")
    expect(dialog.get_by_role("img", name="a heron at the river")).to_be_visible()
    expect(dialog).to_contain_text("Steps")
    seed = seed_of(dialog)
    look(page, "gallery-picture-light-en", whole=False)
    assert violations(page) == []
    menu(dialog).get_by_role("button", name="Reuse settings").click()
    expect(page.get_by_role("textbox", name="Prompt")).to_have_value("a heron at the river")
    expect(page.get_by_role("spinbutton", name="Seed")).to_have_value(seed)
    expect(page.get_by_role("spinbutton", name="Steps")).to_have_value("11")


def test_pictures_are_taken_away_as_a_zip_and_deleted(open_page: OpenPage) -> None:
    page = open_page()
    page.evaluate(_KEEP, ["a red barn", "a fox", "a red kite"])
    visit(page)
    page.get_by_role("searchbox").fill("red")
    expect(page.locator(".shelf button")).to_have_count(2)
    with page.expect_download() as caught:
        page.get_by_role("button", name="Download as ZIP").click()
    archive = zipfile.ZipFile(io.BytesIO(Path(caught.value.path()).read_bytes()))
    rows = json.loads(archive.read("pictures.json"))
    assert [row["order"]["prompt"] for row in rows] == ["a red kite", "a red barn"]
    assert rows[0]["order"]["parameters"] == {"steps": 8}
    assert archive.read(rows[0]["file"]).startswith(b"\x89PNG")

    page.get_by_role("button", name="a red barn").click()
    dialog = page.get_by_role("dialog")
    dialog.get_by_role("button", name="Delete").click()
    page.keyboard.press("Escape")  # to think it over
    expect(dialog).to_be_visible()
    dialog.get_by_role("button", name="Delete").press("Enter")
    confirm = page.get_by_role("group", name="Delete this picture for good").get_by_role("button")
    expect(confirm).to_be_focused()
    confirm.evaluate("button => { button.click(); button.click(); }")  # by a trembling hand
    expect(dialog).to_be_hidden()
    page.get_by_role("searchbox").fill("")
    eventually(lambda: prints(page)() == ["a red kite", "a fox"])
    page.get_by_role("button", name="Delete all").click()
    page.get_by_role("group", name="Delete all 2 pictures").get_by_role("button").click()
    expect(page.get_by_text("Nothing here yet.")).to_be_visible()
    assert json.loads(page.evaluate(_ALL_ROWS)) == []


def test_many_pictures_are_shown_a_part_at_a_time_and_let_go(open_page: OpenPage) -> None:
    page = open_page(width=360, scheme="dark", language="zh")
    page.evaluate(_COUNT_URLS)
    page.evaluate(_KEEP, [f"number {number}" for number in range(61)])
    page.get_by_role("link", name="图库").click()
    expect(page.locator(".shelf button")).to_have_count(60)
    page.get_by_role("button", name="显示更多").click()
    expect(page.locator(".shelf button")).to_have_count(61)
    assert page.evaluate("open_urls.size") == 61
    look(page, "gallery-dark-zh", whole=False)
    assert violations(page) == []
    page.get_by_role("button", name="number 60").click()
    expect(page.get_by_role("dialog").get_by_role("img")).to_be_visible()
    look(page, "gallery-picture-dark-zh", whole=False)
    assert violations(page) == []
    assert page.evaluate("document.documentElement.scrollWidth <= innerWidth")
    page.keyboard.press("Escape")
    page.get_by_role("link", name="密钥", exact=True).click()
    eventually(lambda: page.evaluate("open_urls.size === 0"))


def test_no_key_gets_into_what_is_kept(open_page: OpenPage) -> None:
    page = open_page()
    hold_key(page)
    finished(generate(page, "a locked box", "gitee/z-image-turbo"))
    page.evaluate(_KEEP, ["a fox"])
    rows = page.evaluate(_ALL_ROWS)
    assert "a locked box" in rows
    assert KEY not in rows
    assert "secret" not in rows


def test_a_browser_without_storage_gets_a_notice(open_page: OpenPage) -> None:
    page = open_page()
    page.context.add_init_script(
        "IDBFactory.prototype.open = () => { throw new DOMException('no', 'SecurityError'); }"
    )
    page.reload()
    expect(page.get_by_text("the first free model that answers")).to_be_visible()
    finished(generate(page, "a fox"))
    visit(page)
    expect(page.get_by_role("alert")).to_contain_text("did not let a picture be kept")
    assert violations(page) == []


def test_the_gateways_history_is_there_for_those_with_a_key(
    open_page: OpenPage, stack: Stack
) -> None:
    headers = {"authorization": f"Bearer gitee:{KEY}-2"}
    with httpx.Client(base_url=stack.url, headers=headers, timeout=60) as http:
        for number, prompt in enumerate(["a cat", "a dog", "an ox"]):
            fields = {"model": "gitee/z-image-turbo", "prompt": prompt, "size": "512x512"}
            http.post("/v1/images/generations", json={**fields, "seed": number}).raise_for_status()
            eventually(lambda n=number: http.get("/api/history?inline=0").json()["total"] == n + 1)  # type: ignore[misc]

    page = open_page("gallery")
    expect(page.get_by_role("link", name="Add one under Keys")).to_be_visible()
    page.evaluate(
        "key => sessionStorage.setItem('darkroom.keys', key)", json.dumps({"gitee": f"{KEY}-2"})
    )

    def by_twos(route: Route) -> None:
        route.continue_(url=route.request.url.replace("limit=60", "limit=2"))

    page.route("**/api/history?*", by_twos)
    page.reload()
    page.get_by_text("Gitee AI", exact=True).click()
    eventually(lambda: prints(page)() == ["an ox", "a dog"])
    page.get_by_role("button", name="Show more").click()
    eventually(lambda: prints(page)() == ["an ox", "a dog", "a cat"])
    look(page, "history-light-en")
    assert violations(page) == []

    page.get_by_role("button", name="a dog").click()
    dialog = page.get_by_role("dialog", name="a dog")
    shown = dialog.get_by_role("img", name="a dog")
    expect(shown).to_have_js_property("naturalWidth", 512)
    dialog.get_by_role("button", name="Delete").click()
    dialog.get_by_role("group", name="Delete this picture for good?").get_by_role("button").click()
    eventually(lambda: prints(page)() == ["an ox", "a cat"])
    page.get_by_role("button", name="a cat").click()
    menu(page.get_by_role("dialog")).get_by_role("button", name="Reuse settings").click()
    expect(page.get_by_role("textbox", name="Prompt")).to_have_value("a cat")
    more(page)
    expect(page.get_by_role("spinbutton", name="Seed")).to_have_value("0")
    page.go_back()
    page.get_by_text("Gitee AI", exact=True).click()
    page.get_by_role("button", name="Delete all").click()
    page.get_by_role("group", name="Delete all").get_by_role("button").click()
    expect(page.get_by_text("Nothing here yet.")).to_be_visible()
    assert httpx.get(f"{stack.url}/api/history", headers=headers).json()["total"] == 0
