"""System prompts of text models, from the Markdown files beside."""

from collections.abc import Sequence
from enum import StrEnum
from pathlib import Path

HERE = Path(__file__).parent
DEFAULT_LANGUAGE = "English"
_SAME_LANGUAGE = "Write in the language of the user's prompt."


class Task(StrEnum):
    """The task of a text model; each has its file."""

    ENHANCE = "enhance"
    TRANSLATE = "translate"


_INSTRUCTIONS = {task: (HERE / f"{task}.md").read_text("utf-8").strip() for task in Task}
# Low where the words are given, higher where they are to be found
# (reference/image-providers.md section 5).
TEMPERATURES = {Task.ENHANCE: 0.7, Task.TRANSLATE: 0.3}


_VARIATION = (HERE / "variation.md").read_text("utf-8").strip()
_CAPTION = (HERE / "caption.md").read_text("utf-8").strip()


def variation_prompt() -> str:
    """The prompt for a variation of a picture."""
    return _VARIATION


def caption_prompt() -> str:
    """The prompt for a caption of a picture."""
    return _CAPTION


_DESCRIPTION = (HERE / "describe.md").read_text("utf-8").strip()


def description_instruction() -> str:
    """The default system prompt for describing a picture."""
    return _DESCRIPTION


def messages_for(
    task: Task, prompt: str, language: str | None = None, instruction: str | None = None
) -> Sequence[dict[str, str]]:
    """The conversation that has the task done; `instruction` replaces our own words."""
    if instruction is None:
        requested = language or DEFAULT_LANGUAGE
        if task is Task.ENHANCE:
            requested = f"Write in {language}." if language else _SAME_LANGUAGE
        instruction = _INSTRUCTIONS[task].replace("{language}", requested)
    return [{"role": "system", "content": instruction}, {"role": "user", "content": prompt}]
