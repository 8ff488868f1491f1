"""The Responses API by OpenAI's Python SDK against the Worker, unchanged."""

import base64
import io
from typing import Any

import httpx
import openai as sdk
import pytest
from openai import OpenAI
from openai.types.responses import Response
from PIL import Image

from tests.e2e.stack import Stack
from tests.support.responses import checked, events_in
from tests.support.spaces import eventually

SMALL = {"type": "image_generation", "model": "flux-1-schnell", "size": "512x512"}


def respond(client: OpenAI, **fields: Any) -> Any:
    body = {"model": "gpt-5.4", "input": "a lighthouse", "tools": [SMALL], **fields}
    return client.responses.create(**body)


def pictures(response: Response) -> list[Image.Image]:
    calls = [item for item in response.output if item.type == "image_generation_call"]
    return [Image.open(io.BytesIO(base64.b64decode(call.result or ""))) for call in calls]


def data_url(colour: str = "navy", side: int = 512) -> str:
    file = io.BytesIO()
    Image.new("RGB", (side, side), colour).save(file, "PNG")
    return f"data:image/png;base64,{base64.b64encode(file.getvalue()).decode()}"


def test_a_picture_comes_as_a_call_of_the_tool(openai: OpenAI) -> None:
    answer = respond(openai, extra_body={"seed": 5})
    checked(answer.to_dict())
    assert (answer.status, answer.error) == ("completed", None)
    assert answer.output_text == "Here is the picture."
    assert (answer.model, answer.seed, answer.ignored) == ("flux-1-schnell", 5, ["model"])
    assert answer._request_id.startswith("req_")
    (picture,) = pictures(answer)
    assert picture.size == (512, 512)
    assert answer.output[0].size == "512x512"


def test_an_image_model_needs_no_tool(openai: OpenAI) -> None:
    answer = openai.responses.create(model="flux-1-schnell", input="a lighthouse")
    assert len(pictures(answer)) == 1


def test_several_pictures_are_several_calls(openai: OpenAI) -> None:
    answer = respond(openai, extra_body={"n": 2, "steps": 2})
    assert len(pictures(answer)) == 2
    assert len(set(answer.seeds)) == 2


def test_a_stream_ends_with_the_picture(openai: OpenAI) -> None:
    events = list(respond(openai, stream=True, input="slow [[steps:30]]"))
    assert [event.sequence_number for event in events] == list(range(len(events)))
    kinds = [event.type for event in events]
    assert kinds[:2] == ["response.created", "response.in_progress"]
    assert kinds[-1] == "response.completed"
    reported = [e for e in events if e.type == "response.image_generation_call.generating"]
    assert isinstance(reported[0].queue_position, int)
    assert len([e for e in reported if e.step is not None]) > 3
    done = [event.item for event in events if event.type == "response.output_item.done"]
    assert events[-1].response.output == done
    assert [item.type for item in done] == ["image_generation_call", "message"]
    assert pictures(events[-1].response)[0].size == (512, 512)


def test_a_streams_events_are_what_openais_types_say(stack: Stack) -> None:
    body = {"input": "a lighthouse [[steps:5]]", "tools": [SMALL], "stream": True}
    with httpx.stream("POST", f"{stack.url}/v1/responses", json=body, timeout=60) as reply:
        found = events_in(reply.read())
    assert found[-1]["type"] == "response.completed"


def test_previews_are_partial_images(openai: OpenAI, stack: Stack) -> None:
    tool = {"type": "image_generation", "model": "openai/gpt-image-2", "partial_images": 2}
    with OpenAI(base_url=f"{stack.url}/v1", api_key="openai:good") as client:
        events = list(respond(client, stream=True, tools=[tool]))
    previews = [e for e in events if e.type == "response.image_generation_call.partial_image"]
    assert [preview.partial_image_index for preview in previews] == [0, 1]
    assert all(base64.b64decode(preview.partial_image_b64) for preview in previews)
    usage = events[-1].response.usage
    assert usage.total_tokens == usage.input_tokens + usage.output_tokens


def test_the_sdks_own_reader_of_streams_gathers_the_response(openai: OpenAI) -> None:
    with openai.responses.stream(
        model="gpt-5.4",
        input="a lighthouse",
        tools=[{"type": "image_generation", "model": "flux-1-schnell", "size": "512x512"}],
    ) as stream:
        assert len(pictures(stream.get_final_response())) == 1


def test_a_picture_is_edited_and_the_answer_goes_on_in_the_next_turn(openai: OpenAI) -> None:
    tools = [{"type": "image_generation"}]
    said = {
        "role": "user",
        "content": [
            {"type": "input_text", "text": "make it gold"},
            {"type": "input_image", "image_url": data_url(), "detail": "auto"},
        ],
    }
    first = respond(openai, input=[said], tools=tools)
    assert first.model == "qwen-image-edit"
    assert first.output[0].action == "edit"
    turns = [said, first.output[0].to_dict(), {"role": "user", "content": "now blue"}]
    second = respond(openai, input=turns, tools=tools)
    assert second.output[0].action == "edit"
    assert pictures(second)[0].tobytes() != pictures(first)[0].tobytes()


def test_the_next_turn_names_the_picture_by_its_id(openai: OpenAI) -> None:
    tools = [{"type": "image_generation"}]
    first = respond(openai, tools=tools)
    assert first.store
    reference = {"type": "item_reference", "id": first.output[0].id}
    by_id = respond(openai, input=[reference, {"role": "user", "content": "blue"}], tools=tools)
    by_response = respond(openai, input="gold", previous_response_id=first.id, tools=tools)
    assert [each.output[0].action for each in (by_id, by_response)] == ["edit", "edit"]
    unkept = respond(openai, store=False)
    with pytest.raises(sdk.BadRequestError) as caught:
        respond(openai, input="gold", previous_response_id=unkept.id)
    assert caught.value.param == "previous_response_id"


def test_a_picture_that_was_made_in_the_background_is_named_as_well(openai: OpenAI) -> None:
    tools = [{"type": "image_generation"}]
    queued = respond(openai, background=True)
    eventually(lambda: openai.responses.retrieve(queued.id).status == "completed")
    second = respond(
        openai, input="gold", previous_response_id=queued.id, tools=tools, background=True
    )
    eventually(lambda: openai.responses.retrieve(second.id).status == "completed")
    done: Any = openai.responses.retrieve(second.id)
    assert done.output[0].action == "edit"


def test_a_background_response_is_retrieved_when_it_is_done(openai: OpenAI) -> None:
    queued = respond(openai, background=True)
    assert (queued.status, queued.background) == ("queued", True)
    eventually(lambda: openai.responses.retrieve(queued.id).status == "completed")
    done = openai.responses.retrieve(queued.id)
    assert done.id == queued.id
    (picture,) = pictures(done)
    assert picture.size == (512, 512)
    assert done.output_text == "Here is the picture."


def test_a_background_response_is_cancelled(openai: OpenAI) -> None:
    queued = respond(openai, input="a heron [[stall]]", background=True)
    assert openai.responses.cancel(queued.id).status == "cancelled"


@pytest.mark.parametrize(
    ("fields", "code", "param"),
    [
        ({"input": ""}, "missing_required_parameter", "input"),
        ({"tools": []}, "image_generation_required", "tools"),
        ({"tools": [{**SMALL, "size": "9x9"}]}, "invalid_value", "tools[0].size"),
        ({"previous_response_id": "resp_1"}, "previous_response_not_found", "previous_response_id"),
        ({"tool_choice": "none"}, "unsupported_tool", "tool_choice"),
        ({"input": "[[refuse]]"}, "moderation_blocked", None),
    ],
)
def test_a_wrong_request_raises_the_sdks_own_error(
    openai: OpenAI, fields: dict[str, Any], code: str, param: str | None
) -> None:
    for stream in (False, True):
        with pytest.raises(sdk.APIError) as caught:
            list(respond(openai, stream=stream, **fields))
        assert (caught.value.code, caught.value.param) == (code, param)
        if param or not stream:
            assert isinstance(caught.value, sdk.BadRequestError)


def test_a_failure_in_a_stream_is_reported_and_raised(openai: OpenAI) -> None:
    events: list[Any] = []
    with pytest.raises(sdk.APIError) as caught:
        events.extend(respond(openai, stream=True, input="[[late:out of luck]]"))
    assert caught.value.code == "generation_failed"
    assert events[-1].type == "response.failed"
    assert events[-1].response.error.code == "server_error"


def test_a_stream_that_no_space_takes_keeps_its_status(openai: OpenAI, stack: Stack) -> None:
    client = openai.with_options(max_retries=0)
    with stack.spaces.mode("black-forest-labs-flux-1-schnell", "sleeping"):
        with pytest.raises(sdk.InternalServerError) as caught:
            list(respond(client, stream=True))
    assert caught.value.status_code == 503
