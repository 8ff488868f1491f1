"""Editing on the page, as a person would: sources, a mask, before and after."""

import io
import re
from base64 import b64decode
from typing import Any

import pytest
from PIL import Image, ImageDraw
from playwright.sync_api import FilePayload, Locator, Page, expect

from tests.browser.conftest import OpenPage
from tests.browser.person import choose_model, finished, generate, menu, more, newest
from tests.e2e.sdk import body_sent_to, forget
from tests.e2e.stack import Stack
from tests.support.pages import look, violations
from tests.support.pictures import SIZE, opened, picture
from tests.support.spaces import eventually

SHARE = re.compile(r"^(\d+|< 1) % of the picture may change\.$")
NOTHING = "Nothing is painted: all of the picture may change."
GIVE = """([kind, parts]) => {
  const files = new DataTransfer();
  for (const [name, type, bytes] of parts) {
    files.items.add(new File([new Uint8Array(bytes)], name, { type }));
  }
  const event = kind === "paste"
    ? new ClipboardEvent("paste", { clipboardData: files, bubbles: true, cancelable: true })
    : new DragEvent(kind, { dataTransfer: files, bubbles: true, cancelable: true });
  return !document.body.dispatchEvent(event);
}"""


LISTEN = """() => {
  const fetched = window.fetch;
  window.fetch = (path, options) => {
    if (options?.body instanceof FormData) window.sent = options.body;
    return fetched(path, options);
  };
}"""
READ = """() => Promise.all([...sent].map(([name, value]) => new Promise((done) => {
  const reader = new FileReader();
  reader.onload = () => done([name, reader.result.split(",")[1] ?? ""]);
  reader.readAsDataURL(new Blob([value]));
})))"""
WATCH_READS = """() => {
  window.read = [];
  for (const { prototype } of [CanvasRenderingContext2D, OffscreenCanvasRenderingContext2D]) {
    const get = prototype.getImageData;
    prototype.getImageData = function (x, y, width, height) {
      read.push(width * height);
      return get.call(this, x, y, width, height);
    };
  }
}"""


def landscape(name: str = "hills.png", kind: str = "PNG", **options: Any) -> FilePayload:
    """A file with a sun above hills."""
    image = Image.new("RGB", SIZE, "steelblue")
    pen = ImageDraw.Draw(image)
    pen.ellipse((400, 60, 540, 200), fill="gold")
    pen.polygon([(0, 512), (250, 200), (600, 512)], fill="darkgreen")
    file = io.BytesIO()
    image.save(file, kind, **options)
    return {"name": name, "mimeType": f"image/{kind.lower()}", "buffer": file.getvalue()}


def pick(page: Page, *files: FilePayload) -> None:
    page.locator("input[type=file]").set_input_files(list(files))


def give(page: Page, kind: str, *files: tuple[str, str, bytes]) -> bool:
    """Drop or drag them over a place; true where the page takes them, not the browser."""
    parts = [[name, media, list(data)] for name, media, data in files]
    return bool(page.evaluate(GIVE, [kind, parts]))


def source(page: Page, number: int = 1) -> Locator:
    return page.get_by_role("figure").get_by_role("img", name=f"Picture {number}")


def listen(page: Page) -> None:
    """Keep what forms are sent: the browser tells nobody else what files are in them."""
    page.evaluate(LISTEN)


def fields_of(page: Page) -> list[tuple[str, bytes]]:
    """The names and contents of the form that was sent last, in order."""
    eventually(lambda: page.evaluate("Boolean(window.sent)"))
    return [(name, b64decode(content)) for name, content in page.evaluate(READ)]


def drag(page: Page, start: tuple[float, float], end: tuple[float, float]) -> None:
    """With the mouse over the picture, in its own measures."""
    drag_through(page, start, end)


def drag_through(page: Page, start: tuple[float, float], *places: tuple[float, float]) -> None:
    """From place to place."""
    page.locator(".easel").evaluate("easel => easel.scrollIntoView({ block: 'center' })")
    box = page.locator("canvas").bounding_box()
    assert box is not None
    scale = box["width"] / SIZE[0]
    page.mouse.move(box["x"] + start[0] * scale, box["y"] + start[1] * scale)
    page.mouse.down()
    for place in places:
        page.mouse.move(box["x"] + place[0] * scale, box["y"] + place[1] * scale, steps=5)
    page.mouse.up()


@pytest.mark.parametrize(("width", "scheme"), [(1280, "light"), (360, "dark")])
def test_a_file_is_edited_and_compared_with_what_came_of_it(
    open_page: OpenPage, width: int, scheme: str
) -> None:
    page = open_page("edit", width=width, scheme=scheme)
    button = page.get_by_role("button", name="Add a picture first")
    expect(button).to_have_attribute("aria-disabled", "true")
    look(page, f"edit-empty-{scheme}")
    pick(page, landscape())
    expect(source(page)).to_be_visible()
    page.get_by_role("textbox", name="What to change").fill("make it night")
    page.get_by_role("button", name="Edit the picture").click()
    job = newest(page)
    finished(job)
    expect(job.get_by_role("img", name="make it night")).to_be_visible()
    slider = job.get_by_role("slider", name="Before and after")
    slider.focus()
    slider.press("ArrowLeft")
    expect(slider).to_have_attribute("aria-valuetext", "49 % before")
    before = job.get_by_role("img", name="Before")
    assert "51%" in before.evaluate("image => getComputedStyle(image).clipPath")
    box = slider.bounding_box()
    assert box is not None
    page.mouse.click(box["x"] + box["width"] * 0.8, box["y"] + box["height"] * 0.3)
    expect(slider).not_to_have_attribute("aria-valuetext", "49 % before")
    assert page.evaluate("document.documentElement.scrollWidth") <= width
    look(page, f"edit-done-{scheme}")
    assert violations(page) == []


def test_pictures_are_pasted_dropped_ordered_and_removed(open_page: OpenPage) -> None:
    page = open_page("edit")
    expect(page.get_by_text("Qwen Image Edit")).to_be_visible()
    page.get_by_role("textbox", name="What to change").fill("put them together")
    give(page, "paste", ("red.png", "image/png", picture("red")))
    expect(source(page)).to_be_visible()
    give(
        page,
        "drop",
        ("green.png", "image/png", picture("green")),
        ("notes.txt", "text/plain", b"not a picture"),
        ("blue.png", "image/png", picture("blue")),
        ("white.png", "image/png", picture("white")),
    )
    expect(source(page, 3)).to_be_visible()
    problem = page.locator(".problem")
    expect(problem).to_contain_text("notes.txt is not a picture that this browser can open.")
    expect(problem).to_contain_text("white.png was left out: this model takes 3 at most.")
    page.get_by_role("button", name="Move picture 3 forward").click()
    page.get_by_role("button", name="Remove picture 1").click()
    expect(source(page, 3)).to_be_hidden()
    listen(page)
    page.get_by_role("button", name="Edit the picture").click()
    images = [content for name, content in fields_of(page) if name == "image[]"]
    colours = [opened(content).convert("RGB").getpixel((9, 9)) for content in images]
    assert colours == [(0, 0, 255), (0, 128, 0)]
    finished(newest(page))
    newest(page).get_by_role("button", name="Edit", exact=True).click()
    expect(source(page, 2)).to_be_visible()  # the reference stays
    choose_model(page, "loaded checkpoint")
    expect(page.get_by_role("button", name="Remove 1: this model takes 1 at most")).to_be_visible()


def test_a_mask_is_painted_undone_and_sent_transparent_where_it_may_change(
    open_page: OpenPage, stack: Stack
) -> None:
    forget(stack, "a1111")
    page = open_page("edit")
    choose_model(page, "loaded checkpoint")
    pick(page, landscape())
    expect(page.get_by_text(NOTHING)).to_be_visible()
    drag(page, (100, 100), (300, 100))
    expect(page.get_by_text(SHARE)).to_be_visible()
    page.keyboard.press("Control+z")
    expect(page.get_by_text(NOTHING)).to_be_visible()
    page.keyboard.press("Control+Shift+Z")
    expect(page.get_by_text(SHARE)).to_be_visible()
    page.keyboard.press("e")
    drag(page, (300, 60), (300, 140))
    page.get_by_text("A rectangle by numbers").click()
    for side, value in {"Left": 400, "Top": 300, "Width": 101, "Height": 51}.items():
        page.get_by_role("spinbutton", name=side).fill(str(value))
    page.get_by_role("button", name="Add", exact=True).click()
    look(page, "edit-mask")
    assert violations(page) == []
    page.get_by_role("link", name="Create").click()
    page.get_by_role("link", name="Edit").click()
    expect(page.get_by_text(SHARE)).to_be_visible()
    page.get_by_role("textbox", name="What to change").fill("a moon")
    listen(page)
    page.get_by_role("button", name="Edit the picture").click()
    mask = opened(dict(fields_of(page))["mask"])
    assert (mask.mode, mask.size) == ("RGBA", SIZE)
    alpha = mask.getchannel("A")
    assert sum(alpha.histogram()[1:255]) == 0
    inside = [(100, 100), (200, 90), (400, 300), (500, 350), (450, 325)]
    outside = [(100, 150), (300, 100), (399, 300), (501, 350), (500, 351), (0, 0), (639, 511)]
    assert [alpha.getpixel(point) for point in inside] == [0] * len(inside)
    assert [alpha.getpixel(point) for point in outside] == [255] * len(outside)
    finished(newest(page))
    reached = opened(body_sent_to(stack, "a1111")["mask"]).getchannel("A")
    assert reached.tobytes() == alpha.tobytes()


def test_the_keyboard_alone_paints_and_sends(open_page: OpenPage) -> None:
    page = open_page("edit", language="zh", width=360, scheme="dark")
    expect(page.get_by_text("Qwen Image Edit")).to_be_visible()
    page.get_by_role("button", name="模型").click()
    expect(page.get_by_role("searchbox")).to_be_focused()
    page.keyboard.type("loaded checkpoint")
    page.keyboard.press("Enter")
    expect(page.get_by_role("dialog")).to_be_hidden()
    pick(page, landscape("hills.jpg", "JPEG", exif=Image.Exif()))
    summary = page.get_by_text("用数字指定矩形")
    summary.focus()
    page.keyboard.press("Enter")
    for value in (0, 0, 320, 512):
        page.keyboard.press("Tab")
        page.keyboard.type(str(value))
    page.keyboard.press("Enter")
    expect(page.get_by_text("图片中 50 % 的区域可以改动。")).to_be_visible()
    page.keyboard.press("Tab")
    page.keyboard.press("i")
    page.keyboard.press("Control+z")
    page.keyboard.press("i")
    look(page, "edit-mask-zh")
    assert violations(page) == []
    page.get_by_role("textbox", name="要改什么").focus()
    page.keyboard.type("a moon")
    listen(page)
    page.keyboard.press("Control+Enter")
    alpha = opened(dict(fields_of(page))["mask"]).getchannel("A")
    assert [alpha.getpixel((x, 256)) for x in (0, 319, 320, 639)] == [255, 255, 0, 0]


def test_a_turned_photograph_goes_upright_and_without_its_notes(open_page: OpenPage) -> None:
    page = open_page("edit")
    expect(page.get_by_text("Qwen Image Edit")).to_be_visible()
    notes = Image.Exif()
    notes[0x0112] = 6  # turn it to the right
    pick(page, landscape("phone.jpg", "JPEG", exif=notes))
    page.get_by_role("textbox", name="What to change").fill("make it night")
    listen(page)
    page.get_by_role("button", name="Edit the picture").click()
    photograph = opened(dict(fields_of(page))["image"])
    assert photograph.size == SIZE[::-1]
    assert not photograph.getexif()


def test_a_result_is_taken_on_and_enlarged_without_a_word(open_page: OpenPage) -> None:
    page = open_page()
    choose_model(page, "z-image turbo hugging")
    page.get_by_text("1:1").click()
    more(page)
    page.get_by_text("512", exact=True).click()
    finished(generate(page, "a fox"))
    newest(page).get_by_role("button", name="Edit").click()
    expect(source(page)).to_be_visible()
    choose_model(page, "ESRGAN")
    expect(page.get_by_role("textbox", name="What to change")).to_be_hidden()
    listen(page)
    page.get_by_role("button", name="Enlarge the picture").click()
    assert {name for name, _ in fields_of(page)} == {"model", "image", "stream", "async"}
    job = newest(page)
    finished(job)
    expect(job.get_by_text("2048²")).to_be_visible()
    expect(job.get_by_role("slider", name="Before and after")).to_be_visible()


def test_a_mask_is_offered_a_model_that_takes_it_and_the_list_says_which_do(
    open_page: OpenPage,
) -> None:
    page = open_page("edit")
    pick(page, landscape())
    expect(page.get_by_text(NOTHING)).to_be_visible()
    drag(page, (100, 100), (300, 100))
    offer = page.get_by_role("button", name="Switch to The loaded checkpoint")
    expect(page.get_by_text("Qwen Image Edit works on the whole picture")).to_be_visible()
    model = page.get_by_role("button", name="Model")
    model.click()
    dialog = page.get_by_role("dialog", name="Choose a model")
    rows = dialog.get_by_role("radio")
    expect(rows).not_to_have_count(0)
    everything = rows.count()
    filters = dialog.locator(".chip")
    filters.filter(has_text="free").click()
    assert 0 < rows.count() < everything
    for name in ("for several pictures", "fast"):
        filters.filter(has_text=name).click()
    expect(dialog.get_by_text("1 model", exact=True)).to_be_visible()  # Qwen Image Edit
    filters.filter(has_text="able to work on a part").click()
    expect(dialog.get_by_text("No model is called that.")).to_be_visible()
    dialog.get_by_role("button", name="Close").click()
    offer.click()
    expect(model).to_contain_text("The loaded checkpoint")
    expect(offer).to_be_hidden()


def test_shapes_are_painted_by_mouse_enlarged_and_moved(open_page: OpenPage) -> None:
    page = open_page("edit")
    choose_model(page, "loaded checkpoint")
    pick(page, landscape())
    expect(page.get_by_text(NOTHING)).to_be_visible()
    expect(page.get_by_role("radio", name="As the picture 640 × 512")).to_be_checked()
    page.get_by_role("button", name="Rectangle").click()
    drag(page, (40, 40), (140, 90))
    page.keyboard.press("l")
    drag_through(page, (300, 300), (400, 300), (400, 400))
    page.keyboard.press("b")
    drag(page, (500, 100), (500, 100))
    page.keyboard.down("Shift")
    drag(page, (600, 100), (600, 100))  # a straight line from where the last one ended
    page.keyboard.up("Shift")
    drag(page, (600, 450), (600, 450))
    page.keyboard.press("+")
    expect(page.get_by_role("button", name="150 %")).to_be_visible()
    before = page.locator("canvas").bounding_box()
    page.keyboard.down(" ")
    drag(page, (320, 256), (330, 266))
    page.keyboard.up(" ")
    after = page.locator("canvas").bounding_box()
    assert before and after
    assert after["x"] > before["x"]
    page.mouse.move(after["x"] + 400, after["y"] + 400)
    ring = page.locator(".ring").bounding_box()
    assert ring
    assert ring["width"] == pytest.approx(after["width"] * 0.08, abs=4)
    page.keyboard.press("r")
    drag(page, (200, 200), (250, 250))
    page.get_by_role("textbox", name="What to change").fill("a moon")
    listen(page)
    page.get_by_role("button", name="Edit the picture").click()
    fields = dict(fields_of(page))
    assert fields["size"] == b"640x512"  # as the picture, where the model's own is 512 × 512
    alpha = opened(fields["mask"]).getchannel("A")
    inside = [(42, 42), (137, 87), (390, 320), (550, 100), (225, 225), (205, 245), (612, 455)]
    outside = [(36, 42), (144, 87), (310, 390), (550, 130), (195, 225), (255, 225)]
    assert [alpha.getpixel(point) for point in inside] == [0] * len(inside)
    assert [alpha.getpixel(point) for point in outside] == [255] * len(outside)


def test_two_fingers_enlarge_and_leave_nothing_painted(open_page: OpenPage) -> None:
    page = open_page("edit", width=360)
    pick(page, landscape())
    expect(page.get_by_text(NOTHING)).to_be_visible()
    page.locator(".easel").scroll_into_view_if_needed()
    box = page.locator("canvas").bounding_box()
    assert box
    x, y = box["x"] + box["width"] / 2, box["y"] + box["height"] / 2
    fingers = page.context.new_cdp_session(page)

    def touch(kind: str, *places: float) -> None:
        points = [{"x": place, "y": y, "id": number} for number, place in enumerate(places)]
        fingers.send("Input.dispatchTouchEvent", {"type": kind, "touchPoints": points})

    touch("touchStart", x)
    touch("touchStart", x, x + 40)
    touch("touchMove", x, x + 80)
    touch("touchEnd")
    expect(page.get_by_role("button", name="200 %")).to_be_visible()
    expect(page.get_by_text(NOTHING)).to_be_visible()
    touch("touchStart", x)
    touch("touchMove", x + 40)
    touch("touchEnd")
    expect(page.get_by_text(SHARE)).to_be_visible()


def test_what_comes_of_a_picture_takes_its_place_and_is_undone(open_page: OpenPage) -> None:
    page = open_page("edit")
    choose_model(page, "loaded checkpoint")
    pick(page, landscape())
    expect(page.get_by_text(NOTHING)).to_be_visible()
    drag(page, (100, 100), (300, 100))
    expect(page.get_by_text(SHARE)).to_be_visible()
    page.get_by_role("textbox", name="What to change").fill("make it night")
    page.get_by_role("button", name="Edit the picture").click()
    where = page.evaluate("scrollY")
    expect(page.get_by_role("button", name="Painting · Stop")).to_be_in_viewport(ratio=1)
    finished(newest(page))
    assert page.evaluate("scrollY") == where  # it comes where the reader is
    with page.expect_download() as download:
        finished(newest(page)).click()
    result = download.value.path().read_bytes()
    second = page.get_by_role("button", name="Version 2")
    expect(second).to_have_attribute("aria-pressed", "true")
    expect(page.get_by_text(NOTHING)).to_be_visible()
    page.get_by_role("button", name="Before and after").click()
    compared = page.locator(".compared")
    expect(compared.get_by_role("slider", name="Before and after")).to_be_visible()
    page.get_by_role("button", name="Before and after").click()
    page.get_by_role("button", name="Undo").click()
    expect(page.get_by_role("button", name="Version 1")).to_have_attribute("aria-pressed", "true")
    expect(page.get_by_text(SHARE)).to_be_visible()  # its mask is there again
    page.get_by_role("button", name="Redo").click()
    expect(second).to_have_attribute("aria-pressed", "true")
    menu(newest(page)).get_by_role("button", name="Use as reference").click()
    expect(source(page, 1)).to_be_visible()
    listen(page)
    page.get_by_role("button", name="Edit the picture").click()
    image = dict(fields_of(page))["image"]
    # The very same file, but for the parameters that a download has behind its header.
    assert result.startswith(image[:33]) and result.endswith(image[33:])
    expect(page.get_by_role("button", name="Version 3")).to_be_visible()


def test_a_large_picture_is_bounded_and_not_read_whole_at_each_stroke(open_page: OpenPage) -> None:
    page = open_page("edit")
    choose_model(page, "loaded checkpoint")
    file = io.BytesIO()
    Image.new("RGB", (5120, 4096), "olive").save(file, "PNG")
    page.evaluate(WATCH_READS)
    pick(page, {"name": "large.png", "mimeType": "image/png", "buffer": file.getvalue()})
    expect(page.get_by_text(NOTHING)).to_be_visible()
    page.get_by_text("A rectangle by numbers").click()
    for side in ("Left", "Top", "Width", "Height"):
        page.get_by_role("spinbutton", name=side).fill("3")
    page.get_by_role("button", name="Add", exact=True).click()
    expect(page.get_by_text("< 1 % of the picture may change.")).to_be_visible()
    page.get_by_role("button", name="Undo").click()
    expect(page.get_by_text(NOTHING)).to_be_visible()
    drag(page, (100, 100), (300, 100))
    expect(page.get_by_text(SHARE)).to_be_visible()
    assert 0 < max(page.evaluate("read")) <= 512 * 512
    page.get_by_role("textbox", name="What to change").fill("a moon")
    listen(page)
    page.get_by_role("button", name="Edit the picture").click()
    fields = dict(fields_of(page))
    assert opened(fields["mask"]).size == (4096, 3277)
    assert fields["size"] == b"2048x1640"


def test_pictures_that_are_dropped_anywhere_are_taken_and_the_page_stays(
    open_page: OpenPage,
) -> None:
    page = open_page("gallery")
    file = ("red.png", "image/png", picture("red"))
    for view in ("compare", "keys", "layers", "create", "gallery"):
        page.locator(f"nav a[href='#{view}']").click()
        expect(page.locator(f"nav a[href='#{view}'][aria-current=page]")).to_be_visible()
        assert give(page, "dragover", file), view
    give(page, "drop", file)
    expect(source(page)).to_be_visible()
    page.get_by_role("link", name="Create").click()
    page.get_by_role("textbox", name="Prompt").fill("both together")
    give(page, "drop", ("notes.txt", "text/plain", b"not a picture"))
    question = page.get_by_role("dialog", name="What is this picture for?")
    expect(question).to_contain_text("notes.txt is not a picture")
    question.get_by_role("button", name="Close").click()
    give(page, "paste", file)
    expect(question.get_by_role("button", name="Edit it")).to_be_focused()
    look(page, "arrived", whole=False)
    assert violations(page) == []
    question.get_by_role("button", name="Use as reference").click()
    expect(source(page, 2)).to_be_visible()
    expect(page.get_by_role("textbox", name="What to change")).to_have_value("both together")
    page.get_by_role("button", name="Remove picture 2").press("Delete")
    expect(source(page, 2)).to_be_hidden()
    page.get_by_role("link", name="Create").click()
    give(page, "drop", file)
    question.get_by_role("button", name="Describe it").click()
    expect(question).to_be_hidden()
    expect(page.get_by_role("textbox", name="Prompt")).not_to_have_value("both together")
    assert page.get_by_role("textbox", name="Prompt").input_value()


def test_an_earlier_picture_is_dragged_to_the_composer_and_picked_in_edit(
    open_page: OpenPage,
) -> None:
    page = open_page()
    finished(generate(page, "a fox", "z-image turbo hugging"))
    page.reload()
    film = page.get_by_role("list", name="Earlier pictures")
    film.get_by_role("button", name="a fox").drag_to(page.locator(".composer textarea"))
    page.get_by_role("button", name="Edit it").click()
    expect(source(page)).to_have_js_property("naturalWidth", 1024)  # not the film's small one
    film.get_by_role("button", name="a fox").click()
    expect(source(page, 2)).to_be_visible()
    film.get_by_role("button", name="a fox").drag_to(page.locator(".sources"))
    expect(source(page, 3)).to_be_visible()
