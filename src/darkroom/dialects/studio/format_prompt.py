"""`POST /api/format-prompt`, and the prompt of all routes: in chat format, not encoded."""

from typing import Annotated

from pydantic import BaseModel, ConfigDict, Field

from darkroom.context import RequestContext
from darkroom.dialects.studio.parse import MAX_NAME_CHARS, Text, read_body, read_document
from darkroom.generation.ignored_fields import ignored_header
from darkroom.http import Reply, json_reply
from darkroom.json_reader import FIELDS
from darkroom.prompts.chat_format import MAX_TOKENS, ChatPrompt
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


class PromptBody(BaseModel):
    """A prompt, and what is put around it (reference/studio-api.md 1.2)."""

    model_config = ConfigDict(defer_build=True)

    prompt: Annotated[Text, Field(description="What the picture should show; may be empty.")]
    system_prompt: Annotated[
        Text | None,
        Field(description='The system message; null takes the template\'s, `""` is none.'),
    ] = None
    thinking_content: Annotated[
        Text | None, Field(description="What stands in the think block; null takes the template's.")
    ] = None
    assistant_content: Annotated[
        Text | None,
        Field(description="How the assistant's answer begins; null takes the template's."),
    ] = None
    force_think_block: Annotated[
        bool,
        Field(description="Whether an empty think block is there too; a template's word counts."),
    ] = False
    strip_quotes: Annotated[bool, Field(description='Leave out every `"`, in all four texts.')] = (
        False
    )
    template: Annotated[
        str | None,
        Field(
            description="A name of `GET /api/templates`; an unknown one has no effect.",
            max_length=MAX_NAME_CHARS,
        ),
    ] = None

    def chat_prompt(self) -> ChatPrompt:
        """The prompt's parts, with the template's texts among them."""
        said = ChatPrompt(
            self.prompt,
            self.system_prompt,
            self.thinking_content,
            self.assistant_content,
            self.force_think_block,
        )
        return said.under(TEMPLATES.get(self.template or ""))


async def read_prompt(context: RequestContext) -> tuple[PromptBody, list[str]]:
    """Read a request's prompt; also returns the names of its fields without effect."""
    document = read_document(await context.read_body(FIELDS.text_bytes))
    body = read_body(PromptBody, document)
    ignored = [name for name in document if name not in PromptBody.model_fields]
    if body.template and body.template not in TEMPLATES:
        ignored.append("template")
    return body, ignored


async def format_prompt(context: RequestContext) -> Reply:
    """Answer with the prompt as the text encoder gets it (reference/studio-api.md 1.3)."""
    body, ignored = await read_prompt(context)
    formatted = body.chat_prompt().format(strip_quotes=body.strip_quotes)
    answer = {
        "formatted_prompt": formatted,
        "char_count": len(formatted),
        "token_count": None,
        "estimated_token_count": await estimate_tokens(formatted),
        "max_tokens": MAX_TOKENS,
        **{name: getattr(body, name) for name in ECHOED},
    }
    return json_reply(answer, headers=ignored_header(ignored))
