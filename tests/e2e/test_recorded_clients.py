"""What the big clients send, as their source has it (reference/wire-formats.md C0), and what they read.

Where it matters the bytes of their requests are written out here.
"""

import base64
import json
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import pytest

from tests.e2e.sdk import body_sent_to, forget, web
from tests.e2e.stack import Stack
from tests.support.pictures import digest, digests_in, opened, picture

BEARER = {"authorization": "Bearer sk-whatever-the-form-demanded"}
BOUNDARY = "1c2f3a9be0d84f5f9d1c"
PAGE = {"origin": "https://chat.example", "referer": "https://chat.example/"}


def post(stack: Stack, path: str, body: Any, headers: dict[str, str] | None = None) -> Any:
    """The answer, which must be a picture's."""
    given: dict[str, Any] = {"content": body} if isinstance(body, bytes) else {"json": body}
    kinds = {"content-type": f"multipart/form-data; boundary={BOUNDARY}"}
    whole = {**BEARER, **(kinds if isinstance(body, bytes) else {}), **(headers or {})}
    reply = web().post(f"{stack.url}{path}", headers=whole, timeout=60, **given)
    assert reply.status_code == 200, reply.text[:500]
    return reply.json()


def open_webui_reads(data: dict[str, Any]) -> bytes:
    """A picture as Open WebUI takes it: the address before base64, fetched with the same Authorization."""
    if "url" in data:
        reply = web().get(data["url"], headers=BEARER)
        assert reply.headers["content-type"].split("/")[0] == "image"
        return reply.content
    text: str = data["b64_json"]
    return base64.b64decode(text.partition(",")[2] if "," in text else text)


@pytest.mark.parametrize(
    ("model", "more"),
    [
        ("dall-e-2", {"response_format": "b64_json"}),
        ("dall-e-3", {}),  # an administrator's expression has matched
        ("gpt-image-1", {}),
        ("gpt-image-1.5", {"response_format": "b64_json"}),
        ("flux-1-schnell", {"response_format": "b64_json", "steps": 4, "seed": 9}),
    ],
)
def test_open_webui_generates_at_its_default_size(
    stack: Stack, model: str, more: dict[str, Any]
) -> None:
    body = {"model": model, "prompt": "a lighthouse", "n": 1, "size": "512x512", **more}
    answer = post(stack, "/v1/images/generations?api-version=2025-04-01-preview", body)
    (data,) = answer["data"]
    assert opened(open_webui_reads(data)).size == (512, 512)


def aiohttps_form(texts: dict[str, str], files: list[tuple[str, str, bytes]]) -> bytes:
    """A form as aiohttp writes it: every part names its type first."""
    parts = [
        f"--{BOUNDARY}\r\nContent-Type: text/plain; charset=utf-8\r\n"
        f'Content-Disposition: form-data; name="{name}"\r\n\r\n{text}\r\n'.encode()
        for name, text in texts.items()
    ]
    parts += [
        f"--{BOUNDARY}\r\nContent-Type: image/png\r\n"
        f'Content-Disposition: form-data; name="{name}"; filename="{filename}"\r\n\r\n'.encode()
        + content
        + b"\r\n"
        for name, filename, content in files
    ]
    return b"".join([*parts, f"--{BOUNDARY}--\r\n".encode()])


def requests_form(texts: dict[str, str], files: list[tuple[str, str, bytes]]) -> bytes:
    """A form as requests writes it: texts without a type."""
    parts = [
        f'--{BOUNDARY}\r\nContent-Disposition: form-data; name="{name}"\r\n\r\n{text}\r\n'.encode()
        for name, text in texts.items()
    ]
    parts += [
        f'--{BOUNDARY}\r\nContent-Disposition: form-data; name="{name}"; filename="{filename}"\r\n'
        "Content-Type: image/png\r\n\r\n".encode()
        + content
        + b"\r\n"
        for name, filename, content in files
    ]
    return b"".join([*parts, f"--{BOUNDARY}--\r\n".encode()])


@pytest.mark.parametrize("write", [aiohttps_form, requests_form])
@pytest.mark.parametrize("count", [1, 2])
def test_open_webui_edits_one_picture_as_image_and_several_as_image_brackets(
    stack: Stack, count: int, write: Any
) -> None:
    sources = [picture(colour) for colour in ("red", "blue")[:count]]
    name = "image" if count == 1 else "image[]"
    files = [(name, f"7b1d9c{number}.png", source) for number, source in enumerate(sources)]
    texts = {"model": "gpt-image-1", "prompt": "make it night", "n": "1", "size": "512x512"}
    stack.spaces.forget()
    answer = post(stack, "/v1/images/edits?api-version=", write(texts, files))
    assert opened(open_webui_reads(answer["data"][0])).size == (512, 512)
    uploads = [entry["body"] for entry in stack.spaces.log("/upload")]
    assert list(digests_in(uploads)) == [digest(source) for source in sources]


def lobehub_reads(answer: dict[str, Any]) -> bytes:
    """The first picture, base64 before the address."""
    data = answer["data"][0]
    if data.get("b64_json"):
        return base64.b64decode(data["b64_json"])
    return web().get(data["url"]).content


def test_lobehubs_camel_case_fields_are_honoured(stack: Stack) -> None:
    body = {
        "model": "z-image", "n": 1, "prompt": "a lighthouse", "width": 768, "height": 1024,
        "steps": 4, "cfg": 5.5, "seed": 77,
    }  # fmt: skip
    stack.spaces.forget()
    answer = post(stack, "/v1/images/generations", body, PAGE)
    assert opened(lobehub_reads(answer)).size == (768, 1024)
    assert "ignored" not in answer
    (join,) = stack.spaces.log("/queue/join")
    assert join["body"]["data"][2:7] == [1024, 768, 4, 5.5, 77]


def test_lobehubs_ratio_and_resolution_reach_gemini(stack: Stack) -> None:
    body = {
        "model": "gemini/gemini-3-pro-image", "n": 1, "prompt": "x", "aspectRatio": "16:9",
        "resolution": "2K",
    }  # fmt: skip
    forget(stack, "gemini")
    answer = post(
        stack, "/v1/images/generations", body, {"authorization": "Bearer gemini:good-lobe"}
    )
    sent = body_sent_to(stack, "gemini")["generationConfig"]["imageConfig"]
    assert sent == {"aspectRatio": "16:9", "imageSize": "2K"}
    assert "ignored" not in answer
    assert opened(lobehub_reads(answer)).size == (2752, 1536)


@pytest.mark.parametrize("field", ["imageUrls", "imageUrl"])
def test_lobehubs_reference_pictures_are_edited(stack: Stack, field: str) -> None:
    source = f"data:image/png;base64,{base64.b64encode(picture()).decode()}"
    value = [source, source] if field == "imageUrls" else source
    stack.spaces.forget()
    body = {"model": "qwen-image-edit", "prompt": "bluer", field: value, "aspectRatio": "1:1"}
    answer = post(stack, "/v1/images/generations", body)
    assert opened(lobehub_reads(answer)).size == (1024, 1024)
    uploads = [entry["body"] for entry in stack.spaces.log("/upload")]
    assert list(digests_in(uploads)) == [digest(picture())] * (2 if field == "imageUrls" else 1)


def test_lobehubs_edits_carry_their_extras_as_texts_of_a_form(stack: Stack) -> None:
    texts = {"model": "qwen-image-edit", "prompt": "x", "aspectRatio": "16:9", "cfg": "2", "n": "1"}
    stack.spaces.forget()
    form = requests_form({**texts, "steps": "3"}, [("image", "image.png", picture())])
    answer = post(stack, "/v1/images/edits", form)
    assert opened(lobehub_reads(answer)).size == (1360, 768)
    (join,) = stack.spaces.log("/queue/join")
    assert join["body"]["data"][4:8] == [2, 3, 768, 1360]


@pytest.mark.parametrize("stream", [False, True])
def test_lobehubs_chat_ids_find_the_picture_in_the_message(stack: Stack, stream: bool) -> None:
    content = [
        {"type": "text", "text": "make it night"},
        {"type": "image_url", "image_url": {"url": f"data:image/png;base64,{base64.b64encode(picture()).decode()}", "detail": "auto"}},
    ]  # fmt: skip
    body = {
        "model": "qwen-image-edit", "messages": [{"role": "user", "content": content}],
        "modalities": ["image", "text"], "stream": stream,
    }  # fmt: skip
    if stream:
        reply = web().post(f"{stack.url}/v1/chat/completions", json=body)
        lines = [line[6:] for line in reply.text.splitlines() if line.startswith("data: {")]
        deltas = [json.loads(line)["choices"][0]["delta"] for line in lines]
        message = next(delta for delta in deltas if "images" in delta)
        assert reply.text.rstrip().endswith("data: [DONE]")
    else:
        message = post(stack, "/v1/chat/completions", body)["choices"][0]["message"]
    url = message["images"][0]["image_url"]["url"]
    assert message["content"] == f"![picture]({url})"
    assert opened(web().get(url).content)


def test_nextchat_draws_from_a_page_of_another_origin(stack: Stack) -> None:
    body = {
        "model": "dall-e-3", "prompt": "a lighthouse", "response_format": "b64_json", "n": 1,
        "size": "1024x1024", "quality": "standard", "style": "vivid",
    }  # fmt: skip
    reply = web().post(
        f"{stack.url}/v1/images/generations",
        content=json.dumps(body),
        headers={**BEARER, **PAGE, "content-type": "application/json", "accept": "application/json",
                 "x-requested-with": "XMLHttpRequest"},
    )  # fmt: skip
    assert reply.headers["access-control-allow-origin"] in ("*", PAGE["origin"])
    answer = reply.json()
    assert "error" not in answer, "it would show the whole answer as text"
    data = answer["data"][0]
    assert opened(data.get("url") or data["b64_json"]).size == (1024, 1024)


def check_as_the_ai_sdk(answer: dict[str, Any]) -> bytes:
    """What the schema of the AI SDK (also of Cherry Studio) demands of an answer, and the picture in it."""
    (data,) = answer["data"]
    assert isinstance(data["b64_json"], str)
    assert isinstance(data.get("revised_prompt"), str | None)
    for name in ("background", "output_format", "size", "quality"):
        assert isinstance(answer.get(name), str | None)
    assert isinstance(answer.get("usage"), dict | None)
    return base64.b64decode(data["b64_json"], validate=True)


@pytest.mark.parametrize(
    ("model", "more"),
    [("dall-e-3", {"response_format": "b64_json"}), ("gpt-image-1", {})],
)
def test_the_ai_sdks_four_pictures_are_four_calls_at_once(
    stack: Stack, model: str, more: dict[str, str]
) -> None:
    body = {"model": model, "prompt": "a lighthouse", "n": 1, "size": "1024x1024", **more}
    with ThreadPoolExecutor(4) as pool:
        answers = list(pool.map(lambda _: post(stack, "/v1/images/generations", body), range(4)))
    pictures = [check_as_the_ai_sdk(answer) for answer in answers]
    assert len(set(pictures)) == 4, "each has a seed of its own"


@pytest.mark.parametrize("count", [1, 2])
def test_the_ai_sdks_edits_are_forms_of_blobs(stack: Stack, count: int) -> None:
    name = "image" if count == 1 else "image[]"
    texts = {"model": "gpt-image-1", "prompt": "bluer", "n": "1"}
    form = requests_form(texts, [(name, "blob", picture())] * count)
    assert opened(check_as_the_ai_sdk(post(stack, "/v1/images/edits", form)))


def test_the_ai_sdk_reads_a_failures_message(stack: Stack) -> None:
    body = {"model": "gpt-image-9", "prompt": "x", "n": 1, "size": "1024x1024"}
    reply = web().post(f"{stack.url}/v1/images/generations", json=body, headers=BEARER)
    error = reply.json()["error"]
    assert isinstance(error["message"], str)
    assert isinstance(error["type"], str | None)
    assert isinstance(error["code"], str | int | None)
