"""The same job by a vendor's own client and by Darkroom: what arrives must be the same.

A stand-in and its caller that were written together could share a mistake; the vendors' clients do
not. What differs all the same is listed in `DIFFERENCES` with its reason.
"""

import asyncio
import base64
import io
import warnings
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

import httpx
import pytest
from PIL import Image

from darkroom.app import handle
from darkroom.catalog.catalog import load_catalog
from darkroom.catalog.channels import configure
from darkroom.settings import Settings
from tests.support.apis import Apis
from tests.support.fakes import json_of, request
from tests.support.gateways import real_gateway
from tests.support.network import HttpxHttp
from tests.support.spaces import Spaces

KEY = "good-parity"
PROMPT = "a fox in the snow"
# Headers that say who is asking, or how the bytes travel: no field of the job.
TRANSPORT = {
    "host", "user-agent", "accept-encoding", "connection", "content-length", "accept",
    "transfer-encoding", "accept-language",
}  # fmt: skip


def png(colour: str = "teal") -> bytes:
    buffer = io.BytesIO()
    Image.new("RGB", (64, 64), colour).save(buffer, "PNG")
    return buffer.getvalue()


PNG = png()
DATA_URL = f"data:image/png;base64,{base64.b64encode(PNG).decode()}"


def by_openai(url: str) -> None:
    from openai import OpenAI

    with OpenAI(base_url=f"{url}/v1", api_key=KEY) as client:
        stream = client.images.generate(
            model="gpt-image-2", prompt=PROMPT, n=1, size="1024x1024", stream=True, partial_images=0
        )
        assert [event.type for event in stream][-1] == "image_generation.completed"


def edit_by_openai(url: str) -> None:
    from openai import OpenAI

    with OpenAI(base_url=f"{url}/v1", api_key=KEY) as client:
        stream = client.images.edit(
            model="gpt-image-2",
            prompt=PROMPT,
            image=[("image-1.png", PNG, "image/png")],
            n=1,
            size="auto",
            stream=True,
            partial_images=0,
        )
        assert [event.type for event in stream][-1] == "image_edit.completed"


def chat_by_openai(url: str) -> None:
    from openai import OpenAI

    with OpenAI(base_url=f"{url}/v1", api_key=KEY) as client:
        client.chat.completions.create(
            model="deepseek-chat",
            messages=[{"role": "user", "content": PROMPT}],
            temperature=0.5,
        )


def by_google(url: str) -> None:
    from google import genai
    from google.genai import types

    options = types.HttpOptions(base_url=url, api_version="v1beta")
    client = genai.Client(api_key=KEY, vertexai=False, http_options=options)
    answer = client.models.generate_content(
        model="gemini-3-pro-image",
        contents=[types.Content(role="user", parts=[types.Part(text=PROMPT)])],
        config=types.GenerateContentConfig(
            response_modalities=["TEXT", "IMAGE"],
            seed=42,
            image_config=types.ImageConfig(aspect_ratio="1:1", image_size="1K"),
        ),
    )
    assert answer.candidates
    client.close()


def by_dashscope(url: str) -> None:
    import dashscope

    dashscope.base_http_api_url = f"{url}/api/v1"
    answer = dashscope.MultiModalConversation.call(
        api_key=KEY,
        model="qwen-image-plus",
        messages=[{"role": "user", "content": [{"text": PROMPT}]}],
        size="1328*1328",
        n=1,
        seed=42,
        prompt_extend=True,
        watermark=False,
    )
    assert getattr(answer, "status_code", None) == 200, answer


def by_huggingface(url: str) -> None:
    from huggingface_hub import InferenceClient

    model = "stabilityai/stable-diffusion-xl-base-1.0"
    client = InferenceClient(token=KEY)
    client.text_to_image(
        PROMPT,
        model=f"{url}/hf-inference/models/{model}",
        width=1024,
        height=1024,
        num_inference_steps=30,
        guidance_scale=7.0,
        seed=42,
    )


def by_webuiapi(url: str) -> None:
    import webuiapi

    client = webuiapi.WebUIApi(baseurl=f"{url}/sdapi/v1")
    client.txt2img(prompt=PROMPT, seed=42, steps=20, cfg_scale=7.0, width=512, height=512)


@dataclass(frozen=True, slots=True)
class Job:
    """One job in both spellings."""

    standin: str
    path: str
    vendor: Callable[[str], None]
    bearer: str
    body: Mapping[str, Any]
    route: str = "/v1/images/generations"
    headers: tuple[str, ...] = ("authorization",)


JOBS = {
    "openai generate": Job(
        "openai", "/v1/images/generations", by_openai, f"openai:{KEY}",
        {"model": "openai/gpt-image-2", "prompt": PROMPT, "size": "1024x1024"},
    ),
    "openai edit": Job(
        "openai", "/v1/images/edits", edit_by_openai, f"openai:{KEY}",
        {"model": "openai/gpt-image-2", "prompt": PROMPT, "image": DATA_URL},
    ),
    "deepseek chat": Job(
        "deepseek", "/v1/chat/completions", chat_by_openai, f"deepseek:{KEY}",
        {"model": "deepseek/deepseek-chat", "temperature": 0.5,
         "messages": [{"role": "user", "content": PROMPT}]},
        route="/v1/chat/completions",
    ),
    "gemini": Job(
        "gemini", "/v1beta/models/gemini-3-pro-image:generateContent", by_google, f"gemini:{KEY}",
        {"model": "gemini/gemini-3-pro-image", "prompt": PROMPT, "seed": 42, "size": "1:1"},
        headers=("x-goog-api-key",),
    ),
    "dashscope": Job(
        "qwen", "/api/v1/services/aigc/multimodal-generation/generation", by_dashscope,
        f"qwen:{KEY}",
        {"model": "qwen/qwen-image-plus", "prompt": PROMPT, "seed": 42, "size": "1:1"},
    ),
    "huggingface": Job(
        "hf_inference", "/hf-inference/models/stabilityai/stable-diffusion-xl-base-1.0",
        by_huggingface, f"hf:{KEY}",
        {"model": "hf-inference/stabilityai/stable-diffusion-xl-base-1.0", "prompt": PROMPT,
         "seed": 42, "size": "1024x1024"},
    ),
    "webuiapi": Job(
        "a1111", "/sdapi/v1/txt2img", by_webuiapi, "",
        {"model": "a1111/default", "prompt": PROMPT, "seed": 42, "size": "512x512"},
        headers=(),
    ),
}  # fmt: skip
# Fields of the body that only one of the two sends, with the reason.
DIFFERENCES: Mapping[str, Mapping[str, str]] = {
    "webuiapi": {
        "*": "the client sends some fifty more fields, all with the server's own defaults",
    },
}


def fields_of(body: Any) -> Any:
    """A body's fields; of the files of a form what they are, and not how they are called."""
    if isinstance(body, dict) and set(body) >= {"fields", "files"}:
        files = [(file["name"], file["content_type"], file["sha256"]) for file in body["files"]]
        return {**body["fields"], "files": files}
    return body


async def by_darkroom(job: Job, env: Mapping[str, str]) -> None:
    async with httpx.AsyncClient(timeout=None) as client:
        catalog = configure(load_catalog(), dict(env)).catalog
        settings = Settings(poll_delays_s=(0.05,), public_providers=("a1111",))
        gateway = real_gateway(catalog, HttpxHttp(client), settings)
        headers = {"authorization": f"Bearer {job.bearer}"} if job.bearer else {}
        requested = request("POST", job.route, dict(job.body), headers)
        reply = await handle(requested, gateway, lambda entry: None)
        if reply.status != 200:
            raise AssertionError(await json_of(reply))


@pytest.mark.parametrize("name", JOBS)
async def test_a_provider_receives_the_same_request_as_from_the_vendors_client(
    apis: Apis, name: str
) -> None:
    job = JOBS[name]
    apis.forget(job.standin)
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # the clients' own affairs
        await asyncio.to_thread(job.vendor, apis.urls[job.standin])
    await by_darkroom(job, apis.settings)
    entries = [e for e in apis.log(job.standin) if e["path"] == job.path and e["method"] == "POST"]
    theirs, ours = entries
    for header in job.headers:
        assert ours["headers"][header] == theirs["headers"][header]
    sent, expected = fields_of(ours["body"]), fields_of(theirs["body"])
    if "*" in DIFFERENCES.get(name, {}):
        expected = {field: expected.get(field) for field in sent}
    assert sent == expected


def by_gradio_client(url: str) -> None:
    from gradio_client import Client

    client = Client(f"{url}/spaces/black-forest-labs-flux-1-schnell", verbose=False)
    client.predict(PROMPT, 42, False, 512, 512, 4, api_name="/infer")
    client.close()


@pytest.mark.every_gradio(but="gradio4")  # which the client of today does not speak to
async def test_a_space_is_sent_what_gradios_own_client_sends(spaces: Spaces) -> None:
    job = Job(
        "", "", by_gradio_client, "",
        {"model": "flux-1-schnell", "prompt": PROMPT, "seed": 42, "size": "512x512", "steps": 4},
    )  # fmt: skip
    spaces.forget()
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        await asyncio.to_thread(by_gradio_client, spaces.url)
    await by_darkroom(job, {"HUGGINGFACE_SPACE_URL": spaces.space_url})
    theirs, ours = spaces.log("/queue/join")
    for field in ("data", "fn_index"):
        assert ours["body"][field] == theirs["body"][field]
