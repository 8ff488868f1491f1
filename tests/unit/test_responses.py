"""`POST /v1/responses`, answered at once."""

import base64
import struct
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from darkroom.app import handle
from darkroom.blob import BytesBlob
from darkroom.dialects.openai.responses_request import read_request
from darkroom.errors import ContentRefused, InvalidRequest, QuotaExhausted
from darkroom.events import Finished, Picture, Queued, Started
from darkroom.gateway import Gateway
from darkroom.image import ImageFile
from darkroom.job import ImageJob, Operation
from darkroom.json_reader import LIFT_FROM_BYTES
from tests.support.contexts import context_of
from tests.support.fakes import (
    PNG,
    WEBP,
    FakeHttp,
    FakeProvider,
    FakeReply,
    failure,
    gateway,
    json_of,
    request,
)
from tests.support.responses import PATH, TOOL, answer, post

HELD = Finished((Picture(file=ImageFile(data=BytesBlob(PNG))),), 42)
GATEWAY = gateway()
COUNTED = {
    "total_tokens": 30,
    "input_tokens": 10,
    "output_tokens": 20,
    "input_tokens_details": {"text_tokens": 8, "image_tokens": 2},
    "output_tokens_details": {"text_tokens": 0, "image_tokens": 20},
}


def picture(red: int = 0) -> bytes:
    """A PNG whose header tells its size, different for each number."""
    return PNG[:8] + b"\0\0\0\rIHDR" + struct.pack(">IIB", 512, 512, 8) + bytes([red])


def base64_of(data: bytes) -> str:
    return base64.b64encode(data).decode()


def image(red: int = 0) -> dict[str, Any]:
    return {
        "type": "input_image",
        "image_url": f"data:image/png;base64,{base64_of(picture(red))}",
        "detail": "auto",
    }


def said(*content: Any, role: str = "user") -> dict[str, Any]:
    parts = [{"type": "input_text", "text": p} if isinstance(p, str) else p for p in content]
    return {"role": role, "content": parts}


def call(red: int = 0, **fields: Any) -> dict[str, Any]:
    result = base64_of(picture(red))
    return {"type": "image_generation_call", "id": "ig_1", "status": "completed", "result": result,
            **fields}  # fmt: skip


def painter() -> FakeProvider:
    return FakeProvider([[Queued(0), Started(), HELD]])


async def job_of(**body: Any) -> ImageJob:
    """The job that a request comes to."""
    provider = painter()
    await answer(gateway(provider), **body)
    return provider.calls[0][0]


async def ignored(**body: Any) -> list[str]:
    reported: list[str] = (await answer(gateway(painter()), **body)).get("ignored", [])
    return reported


async def reds(**body: Any) -> list[int]:
    """Which pictures a job works on."""
    sources = (await job_of(**body)).images
    contents = [await source.to_bytes() for source in sources]
    return [content.head(content.size)[-1] for content in contents]


async def refused(gate: Gateway | None = None, **body: Any) -> tuple[str, str]:
    """What a request is refused for: the field and the code."""
    reply = await post(gate or gateway(painter()), **body)
    error = (await json_of(reply))["error"]
    assert reply.status == 400, error
    assert set(error) == {"message", "type", "param", "code"}
    return error["param"], error["code"]


async def test_a_picture_comes_as_a_call_of_the_tool_and_says_what_was_done() -> None:
    reply = await post(gateway(painter()), model="gpt-5.4", temperature=0.5, seed=42)
    body = await json_of(reply)
    item_ids, response_id = [item.pop("id") for item in body["output"]], body.pop("id")
    assert [item_id.partition("_")[0] for item_id in item_ids] == ["ig", "msg"]
    assert response_id.startswith("resp_")
    assert body == {
        "object": "response",
        "created_at": 1_700_001_000,
        "status": "completed",
        "background": False,
        "error": None,
        "incomplete_details": None,
        "max_output_tokens": None,
        "model": "z-image-turbo",
        "output": [
            {
                "type": "image_generation_call",
                "status": "completed",
                "result": base64_of(PNG),
                "action": "generate",
                "size": body["output"][0]["size"],
                "quality": "auto",
                "background": "auto",
                "output_format": "png",
            },
            {
                "type": "message",
                "status": "completed",
                "role": "assistant",
                "content": [
                    {
                        "type": "output_text",
                        "text": "Here is the picture.",
                        "annotations": [],
                        "logprobs": [],
                    }
                ],
            },
        ],
        "previous_response_id": None,
        "store": False,
        "temperature": None,
        "text": {"format": {"type": "text"}},
        "top_p": None,
        "truncation": "disabled",
        "usage": None,
        "instructions": None,
        "metadata": {},
        "parallel_tool_calls": True,
        "tool_choice": "auto",
        "tools": [{"type": "image_generation", "action": "auto"}],
        "completed_at": 1_700_001_000,
        "provider": "huggingface",
        "seed": 42,
        "ignored": ["temperature", "model"],
    }
    assert reply.headers["x-darkroom-provider"] == "huggingface"
    assert reply.headers["content-type"] == "application/json"


async def test_an_address_of_an_upstream_comes_as_base64() -> None:
    http = FakeHttp({"a.webp": [FakeReply(pieces=[WEBP])]})
    remote = Finished((Picture(url="https://s.hf.space/a.webp"),), 42)
    item, _ = (await answer(gateway(FakeProvider([[remote]]), http=http)))["output"]
    assert base64.b64decode(item["result"]) == WEBP
    assert item["output_format"] == "webp"


async def test_a_format_that_the_wire_has_no_word_for_is_left_unnamed() -> None:
    avif = b"\0\0\0\x1cftypavif" + b"pixels" * 10
    finished = Finished((Picture(file=ImageFile(data=BytesBlob(avif))),))
    item, _ = (await answer(gateway(FakeProvider([[finished]]))))["output"]
    assert base64.b64decode(item["result"]) == avif
    assert "output_format" not in item


@pytest.mark.parametrize(
    ("tool", "outer", "painted"),
    [
        ("flux-1-schnell", "gpt-5.4", "flux-1-schnell"),
        ("flux-1-schnell", "z-image", "flux-1-schnell"),
        (None, "z-image", "z-image"),
        (None, ["z-image", "flux-1-schnell"], "z-image"),
        (None, "auto", "z-image-turbo"),
        (None, "gpt-5.4", "z-image-turbo"),
        (None, ..., "z-image-turbo"),
        ("gpt-image-1", ..., "z-image-turbo"),
    ],
)
async def test_the_tools_model_paints_else_an_image_model_beside_it_else_the_default(
    tool: str | None, outer: Any, painted: str
) -> None:
    body = await answer(gateway(painter()), model=outer, tools=[{**TOOL, "model": tool}])
    assert body["model"] == painted
    heard = outer is ... or (tool is None and outer != "gpt-5.4")
    assert ("model" in body.get("ignored", [])) is not heard


async def test_an_image_model_needs_no_tool() -> None:
    assert (await job_of(model="z-image", tools=...)).model == "z-image"


@pytest.mark.parametrize("tools", [..., [], [{"type": "web_search"}]])
@pytest.mark.parametrize("model", [..., "gpt-5.4", "deepseek/deepseek-chat", 5])
async def test_a_request_without_the_image_tool_is_referred_to_chat_completions(
    tools: Any, model: Any
) -> None:
    reply = await post(gateway(painter()), model=model, tools=tools)
    error = (await json_of(reply))["error"]
    assert (reply.status, error["param"]) == (400, "tools")
    assert error["code"] == "image_generation_required"
    assert "/v1/chat/completions" in error["message"]


async def test_an_unknown_model_of_the_tool_is_a_404_with_names_near_it() -> None:
    reply = await post(gateway(painter()), tools=[{**TOOL, "model": "flux-1-schnel"}])
    assert reply.status == 404
    assert "flux-1-schnell" in (await json_of(reply))["error"]["message"]


async def test_fields_stand_in_the_tool_or_beside_it_and_the_tools_come_first() -> None:
    job = await job_of(
        tools=[{**TOOL, "size": "512x768", "steps": 3, "seed": None}], steps=5, seed=7
    )
    assert (str(job.size), job.steps, job.seed) == ("512x768", 3, 7)
    job = await job_of(tools=[{**TOOL, "image_generation": {"size": "768x512"}}])
    assert str(job.size) == "768x512"


async def test_the_tool_is_repeated_as_it_was_understood() -> None:
    tool = {
        **TOOL, "model": "z-image", "size": "512x512", "quality": "hd", "background": "auto",
        "output_format": "jpg", "output_compression": 80, "moderation": "low", "complexity": "low",
        "input_fidelity": "high", "partial_images": 2, "action": "generate",
    }  # fmt: skip
    body = await answer(gateway(painter()), tools=[tool, {"type": "web_search"}])
    unlike = ("quality", "complexity")
    expected = {name: value for name, value in tool.items() if name not in unlike}
    assert body["tools"] == [{**expected, "output_format": "jpeg"}]
    without_effect = (
        "quality", "output_format", "output_compression", "moderation", "complexity",
        "input_fidelity", "partial_images",
    )  # fmt: skip
    assert set(body["ignored"]) == {
        "tools.web_search",
        *(f"tools[0].{name}" for name in without_effect),
    }


async def test_request_fields_are_echoed_in_the_response() -> None:
    requested = {
        "instructions": "Paint in ink.", "metadata": {"job": "7"}, "parallel_tool_calls": False,
        "tool_choice": {"type": "allowed_tools", "mode": "required", "tools": [TOOL]},
    }  # fmt: skip
    body = await answer(gateway(painter()), **requested)
    assert {name: body[name] for name in requested} == requested
    assert "ignored" not in body


@pytest.mark.parametrize(
    "choice",
    [None, "auto", "required", TOOL, {"type": "allowed_tools", "mode": "auto", "tools": [TOOL]}],
)
async def test_a_choice_that_leads_to_the_tool_is_taken(choice: Any) -> None:
    assert await answer(gateway(painter()), tool_choice=choice)


@pytest.mark.parametrize(
    "choice",
    [
        "none",
        {"type": "function", "name": "f"},
        {"type": "web_search_preview"},
        {"type": "allowed_tools", "mode": "auto", "tools": [{"type": "function", "name": "f"}]},
        {"type": "allowed_tools", "tools": [TOOL]},
        7,
    ],
)
async def test_a_choice_that_leads_elsewhere_is_refused(choice: Any) -> None:
    assert await refused(tool_choice=choice) == ("tool_choice", "unsupported_tool")


async def test_other_tools_are_reported_by_name() -> None:
    tools = [{"type": "function", "name": "get_weather", "parameters": {}}, TOOL, dict(TOOL)]
    assert await ignored(tools=tools) == ["tools.get_weather", "tools.image_generation"]


@pytest.mark.parametrize(
    ("field", "value"),
    [
        ("previous_response_id", "resp_1"),
        ("conversation", "conv_1"),
        ("conversation", {"id": "conv_1"}),
        ("prompt", {"id": "pmpt_1"}),
    ],
)
async def test_parameters_that_need_stored_state_are_refused_by_name(
    field: str, value: Any
) -> None:
    assert await refused(**{field: value}) == (field, "unsupported_parameter")


@pytest.mark.parametrize(
    ("fields", "names"),
    [
        ({"store": True}, ["store"]),
        ({"store": False, "background": False, "truncation": "disabled"}, []),
        ({"previous_response_id": None, "conversation": None, "prompt": None}, []),
        ({"service_tier": "auto", "user": None, "include": None}, []),
        ({"service_tier": "flex", "truncation": "auto"}, ["service_tier", "truncation"]),
        ({"reasoning": {"effort": "low"}, "text": {}}, ["reasoning", "text"]),
        ({"moderation": {"model": "m"}, "image": {"context_compression": "auto"}},
         ["image", "moderation"]),
        ({"moderation": "low"}, ["moderation"]),
        ({"response_format": "url"}, ["response_format"]),
        ({"response_format": "b64_json"}, []),
        ({"background": "opaque"}, ["background"]),
        ({"colour": "red"}, ["colour"]),
    ],
)  # fmt: skip
async def test_ignored_fields_are_reported(fields: dict[str, Any], names: list[str]) -> None:
    assert await ignored(**fields) == names


async def test_user_messages_in_a_row_are_painted_below_what_the_system_says() -> None:
    items = [
        said("be brief", role="system"), said("a dog"), said("Woof.", role="assistant"),
        {"type": "function_call_output", "call_id": "c", "output": "12 degrees"},
        said("a cat", "in snow"), said("Use ink.", role="developer"), said("at night"),
    ]  # fmt: skip
    job = await job_of(input=items, instructions=" Always wide. ")
    assert job.prompt == "Always wide. \n\nbe brief\n\nUse ink.\n\na cat\nin snow\nat night"
    assert (await job_of(input=[{"role": "user", "content": "a cat"}])).prompt == "a cat"


@pytest.mark.parametrize(
    ("items", "sources"),
    [
        ([said("hat", image(1))], [1]),
        ([said("hat", image(1), image(2))], [1, 2]),
        ([said("a cat"), call(1), said("a hat")], [1]),
        ([said("x", image(1)), call(2), said("a hat")], [2]),
        ([call(1), said("x", image(2)), said("ok", role="assistant"), said("a hat")], [2]),
        ([said("a cat"), call(1), said("like this", image(2))], [2]),
        ([said("x", image(1)), call(2, status="failed", result=None)], [1]),
        ([call(1), call(2), said("a hat")], [2]),
        ([call(1), said("ok"), call(2, status="failed", result=None), said("a hat")], [1]),
        ([said("a cat")], []),
    ],
)
async def test_the_last_messages_pictures_are_worked_on_else_the_latest_before(
    items: list[Any], sources: list[int]
) -> None:
    assert await reds(input=items) == sources
    job = await job_of(input=items)
    assert job.operation is (Operation.EDIT if sources else Operation.GENERATE)


async def test_an_edit_says_so() -> None:
    body = await answer(gateway(painter()), input=[said("a hat", image())])
    assert body["output"][0]["action"] == "edit"
    assert body["model"] == "qwen-image-edit"


async def test_a_large_picture_is_a_source_as_well() -> None:
    large = {"type": "input_image", "image_url": "data:image/png;base64,"}
    large["image_url"] += base64_of(picture(3) + bytes(LIFT_FROM_BYTES) + b"\x07")
    assert await reds(input=[said("a hat", large)]) == [7]


async def test_a_new_picture_is_painted_without_those_that_were_sent() -> None:
    items = [said("a cat"), call(1), said("a dog", image(2))]
    tools = [{**TOOL, "action": "generate"}]
    assert await reds(input=items, tools=tools) == []
    assert await ignored(input=items, tools=tools) == ["input[2].content[1]", "input[1].result"]


async def test_a_model_that_cannot_edit_leaves_an_earlier_picture_alone() -> None:
    items = [said("a cat"), call(1), said("a dog")]
    assert await ignored(model="flux-1-schnell", input=items) == ["input[1].result"]
    assert await refused(model="flux-1-schnell", input=[said("a hat", image())]) == (
        "input[0].content[1]", "invalid_value",
    )  # fmt: skip
    tools = [{**TOOL, "action": "edit", "model": "flux-1-schnell"}]
    assert await refused(input=items, tools=tools) == ("input[1].result", "invalid_value")


@pytest.mark.parametrize(
    ("body", "param", "code"),
    [
        ({"input": ...}, "input", "missing_required_parameter"),
        ({"input": ""}, "input", "missing_required_parameter"),
        ({"input": []}, "input", "missing_required_parameter"),
        ({"input": {"role": "user"}}, "input", "missing_required_parameter"),
        ({"input": [said("hm", role="assistant")]}, "input", "missing_required_parameter"),
        ({"input": [said("")]}, "input", "missing_required_parameter"),
        ({"input": "x" * 32_001}, "input", "invalid_value"),
        ({"input": "x" * LIFT_FROM_BYTES}, "input", "invalid_value"),
        ({"input": ["a cat"]}, "input[0]", "invalid_value"),
        ({"input": [{"role": "user", "content": 7}]}, "input[0].content", "invalid_value"),
        ({"input": [{"type": "item_reference", "id": "ig_1"}]}, "input[0]", "unsupported_parameter"),
        ({"input": [said("x"), {"type": "image_generation_call", "id": "ig_1"}]}, "input[1]",
         "unsupported_parameter"),
        ({"input": [said({"type": "input_image", "file_id": "file_1"})]}, "input[0].content[0]",
         "invalid_value"),
        ({"input": [said({"type": "input_image", "image_url": "data:image/png;base64,eHh4"})]},
         "input[0].content[0]", "invalid_image_file"),
        ({"tools": [{**TOOL, "action": "edit"}]}, "input", "missing_required_parameter"),
        ({"tools": [{**TOOL, "action": "paint"}]}, "tools[0].action", "invalid_value"),
        ({"tools": [{**TOOL, "size": "huge"}]}, "tools[0].size", "invalid_value"),
        ({"tools": [{**TOOL, "output_format": "svg"}]}, "tools[0].output_format", "invalid_value"),
        ({"tools": [{**TOOL, "partial_images": 4}]}, "tools[0].partial_images", "invalid_value"),
        ({"tools": [{**TOOL, "model": 5}]}, "tools[0].model", "invalid_value"),
        ({"tools": [{**TOOL, "input_image_mask": {"file_id": "file_1"}}]}, "tools[0].input_image_mask",
         "invalid_value"),
        ({"tools": [{**TOOL, "input_image_mask": image()}]}, "tools[0].input_image_mask",
         "invalid_value"),
        ({"tools": {}}, "tools", "invalid_value"),
        ({"tools": [{}]}, "tools", "invalid_value"),
        ({"steps": 99}, "steps", "invalid_value"),
        ({"metadata": {"a": 1}}, "metadata", "invalid_value"),
        ({"instructions": [said("x")]}, "instructions", "invalid_value"),
    ],
)  # fmt: skip
async def test_a_wrong_field_is_named(body: dict[str, Any], param: str, code: str) -> None:
    assert await refused(**body) == (param, code)


async def test_a_part_that_no_image_model_reads_is_reported() -> None:
    items = [said("a cat", {"type": "input_file", "file_url": "https://x.example.com/a.pdf"})]
    assert await ignored(input=items) == ["input[0].content[1]"]


async def test_several_pictures_are_several_calls() -> None:
    provider = FakeProvider([[failure(ContentRefused, "no")], [0, HELD], [0, HELD]])
    body = await answer(gateway(provider), n=3)
    failed, *done, said_last = body["output"]
    assert said_last["content"][0]["text"] == "2 of 3 pictures were painted, the others failed."
    assert failed["status"] == "failed"
    assert failed["result"] is None
    assert failed["error"]["code"] == "moderation_blocked"
    assert [item["status"] for item in done] == ["completed"] * 2
    assert len({item["id"] for item in body["output"]}) == 4
    assert (body["status"], body["seed"], body["seeds"]) == ("completed", 42, [42, 42])


async def test_usage_is_reported_only_if_every_picture_has_it() -> None:
    counted = Finished(HELD.pictures, usage=COUNTED)
    body = await answer(gateway(FakeProvider([[counted]])), n=2)
    assert body["usage"] == {
        "input_tokens": 20,
        "input_tokens_details": {
            "cached_tokens": 0, "cache_write_tokens": 0, "text_tokens": 16, "image_tokens": 4,
        },
        "output_tokens": 40,
        "output_tokens_details": {"reasoning_tokens": 0, "text_tokens": 0, "image_tokens": 40},
        "total_tokens": 60,
    }  # fmt: skip
    body = await answer(gateway(FakeProvider([[counted], [0, HELD]])), n=2)
    assert body["usage"] is None


async def test_a_revised_prompt_stands_in_its_call() -> None:
    finished = Finished(HELD.pictures, revised_prompt="a grey cat")
    body = await answer(gateway(FakeProvider([[finished]])))
    assert body["output"][0]["revised_prompt"] == "a grey cat"


async def test_the_attempts_are_reported() -> None:
    provider = FakeProvider([[failure(QuotaExhausted)], [HELD]])
    body = await answer(gateway(provider), model=["z-image", "flux-1-schnell"])
    assert [attempt.rpartition("=")[2] for attempt in body["tried"]] == ["insufficient_quota", "ok"]
    assert body["model"] == "flux-1-schnell"


async def test_a_failure_is_worded_as_everywhere() -> None:
    reply = await post(gateway(FakeProvider([[failure(ContentRefused, "no")]])))
    assert reply.status == 400
    error = (await json_of(reply))["error"]
    assert (error["code"], error["type"]) == ("moderation_blocked", "image_generation_user_error")


async def test_a_body_that_is_no_object_is_refused() -> None:
    reply = await handle(request("POST", PATH, b"[]"), gateway(painter()), lambda entry: None)
    assert reply.status == 400
    assert (await json_of(reply))["error"]["code"] == "invalid_json"


words = st.sampled_from(
    ["message", "user", "system", "image_generation", "image_generation_call", "input_text",
     "input_image", "item_reference", "allowed_tools", "auto", "edit", "gpt-image-1", "a cat"]
)  # fmt: skip
keys = st.sampled_from(
    ["input", "tools", "model", "type", "role", "content", "text", "image_url", "result", "status",
     "action", "tool_choice", "image_generation", "input_image_mask", "metadata", "prompt", "image",
     "background", "moderation", "response_format", "mode", "id", "name", "instructions"]
)  # fmt: skip
anything = st.recursive(
    st.none() | st.booleans() | st.integers() | words,
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(keys, inner, max_size=4),
    max_leaves=12,
)


@given(st.dictionaries(keys, anything, max_size=6))
@settings(suppress_health_check=[HealthCheck.too_slow])
def test_no_json_breaks_the_reading(body: dict[str, Any]) -> None:
    requested = {"input": "a cat", "tools": [TOOL], **body}
    try:
        read_request(requested, context_of(GATEWAY))
    except InvalidRequest as failure:
        assert failure.param is not None
