"""What the studio's requests are done with where they do not say: the file beside this module."""

import tomllib
from collections.abc import Mapping
from pathlib import Path
from typing import Any

DEFAULTS: Mapping[str, Mapping[str, Any]] = tomllib.loads(
    (Path(__file__).parent / "defaults.toml").read_text("utf-8")
)
