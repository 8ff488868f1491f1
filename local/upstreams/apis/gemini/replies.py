"""What generateContent answers: parts, or the reason why there are none."""

import uuid
from typing import Any

from ..directives import Directives
from ..image_request import ImageRequest, to_base64
from ..shared_state import Studio
from ..words import WORDS
from .requests import ParsedRequest

CHARS_PER_TOKEN = 4
THOUGHT_TOKENS = 180
HUGE_IMAGE_TOKENS = 2000
SIGNATURE = to_base64(b"the stand-in's train of thought")
PREFACE = "Here is the picture you asked for. "
REFUSED = (
    "Unable to show the generated image: it may violate Google's Generative AI Prohibited Use "
    "policy. You will not be charged for blocked images."
)

Reply = dict[str, Any]


async def compose_parts(
    parsed: ParsedRequest, directives: Directives, studio: Studio
) -> list[Reply]:
    """Thoughts first, where the model has any, then words, then pictures."""
    if "words" in directives:
        return [{"text": WORDS}]
    parts: list[Reply] = []
    if parsed.model.thinks:
        parts += await compose_thoughts(parsed.image_request, studio)
    if parsed.wants_text:
        parts.append({"text": PREFACE})
    format = "jpeg" if "jpeg" in directives else "png"
    for index in range(2 if "twice" in directives else 1):
        image_request = parsed.image_request
        picture = await studio.paint(
            image_request.prompt,
            image_request.seed + index,
            image_request.width,
            image_request.height,
            format,
            sources=image_request.sources,
        )
        parts.append(inline(picture, format))
    if parsed.model.thinks:
        parts[-1]["thoughtSignature"] = SIGNATURE
    return parts


async def compose_thoughts(image_request: ImageRequest, studio: Studio) -> list[Reply]:
    """A thought and the interim picture that goes with it, which is not the final one."""
    draft = await studio.paint(
        f"Draft: {image_request.prompt}",
        image_request.seed,
        image_request.width,
        image_request.height,
    )
    return [
        {"text": "**Composing the scene**\n\n", "thought": True},
        {**inline(draft, "png"), "thought": True},
    ]


def inline(picture: bytes, format: str) -> Reply:
    """A picture as a part."""
    return {"inlineData": {"mimeType": f"image/{format}", "data": to_base64(picture)}}


def refuse(parsed: ParsedRequest, directives: Directives) -> Reply | None:
    """The answer without content that a directive asks for."""
    if directives.get("refuse") == "prompt":
        feedback = {"blockReason": "PROHIBITED_CONTENT"}
        return {"promptFeedback": feedback, **sign(parsed, 0)}
    if "refuse" in directives:
        candidate = {"finishReason": "IMAGE_SAFETY", "finishMessage": REFUSED, "index": 0}
        return {"candidates": [candidate], **sign(parsed, 0)}
    if "finish" in directives:
        candidate = {"finishReason": directives["finish"] or "NO_IMAGE", "index": 0}
        return {"candidates": [candidate], **sign(parsed, 0)}
    if "none" in directives:
        return {"candidates": [{"finishReason": "STOP", "index": 0}], **sign(parsed, 0)}
    return None


def answer(parsed: ParsedRequest, parts: list[Reply], *, is_last: bool = True) -> Reply:
    """A whole answer, or a chunk of one."""
    candidate: Reply = {"content": {"parts": parts, "role": "model"}, "index": 0}
    if is_last:
        candidate["finishReason"] = "STOP"
    pictures = sum("inlineData" in part and not part.get("thought") for part in parts)
    return {"candidates": [candidate], **sign(parsed, pictures)}


def sign(parsed: ParsedRequest, pictures: int) -> Reply:
    """What every answer ends with: its cost, its model and its id."""
    prompt = len(parsed.image_request.prompt) // CHARS_PER_TOKEN + 1
    each = HUGE_IMAGE_TOKENS if parsed.image_size == "4K" else parsed.model.image_tokens
    usage: Reply = {
        "promptTokenCount": prompt,
        "totalTokenCount": prompt + pictures * each,
        "promptTokensDetails": [{"modality": "TEXT", "tokenCount": prompt}],
    }
    if pictures:
        usage["candidatesTokenCount"] = pictures * each
        details = [{"modality": "IMAGE", "tokenCount": pictures * each}]
        usage["candidatesTokensDetails"] = details
    if parsed.model.thinks:
        usage["thoughtsTokenCount"] = THOUGHT_TOKENS
        usage["totalTokenCount"] += THOUGHT_TOKENS
    return {
        "usageMetadata": usage,
        "modelVersion": parsed.model.name,
        "responseId": uuid.uuid4().hex[:22],
    }
