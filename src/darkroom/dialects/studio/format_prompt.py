"""`POST /api/format-prompt`: the prompt in the text encoder's chat format, not encoded."""

from darkroom.context import RequestContext
from darkroom.dialects.studio.bodies import PromptBody, read_body, read_document
from darkroom.dialects.studio.json_replies import json_reply
from darkroom.generation.ignored_fields import ignored_header
from darkroom.http import Reply
from darkroom.json_reader import FIELDS
from darkroom.prompts.chat_format import MAX_TOKENS
from darkroom.prompts.template import TEMPLATES
from darkroom.prompts.tokens import estimate_tokens

ECHOED = (
    "prompt",
    "system_prompt",
    "thinking_content",
    "assistant_content",
    "template",
    "force_think_block",
    "strip_quotes",
)


async def format_prompt(context: RequestContext) -> Reply:
    """The formatted prompt, and the request as it was sent (reference/studio-api.md 1.3)."""
    document = read_document(await context.read_body(FIELDS.text_bytes))
    body = read_body(PromptBody, document)
    formatted = body.chat_prompt().format(strip_quotes=body.strip_quotes)
    answer = {
        "formatted_prompt": formatted,
        "char_count": len(formatted),
        "token_count": None,
        "estimated_token_count": await estimate_tokens(formatted),
        "max_tokens": MAX_TOKENS,
        **{name: getattr(body, name) for name in ECHOED},
    }
    ignored = [name for name in document if name not in PromptBody.model_fields]
    if body.template and body.template not in TEMPLATES:
        ignored.append("template")
    return json_reply(answer, headers=ignored_header(ignored))
