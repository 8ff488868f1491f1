"""The `usage` of a response: the sum of what upstreams reported."""

from collections.abc import Mapping, Sequence
from typing import Any

_TOKENS = ("text_tokens", "image_tokens")


def sum_usage(counts: Sequence[Mapping[str, Any] | None]) -> Mapping[str, object] | None:
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


def chat_usage(counts: Sequence[Mapping[str, Any] | None]) -> Mapping[str, int]:
    """The same as a chat completion has it, which always has one: zeros where it is not known."""
    usage: Mapping[str, Any] = sum_usage(counts) or {}
    return {
        "prompt_tokens": usage.get("input_tokens", 0),
        "completion_tokens": usage.get("output_tokens", 0),
        "total_tokens": usage.get("total_tokens", 0),
    }


def _sum_each(details: Sequence[Mapping[str, Any]]) -> Mapping[str, int]:
    return {name: _sum(details, name) for name in _TOKENS}


def _sum(counts: Sequence[Mapping[str, Any]], name: str) -> int:
    return sum(count[name] for count in counts)
