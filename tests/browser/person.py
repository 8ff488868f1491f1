"""What a person does on the page, again and again."""

import re

from playwright.sync_api import Locator, Page, expect

PICTURE_LIMIT_MS = 30_000


def write(page: Page, prompt: str) -> None:
    """Write the prompt."""
    page.get_by_role("textbox", name="Prompt").fill(prompt)


def choose_model(page: Page, sought: str) -> None:
    """Open the list of models, search, and take the first that is found."""
    page.get_by_role("button", name="Model", exact=False).first.click()
    dialog = page.get_by_role("dialog", name="Choose a model")
    dialog.get_by_role("searchbox", name="Search").fill(sought)
    dialog.get_by_role("searchbox", name="Search").press("Enter")
    expect(dialog).to_be_hidden()


def choose_style(page: Page, sought: str) -> None:
    """Open the list of styles, search, and take the first that is found."""
    page.get_by_role("button", name=re.compile("^Style ")).click()
    dialog = page.get_by_role("dialog", name="Choose a style")
    dialog.get_by_role("searchbox", name="Search").fill(sought)
    dialog.get_by_role("searchbox", name="Search").press("Enter")
    expect(dialog).to_be_hidden()


def generate(page: Page, prompt: str, model: str | None = None) -> Locator:
    """Ask for a picture; the newest job is returned."""
    write(page, prompt)
    if model is not None:
        choose_model(page, model)
    ready = page.locator(".composer .button-primary")
    expect(ready).to_be_enabled()  # the models are there
    page.get_by_role("textbox", name="Prompt").press("Control+Enter")
    return newest(page)


def more(page: Page) -> None:
    """Unfold what is seldom set."""
    folded = page.locator("details.more")
    if folded.get_attribute("open") is None:
        folded.locator("summary").click()


def menu(job: Locator) -> Locator:
    """Open what can be done with a job's first picture beside the usual."""
    job.get_by_role("button", name="More actions").first.click()
    opened = job.get_by_role("group", name="More actions")
    expect(opened).to_be_visible()
    return opened


def seed_of(job: Locator) -> str:
    """The seed of a job's first picture."""
    return job.locator(".seed-used").first.inner_text()


def newest(page: Page) -> Locator:
    """The job that was begun last."""
    return page.get_by_role("article").first


def finished(job: Locator) -> Locator:
    """Wait until a job is done; the link to its first picture's file is returned."""
    link = job.locator("figcaption a[download]").first
    expect(link).to_be_visible(timeout=PICTURE_LIMIT_MS)
    return link
