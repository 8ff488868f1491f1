"""Response bodies of `generateContent` and `predict`."""

from collections.abc import Mapping, Sequence
from typing import Any

from darkroom.dialects.gemini.errors import error_body
from darkroom.generation.output import Completed
from darkroom.generation.run import Generation, GenerationResult


def content_answer(generation: Generation, result: GenerationResult) -> dict[str, Any]:
    """A `GenerateContentResponse`: one candidate for each picture."""
    done = result.done
    return {
        "candidates": [
            {
                "content": {"parts": [{"inlineData": _inline(item)}], "role": "model"},
                "finishReason": "STOP",
                "index": index,
            }
            for index, item in enumerate(done)
        ],
        **_usage(done),
        "modelVersion": done[0].served.model.id,
        "responseId": generation.renderer.gateway.draw_token(),
        **_extra_fields(generation, result),
    }


def prediction_answer(generation: Generation, result: GenerationResult) -> dict[str, Any]:
    """The body of `:predict`: one prediction for each picture."""
    return {
        "predictions": [
            {
                "mimeType": _media_type(item),
                "bytesBase64Encoded": item.picture.value,
                **({"prompt": item.revised_prompt} if item.revised_prompt else {}),
            }
            for item in result.done
        ],
        "modelVersion": result.done[0].served.model.id,
        **_extra_fields(generation, result),
    }


def _inline(item: Completed) -> dict[str, object]:
    return {"mimeType": _media_type(item), "data": item.picture.value}


def _media_type(item: Completed) -> str:
    return f"image/{item.picture.output_format}"


def _extra_fields(generation: Generation, result: GenerationResult) -> dict[str, object]:
    """Fields that Google has none for."""
    reported: dict[str, object] = {
        "provider": result.done[0].provider,
        "seeds": [item.seed for item in result.done],
        **result.remarks(generation),
    }
    if result.failures:
        reported["errors"] = [
            {"index": index, **error_body(failure)}
            for index, failure in sorted(result.failures.items())
        ]
    return reported


def _usage(done: Sequence[Completed]) -> dict[str, object]:
    """Usage in Google's words; none where an upstream did not count."""
    counted = [item.usage for item in done if item.usage]
    if len(counted) < len(done):
        return {}
    counts = {
        "promptTokenCount": _sum(counted, "input_tokens"),
        "candidatesTokenCount": _sum(counted, "output_tokens"),
        "totalTokenCount": _sum(counted, "total_tokens"),
    }
    details = {
        "promptTokensDetails": _by_modality(counted, "input_tokens_details"),
        "candidatesTokensDetails": _by_modality(counted, "output_tokens_details"),
    }
    return {"usageMetadata": {**counts, **{name: of for name, of in details.items() if of}}}


def _sum(counted: Sequence[Mapping[str, object]], name: str) -> int:
    counts = [of.get(name) for of in counted]
    return sum(count for count in counts if isinstance(count, int))


def _by_modality(counted: Sequence[Mapping[str, object]], name: str) -> list[dict[str, object]]:
    details = [of for counts in counted if isinstance(of := counts.get(name), Mapping)]
    sums = {"TEXT": _sum(details, "text_tokens"), "IMAGE": _sum(details, "image_tokens")}
    return [{"modality": kind, "tokenCount": count} for kind, count in sums.items() if count]
