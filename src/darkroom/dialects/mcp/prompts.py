"""Prompts: some of our templates, filled with what a picture is to show."""

import tomllib
from collections.abc import Mapping
from functools import cache
from pathlib import Path
from typing import Any

from darkroom.dialects.mcp.errors import invalid_params
from darkroom.dialects.mcp.results import Call, Result
from darkroom.prompts.template import TEMPLATES

FILE = Path(__file__).parent / "prompts.toml"
MAX_SUBJECT_CHARS = 8_000
MAX_TOLD_CHARS = 80


@cache
def _words() -> Mapping[str, Any]:
    return tomllib.loads(FILE.read_text("utf-8"))


async def list_prompts(call: Call) -> Result:
    """All prompts, in the order of their file."""
    words = _words()
    argument = {"name": "subject", "description": words["subject"], "required": True}
    return {
        "prompts": [
            {
                "name": name,
                "title": name.replace("_", " ").capitalize(),
                "description": words["description"].format(style=TEMPLATES[name].description),
                "arguments": [argument],
            }
            for name in words["templates"]
        ]
    }


async def get_prompt(call: Call) -> Result:
    """One prompt as a message of the user's; raises `RpcError` for one that is not there."""
    words, name = _words(), call.message.text("name")
    if name not in words["templates"]:
        raise invalid_params(f"name: there is no prompt {name[:MAX_TOLD_CHARS]!r}.")
    arguments = call.message.params.get("arguments")
    subject = arguments.get("subject") if isinstance(arguments, Mapping) else None
    if not isinstance(subject, str) or not subject.strip():
        raise invalid_params("arguments.subject: say what the picture should show.")
    if len(subject) > MAX_SUBJECT_CHARS:
        raise invalid_params(f"arguments.subject: at most {MAX_SUBJECT_CHARS} characters.")
    style = TEMPLATES[name]
    text = words["message"].format(subject=subject.strip(), style=style.system_prompt)
    return {
        "description": style.description,
        "messages": [{"role": "user", "content": {"type": "text", "text": text.strip()}}],
    }
