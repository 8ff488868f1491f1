"""Photographs the page's first screen for those who install it, into `public/screenshots/`.

make dev
python -m local.screenshots http://127.0.0.1:8787
"""

import io
import sys
from pathlib import Path

from PIL import Image
from playwright.sync_api import sync_playwright

from local.browser import find_chromium

FOLDER = Path(__file__).parents[1] / "public/screenshots"
# File: width and height of the window.
SCREENS = {"wide": (1280, 800), "narrow": (390, 844)}


def main() -> int:
    """Take all of them from the page at the address that is named."""
    FOLDER.mkdir(exist_ok=True)
    with sync_playwright() as playwright:
        chromium = playwright.chromium.launch(
            executable_path=find_chromium(), args=["--no-sandbox"]
        )
        for name, (width, height) in SCREENS.items():
            page = chromium.new_page(
                viewport={"width": width, "height": height}, color_scheme="dark"
            )
            page.goto(sys.argv[1], wait_until="networkidle")
            shot = Image.open(io.BytesIO(page.screenshot()))
            shot.convert("RGB").save(FOLDER / f"{name}.webp", quality=70, method=6)
        chromium.close()
    return 0


if __name__ == "__main__":
    sys.exit(main())
