"""Prompts in the chat format of Z-Image's text encoder (reference/studio-api.md section 2)."""

import re
from dataclasses import dataclass, replace

from darkroom.prompts.template import Template

MAX_TOKENS = 1504  # what the painter's model takes; longer prompts are compressed upstream

_MANY_NEWLINES = re.compile(r"\n{3,}")
_SPACES = re.compile(r"[^\S\n]+")


@dataclass(frozen=True, slots=True)
class ChatPrompt:
    """The messages of a prompt in the chat format, as they were sent.

    None is a side that was not named, which a template may fill; an empty text is one that was
    left empty, which no template fills. A think block is there where something is thought, or where
    it is forced.
    """

    prompt: str
    system_prompt: str | None = None
    thinking_content: str | None = None
    assistant_content: str | None = None
    force_think_block: bool = False

    def under(self, template: Template | None) -> "ChatPrompt":
        """The same with a template's texts where nothing was said.

        There is a think block where the template has one, and where the caller forces it.
        """
        if template is None:
            return self
        return replace(
            self,
            system_prompt=_or(self.system_prompt, template.system_prompt),
            thinking_content=_or(self.thinking_content, template.thinking_content),
            assistant_content=_or(self.assistant_content, template.assistant_content),
            force_think_block=self.force_think_block or template.add_think_block,
        )

    def format(self, *, strip_quotes: bool = False) -> str:
        """One text, with nothing after its last block; `strip_quotes` leaves out every `"`.

        Marks of the format that somebody typed stay as they are.
        """
        sides = (self.system_prompt, self.prompt, self.thinking_content, self.assistant_content)
        texts = [_clean(text or "") for text in sides]
        if strip_quotes:  # after the cleaning, as upstream: what was between quotes is not trimmed
            texts = [text.replace('"', "") for text in texts]
        system, user, thinking, assistant = texts
        blocks = [f"<|im_start|>system\n{system}<|im_end|>"] if system else []
        blocks.append(f"<|im_start|>user\n{user}<|im_end|>")
        thinks = thinking or self.force_think_block
        thought = f"<think>\n{thinking}\n</think>\n\n" if thinks else ""
        end = "<|im_end|>" if assistant else ""
        blocks.append(f"<|im_start|>assistant\n{thought}{assistant}{end}")
        return "\n".join(blocks)


def _or(said: str | None, otherwise: str) -> str | None:
    return otherwise if said is None else said


def _clean(text: str) -> str:
    """Newlines first, then spaces: newlines with spaces between them are not joined."""
    return _SPACES.sub(" ", _MANY_NEWLINES.sub("\n\n", text.strip()))
