"""The `response` object and its output items, in every status.

All required fields of `openai.types.responses.Response` are there; ours stand beside them.
Source: reference/wire-formats.md B3.7.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from darkroom.dialects.openai.background_responses import response_id
from darkroom.dialects.openai.errors import enhancement_error, error_body
from darkroom.dialects.openai.responses_input import IMAGE_CALL
from darkroom.dialects.openai.responses_request import WORDS
from darkroom.errors import ContentRefused, Failure
from darkroom.generation.output import Completed
from darkroom.generation.run import Generation, GenerationResult
from darkroom.job import Operation

_TOKENS = ("text_tokens", "image_tokens")


@dataclass(frozen=True, slots=True)
class Answer:
    """One generation as a response, with one image_generation_call for each picture.

    `repeated` are the fields that say again what the request said, `created_at` is in seconds
    since 1970.
    """

    generation: Generation
    repeated: Mapping[str, object]
    id: str
    item_ids: tuple[str, ...]
    created_at: int
    background: bool = False

    @classmethod
    def to(
        cls,
        generation: Generation,
        repeated: Mapping[str, object],
        task_id: str | None = None,
        *,
        background: bool = False,
    ) -> "Answer":
        """An answer that has just begun; `task_id` is that of the task that makes it, if any."""
        gateway = generation.renderer.gateway
        return cls(
            generation,
            repeated,
            id=response_id(task_id or gateway.draw_token()),
            background=background,
            item_ids=tuple(f"ig_{gateway.draw_token()}" for _ in generation.image_request.seeds),
            created_at=int(gateway.clock.time()),
        )

    def begun(self) -> dict[str, object]:
        """The response while nothing has come of it yet."""
        return self._response("in_progress", ())

    def completed(self, result: GenerationResult) -> dict[str, object]:
        """The response with its pictures, and what is to be said of them."""
        done = result.done
        seeds = [item.seed for item in done]
        return {
            **self._response("completed", self._items(result)),
            "completed_at": int(result.timing.clock.time()),
            "model": done[0].served.model.id,
            "usage": _sum_usage([item.usage for item in done]),
            "provider": done[0].provider,
            "seed": seeds[0],
            **({"seeds": seeds} if len(seeds) > 1 else {}),
            **enhancement_error(self.generation.enhancement_failure),
            **result.remarks(self.generation),
        }

    def failed(self, failure: Failure, result: GenerationResult) -> dict[str, object]:
        """The response that came to nothing after it had begun."""
        error = {
            "code": _error_code(failure),
            "message": failure.message,
            "param": failure.param,
            "type": failure.type,
        }
        return {**self._response("failed", self._items(result)), "error": error}

    def item(self, index: int, status: str = "in_progress") -> dict[str, object]:
        """A picture that is not there."""
        item_id = self.item_ids[index]
        return {"id": item_id, "type": IMAGE_CALL, "status": status, "result": None}

    def painted_item(self, index: int, picture: Completed) -> dict[str, object]:
        """A picture that is there, as base64."""
        options, job = picture.served.job.options, picture.served.job
        item = {
            **self.item(index, "completed"),
            "action": "generate" if job.operation is Operation.GENERATE else "edit",
            "size": picture.picture.size or str(job.size),
            "quality": in_words("quality", options.get("quality")) or "auto",
            "background": in_words("background", options.get("background")) or "auto",
        }
        if output_format := in_words("output_format", picture.picture.output_format):
            item["output_format"] = output_format
        if picture.revised_prompt:
            item["revised_prompt"] = picture.revised_prompt
        return {**item, "result": picture.picture.value}

    def failed_item(self, index: int, failure: Failure) -> dict[str, object]:
        """A picture that came to nothing, and why."""
        return {**self.item(index, "failed"), **error_body(failure)}

    def _items(self, result: GenerationResult) -> Sequence[Mapping[str, object]]:
        items: list[Mapping[str, object]] = []
        for index in range(len(self.item_ids)):
            if index in result.completed:
                items.append(self.painted_item(index, result.completed[index]))
            elif index in result.failures:
                items.append(self.failed_item(index, result.failures[index]))
            else:
                items.append(self.item(index, "failed"))
        return items

    def _response(self, status: str, output: Sequence[Mapping[str, object]]) -> dict[str, object]:
        return {
            "id": self.id,
            "object": "response",
            "created_at": self.created_at,
            "status": status,
            "background": self.background,
            "error": None,
            "incomplete_details": None,
            "max_output_tokens": None,
            "model": self.generation.image_request.choices[0].model.id,
            "output": output,
            "previous_response_id": None,
            "store": False,
            "temperature": None,
            "text": {"format": {"type": "text"}},
            "top_p": None,
            "truncation": "disabled",
            "usage": None,
            **self.repeated,
        }


def in_words(name: str, value: object) -> str | None:
    """A field's value, if the wire has a word for it."""
    return value if isinstance(value, str) and value in WORDS[name] else None


def _error_code(failure: Failure) -> str:
    """The nearest of the few codes that a response's own error may have."""
    if isinstance(failure, ContentRefused):
        return "image_content_policy_violation"
    if failure.status == 429:
        return "rate_limit_exceeded"
    return "invalid_prompt" if failure.status == 400 else "server_error"


def _sum_usage(counts: Sequence[Mapping[str, Any] | None]) -> Mapping[str, object] | None:
    """The usage of all images together; None where one of them was not counted."""
    reported = [count for count in counts if count]
    if not reported or len(reported) < len(counts):
        return None
    made = [count.get("output_tokens_details") for count in reported]
    return {
        "input_tokens": _sum(reported, "input_tokens"),
        "input_tokens_details": {
            "cached_tokens": 0,
            "cache_write_tokens": 0,
            **_sum_each([count["input_tokens_details"] for count in reported]),
        },
        "output_tokens": _sum(reported, "output_tokens"),
        "output_tokens_details": {
            "reasoning_tokens": 0,
            **(_sum_each([details for details in made if details]) if all(made) else {}),
        },
        "total_tokens": _sum(reported, "total_tokens"),
    }


def _sum_each(details: Sequence[Mapping[str, Any]]) -> Mapping[str, int]:
    return {name: _sum(details, name) for name in _TOKENS}


def _sum(counts: Sequence[Mapping[str, Any]], name: str) -> int:
    return sum(count[name] for count in counts)
