"""`POST /v1/prompts/enhance` and `/v1/prompts/translate`."""

import json
from typing import Annotated

from pydantic import BaseModel, ConfigDict, Field, StringConstraints, ValidationError

from darkroom.access import identify
from darkroom.deadline import Deadline
from darkroom.dialects.context import Gateway, Handler
from darkroom.dialects.improving import improve_prompt
from darkroom.dialects.openai.body import MAX_PROMPT_CHARS, read_object
from darkroom.dialects.timing import tried_header
from darkroom.errors import InvalidRequest
from darkroom.http import Reply, Request
from darkroom.json_reader import FIELDS
from darkroom.prompts.instructions import Task

Text = Annotated[str, StringConstraints(strip_whitespace=True, min_length=1)]


class PromptBody(BaseModel):
    """A prompt and how it is to be improved."""

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
        Field(description="What the text model is told to do, in place of our own words."),
    ] = None


def prompt_handler(task: Task) -> Handler:
    """The handler that has one task done."""

    async def handle(request: Request, gateway: Gateway) -> Reply:
        deadline = Deadline.after(gateway.settings.request_timeout_s, gateway.clock)
        caller = identify(
            request.headers.get("authorization"), gateway.settings, gateway.catalog.providers
        )
        async with deadline.enforced():
            raw = await request.body.read(FIELDS.text_bytes)
        body = _read(read_object(raw))
        improved = await improve_prompt(
            task,
            body.prompt,
            caller,
            gateway,
            deadline,
            model=body.model,
            language=body.language,
            instruction=body.instruction,
        )
        answer = {
            "prompt": improved.prompt,
            "model": improved.model.id,
            "provider": improved.model.provider.id,
        }
        headers = {
            "content-type": "application/json",
            "cache-control": "no-store",
            "x-darkroom-provider": improved.model.provider.id,
            **tried_header(improved.trials),
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
