"""Python clients on behalf of a test: one scenario of JSON in, one line of JSON out.

In, on standard input:
  base_url, token     where to call, and as whom
  play                a name in `PLAYS`
  and what the play takes
Out: what came of it, as the play returns it.

It runs in an environment of its own, which has these clients alone.
"""

import asyncio
import base64
import json
import os
import subprocess
import sys
import tempfile
from pathlib import Path

# What would ask the internet for something when it is imported.
os.environ["LITELLM_LOCAL_MODEL_COST_MAP"] = "True"
os.environ["HAYSTACK_TELEMETRY_ENABLED"] = "False"

TURNS = ("a lighthouse", "make it blue")
THINKER = "gpt-5.4"


def openai_agents(base_url, token, *, stream, by_id):
    """Two turns of an agent with the image tool: the final words, and how many pictures."""
    from agents import (
        Agent,
        ImageGenerationTool,
        OpenAIResponsesModel,
        Runner,
        set_tracing_disabled,
    )
    from openai import AsyncOpenAI

    set_tracing_disabled(True)
    client = AsyncOpenAI(base_url=base_url, api_key=token, max_retries=0)
    tool = ImageGenerationTool(tool_config={"type": "image_generation"})
    agent = Agent("painter", model=OpenAIResponsesModel(THINKER, client), tools=[tool])

    async def play():
        told, history, previous = [], [], None
        for content in TURNS:
            said = [{"role": "user", "content": content}]
            asked = said if by_id else [*history, *said]
            if stream:
                result = Runner.run_streamed(agent, asked, previous_response_id=previous)
                async for _ in result.stream_events():
                    pass
            else:
                result = await Runner.run(agent, asked, previous_response_id=previous)
            history = result.to_input_list()
            previous = result.last_response_id if by_id else None
            calls = [item for item in result.new_items if item.type == "tool_call_item"]
            told.append({"output": result.final_output, "pictures": len(calls)})
        return {"turns": told}

    return asyncio.run(play())


def langchain_turns(base_url, token, *, stream, by_id):
    """Two turns of a chat model with the image tool: the words, and the pictures."""
    from langchain_core.messages import HumanMessage
    from langchain_openai import ChatOpenAI

    model = ChatOpenAI(
        model=THINKER, base_url=base_url, api_key=token, max_retries=0,
        use_responses_api=True, use_previous_response_id=by_id,
    ).bind_tools([{"type": "image_generation"}])  # fmt: skip
    told, history = [], []
    for content in TURNS:
        history.append(HumanMessage(content))
        if stream:
            chunks = list(model.stream(history))
            answer = chunks[0]
            for chunk in chunks[1:]:
                answer += chunk
        else:
            answer = model.invoke(history)
        history.append(answer)
        blocks = answer.content_blocks
        pictures = [block["base64"] for block in blocks if block["type"] == "image"]
        told.append({"output": answer.text, "pictures": pictures})
    return {"turns": told}


def langchain_dalle(base_url, token, *, model):
    """The address of a picture."""
    from langchain_community.utilities.dalle_image_generator import DallEAPIWrapper

    wrapper = DallEAPIWrapper(model=model, api_key=token, base_url=base_url, max_retries=0)
    return {"url": wrapper.run("a lighthouse")}


def pydantic_turns(base_url, token):
    """Two turns of an agent whose output is a picture."""
    from pydantic_ai import Agent, BinaryImage
    from pydantic_ai.capabilities import NativeTool
    from pydantic_ai.models.openai import OpenAIResponsesModel
    from pydantic_ai.native_tools import ImageGenerationTool
    from pydantic_ai.providers.openai import OpenAIProvider

    model = OpenAIResponsesModel(THINKER, provider=OpenAIProvider(base_url, api_key=token))
    agent = Agent(model, output_type=BinaryImage, capabilities=[NativeTool(ImageGenerationTool())])
    told, history = [], []
    for content in TURNS:
        result = agent.run_sync(content, message_history=history)
        history = result.all_messages()
        told.append({"picture": base64.b64encode(result.output.data).decode()})
    return {"turns": told}


def haystack(base_url, token, *, model):
    """A picture of a prompt, as base64."""
    from haystack.components.generators import OpenAIImageGenerator
    from haystack.utils import Secret

    generator = OpenAIImageGenerator(
        model=model, api_base_url=base_url, api_key=Secret.from_token(token), max_retries=0
    )
    return {"picture": generator.run("a lighthouse")["images"][0]}


def litellm_calls(base_url, token, *, model, editor, source):
    """What LiteLLM makes of a picture, an edit, a chat and a response."""
    import litellm

    common = {"api_base": base_url, "api_key": token, "max_retries": 0}
    painted = litellm.image_generation(prompt="a lighthouse", model=f"openai/{model}", **common)
    edited = litellm.image_edit(
        image=[base64.b64decode(source)], prompt="at night", model=f"openai/{editor}", **common
    )
    said = [{"role": "user", "content": "a lighthouse"}]
    chat = litellm.completion(model=f"openai/{model}", messages=said, **common)
    tools = [{"type": "image_generation"}]
    response = litellm.responses(
        model=f"openai/{THINKER}", input="a lighthouse", tools=tools, **common
    )
    return {
        "painted": painted.data[0].model_dump(),
        "edited": edited.data[0].model_dump(),
        "chat": chat.choices[0].message.content,
        "tokens": chat.usage.total_tokens,
        "response": [item.type for item in response.output],
    }


def llm_chat(base_url, token, *, model):
    """What `llm` prints of a painted chat, streamed and not."""
    with tempfile.TemporaryDirectory() as folder:
        row = f"- model_id: darkroom\n  model_name: {model}\n  api_base: {base_url}\n"
        Path(folder, "extra-openai-models.yaml").write_text(row, "utf-8")
        env = {**os.environ, "LLM_USER_PATH": folder, "OPENAI_API_KEY": token}
        printed = {}
        for name, flags in (("whole", ["--no-stream"]), ("streamed", [])):
            command = [sys.executable, "-m", "llm", "-m", "darkroom", "-u", *flags, "a lighthouse"]
            done = subprocess.run(command, env=env, capture_output=True, text=True, check=False)
            printed[name] = done.stdout.strip() if done.returncode == 0 else done.stderr
        return printed


PLAYS = {
    play.__name__: play
    for play in (
        openai_agents, langchain_turns, langchain_dalle, pydantic_turns, haystack, litellm_calls,
        llm_chat,
    )
}  # fmt: skip


if __name__ == "__main__":
    scenario = json.load(sys.stdin)
    play = PLAYS[scenario.pop("play")]
    print(json.dumps(play(scenario.pop("base_url"), scenario.pop("token"), **scenario)))
