"""`enhance_prompt`: a prompt written anew by a text model, or translated."""

from typing import Annotated, Literal

from pydantic import BaseModel, ConfigDict, StringConstraints

from darkroom.dialects.mcp.results import Call, Result, text_content
from darkroom.generation.parameters import MAX_PROMPT_CHARS
from darkroom.generation.prompt_enhancement import enhance_prompt as enhance
from darkroom.prompts.instructions import Task

Text = Annotated[str, StringConstraints(strip_whitespace=True, min_length=1)]


class EnhanceArguments(BaseModel):
    """A prompt and how it is to be enhanced."""

    model_config = ConfigDict(defer_build=True, extra="forbid")

    prompt: Annotated[Text, StringConstraints(max_length=MAX_PROMPT_CHARS)]
    task: Literal["enhance", "translate"] = "enhance"
    language: Annotated[Text, StringConstraints(max_length=40)] | None = None
    model: Annotated[Text, StringConstraints(max_length=200)] | None = None


async def enhance_prompt(call: Call, arguments: EnhanceArguments) -> Result:
    """The new prompt."""
    enhanced = await enhance(
        Task(arguments.task),
        arguments.prompt,
        call.context,
        model=arguments.model,
        language=arguments.language,
    )
    facts = {
        "prompt": enhanced.prompt,
        "model": enhanced.model.id,
        "provider": enhanced.model.provider.id,
    }
    return {"content": [text_content(enhanced.prompt)], "structuredContent": facts}
