"""Default values of the studio's requests, from `defaults.toml`."""

import tomllib
from collections.abc import Mapping
from pathlib import Path
from typing import Any

DEFAULTS: Mapping[str, Mapping[str, Any]] = tomllib.loads(
    (Path(__file__).parent / "defaults.toml").read_text("utf-8")
)
