"""The bundle that is deployed: a configuration for production, the sources and their packages.

All of it is written to `build/deploy`, from where wrangler uploads it.
"""

import json
import shutil
import tomllib
from collections.abc import Callable
from dataclasses import dataclass
from hashlib import sha256
from pathlib import Path

from local.carried import carried_files
from local.deploy.products import Config
from local.deploy.slim import slim
from local.deploy.wrangler import DeploymentFailed
from local.fold import fold

FOLDER = Path("build/deploy")
CODE = ("src", "python_modules")
PAGE = "public"  # below the folder
TAG_CHARS = 16
_TO_ROOT = "../../"


@dataclass(frozen=True, slots=True)
class Bundle:
    """The bundle in `folder`; `content` is a digest of its code and of the page."""

    folder: Path
    content: str

    @property
    def config(self) -> Path:
        """The file for `wrangler --config`."""
        return self.folder / "wrangler.json"

    def write(self, config: Config) -> str:
        """Write the configuration; returns the tag of a deployment of exactly this."""
        text = json.dumps(config, indent=2)
        self.config.write_text(text + "\n", "utf-8")
        return sha256(f"{self.content}\n{text}".encode()).hexdigest()[:TAG_CHARS]


def production_config(root: Path) -> Config:
    """The production part of `wrangler.toml`, for a file in `build/deploy`.

    Variables that were set in the dashboard stay.
    """
    config = tomllib.loads((root / "wrangler.toml").read_text("utf-8"))
    config.pop("env", None)
    config.pop("python_modules", None)  # what they exclude is not copied
    config["keep_vars"] = True
    config["assets"] = {**config["assets"], "directory": PAGE}
    config["d1_databases"] = [
        {**database, "migrations_dir": _TO_ROOT + database["migrations_dir"]}
        for database in config.get("d1_databases", [])
    ]
    return config


def make(root: Path, write_page: Callable[[Path], object] = fold) -> Bundle:
    """Copy the code, slimmed, to where it is deployed from, and have the page written there.

    Raises `DeploymentFailed` where the packages are missing.
    """
    if not (root / "python_modules").exists():
        raise DeploymentFailed(
            "The Worker's packages are not there. Type make deploy, which installs them."
        )
    folder = root / FOLDER
    shutil.rmtree(folder, ignore_errors=True)
    digest = sha256()
    for name in CODE:
        for path in carried_files(root / name):
            content = path.read_bytes()
            content = slim(content) if path.suffix == ".py" else content
            target = folder / path.relative_to(root)
            target.parent.mkdir(parents=True, exist_ok=True)
            target.write_bytes(content)
            digest.update(f"{path.relative_to(root)}\0{len(content)}\0".encode() + content)
    page = folder / PAGE
    write_page(page)
    for path in sorted(page.rglob("*")):
        if path.is_file():
            digest.update(f"{path.relative_to(page)}\0".encode() + path.read_bytes())
    return Bundle(folder, digest.hexdigest())
