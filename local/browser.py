"""The browser of the tests and the bench."""

import shutil

NAMES = ("chromium-headless-shell", "chromium", "google-chrome")


def find_chromium() -> str | None:
    """The path of Chromium, its headless shell before all others; None where there is none."""
    return next((path for name in NAMES if (path := shutil.which(name))), None)
