"""Clients of MCP in Python on behalf of a test: one scenario of JSON in, one line of JSON out.

In, on standard input:
  base_url, token     where to call, and as whom
  play                a name in `PLAYS`
  and what the play takes
Out: what came of it, as the play returns it.

It runs in an environment of its own, which has these clients alone.
"""

import asyncio
import json
import sys


def _address(base_url):
    return base_url.removesuffix("/v1") + "/mcp"


def _client(base_url, token, mode):
    import httpx2
    from mcp import Client
    from mcp.client.streamable_http import streamable_http_client

    http = httpx2.AsyncClient(headers={"Authorization": f"Bearer {token}"}, timeout=110)
    return Client(streamable_http_client(_address(base_url), http_client=http), mode=mode)


def sdk_paint(base_url, token, *, mode, arguments):
    """Everything that the official client reads: tools, a picture with progress, resources."""

    async def play():
        progress = []

        async def note(value, total, message):
            progress.append([value, total, message])

        async with _client(base_url, token, mode) as client:
            tools = await client.list_tools()
            result = await client.call_tool("generate_image", arguments, progress_callback=note)
            prompts = await client.list_prompts()
            resources = await client.list_resources()
            link = next(part for part in result.content if part.type == "resource_link")
            read = await client.read_resource(str(link.uri))
            return {
                "version": client.session.protocol_version,
                "tools": [tool.name for tool in tools.tools],
                "kinds": [part.type for part in result.content],
                "facts": result.structured_content,
                "progress": progress,
                "prompts": len(prompts.prompts),
                "resources": len(resources.resources),
                "read": read.contents[0].mime_type,
            }

    return asyncio.run(play())


def sdk_cancel(base_url, token, *, mode, arguments):
    """A call that is broken off as soon as it tells of progress."""

    async def play():
        begun = asyncio.Event()

        async def note(value, total, message):
            begun.set()

        async with _client(base_url, token, mode) as client:
            call = asyncio.ensure_future(
                client.call_tool("generate_image", arguments, progress_callback=note)
            )
            await begun.wait()
            call.cancel()
            await asyncio.gather(call, return_exceptions=True)
            await asyncio.sleep(1)  # it may only now be telling the server
        return {"outcome": "cancelled" if call.cancelled() else "done"}

    return asyncio.run(play())


def agents_paint(base_url, token, *, arguments):
    """An agent of OpenAI's SDK, whose model calls the tool once and then says what it saw."""
    from agents import Agent, Model, ModelResponse, Runner, Usage, set_tracing_disabled
    from agents.mcp import MCPServerStreamableHttp
    from openai.types.responses import (
        ResponseFunctionToolCall,
        ResponseOutputMessage,
        ResponseOutputText,
    )

    set_tracing_disabled(True)

    class Caller(Model):
        def __init__(self):
            self.offered = []

        async def get_response(self, system_instructions, input, *args, **kwargs):
            tools = kwargs.get("tools") or args[1]
            self.offered = [tool.name for tool in tools]
            outputs = [
                item
                for item in (input if isinstance(input, list) else [])
                if item.get("type") == "function_call_output"
            ]
            if not outputs:
                call = ResponseFunctionToolCall(
                    type="function_call",
                    call_id="call_1",
                    name="generate_image",
                    arguments=json.dumps(arguments),
                )
                return ModelResponse(output=[call], usage=Usage(), response_id=None)
            text = json.dumps(outputs[0]["output"])
            said = ResponseOutputMessage(
                id="msg_1",
                type="message",
                role="assistant",
                status="completed",
                content=[ResponseOutputText(type="output_text", text=text, annotations=[])],
            )
            return ModelResponse(output=[said], usage=Usage(), response_id=None)

        def stream_response(self, *args, **kwargs):
            raise NotImplementedError

    async def play():
        params = {"url": _address(base_url), "headers": {"Authorization": f"Bearer {token}"}}
        async with MCPServerStreamableHttp(params, client_session_timeout_seconds=60) as server:
            model = Caller()
            agent = Agent("painter", model=model, mcp_servers=[server])
            result = await Runner.run(agent, "a lighthouse")
            return {"offered": model.offered, "output": result.final_output}

    return asyncio.run(play())


def pydantic_paint(base_url, token, *, arguments):
    """An agent of Pydantic AI, whose model calls the tool once and then says what it saw."""
    from pydantic_ai import Agent
    from pydantic_ai.mcp import MCPToolset
    from pydantic_ai.messages import ModelResponse, TextPart, ToolCallPart, ToolReturnPart
    from pydantic_ai.models.function import FunctionModel

    offered = []

    def model(messages, info):
        offered[:] = [tool.name for tool in info.function_tools]
        returned = [
            part
            for message in messages
            for part in message.parts
            if isinstance(part, ToolReturnPart)
        ]
        if not returned:
            return ModelResponse(parts=[ToolCallPart("generate_image", arguments)])
        return ModelResponse(parts=[TextPart(str(returned[0].content))])

    async def play():
        headers = {"Authorization": f"Bearer {token}"}
        toolset = MCPToolset(_address(base_url), headers=headers)
        agent = Agent(FunctionModel(model), toolsets=[toolset])
        async with agent:
            result = await agent.run("a lighthouse")
        return {"offered": offered, "output": result.output}

    return asyncio.run(play())


PLAYS = {play.__name__: play for play in (sdk_paint, sdk_cancel, agents_paint, pydantic_paint)}


if __name__ == "__main__":
    scenario = json.load(sys.stdin)
    play = PLAYS[scenario.pop("play")]
    print(json.dumps(play(scenario.pop("base_url"), scenario.pop("token"), **scenario)))
