"""Google's own SDK for Python against the Worker, and the requests of Open WebUI."""

import asyncio
import base64
import io
from collections.abc import Iterator
from typing import Any

import httpx
import pytest
from google import genai
from google.genai import errors, types
from PIL import Image

from tests.e2e.stack import Stack


def client_of(
    stack: Stack, key: str = "not-needed", version: str | None = "v1beta", **more: Any
) -> genai.Client:
    options = types.HttpOptions(base_url=stack.url, api_version=version)
    return genai.Client(api_key=key, http_options=options, **more)


@pytest.fixture
def google(stack: Stack) -> Iterator[genai.Client]:
    """The SDK, pointed at Darkroom."""
    client = client_of(stack)
    yield client
    client.close()


def config(**fields: Any) -> types.GenerateContentConfig:
    return types.GenerateContentConfig(
        response_modalities=["TEXT", "IMAGE"],
        **{"image_config": types.ImageConfig(aspect_ratio="1:1"), **fields},
    )


def picture_of(answer: types.GenerateContentResponse) -> Image.Image:
    assert answer.candidates
    content = answer.candidates[0].content
    assert content is not None
    assert content.parts
    blob = content.parts[-1].inline_data
    assert blob is not None
    assert blob.data is not None
    picture = Image.open(io.BytesIO(blob.data))
    assert blob.mime_type == Image.MIME[picture.format or ""]
    return picture


def noise(width: int = 640, height: int = 512) -> types.Part:
    """A picture too large to pass through Python's memory."""
    buffer = io.BytesIO()
    Image.effect_noise((width, height), 90).convert("RGB").save(buffer, "PNG")
    assert len(buffer.getvalue()) > 256 * 1024
    return types.Part.from_bytes(data=buffer.getvalue(), mime_type="image/png")


def test_the_version_that_the_sdk_chooses_is_answered_too(stack: Stack) -> None:
    client = client_of(stack, version=None)
    answer = client.models.generate_content(
        model="flux-1-schnell", contents="a lighthouse", config=config()
    )
    assert picture_of(answer).size == (1024, 1024)
    client.close()


def test_a_prompt_comes_to_a_picture(google: genai.Client) -> None:
    answer = google.models.generate_content(
        model="flux-1-schnell",
        contents="a lighthouse",
        config=config(seed=5, image_config=types.ImageConfig(aspect_ratio="1:1", image_size="512")),
    )
    assert picture_of(answer).size == (512, 512)
    assert answer.candidates
    assert answer.candidates[0].finish_reason is types.FinishReason.STOP
    assert answer.model_version == "flux-1-schnell"
    assert answer.response_id
    assert answer.usage_metadata is None


def test_googles_own_models_go_by_their_own_ids_and_count(stack: Stack) -> None:
    client = client_of(stack, "gemini:good-key")
    answer = client.models.generate_content(
        model="gemini-3-pro-image",
        contents="a lighthouse",
        config=config(image_config=types.ImageConfig(aspect_ratio="16:9", image_size="1K")),
    )
    assert picture_of(answer).size == (1376, 768)
    assert answer.candidates
    assert answer.candidates[0].content
    assert [part.thought for part in answer.candidates[0].content.parts or ()] == [None]
    assert answer.usage_metadata is not None
    assert answer.usage_metadata.total_token_count
    client.close()


def test_several_candidates_are_several_pictures(google: genai.Client) -> None:
    answer = google.models.generate_content(
        model="flux-1-schnell", contents="a lighthouse", config=config(candidate_count=2)
    )
    assert answer.candidates is not None
    assert len(answer.candidates) == 2


@pytest.mark.parametrize(
    ("model", "key"),
    [
        ("qwen-image-edit", "x"),
        ("nano-banana", "gemini:good"),
        ("openai/gpt-image-2", "openai:good"),
    ],
)
def test_a_picture_is_edited(stack: Stack, model: str, key: str) -> None:
    client = client_of(stack, key)
    contents = types.UserContent([noise(), types.Part(text="with a hat on")])
    answer = client.models.generate_content(
        model=model, contents=contents, config=config(image_config=None)
    )
    width, height = picture_of(answer).size
    assert width > height
    client.close()


def test_a_picture_is_edited_turn_by_turn(stack: Stack) -> None:
    client = client_of(stack, "gemini:good-chat")
    chat = client.chats.create(model="gemini-3-pro-image", config=config())
    first = chat.send_message("a lighthouse")
    httpx.delete(f"{stack.apis['gemini']}/_log", timeout=30)
    second = chat.send_message("at night")
    log = httpx.get(f"{stack.apis['gemini']}/_log", timeout=30).json()
    (sent,) = [entry["body"] for entry in log if entry["method"] == "POST"]
    text, inline = sent["contents"][0]["parts"]
    assert text == {"text": "at night"}
    assert Image.open(io.BytesIO(base64.b64decode(inline["inlineData"]["data"]))) == picture_of(
        first
    )
    assert picture_of(second).size == picture_of(first).size
    client.close()


def test_a_stream_ends_with_the_picture(google: genai.Client) -> None:
    chunks = list(
        google.models.generate_content_stream(
            model="flux-1-schnell", contents="a lighthouse", config=config()
        )
    )
    assert len(chunks) == 1
    assert picture_of(chunks[0]).size == (1024, 1024)


async def test_slow_streams_are_kept_alive_and_end_well_or_badly(stack: Stack) -> None:
    async with httpx.AsyncClient(timeout=60) as wire:
        options = types.HttpOptions(
            base_url=stack.url, api_version="v1beta", httpx_async_client=wire
        )
        client = genai.Client(api_key="not-needed", http_options=options)

        async def ask(prompt: str) -> list[types.GenerateContentResponse]:
            stream = await client.aio.models.generate_content_stream(
                model="flux-1-schnell", contents=prompt, config=config()
            )
            return [chunk async for chunk in stream]

        asked = [ask("[[sleep:12]]"), ask("[[sleep:12]] [[fail]]")]
        good, bad = await asyncio.gather(*asked, return_exceptions=True)
        client.close()
    assert isinstance(good, list)
    assert picture_of(good[0]).size == (1024, 1024)
    assert isinstance(bad, errors.ServerError)
    assert (bad.code, bad.status) == (502, "INTERNAL")


@pytest.mark.parametrize(
    ("fields", "kind", "code", "status"),
    [
        ({"contents": "[[refuse]]"}, errors.ClientError, 400, "INVALID_ARGUMENT"),
        ({"contents": "[[quota]]"}, errors.ClientError, 429, "RESOURCE_EXHAUSTED"),
        ({"contents": "[[fail]]"}, errors.ServerError, 502, "INTERNAL"),
        ({"model": "nope"}, errors.ClientError, 404, "NOT_FOUND"),
        ({"model": "gemini-3-pro-image"}, errors.ClientError, 401, "UNAUTHENTICATED"),
    ],
)
def test_a_failure_raises_the_sdks_own_error(
    stack: Stack, fields: dict[str, Any], kind: type[errors.APIError], code: int, status: str
) -> None:
    client = client_of(stack, "gemini:bad-key" if code == 401 else "not-needed")
    requested = {"model": "flux-1-schnell", "contents": "a cat", **fields}
    for ask in (client.models.generate_content, client.models.generate_content_stream):
        with pytest.raises(kind) as caught:
            list(ask(**requested))
        assert (caught.value.code, caught.value.status) == (code, status)
        assert caught.value.message
        assert "bad-key" not in str(caught.value)
    client.close()


def test_a_sleeping_space_is_unavailable(google: genai.Client, stack: Stack) -> None:
    with stack.spaces.mode("black-forest-labs-flux-1-schnell", "sleeping"):
        with pytest.raises(errors.ServerError) as caught:
            google.models.generate_content(model="flux-1-schnell", contents="a cat")
    assert (caught.value.code, caught.value.status) == (503, "UNAVAILABLE")


@pytest.mark.filterwarnings("ignore:The generate_images method is deprecated")
@pytest.mark.parametrize(
    ("model", "key"), [("imagen-4.0-generate-001", "gemini:good"), ("flux-1-schnell", "x")]
)
def test_images_are_generated_as_by_imagen(stack: Stack, model: str, key: str) -> None:
    """This SDK's client for Vertex alone has the method still."""
    client = client_of(stack, key, vertexai=True)
    answer = client.models.generate_images(
        model=f"models/{model}",
        prompt="a lighthouse",
        config=types.GenerateImagesConfig(
            number_of_images=2, aspect_ratio="16:9", output_mime_type="image/png"
        ),
    )
    assert answer.generated_images is not None
    assert len(answer.generated_images) == 2
    for generated in answer.generated_images:
        assert generated.image is not None
        assert generated.image.image_bytes
        width, height = Image.open(io.BytesIO(generated.image.image_bytes)).size
        assert width > height
    client.close()


def test_the_models_are_listed_and_found(google: genai.Client) -> None:
    names = [model.name or "" for model in google.models.list(config={"page_size": 10})]
    assert len(names) > 10
    assert "models/gemini/gemini-3-pro-image" in names
    for name in ("models/Qwen/Qwen-Image", "models/auto", names[-1]):
        assert google.models.get(model=name).name == name


# Open WebUI, backend/open_webui/routers/images.py (reference/wire-formats.md C0).


def open_webui(stack: Stack, path: str, body: dict[str, Any], key: str = "") -> Any:
    headers = {"content-type": "application/json", "x-goog-api-key": key}
    reply = httpx.post(f"{stack.url}/v1beta/models/{path}", json=body, headers=headers, timeout=60)
    assert reply.status_code == 200, reply.text
    return reply.json()


@pytest.mark.parametrize("key", ["", "AIzaSyA-not-a-real-key-0123456789abcdef"])
def test_open_webui_predicts(stack: Stack, key: str) -> None:
    body = {
        "instances": {"prompt": "a lighthouse"},
        "parameters": {"sampleCount": 1, "outputOptions": {"mimeType": "image/png"}},
    }
    answer = open_webui(stack, "imagen-3.0-generate-002:predict", body, key)
    (prediction,) = answer["predictions"]
    assert Image.open(io.BytesIO(base64.b64decode(prediction["bytesBase64Encoded"])))


def test_open_webui_generates_content(stack: Stack) -> None:
    body = {"contents": [{"parts": [{"text": "a lighthouse"}]}]}
    answer = open_webui(stack, "gemini-2.5-flash-image:generateContent", body, "gemini:good-webui")
    (data,) = [
        part["inlineData"]["data"]
        for candidate in answer["candidates"]
        for part in candidate["content"]["parts"]
        if "inlineData" in part
    ]
    assert Image.open(io.BytesIO(base64.b64decode(data)))


def test_open_webui_edits(stack: Stack) -> None:
    part = noise().inline_data
    assert part is not None
    assert part.data is not None
    inline = {"mime_type": "image/png", "data": base64.b64encode(part.data).decode()}
    body = {"contents": [{"parts": [{"text": "with a hat on"}, {"inline_data": inline}]}]}
    answer = open_webui(stack, "qwen-image-edit:generateContent", body)
    data = answer["candidates"][0]["content"]["parts"][0]["inlineData"]["data"]
    assert Image.open(io.BytesIO(base64.b64decode(data)))


def test_a_key_in_the_address_stays_out_of_the_log(stack: Stack) -> None:
    url = f"{stack.url}/v1beta/models/nano-banana:generateContent?key=gemini:good-inaddress"
    body = {"contents": {"parts": {"text": "a lighthouse"}}}
    assert httpx.post(url, json=body, timeout=60).status_code == 200
    assert "inaddress" not in stack.worker_log.read_text()


@pytest.mark.parametrize("version", ["v1beta", "v1"])
@pytest.mark.parametrize("key", ["not-needed", "gitee:abcd"])
def test_the_sdk_lists_models_and_counts_tokens(stack: Stack, version: str, key: str) -> None:
    client = client_of(stack, key, version)
    names = {model.name for model in client.models.list()}
    assert {"models/z-image-turbo", "models/auto"} <= names
    assert client.models.get(model="z-image-turbo").name == "models/z-image-turbo"
    counted = client.models.count_tokens(model="z-image-turbo", contents="a lighthouse at dusk")
    assert 3 <= (counted.total_tokens or 0) <= 6
    client.close()
