"""The gallery: what this browser keeps, and what the gateway keeps for those with a key."""

import base64
import io
import json
import zipfile
from collections.abc import Callable, Mapping
from pathlib import Path

import httpx
from PIL import Image
from PIL.PngImagePlugin import PngInfo
from playwright.sync_api import FilePayload, Locator, Page, Route, expect

from tests.browser.conftest import OpenPage
from tests.browser.person import choose_model, finished, generate, more
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
    expect(page.get_by_role("heading", name="Gallery")).to_be_visible()


def prints(page: Page) -> Callable[[], list[str]]:
    return lambda: page.locator(".shelf button > span:not(.print-star)").all_inner_texts()


def payloads(files: Mapping[str, bytes]) -> list[FilePayload]:
    return [{"name": name, "mimeType": "", "buffer": data} for name, data in files.items()]


def viewer(page: Page) -> Locator:
    return page.get_by_role("dialog").first


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
    page.keyboard.press("i")
    told = dialog.get_by_role("region", name="What it came of")
    expect(told).to_contain_text("Steps")
    expect(told).to_contain_text("Hugging Face Spaces")
    seed = told.locator("dd").nth(1).inner_text()
    look(page, "gallery-picture-light-en", whole=False)
    assert violations(page) == []
    dialog.get_by_role("button", name="Reuse settings").click()
    expect(page.get_by_role("textbox", name="Prompt")).to_have_value("a heron at the river")
    expect(page.get_by_role("spinbutton", name="Seed")).to_have_value(seed)
    expect(page.get_by_role("spinbutton", name="Steps")).to_have_value("11")


def test_pictures_are_taken_away_as_a_zip_and_come_back_from_it(open_page: OpenPage) -> None:
    page = open_page()
    page.evaluate(_KEEP, ["a red barn", "a fox", "a red kite, seen from below: ünder"])
    visit(page)
    page.get_by_role("searchbox").fill("red")
    expect(page.locator(".shelf button")).to_have_count(2)
    with page.expect_download() as caught:
        page.get_by_role("button", name="Download as ZIP").click()
    kept = Path(caught.value.path()).read_bytes()
    archive = zipfile.ZipFile(io.BytesIO(kept))
    rows = json.loads(archive.read("pictures.json"))
    assert [row["order"]["prompt"][:10] for row in rows] == ["a red kite", "a red barn"]
    assert rows[0]["order"]["parameters"] == {"steps": 8}
    for row, prompt in zip(rows, ["a red kite, seen from below: ünder", "a red barn"], strict=True):
        text = Image.open(io.BytesIO(archive.read(row["file"]))).text  # type: ignore[attr-defined]
        facts = f"Steps: 8, Seed: {row['seed']}, Size: 96x64, Model: z-image-turbo"
        assert text["parameters"].startswith(f"{prompt}\n{facts}")

    page.get_by_role("searchbox").fill("")
    page.get_by_role("button", name="Delete all").click()
    question = page.get_by_role("group", name="Delete all 3 pictures")
    expect(question.get_by_role("button", name="Cancel")).to_be_focused()
    question.get_by_role("button", name="Delete all").click()
    expect(page.get_by_text("Nothing here yet.")).to_be_visible()
    expect(page.get_by_role("link", name="What shall we paint?")).to_be_visible()
    assert json.loads(page.evaluate(_ALL_ROWS)) == []

    hostile = io.BytesIO()
    with zipfile.ZipFile(hostile, "w", zipfile.ZIP_DEFLATED) as bad:
        bad.writestr("page.png", "<!doctype html><script>alert(1)</script>")
        bad.writestr("a.png", archive.read(rows[0]["file"]))
        odd = {"file": "a.png", "order": {"prompt": "x" * 40_000, "operation": "rm", "model": 7}}
        bad.writestr("pictures.json", json.dumps([{"file": "page.png"}, odd, None, {"file": "b"}]))
    files = {"a.zip": kept, "bad.zip": hostile.getvalue(), "c.png": b"PK", "d.zip": b"PK\3\4 no"}
    field = page.locator("input[type=file]")
    field.set_input_files(payloads(files))
    expect(page.get_by_role("main").get_by_text("Pictures imported: 3.")).to_contain_text(
        "b, ?, page.png, c.png, d.zip"
    )
    eventually(lambda: len(prints(page)()) == 3)
    back = json.loads(page.evaluate(_ALL_ROWS))
    known = {row["id"]: row for row in back}
    assert [known[row["id"]]["order"] for row in rows] == [
        {**row["order"], "style": None} for row in rows
    ]
    field.set_input_files(payloads({"a.zip": kept}))
    expect(page.get_by_role("main").get_by_text("Here already: 2.")).to_be_visible()


# One of each format, the last enlarged; what they are as files with their parameters, in base64.
_FORMATS = """async () => {
  const { keep, listKept } = await import("/scripts/state/gallery.js");
  const { withParameters } = await import("/scripts/files/with-parameters.js");
  const canvas = Object.assign(document.createElement("canvas"), { width: 96, height: 64 });
  canvas.getContext("2d").fillRect(0, 0, 64, 64);
  for (const type of ["image/jpeg", "image/webp"]) {
    const blob = await new Promise((resolve) => canvas.toBlob(resolve, type));
    const [operation, prompt] = type === "image/jpeg" ? ["edit", "naïve, 雪"] : ["upscale", ""];
    const order = { operation, model: "z-image-turbo", prompt, parameters: {} };
    await keep({ blob, width: 96, height: 64, seed: 5, model: "z-image-turbo", order, elapsedS: 1 });
  }
  const files = await Promise.all((await listKept()).map(withParameters));
  const again = await withParameters({ ...(await listKept())[0], blob: files[0] });
  const texts = files.map(async (file) =>
    btoa(String.fromCharCode(...new Uint8Array(await file.arrayBuffer()))));
  return [again.size === files[0].size, ...await Promise.all(texts)];
}"""


def test_jpeg_and_webp_carry_their_parameters_and_an_enlarged_one_has_a_name(
    open_page: OpenPage,
) -> None:
    page = open_page("gallery")
    once, *files = page.evaluate(_FORMATS)
    page.reload()
    assert once, "what has Exif is left alone"
    for file, prompt in zip(files, ["", "naïve, 雪"], strict=True):
        image = Image.open(io.BytesIO(base64.b64decode(file)))
        image.load()
        comment = image.getexif().get_ifd(0x8769)[0x9286]
        assert comment.startswith(b"UNICODE\0")
        facts = "Seed: 5, Size: 96x64, Model: z-image-turbo, Generator: Darkroom"
        assert comment[8:].decode("utf-16-be") == f"{prompt}\n{facts}"
    eventually(lambda: prints(page)() == ["Enlarged · Z-Image Turbo", "naïve, 雪"])
    page.get_by_text("Edits", exact=True).click()
    page.get_by_role("searchbox").fill("雪")
    eventually(lambda: prints(page)() == ["naïve, 雪"])
    names = ("enlarged.webp", "snow.jpg")
    back = {name: base64.b64decode(file) for name, file in zip(names, files, strict=True)}
    where = back["snow.jpg"].index(b"\x92\x86") + 8  # where its comment is
    astray = back["snow.jpg"][:where] + b"\xff" * 4 + back["snow.jpg"][where + 4 :]
    page.locator("input[type=file]").set_input_files(payloads({**back, "astray.jpg": astray}))
    expect(page.get_by_role("main").get_by_text("Pictures imported: 3.")).to_be_visible()
    rows = json.loads(page.evaluate(_ALL_ROWS))
    known = [(row["order"]["prompt"], row["seed"]) for row in rows]
    assert [known.count(row) for row in (("naïve, 雪", 5), ("", 5), ("", None))] == [2, 2, 1]


# What other programs write into their pictures.
_A1111 = """a castle, (at night:1.2)
in the rain
Negative prompt: people, blurry
Steps: 20, Sampler: Euler a, CFG scale: 7.5, Seed: 42, Size: 512x768, Model: "dream, shaper", ENSD: 1"""
_COMFY = {
    "3": {
        "class_type": "KSampler",
        "inputs": {
            **{"seed": 99, "steps": 12, "cfg": 3, "model": ["4", 0]},
            **{"positive": ["6", 0], "negative": ["7", 0]},
        },
    },
    "4": {"class_type": "CheckpointLoaderSimple", "inputs": {"ckpt_name": "sdxl.safetensors"}},
    "6": {"class_type": "CLIPTextEncode", "inputs": {"text": "a harbour", "clip": ["4", 1]}},
    "7": {"class_type": "CLIPTextEncode", "inputs": {"text": "fog", "clip": ["4", 1]}},
}


def test_pictures_of_other_programs_come_with_what_they_were_made_of(open_page: OpenPage) -> None:
    page = open_page("gallery")

    def png(keyword: str, text: str) -> bytes:
        chunks, file = PngInfo(), io.BytesIO()
        chunks.add_text(keyword, text, zip=len(text) > 1_000_000)
        Image.new("RGB", (64, 48), "red").save(file, "PNG", pnginfo=chunks)
        return file.getvalue()

    files = {
        "castle.png": png("parameters", _A1111),
        "harbour.png": png("prompt", json.dumps(_COMFY)),
        "circle.png": png("prompt", '{"1": {"inputs": {"steps": 1, "positive": ["1", 0]}}}'),
        "deep.png": png("prompt", "[" * 5000),
        "bomb.png": png("parameters", "x" * 50_000_000),
    }
    page.locator("input[type=file]").set_input_files(payloads(files))
    expect(page.get_by_role("main").get_by_text("Pictures imported: 5.")).to_be_visible()
    rows = json.loads(page.evaluate(_ALL_ROWS))
    orders = {row["order"]["prompt"]: row for row in rows}
    castle = orders["a castle, (at night:1.2)\nin the rain"]
    assert castle["seed"] == 42
    assert castle["order"]["parameters"] == {
        **{"negative_prompt": "people, blurry", "size": "512x768"},
        **{"seed": 42, "steps": 20, "guidance_scale": 7.5},
    }
    harbour = orders["a harbour"]
    assert (harbour["model"], harbour["seed"]) == ("sdxl.safetensors", 99)
    assert harbour["order"]["parameters"]["negative_prompt"] == "fog"
    assert [row["order"]["parameters"] for row in rows].count({}) == 2, "bomb and deep"


def test_the_viewer_goes_through_what_was_found_zooms_and_is_closed_by_back(
    open_page: OpenPage,
) -> None:
    page = open_page()
    page.evaluate(_KEEP, ["a red barn", "a fox", "a red kite"])
    visit(page)
    page.get_by_role("searchbox").fill("red")
    page.get_by_role("button", name="a red kite").click()
    expect(page.get_by_text("1 of 2", exact=True)).to_be_visible()
    assert page.evaluate("/^#gallery\\/[\\d-]+$/.test(location.hash)")
    page.keyboard.press("ArrowRight")
    expect(page.get_by_role("dialog", name="a red barn")).to_be_visible()
    percent = page.get_by_title("Fit to the window")
    for key, shown in (("+", "125 %"), ("-", "100 %"), ("+", "125 %"), ("0", "100 %")):
        page.keyboard.press(key)
        expect(percent).to_have_text(shown)
    frame = page.locator(".viewer-frame")
    frame.hover()
    page.mouse.wheel(0, -500)
    expect(percent).to_have_text("305 %")
    page.keyboard.press("f")
    expect(page.get_by_title("Star", exact=True)).to_have_attribute("aria-pressed", "true")
    with page.expect_download() as saved:
        page.keyboard.press("d")
    assert "a red barn" in Image.open(saved.value.path()).text["parameters"]  # type: ignore[attr-defined]
    page.go_back()
    expect(page.get_by_role("dialog")).to_have_count(0)
    assert page.evaluate("location.hash") == "#gallery"
    page.go_forward()
    expect(page.get_by_role("dialog", name="a red barn")).to_be_visible()
    page.reload()
    expect(page.get_by_role("dialog", name="a red barn")).to_be_visible()
    page.keyboard.press("e")
    expect(page.locator("nav a[href='#edit'][aria-current=page]")).to_be_visible()
    visit(page)
    page.get_by_text("★ Starred").click()
    eventually(lambda: prints(page)() == ["a red barn"])


def test_the_viewer_is_swiped_and_shows_what_was_before(open_page: OpenPage) -> None:
    page = open_page(width=360, scheme="dark")
    page.evaluate(_KEEP, ["a red barn", "a fox"])
    page.evaluate("""async () => {
      const { listKept } = await import("/scripts/state/gallery.js");
      const { openViewer } = await import("/scripts/ui/viewer.js");
      const rows = await listKept();
      rows[1].order.images = [rows[0].blob];
      await openViewer(rows, 0);
    }""")
    expect(page.get_by_role("dialog", name="a fox")).to_be_visible()
    frame = page.locator(".viewer-frame")
    frame.hover()
    page.mouse.down()
    page.mouse.move(80, 400, steps=4)
    page.mouse.up()
    expect(page.get_by_role("dialog", name="a red barn")).to_be_visible()
    page.keyboard.press("Space")
    expect(frame.get_by_role("img", name="Before")).to_be_visible()
    page.keyboard.press("Space")
    expect(frame.get_by_role("img", name="a red barn")).to_be_visible()
    frame.dblclick()
    page.keyboard.press("i")
    expect(page.get_by_role("region", name="What it came of")).to_be_visible()
    look(page, "viewer-dark-en", whole=False)
    assert violations(page) == []
    assert page.evaluate("document.documentElement.scrollWidth <= innerWidth")
    page.keyboard.press("Escape")
    expect(page.get_by_role("dialog")).to_have_count(0)
    assert page.evaluate("location.hash") == "#create"


def test_a_deleted_picture_is_gone_at_once_and_can_be_had_back(open_page: OpenPage) -> None:
    page = open_page()
    page.evaluate(_KEEP, ["a red barn", "a fox"])
    visit(page)
    page.get_by_role("button", name="a red barn").click()
    expect(page.get_by_role("dialog", name="a red barn")).to_be_visible()
    page.keyboard.press("Delete")
    expect(page.get_by_role("dialog", name="a fox")).to_be_visible()
    eventually(lambda: len(json.loads(page.evaluate(_ALL_ROWS))) == 1)
    look(page, "gallery-undo-light-en", whole=False)
    assert violations(page) == []
    page.keyboard.press("Control+z")
    expect(page.get_by_text("2 of 2", exact=True)).to_be_visible()
    page.keyboard.press("Escape")
    eventually(lambda: prints(page)() == ["a fox", "a red barn"])


def test_several_are_chosen_by_keys_and_by_shift_for_one_deed(
    open_page: OpenPage, sources: str
) -> None:
    page = open_page(site=sources)
    page.evaluate(_KEEP, ["one", "two", "three", "four"])
    visit(page)
    page.get_by_role("checkbox", name="Choose four").press("Space")
    page.get_by_role("button", name="two").click(modifiers=["Shift"])
    deeds = page.get_by_role("group", name="The chosen pictures")
    expect(deeds).to_contain_text("3 chosen")
    look(page, "gallery-chosen-light-en", whole=False)
    assert violations(page) == []
    deeds.get_by_role("button", name="Compare").click()
    side = page.get_by_role("dialog", name="Compare")
    expect(side.get_by_role("img")).to_have_count(3)
    page.evaluate("""async () => {
      const { blur } = await import("/scripts/state/blur.js");
      blur.value = true;
    }""")
    expect(side.get_by_role("button", name="Show the picture")).to_have_count(3)
    side.get_by_role("button", name="Show the picture").first.click()
    expect(side.get_by_role("button", name="Show the picture")).to_have_count(2)
    look(page, "side-by-side-veiled", whole=False)
    page.keyboard.press("Escape")
    deeds.get_by_role("button", name="Star", exact=True).click()
    expect(page.get_by_role("img", name="Starred")).to_have_count(3)
    deeds.get_by_role("button", name="Delete").click()
    eventually(lambda: prints(page)() == ["one"])
    page.get_by_role("button", name="Undo").click()
    expect(page.get_by_role("img", name="Starred")).to_have_count(3)


def test_a_picture_is_shared_by_a_link_to_a_page_that_opens_it_again(open_page: OpenPage) -> None:
    page = open_page()
    page.evaluate(_KEEP, ["a red barn"])
    visit(page)
    page.get_by_role("button", name="a red barn").click()
    page.get_by_role("button", name="Share").click()
    dialog = page.get_by_role("dialog", name="Share")
    expect(dialog).to_contain_text("everybody who has the link")
    dialog.get_by_role("button", name="Make a link").click()
    link = dialog.get_by_role("textbox", name="The link").input_value()
    look(page, "share-light-en", whole=False)
    assert violations(page) == []
    page.goto(link)
    expect(page.get_by_role("img", name="a red barn")).to_have_js_property("naturalWidth", 96)
    look(page, "shared-page")
    assert violations(page) == []
    page.get_by_role("link", name="Open in Darkroom").click()
    expect(page.get_by_role("textbox", name="Prompt")).to_have_value("a red barn")
    more(page)
    expect(page.get_by_role("spinbutton", name="Steps")).to_have_value("8")
    visit(page)
    page.get_by_role("button", name="a red barn").click()
    page.get_by_role("button", name="Share").click()
    expect(dialog.get_by_role("textbox", name="The link")).to_have_value(link)
    dialog.get_by_role("button", name="Stop sharing").click()
    expect(dialog.get_by_text("Nobody finds it by that link any more")).to_be_visible()
    expect(dialog.get_by_role("button", name="Make a link")).to_be_visible()
    assert httpx.get(link).status_code == 404  # the browser may have it for five minutes


def test_where_no_file_can_be_kept_its_bytes_are(open_page: OpenPage) -> None:
    """As in a private window of Safari, and in WebKitGTK."""
    page = open_page()
    page.evaluate("""() => {
      const put = IDBObjectStore.prototype.put;
      IDBObjectStore.prototype.put = function (row) {
        if (row.blob instanceof Blob) throw new DOMException("no file", "UnknownError");
        return put.call(this, row);
      };
      Object.assign(navigator.storage, { persist: async () => { window.persisted = true; } });
    }""")
    page.evaluate(_KEEP, ["a red barn"])
    visit(page)
    page.get_by_role("button", name="a red barn").click()
    expect(viewer(page).get_by_role("img")).to_have_js_property("naturalWidth", 96)
    assert page.evaluate("persisted"), "the browser is asked to keep them"


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
    expect(viewer(page).locator(".viewer-frame img")).to_be_visible()
    page.keyboard.press("i")
    expect(viewer(page).get_by_role("region")).to_be_visible()
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
    page.add_init_script(
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
    page.keyboard.press("Delete")
    viewer(page).get_by_role("button", name="Undo").click()
    page.keyboard.press("Escape")
    eventually(lambda: prints(page)() == ["an ox", "a dog", "a cat"])
    page.get_by_role("button", name="a dog").click()
    expect(dialog).to_be_visible()
    page.keyboard.press("Delete")
    expect(page.get_by_role("dialog", name="a cat")).to_be_visible()
    page.keyboard.press("i")
    page.get_by_role("button", name="Reuse settings").click()
    expect(page.get_by_role("textbox", name="Prompt")).to_have_value("a cat")
    more(page)
    expect(page.get_by_role("spinbutton", name="Seed")).to_have_value("0")
    visit(page)
    page.get_by_text("Gitee AI", exact=True).click()
    eventually(lambda: prints(page)() == ["an ox", "a cat"])
    page.get_by_role("button", name="Delete all").click()
    page.get_by_role("group", name="Delete all").get_by_role("button", name="Delete all").click()
    expect(page.get_by_text("Nothing here yet.")).to_be_visible()
    assert httpx.get(f"{stack.url}/api/history", headers=headers).json()["total"] == 0
