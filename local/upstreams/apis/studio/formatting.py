"""Prompts in the chat format of Z-Image's text encoder (§2)."""

import re
from dataclasses import dataclass

MANY_NEWLINES = re.compile(r"\n{3,}")
SPACES = re.compile(r"[^\S\n]+")


@dataclass(frozen=True, slots=True)
class Conversation:
    """What each side says."""

    user: str
    system: str
    thinking: str
    assistant: str

    def format(self, *, force_think_block: bool, strip_quotes: bool) -> str:
        """One text; nothing follows the last block."""
        texts = [clean(text) for text in (self.user, self.system, self.thinking, self.assistant)]
        if strip_quotes:
            texts = [text.replace('"', "") for text in texts]
        user, system, thinking, assistant = texts
        blocks = [f"<|im_start|>system\n{system}<|im_end|>"] if system else []
        blocks.append(f"<|im_start|>user\n{user}<|im_end|>")
        thought = f"<think>\n{thinking}\n</think>\n\n" if thinking or force_think_block else ""
        end = "<|im_end|>" if assistant else ""
        blocks.append(f"<|im_start|>assistant\n{thought}{assistant}{end}")
        return "\n".join(blocks)


def clean(text: str) -> str:
    """Newlines first, then spaces: newlines with spaces between them are not joined."""
    return SPACES.sub(" ", MANY_NEWLINES.sub("\n\n", text.strip()))
