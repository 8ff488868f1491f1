"""The reader's own keys: where they are kept, where they go, and what a test of them tells."""

import json
import re

import pytest
from playwright.sync_api import Locator, Page, Request, expect

from tests.browser.conftest import OpenPage
from tests.e2e.stack import ADMIN_KEY
from tests.support.pages import look, violations

SECRET = "good-secret-of-the-page"
PICTURE_LIMIT_MS = 30_000
# All that IndexedDB holds, as text.
ROWS = """async () => {
  const texts = [];
  for (const { name } of await indexedDB.databases()) {
    const db = await new Promise((done) => { indexedDB.open(name).onsuccess = (e) => done(e.target.result); });
    for (const store of db.objectStoreNames) {
      const rows = await new Promise((done) => {
        db.transaction(store).objectStore(store).getAll().onsuccess = (e) => done(e.target.result);
      });
      texts.push(...rows.map((row) => JSON.stringify(row)));
    }
    db.close();
  }
  return texts;
}"""


def keys_of(page: Page, name: str) -> Locator:
    return page.get_by_role("group", name=name)


def field(page: Page, name: str) -> Locator:
    return keys_of(page, name).locator("input")


def run_test(page: Page, name: str, text: str) -> Locator:
    """What is said of the keys, one line for each."""
    field(page, name).fill(text)
    keys_of(page, name).get_by_role("button", name="Test").click()
    verdicts = keys_of(page, name).locator(".card")
    expect(verdicts.first).to_be_visible()
    return verdicts


def kept(page: Page, storage: str) -> str:
    text: str = page.evaluate(f"JSON.stringify({storage})")
    return text


def paint(page: Page, provider: str, model: str) -> Request:
    """Have a picture painted; the request that asked for it."""
    page.get_by_role("link", name="Create", exact=True).click()
    page.get_by_role("button", name=re.compile("^Model")).click()
    page.get_by_role("group", name=provider, exact=True).get_by_text(model, exact=True).click()
    page.get_by_role("textbox", name="Prompt", exact=True).fill("a fox")
    with page.expect_request("**/v1/images/generations") as requested:
        page.get_by_role("button", name="Generate").click()
    expect(page.get_by_role("link", name="Download").first).to_be_visible(timeout=PICTURE_LIMIT_MS)
    page.get_by_role("button", name="Remove").click()
    return requested.value


def test_a_key_goes_to_its_own_provider_in_a_header_and_nowhere_else(open_page: OpenPage) -> None:
    page = open_page("keys")
    requested: list[Request] = []
    said: list[str] = []

    def hear(request: Request) -> None:
        requested.append(request)

    page.on("request", hear)
    page.on("console", lambda line: said.append(line.text))
    field(page, "Gitee AI").fill(f"gitee:{SECRET}, second")
    expect(keys_of(page, "Gitee AI")).to_contain_text("2 keys")
    assert SECRET in kept(page, "sessionStorage")
    assert SECRET not in kept(page, "localStorage")

    own = paint(page, "Gitee AI", "Z-Image Turbo")
    assert own.headers["authorization"] == f"Bearer gitee:{SECRET},second"
    free = paint(page, "Hugging Face Spaces", "Z-Image Turbo")
    assert "authorization" not in free.headers
    carrying = {r.url for r in requested if SECRET in json.dumps(r.headers)}
    assert {url.rpartition("/v1/")[2] for url in carrying} == {"images/generations"}
    bodies = [request.post_data or "" for request in requested]
    rows = page.evaluate(ROWS)
    assert len(rows) == 2
    everywhere = [*(request.url for request in requested), *bodies, *said, *rows, page.url]
    assert SECRET not in "\n".join(everywhere)


def test_keys_last_as_long_as_the_reader_says(open_page: OpenPage) -> None:
    page = open_page("keys")
    field(page, "OpenAI").fill(SECRET)
    page.reload()
    expect(field(page, "OpenAI")).to_have_value(SECRET)
    expect(field(page, "OpenAI")).to_have_attribute("type", "password")
    remember = page.get_by_role("checkbox", name="Remember on this device")
    remember.check()
    assert SECRET in kept(page, "localStorage")
    assert SECRET not in kept(page, "sessionStorage")
    page.reload()
    expect(remember).to_be_checked()
    keys_of(page, "OpenAI").get_by_role("button", name="Show").click()
    expect(field(page, "OpenAI")).to_have_attribute("type", "text")
    expect(field(page, "OpenAI")).to_have_value(SECRET)
    remember.uncheck()
    assert SECRET in kept(page, "sessionStorage")
    assert SECRET not in kept(page, "localStorage")
    remember.check()
    page.get_by_role("button", name="Forget all").click()
    expect(field(page, "OpenAI")).to_have_value("")
    expect(remember).not_to_be_checked()
    assert SECRET not in kept(page, "sessionStorage") + kept(page, "localStorage")


def test_a_test_shows_whether_the_provider_accepts_the_key(open_page: OpenPage) -> None:
    page = open_page("keys")
    good = run_test(page, "Hugging Face", "hf_alice")
    expect(good).to_have_text(re.compile("^✓.*takes this key.*s of GPU time are left"))
    bad = run_test(page, "Hugging Face", "hf_bad-secret")
    expect(bad).to_have_text(re.compile("^✗.*does not accept the token"))
    both = run_test(page, "OpenAI", "good-page,bad-page")
    counted = re.compile("2 keys: 1 usable, 0 resting, 1 refused")
    one, other = re.compile("^✓ 1.*takes"), re.compile("^✗ 2.*does not accept")
    expect(both).to_have_text([counted, one, other])
    for name in ("Gitee AI", "ModelScope", "A4F"):
        unknown = run_test(page, name, "bad-1")
        expect(unknown).to_have_text(re.compile("This cannot be tested: only a picture will tell"))
    expect(field(page, "Gitee AI")).to_have_accessible_name("Gitee AI")  # however many there are
    expect(field(page, "Gitee AI")).to_have_accessible_description(re.compile("^1 key "))
    run_test(page, "Key of this gateway", "dk_nobodys")
    expect(page.get_by_role("alert")).to_contain_text("not known here")


def test_an_invalid_key_is_reported_and_not_kept(open_page: OpenPage) -> None:
    page = open_page("keys")
    gemini, gateway = keys_of(page, "Google Gemini"), keys_of(page, "Key of this gateway")
    for text in ("two words", "clé", "first,two words"):
        field(page, "Google Gemini").fill(text)
        expect(gemini).to_contain_text("It is not kept")
        expect(gemini.get_by_role("button", name="Test")).to_be_disabled()
    field(page, "Key of this gateway").fill("sk-of-somebody")
    expect(gateway).to_contain_text("begin with dk_")
    assert "darkroom.keys" not in kept(page, "sessionStorage") + kept(page, "localStorage")
    field(page, "Google Gemini").fill("first")
    expect(gemini).not_to_contain_text("It is not kept")
    expect(gemini).to_contain_text("passes it on to Google Gemini, and nowhere else")
    link = gemini.get_by_role("link", name="Get a key")
    expect(link).to_have_attribute("href", "https://aistudio.google.com/apikey")
    expect(link).to_have_attribute("rel", "noopener")


def test_the_lines_that_add_an_agent_are_there_and_hold_no_key(open_page: OpenPage) -> None:
    page = open_page("keys")
    agents = page.get_by_role("region", name="For agents")
    origin = page.evaluate("location.origin")
    command = f"claude mcp add --transport http darkroom {origin}/mcp"
    expect(agents.locator("pre")).to_have_text(command)
    field(page, "Hugging Face").fill(SECRET)
    expect(agents.locator("pre")).to_have_text(f'{command} -H "Authorization: Bearer YOUR_KEY"')
    for name, part in (("Cursor", "mcpServers"), ("VS Code", "servers")):
        agents.get_by_text(name, exact=True).click()
        setup = json.loads(agents.locator("pre").inner_text())
        assert setup[part]["darkroom"]["url"] == f"{origin}/mcp"
    assert SECRET not in agents.inner_text()
    agents.get_by_role("button", name="Copy").click()
    assert "darkroom" in page.evaluate("navigator.clipboard.readText()")


@pytest.mark.parametrize(
    ("width", "scheme", "language"), [(1280, "light", "en"), (360, "dark", "zh")]
)
def test_the_keys_view_is_accessible(
    open_page: OpenPage, width: int, scheme: str, language: str
) -> None:
    page = open_page("keys", width=width, scheme=scheme, language=language)
    field(page, "OpenAI").fill("good,bad-look")
    keys_of(page, "OpenAI").get_by_role("button").last.click()
    expect(keys_of(page, "OpenAI").locator(".card")).to_have_count(3)
    look(page, f"keys-{scheme}-{language}")
    assert violations(page) == []
    fits = "document.documentElement.scrollWidth <= document.documentElement.clientWidth"
    assert page.evaluate(fits)


def test_an_administrator_makes_a_key_and_ends_it(open_page: OpenPage) -> None:
    page = open_page("keys")
    expect(page.get_by_role("button", name="Manage keys")).to_have_count(0)
    field(page, "Key of this gateway").fill("dk_nobodys")
    page.get_by_role("button", name="Manage keys").click()
    issued = page.get_by_role("region", name="Keys that were handed out")
    expect(issued.get_by_role("alert")).to_contain_text("not known here")
    field(page, "Key of this gateway").fill(ADMIN_KEY)
    page.get_by_role("button", name="Manage keys").click()
    issued.get_by_label("Whose key").fill("<b>Ada</b>")
    issued.get_by_label("Pictures a day").fill("10")
    issued.get_by_role("button", name="Make a key").click()
    expect(issued.get_by_label("The new key, told this once")).to_have_value(
        re.compile("^dk_.{20}")
    )
    entry = issued.get_by_role("listitem").filter(has_text="<b>Ada</b>")
    expect(entry).to_contain_text("0 pictures in 30 days (at most 10 a day)")
    entry.get_by_role("button", name="End", exact=True).first.click()
    page.get_by_role("group", name="End the key of <b>Ada</b>?").get_by_role(
        "button", name="End"
    ).click()
    expect(entry).to_have_count(0)
    assert violations(page) == []
