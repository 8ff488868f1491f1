"""The text model that rewrites prompts (§5); one that sees is not configured here."""

from typing import Any

from starlette.responses import JSONResponse, Response

from ..call import Call
from ..validation import read_body
from .refusals import refuse
from .requests import Rewrite
from .templates import TEMPLATES

SEEING = ("qwen3-vl", "qwen3-vl-api")


async def rewrite(call: Call) -> Response:
    """Put the prompt into other words; any name that is none of those that see is the text model's.

    The words tell what the model was told.
    """
    request = read_body(call, Rewrite)
    if not request.prompt and not request.image:
        return refuse(400, "Either prompt or image must be provided")
    if request.model in SEEING:
        return refuse(400, "VL rewriter not configured")
    if not request.prompt:
        return refuse(400, "Prompt is required for text-only rewriting")
    instruction = (request.custom_system_prompt or "").strip()
    if not instruction:
        template = TEMPLATES.get(request.rewriter or "")
        if not request.rewriter:
            return refuse(400, "Either rewriter or custom_system_prompt is required")
        if template is None:
            return refuse(404, f"Rewriter template not found: {request.rewriter}")
        if template.category != "rewriter":
            return refuse(400, f"Template '{request.rewriter}' is not a rewriter")
        instruction = template.system_prompt
    await call.heed(request.prompt)
    answer: dict[str, Any] = {
        "original_prompt": request.prompt,
        "rewritten_prompt": f"You said: {request.prompt} [told: {instruction[:40]}]",
        "thinking_content": "What would a painter need to know?",
        "rewriter": request.rewriter,
        "backend": "local",
        "gen_time": 0.01,
    }
    return JSONResponse(answer)
