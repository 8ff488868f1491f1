"""What a person does on the page, again and again."""

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


def generate(page: Page, prompt: str, model: str | None = None) -> Locator:
    """Ask for a picture; the newest job is returned."""
    write(page, prompt)
    if model is not None:
        choose_model(page, model)
    page.get_by_role("button", name="Generate").click()
    return newest(page)


def newest(page: Page) -> Locator:
    """The job that was begun last."""
    return page.get_by_role("article").first


def finished(job: Locator) -> Locator:
    """Wait until a job is done; the link to its first picture's file is returned."""
    link = job.locator("figcaption:not([data-idle]) a[download]").first
    expect(link).to_be_visible(timeout=PICTURE_LIMIT_MS)
    return link
