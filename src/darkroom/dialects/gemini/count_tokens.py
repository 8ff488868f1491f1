"""`:countTokens`: about how many tokens a request has, for clients that ask before they send it."""

from typing import Any

from darkroom.context import RequestContext
from darkroom.dialects.gemini.json_fields import entries_of, fields_of, text_of
from darkroom.http import Reply, json_reply
from darkroom.json_reader import CONVERSATION
from darkroom.prompts.tokens import estimate_tokens
from darkroom.request_body import MAX_MESSAGES, check_count, read_object

PICTURE_TOKENS = 258  # as Google counts one (https://ai.google.dev/gemini-api/docs/tokens)


async def count_tokens(context: RequestContext) -> Reply:
    """Estimate the tokens of `contents`, which may stand within `generateContentRequest`."""
    _ = context.caller  # raises for callers without access before the body is read
    body = fields_of(read_object(await context.read_body(), CONVERSATION), "body")
    request = fields_of(body.get("generateContentRequest"), "generateContentRequest") or body
    parts = [*_parts_of(request.get("contents"), "contents")]
    parts += _parts_of(request.get("systemInstruction"), "systemInstruction")
    words = "\n".join(
        text_of(part["text"], "text") for part in parts if part.get("text") is not None
    )
    pictures = sum("inlineData" in part or "fileData" in part for part in parts)
    tokens = await estimate_tokens(words) if words else 0
    details = [{"modality": "TEXT", "tokenCount": tokens}]
    if pictures:
        details.append({"modality": "IMAGE", "tokenCount": pictures * PICTURE_TOKENS})
    total = tokens + pictures * PICTURE_TOKENS
    return json_reply({"totalTokens": total, "promptTokensDetails": details})


def _parts_of(contents: object, where: str) -> list[dict[str, Any]]:
    entries = entries_of(contents)
    check_count(entries, MAX_MESSAGES, where)
    return [
        fields_of(part, f"{where}.parts")
        for content in entries
        for part in entries_of(fields_of(content, where).get("parts"))
    ]
