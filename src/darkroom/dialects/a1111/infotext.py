"""A writer and parser of infotext, the generation parameters inside AUTOMATIC1111's PNGs.

Source: `create_infotext` in its modules/processing.py and `parse_generation_parameters` in its
modules/infotext_utils.py (reference/wire-formats.md B5).
"""

import json
import re
from collections.abc import Mapping

from darkroom.json_reader import parse_json_bytes

_NEGATIVE = "Negative prompt:"
# Looked for only where a run of a name's characters begins, and never given back: else each place
# in a run without a colon would be tried anew, and the work would grow with its square.
_FACT = re.compile(
    r'(?<![\w \-/])[ \-/]*+(\w[\w \-/]++):\s*+("(?:[^\\"]|\\.)++"(?=,|$)|[^,]*+)(?:,|$)'
)
_SIZE = re.compile(r"(\d{1,6})x(\d{1,6})")
MAX_FACTS_CHARS = 16_000
MAX_INFOTEXT_CHARS = 80_000  # two prompts of the greatest length, and the facts
FEWEST_FACTS = 3  # a last line with fewer is one of the prompt's
# The fields of a request that stand in the lines, by their names there.
_FIELDS = {
    "Prompt": "prompt",
    "Negative prompt": "negative_prompt",
    "Steps": "steps",
    "Sampler": "sampler_name",
    "Schedule type": "scheduler",
    "CFG scale": "cfg_scale",
    "Seed": "seed",
    "Size-1": "width",
    "Size-2": "height",
    "Denoising strength": "denoising_strength",
}


def write_infotext(prompt: str, negative_prompt: str, facts: Mapping[str, object]) -> str:
    """The prompt, what it should not show, and a line of facts, those that are None left out."""
    lines = [prompt]
    if negative_prompt:
        lines.append(f"{_NEGATIVE} {negative_prompt}")
    reported = [
        f"{name}: {_quoted(str(value))}" for name, value in facts.items() if value is not None
    ]
    return "\n".join([*lines, ", ".join(reported)])


def parse_infotext(text: str) -> dict[str, str]:
    """Parse the lines, by the names that the server uses; a size is `Size-1` and `Size-2`.

    A last line of more than 16,000 characters is one of the prompt's.
    """
    *lines, last = text.strip().split("\n")
    facts = _FACT.findall(last) if len(last) <= MAX_FACTS_CHARS else []
    if len(facts) < FEWEST_FACTS:
        lines, facts = [*lines, last], []
    prompt, _, negative = "\n".join(lines).partition(_NEGATIVE)
    parsed = {"Prompt": prompt.strip(), "Negative prompt": negative.strip()}
    for name, value in facts:
        plain = _unquoted(value.strip())
        if match := _SIZE.fullmatch(plain):
            parsed |= {f"{name}-1": match[1], f"{name}-2": match[2]}
        else:
            parsed[name] = plain
    return parsed


def read_infotext(text: str) -> dict[str, str]:
    """The lines as fields of a request."""
    if not text.strip():
        return {}
    parsed = parse_infotext(text)
    return {field: parsed[name] for name, field in _FIELDS.items() if parsed.get(name)}


def _quoted(text: str) -> str:
    return json.dumps(text, ensure_ascii=False) if set(text) & set(",\n:") else text


def _unquoted(text: str) -> str:
    if not (text.startswith('"') and text.endswith('"')):
        return text
    try:
        return str(parse_json_bytes(text.encode("utf-8", "replace")))
    except ValueError:
        return text
