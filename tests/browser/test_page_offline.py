"""The page without a network, and what its document forbids."""

import httpx
import pytest
from playwright.sync_api import Browser, Error, expect

from tests.browser.conftest import OpenPage
from tests.e2e.stack import Stack
from tests.support.pages import look


def test_the_page_opens_without_a_network_and_says_so(open_page: OpenPage) -> None:
    page = open_page()
    page.evaluate("navigator.serviceWorker.ready.then(() => 'installed')")
    page.context.set_offline(True)
    page.reload()
    expect(page.get_by_role("textbox", name="Prompt", exact=True)).to_be_visible()
    expect(page.get_by_role("alert")).to_contain_text("The gateway could not be reached")
    look(page, "offline")
    page.get_by_role("link", name="Keys").click()
    expect(page.get_by_role("group", name="Key of this gateway")).to_be_visible()

    page.context.set_offline(False)
    page.get_by_role("button", name="Load the models again").click()
    expect(page.get_by_role("group", name="OpenAI")).to_be_visible()
    expect(page.get_by_role("alert")).to_have_count(0)


def test_only_the_files_of_the_page_are_kept(open_page: OpenPage, stack: Stack) -> None:
    page = open_page()
    page.evaluate("navigator.serviceWorker.ready.then(() => 'installed')")
    page.reload()
    expect(page.locator(".model-button .badge")).to_be_visible()
    kept = page.evaluate(
        """async () => {
          const names = await caches.keys();
          const requests = await Promise.all(names.map(async (name) => (await caches.open(name)).keys()));
          return requests.flat().map(({ url }) => new URL(url).pathname);
        }"""
    )
    folders = {path.split("/")[1] for path in kept}
    assert folders == {"", "r", "icons", "favicon.svg", "manifest.webmanifest"}


def test_the_page_can_be_installed(open_page: OpenPage, stack: Stack) -> None:
    page = open_page()
    session = page.context.new_cdp_session(page)
    assert session.send("Page.getAppManifest")["errors"] == []
    reasons = session.send("Page.getInstallabilityErrors")["installabilityErrors"]
    # A window that forgets all is never one to install from.
    assert [r["errorId"] for r in reasons if r["errorId"] != "in-incognito"] == []


def test_no_text_becomes_code(browser: Browser, stack: Stack) -> None:
    policies = httpx.get(stack.url, timeout=30).headers.get_list("content-security-policy")
    assert "default-src 'none'" in policies[0]
    assert policies[-1] == "require-trusted-types-for 'script'; trusted-types darkroom"
    page = browser.new_page()
    page.goto(stack.url)
    expect(page.get_by_role("button", name="Generate")).to_be_visible()
    for code in (
        "document.body.innerHTML = '<b>x</b>'",
        "trustedTypes.createPolicy('another', {})",
        "document.createElement('script').src = '/scripts/main.js'",
    ):
        with pytest.raises(Error, match=r"Trusted|Policy"):
            page.evaluate(code)
    page.close()
