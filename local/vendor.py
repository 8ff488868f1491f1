"""Copies the viewer of `/docs` out of its npm package: `make vendor`.

A static page cannot reach into `node_modules`, and may load nothing from elsewhere; so the few
files that it needs are kept beside it, as the package has them. `scarfSettings` in `package.json`
keeps the package from reporting where it is installed.
"""

import json
import shutil
from pathlib import Path

ROOT = Path(__file__).parents[1]
PACKAGE = ROOT / "node_modules/swagger-ui-dist"
VIEWER = ROOT / "public/docs/swagger-ui"
NOTE = VIEWER / "VENDORED.md"
FILES = (
    "swagger-ui-bundle.js",
    "swagger-ui-bundle.js.LICENSE.txt",
    "swagger-ui.css",
    "LICENSE",
    "NOTICE",
)


def note() -> str:
    """Where the files are from, as `package-lock.json` has it."""
    lock = json.loads((ROOT / "package-lock.json").read_text("utf-8"))
    locked = lock["packages"]["node_modules/swagger-ui-dist"]
    return f"""\
# Swagger UI

Copied by `make vendor` from the npm package `swagger-ui-dist`, unchanged; a test compares them.
Not to be edited here.

- Version: {locked["version"]}
- Licence: {locked["license"]}, see `LICENSE` and `NOTICE`, and for what the bundle holds
  `swagger-ui-bundle.js.LICENSE.txt`
- Source: <https://github.com/swagger-api/swagger-ui>
- Package: `{locked["integrity"]}`
"""


def vendor() -> None:
    """Copy the files and write the note."""
    VIEWER.mkdir(parents=True, exist_ok=True)
    for name in FILES:
        shutil.copyfile(PACKAGE / name, VIEWER / name)
    NOTE.write_text(note(), "utf-8")


if __name__ == "__main__":
    vendor()
