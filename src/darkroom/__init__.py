"""Darkroom: one OpenAI-compatible endpoint for every image model."""

import sys

from darkroom.quick_dataclasses import install_quick_dataclasses

VERSION = "0.1.0"

if sys.platform == "emscripten":
    install_quick_dataclasses()
