"""What generateContent answers: parts, or the reason why there are none."""

import uuid
from typing import Any

from ..directives import Directives
from ..orders import Order, to_base64
from ..sharing import Studio
from ..words import WORDS
from .requests import Wish

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


async def compose_parts(wish: Wish, asked: Directives, studio: Studio) -> list[Reply]:
    """Thoughts first, where the model has any, then words, then pictures."""
    if "words" in asked:
        return [{"text": WORDS}]
    parts: list[Reply] = []
    if wish.model.thinks:
        parts += await compose_thoughts(wish.order, studio)
    if wish.wants_text:
        parts.append({"text": PREFACE})
    format = "jpeg" if "jpeg" in asked else "png"
    for index in range(2 if "twice" in asked else 1):
        order = wish.order
        picture = await studio.paint(
            order.prompt,
            order.seed + index,
            order.width,
            order.height,
            format,
            sources=order.sources,
        )
        parts.append(inline(picture, format))
    if wish.model.thinks:
        parts[-1]["thoughtSignature"] = SIGNATURE
    return parts


async def compose_thoughts(order: Order, studio: Studio) -> list[Reply]:
    """A thought and the interim picture that goes with it, which is not the final one."""
    draft = await studio.paint(f"Draft: {order.prompt}", order.seed, order.width, order.height)
    return [
        {"text": "**Composing the scene**\n\n", "thought": True},
        {**inline(draft, "png"), "thought": True},
    ]


def inline(picture: bytes, format: str) -> Reply:
    """A picture as a part."""
    return {"inlineData": {"mimeType": f"image/{format}", "data": to_base64(picture)}}


def refuse(wish: Wish, asked: Directives) -> Reply | None:
    """The answer without content that a directive asks for."""
    if asked.get("refuse") == "prompt":
        feedback = {"blockReason": "PROHIBITED_CONTENT"}
        return {"promptFeedback": feedback, **sign(wish, 0)}
    if "refuse" in asked:
        candidate = {"finishReason": "IMAGE_SAFETY", "finishMessage": REFUSED, "index": 0}
        return {"candidates": [candidate], **sign(wish, 0)}
    if "finish" in asked:
        candidate = {"finishReason": asked["finish"] or "NO_IMAGE", "index": 0}
        return {"candidates": [candidate], **sign(wish, 0)}
    if "none" in asked:
        return {"candidates": [{"finishReason": "STOP", "index": 0}], **sign(wish, 0)}
    return None


def answer(wish: Wish, parts: list[Reply], *, is_last: bool = True) -> Reply:
    """A whole answer, or a chunk of one."""
    candidate: Reply = {"content": {"parts": parts, "role": "model"}, "index": 0}
    if is_last:
        candidate["finishReason"] = "STOP"
    pictures = sum("inlineData" in part and not part.get("thought") for part in parts)
    return {"candidates": [candidate], **sign(wish, pictures)}


def sign(wish: Wish, pictures: int) -> Reply:
    """What every answer ends with: its cost, its model and its id."""
    prompt = len(wish.order.prompt) // CHARS_PER_TOKEN + 1
    each = HUGE_IMAGE_TOKENS if wish.image_size == "4K" else wish.model.image_tokens
    usage: Reply = {
        "promptTokenCount": prompt,
        "totalTokenCount": prompt + pictures * each,
        "promptTokensDetails": [{"modality": "TEXT", "tokenCount": prompt}],
    }
    if pictures:
        usage["candidatesTokenCount"] = pictures * each
        details = [{"modality": "IMAGE", "tokenCount": pictures * each}]
        usage["candidatesTokensDetails"] = details
    if wish.model.thinks:
        usage["thoughtsTokenCount"] = THOUGHT_TOKENS
        usage["totalTokenCount"] += THOUGHT_TOKENS
    return {
        "usageMetadata": usage,
        "modelVersion": wish.model.name,
        "responseId": uuid.uuid4().hex[:22],
    }
