"""`tools/list` and `tools/call`."""

from collections.abc import Awaitable, Callable, Mapping
from functools import cache
from pathlib import Path
from typing import Any, TypeVar

from pydantic import BaseModel, ValidationError

from darkroom.dialects.mcp.enhancing import EnhanceArguments, enhance_prompt
from darkroom.dialects.mcp.errors import invalid_params
from darkroom.dialects.mcp.jobs import (
    CancelArguments,
    JobArguments,
    cancel_job,
    get_job,
    kind_of,
)
from darkroom.dialects.mcp.models import ModelsArguments, list_models
from darkroom.dialects.mcp.painting import (
    arguments_of,
    edit_image,
    generate_image,
    upscale_image,
)
from darkroom.dialects.mcp.results import Call, Result, bare_reply, failure_result
from darkroom.dialects.mcp.runs import answer_later
from darkroom.errors import Failure, InvalidRequest
from darkroom.generation.parameters import MAX_PROMPT_CHARS
from darkroom.generation.stream import begin
from darkroom.http import Reply
from darkroom.json_writer import TextBlob

TOOLS_FILE = Path(__file__).parent / "tools.json"
MAX_TOLD_CHARS = 80
MAX_TEXT_BYTES = 4 * MAX_PROMPT_CHARS + 1
# Names under which agents put what belongs into the configuration of the server.
_SECRETS = frozenset(
    "accesstoken apikey apitoken auth authorization authtoken bearer bearertoken password secret "
    "token".split()
)

Arguments = TypeVar("Arguments", bound=BaseModel)
Tool = Callable[[Call], Awaitable[Reply]]


@cache
def tools_json() -> bytes:
    """The descriptions of all tools, as `tools/list` gives them; written by `make docs`."""
    return TOOLS_FILE.read_bytes().strip()


async def call_tool(call: Call) -> Reply:
    """Have a tool do its work; raises `RpcError` for a call that is no call of a tool's.

    Everything else that is wrong is a result with `isError`.
    """
    name = call.message.text("name")
    tool = TOOLS.get(name)
    if tool is None:
        raise invalid_params(
            f"name: there is no tool {name[:MAX_TOLD_CHARS]!r}, only {', '.join(TOOLS)}."
        )
    if not isinstance(call.message.params.get("arguments"), Mapping | None):
        raise invalid_params("arguments: must be an object.")
    _ = call.message.progress_token  # raises for one that cannot be sent back
    try:
        _check_secrets(arguments_of(call))
        reply = await tool(call)
    except Failure as failure:
        reply = bare_reply(failure_result(failure))
    return call.wrap(reply, kind_of(reply))


def _check_secrets(arguments: Mapping[str, Any]) -> None:
    for name in arguments:
        if name.lower().replace("_", "").replace("-", "") in _SECRETS:
            raise InvalidRequest(
                f"{name}: credentials are no arguments. They go into the Authorization header of "
                "this server's configuration, where no model reads them.",
                param=name,
                code="credential_in_arguments",
            )


def _plain(kind: type[Arguments], work: Callable[[Call, Arguments], Awaitable[Result]]) -> Tool:
    """A tool whose arguments are checked by a model, and which may take its time."""

    async def answer(call: Call) -> Reply:
        arguments = _read(kind, arguments_of(call))
        if not call.streams:
            return bare_reply(await work(call, arguments))
        return await answer_later(call, await begin(_run(work, call, arguments)))

    return answer


async def _run(
    work: Callable[[Call, Arguments], Awaitable[Result]], call: Call, arguments: Arguments
) -> Result:
    return await work(call, arguments)


def _read(kind: type[Arguments], arguments: Mapping[str, Any]) -> Arguments:
    given = {
        name: _text_of(value) if isinstance(value, TextBlob) else value  # of a large message
        for name, value in arguments.items()
        if value not in (None, "")
    }
    try:
        return kind.model_validate(given)
    except ValidationError as error:
        first = error.errors(include_url=False, include_input=False)[0]
        param = str(first["loc"][0])[:MAX_TOLD_CHARS] if first["loc"] else None
        raise InvalidRequest(f"{param or 'arguments'}: {first['msg']}.", param=param) from None


def _text_of(value: TextBlob) -> str:
    """A long text, or enough of it to be refused as too long."""
    return value.content.head(MAX_TEXT_BYTES).decode("utf-8", "replace")


TOOLS: Mapping[str, Tool] = {
    "generate_image": generate_image,
    "edit_image": edit_image,
    "upscale_image": upscale_image,
    "list_models": _plain(ModelsArguments, list_models),
    "get_job": _plain(JobArguments, get_job),
    "cancel_job": _plain(CancelArguments, cancel_job),
    "enhance_prompt": _plain(EnhanceArguments, enhance_prompt),
}
