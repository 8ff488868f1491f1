"""`POST /v1/prompts/enhance` and `/v1/prompts/translate`."""

import json
from typing import Annotated

from pydantic import BaseModel, ConfigDict, Field, StringConstraints, ValidationError

from darkroom.context import Handler, RequestContext
from darkroom.errors import InvalidRequest
from darkroom.generation.failure_headers import tried_header
from darkroom.generation.parameters import MAX_PROMPT_CHARS
from darkroom.generation.prompt_enhancement import enhance_prompt
from darkroom.http import Reply
from darkroom.json_reader import FIELDS
from darkroom.prompts.instructions import Task
from darkroom.request_body import read_object

Text = Annotated[str, StringConstraints(strip_whitespace=True, min_length=1)]


class PromptBody(BaseModel):
    """A prompt and how it is to be enhanced."""

    model_config = ConfigDict(extra="forbid")

    prompt: Annotated[
        Text,
        StringConstraints(max_length=MAX_PROMPT_CHARS),
        Field(description="The prompt as it is."),
    ]
    model: Annotated[
        Text | None,
        Field(
            description="A text model, as `provider/id`. Without it: the default of the provider "
            "whose token was sent, else one that needs none."
        ),
    ] = None
    language: Annotated[
        Annotated[Text, StringConstraints(max_length=40)] | None,
        Field(description="What to write in; a translation without it is in English."),
    ] = None
    instruction: Annotated[
        Annotated[Text, StringConstraints(max_length=8000)] | None,
        Field(description="Instructions for the text model, in place of our own."),
    ] = None


def prompt_handler(task: Task) -> Handler:
    """The handler that has one task done."""

    async def handle(context: RequestContext) -> Reply:
        _ = context.caller  # raises for callers without access before the body is read
        body = _read(read_object(await context.read_body(FIELDS.text_bytes)))
        enhanced = await enhance_prompt(
            task,
            body.prompt,
            context,
            model=body.model,
            language=body.language,
            instruction=body.instruction,
        )
        answer = {
            "prompt": enhanced.prompt,
            "model": enhanced.model.id,
            "provider": enhanced.model.provider.id,
        }
        headers = {
            "content-type": "application/json",
            "cache-control": "no-store",
            "x-darkroom-provider": enhanced.model.provider.id,
            **tried_header(enhanced.attempt_log),
        }
        return Reply(200, headers, [json.dumps(answer).encode()])

    return handle


def _read(fields: dict[str, object]) -> PromptBody:
    try:
        return PromptBody.model_validate(
            {name: value for name, value in fields.items() if value not in (None, "")}
        )
    except ValidationError as error:
        first = error.errors(include_url=False, include_input=False)[0]
        param = str(first["loc"][0]) if first["loc"] else None
        raise InvalidRequest(f"{param}: {first['msg']}.", param=param) from None
