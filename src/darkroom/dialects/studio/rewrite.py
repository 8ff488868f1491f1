"""One prompt rewrite: request and response of the text model (reference/studio-api.md 5)."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from darkroom.attempt import Attempt
from darkroom.catalog.model import ChatModel
from darkroom.errors import JobFailed
from darkroom.generation.chat import Completion
from darkroom.generation.failure_headers import tried_header
from darkroom.generation.ignored_fields import ignored_header
from darkroom.prompts.thinking import split_thinking

REWRITING_LIMIT_S = 120.0
IMAGE_ONLY = "(image only)"


@dataclass(frozen=True, slots=True)
class Rewrite:
    """What a text model is to do.

    `looks` says that it goes the way of pictures, `told_by` how the answer names what the model was
    told, `body` is what it is sent, `ignored` are the caller's fields that came to nothing.
    """

    model: ChatModel
    prompt: str
    looks: bool
    told_by: str | None
    body: Mapping[str, object]
    ignored: Sequence[str]

    def answer(self, said: Completion, took_s: float) -> Mapping[str, Any]:
        """The route's answer; raises `JobFailed` where the model said nothing but thoughts."""
        found = split_thinking(said.content, guess=not self.looks)
        if not found.text:
            raise JobFailed(
                f"{self.model.id} answered without a word. If it thinks first, max_tokens may have "
                "been too few."
            )
        thinking = found.thinking
        return {
            "original_prompt": self.prompt or IMAGE_ONLY,
            "rewritten_prompt": found.text,
            "thinking_content": said.reasoning.strip() or None if thinking is None else thinking,
            "rewriter": self.told_by,
            "backend": self._backend,
            "model": self.model.id,
            "gen_time": round(took_s, 3),
        }

    def headers(self, attempt_log: Sequence[Attempt]) -> Mapping[str, str]:
        """Who served, what was tried, and what had no effect."""
        return {
            "x-darkroom-provider": self.model.provider.id,
            **tried_header(attempt_log),
            **ignored_header(self.ignored),
        }

    @property
    def _backend(self) -> str:
        if self.model.provider.owned:
            return "vl" if self.looks else "local"
        return "vl-api" if self.looks else "api"
