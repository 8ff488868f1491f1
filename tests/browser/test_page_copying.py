"""What the page copies: a request in three languages, run as it was copied, and links."""

import json
import os
import subprocess
import sys
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import httpx
from playwright.sync_api import Page, expect

from tests.browser.conftest import OpenPage
from tests.browser.person import (
    choose_model,
    choose_style,
    finished,
    generate,
    menu,
    more,
    seed_of,
    write,
)
from tests.e2e.stack import Stack
from tests.support.pages import look, violations
from tests.support.pictures import picture

KEY = "good-of-the-copier"
HARD = "it's \"quoted\" \\ and \\n, $HOME `id` $(id) %s {x} {named} 'so'\n\n\t!! 🌊 光 \u2028 </script>: true,"
LANGUAGES = ("curl", "Python", "JavaScript")


def copied_text(page: Page) -> str:
    text: str = page.evaluate("navigator.clipboard.readText()")
    return text


def run(language: str, text: str, where: Path, environment: Mapping[str, str]) -> str:
    """Run what was copied as somebody would who put it into a file; what it printed."""
    (where / "copied.py").write_text(text, "utf-8")
    (where / "copied.mjs").write_text(text, "utf-8")
    command = {
        "curl": ["sh", "-c", text],
        "Python": [sys.executable, "copied.py"],
        "JavaScript": ["node", "copied.mjs"],
    }[language]
    ran = subprocess.run(
        command,
        check=False,
        cwd=where,
        env={**os.environ, **environment},
        capture_output=True,
        text=True,
    )
    assert ran.returncode == 0, ran.stderr
    return ran.stdout


def requests_to_gitee(stack: Stack) -> list[dict[str, Any]]:
    """What reached the provider, all but the seed, which the gateway draws."""
    entries = httpx.get(f"{stack.apis['gitee']}/_log", timeout=30).json()
    bodies = [entry["body"] for entry in entries if entry["path"].endswith("/images/generations")]
    return [{name: value for name, value in body.items() if name != "seed"} for body in bodies]


def test_a_copied_request_is_the_same_in_every_language(
    open_page: OpenPage, stack: Stack, tmp_path: Path
) -> None:
    page = open_page()
    page.evaluate("key => sessionStorage.setItem('darkroom.keys', key)", json.dumps({"gitee": KEY}))
    page.reload()
    choose_model(page, "gitee/z-image-turbo")
    more(page)
    page.get_by_role("button", name="Copy as…").click()
    expect(page.get_by_role("dialog")).to_be_hidden()  # there is no prompt yet
    page.get_by_role("spinbutton", name="Steps").fill("7")
    httpx.delete(f"{stack.apis['gitee']}/_log", timeout=30)
    job = generate(page, HARD)
    finished(job)
    [said] = requests_to_gitee(stack)
    assert (said["prompt"], said["num_inference_steps"]) == (HARD, 7)
    httpx.delete(f"{stack.apis['gitee']}/_log", timeout=30)
    for place in (page.locator("form"), job):
        button = menu(job) if place is job else place
        button.get_by_role("button", name="Copy as…").click()
        dialog = page.get_by_role("dialog", name="Copy as")
        for language in LANGUAGES:
            dialog.get_by_text(language, exact=True).click()
            dialog.get_by_role("button", name="Copy", exact=True).click()
            expect(dialog.get_by_role("button", name="Copied")).to_be_visible()
            text = copied_text(page)
            assert KEY not in text
            assert "DARKROOM_KEY" in text
            if place is job:  # the very picture: the gateway would not paint it again
                assert "seed" in text
            else:
                run(language, text, tmp_path, {"DARKROOM_KEY": f"gitee:{KEY}"})
        look(page, "copy-as", whole=False)
        assert violations(page) == []
        dialog.get_by_role("button", name="Close").click()
    assert requests_to_gitee(stack) == [said] * len(LANGUAGES)


def test_a_request_with_files_is_sent_from_those_beside_it(
    open_page: OpenPage, stack: Stack, tmp_path: Path
) -> None:
    page = open_page()
    (tmp_path / "picture-1.png").write_bytes(picture())
    for language in LANGUAGES:
        text = page.evaluate(
            """async ([language, prompt]) => {
              const { requestOf } = await import("/scripts/gateway/orders.js");
              const { snippetOf } = await import("/scripts/copying/snippets.js");
              const parameters = { seed: 77, steps: 3 };
              const order = { operation: "edit", model: "qwen-image-edit", prompt, parameters };
              const images = [new Blob([], { type: "image/png" })];
              return snippetOf(language, requestOf({ ...order, images }), false);
            }""",
            [language, HARD],
        )
        stack.spaces.forget()
        run(language, text, tmp_path, {})
        [data] = [entry["body"]["data"] for entry in stack.spaces.log("/join")]
        # A form of the web's own kind, a browser's too, ends its lines as the wire does.
        prompts = [value.replace("\r\n", "\n") for value in data if isinstance(value, str)]
        assert HARD in prompts
        assert 77 in data


def test_a_link_brings_somebody_else_to_the_same_form(open_page: OpenPage) -> None:
    page = open_page()
    write(page, HARD)
    choose_style(page, "aerial view")
    choose_model(page, "flux-1-schnell")
    page.get_by_text("16:9").click()
    job = generate(page, HARD, "FLUX.1 Schnell")
    finished(job)
    menu(job).get_by_role("button", name="Copy link").click()
    expect(job.get_by_role("button", name="Copied")).to_be_visible()
    link = copied_text(page)
    seed = seed_of(job)

    other = open_page(link=link.partition("#create")[2])
    expect(other.get_by_role("textbox", name="Prompt")).to_have_value(HARD)
    more(other)
    expect(other.get_by_role("spinbutton", name="Seed")).to_have_value(seed)
    expect(other.get_by_role("button", name="Style Aerial view")).to_be_visible()
    expect(other.get_by_role("button", name="Model FLUX.1 Schnell")).to_be_visible()
    expect(other.get_by_role("radio", name="16:9")).to_be_checked()
    assert other.url.endswith("/#create")


def test_invalid_link_parameters_are_ignored(open_page: OpenPage) -> None:
    page = open_page(
        link="?prompt=a%20cat&seed=99999999999&size=%3Cb%3E&steps=many&n=2&model=no/such"
        "&style=none-such&output_format=exe&key=hf_secret&__proto__=1&quality"
    )
    expect(page.get_by_role("textbox", name="Prompt")).to_have_value("a cat")
    expect(page.get_by_role("button", name="Model Auto")).to_be_visible()
    more(page)
    expect(page.get_by_role("spinbutton", name="Seed")).to_have_value("")
    expect(
        page.get_by_role("group", name="Pictures").get_by_role("radio", name="2")
    ).to_be_checked()
    expect(page.get_by_role("button", name="Style No style")).to_be_visible()
    assert "secret" not in page.url
    page.get_by_role("button", name="Copy as…").click()
    expect(page.locator("pre")).not_to_contain_text("size")
