"""Draws the icons of an installed page from `public/favicon.svg`, in Chromium.

    python -m local.icons

Systems cut a `maskable` icon into a shape of their own: its corners are filled, and the drawing
stays within the middle four fifths.
"""

import shutil
import sys
from pathlib import Path

from playwright.sync_api import sync_playwright

PUBLIC = Path(__file__).parents[1] / "public"
GROUND = "#16110d"
# File: its side in pixels, and how much of it the drawing takes.
ICONS = {"192.png": (192, 1.0), "512.png": (512, 1.0), "maskable.png": (512, 0.8)}


def main() -> int:
    """Draw all of them."""
    drawing = (PUBLIC / "favicon.svg").read_text("utf-8")
    browser = next(
        (path for name in ("chromium", "google-chrome") if (path := shutil.which(name))), None
    )
    with sync_playwright() as playwright:
        chromium = playwright.chromium.launch(executable_path=browser, args=["--no-sandbox"])
        for name, (side, share) in ICONS.items():
            page = chromium.new_page(viewport={"width": side, "height": side})
            ground = GROUND if share < 1 else "transparent"
            page.set_content(
                f"<style>body {{ margin: 0; height: 100vh; display: grid; place-items: center;"
                f" background: {ground} }} svg {{ width: {share:.0%} }}</style>{drawing}"
            )
            page.screenshot(path=PUBLIC / "icons" / name, omit_background=True)
        chromium.close()
    return 0


if __name__ == "__main__":
    sys.exit(main())
