"""Pictures in Google's shapes."""

from collections.abc import Mapping, Sequence
from typing import Any

from darkroom.dialects.commission import Commission, Outcome
from darkroom.dialects.gemini.errors import error_body
from darkroom.dialects.pictures import Completed


def content_answer(commission: Commission, outcome: Outcome) -> dict[str, Any]:
    """A `GenerateContentResponse`: one candidate for each picture."""
    done = outcome.done
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
        "responseId": commission.renderer.gateway.draw_token(),
        **_told(commission, outcome),
    }


def prediction_answer(commission: Commission, outcome: Outcome) -> dict[str, Any]:
    """What `:predict` answers: one prediction for each picture."""
    return {
        "predictions": [
            {
                "mimeType": _media_type(item),
                "bytesBase64Encoded": item.picture.value,
                **({"prompt": item.revised_prompt} if item.revised_prompt else {}),
            }
            for item in outcome.done
        ],
        "modelVersion": outcome.done[0].served.model.id,
        **_told(commission, outcome),
    }


def _inline(item: Completed) -> dict[str, object]:
    return {"mimeType": _media_type(item), "data": item.picture.value}


def _media_type(item: Completed) -> str:
    return f"image/{item.picture.output_format}"


def _told(commission: Commission, outcome: Outcome) -> dict[str, object]:
    """What Google has no field for, beside the rest."""
    told: dict[str, object] = {
        "provider": outcome.done[0].provider,
        "seeds": [item.seed for item in outcome.done],
        **outcome.remarks(commission),
    }
    if outcome.failures:
        told["errors"] = [
            {"index": index, **error_body(failure)}
            for index, failure in sorted(outcome.failures.items())
        ]
    return told


def _usage(done: Sequence[Completed]) -> dict[str, object]:
    """What the upstreams counted, in Google's words; nothing where one of them did not count."""
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
