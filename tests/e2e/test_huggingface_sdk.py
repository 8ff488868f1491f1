"""Hugging Face's own client against the Worker, unchanged but for the address."""

import io
import uuid
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import httpx
import pytest
from huggingface_hub import InferenceClient
from huggingface_hub.errors import HfHubHTTPError
from PIL import Image

from tests.e2e.stack import Stack
from tests.support.slow import SLOW

FLUX = "black-forest-labs/FLUX.1-schnell"
ROUTED = f"hf-inference/{FLUX}"  # which needs a token
SPACE = "black-forest-labs-flux-1-schnell"


def url_of(stack: Stack, model: str = FLUX) -> str:
    return f"{stack.url}/hf-inference/models/{model}"


def client_of(stack: Stack, model: str = FLUX, token: str = "hf_goodtoken") -> InferenceClient:
    return InferenceClient(base_url=url_of(stack, model), api_key=token)


@pytest.fixture
def hub(stack: Stack) -> Iterator[InferenceClient]:
    """The client, pointed at Darkroom and its FLUX; a token of its own is never at rest."""
    with client_of(stack, token=f"hf_good{uuid.uuid4().hex}") as client:
        yield client


def noise() -> bytes:
    buffer = io.BytesIO()
    Image.effect_noise((640, 512), 90).convert("RGB").save(buffer, "PNG")
    return buffer.getvalue()


@pytest.mark.parametrize(
    "model",
    [
        FLUX,
        "black-forest-labs%2FFLUX.1-schnell",
        "Tongyi-MAI/Z-Image-Turbo",
        "Qwen/Qwen-Image",
        "stabilityai/stable-diffusion-xl-base-1.0",
    ],
)
def test_a_prompt_comes_to_a_picture(stack: Stack, model: str) -> None:
    with client_of(stack, model) as client:
        picture = client.text_to_image("a lighthouse", num_inference_steps=4)
    assert min(picture.size) >= 928


def test_every_parameter_goes_along(hub: InferenceClient, stack: Stack) -> None:
    stack.spaces.forget()
    picture = hub.text_to_image(
        "a lighthouse", model=url_of(stack), width=512, height=640, num_inference_steps=3, seed=7,
        negative_prompt="blurry", guidance_scale=3.0, scheduler="Euler",
    )  # fmt: skip
    assert picture.size == (512, 640)
    (sent,) = stack.spaces.log("/queue/join")
    assert sent["body"]["data"] == ["a lighthouse", 7, False, 512, 640, 3]


def test_the_answer_tells_who_served_and_what_was_passed_over(stack: Stack) -> None:
    body = {"inputs": "a cat", "parameters": {"scheduler": "Euler", "seed": 3}}
    reply = httpx.post(url_of(stack), json=body, headers={"accept": "image/webp"}, timeout=60)
    assert reply.status_code == 200, reply.text
    assert reply.headers["content-type"] == "image/webp"
    assert Image.open(io.BytesIO(reply.content)).format == "WEBP"
    assert reply.headers["x-darkroom-provider"] == "huggingface"
    assert reply.headers["x-darkroom-model"] == "flux-1-schnell"
    assert reply.headers["x-darkroom-seed"] == "3"
    assert reply.headers["x-darkroom-ignored"] == "parameters.scheduler"
    assert int(reply.headers["content-length"]) == len(reply.content)


def test_a_picture_is_edited(stack: Stack) -> None:
    with client_of(stack, "Qwen/Qwen-Image-Edit") as client:
        picture = client.image_to_image(
            noise(), prompt="with a hat on", target_size={"width": 640, "height": 512}
        )
        assert picture.size == (640, 512)
    with client_of(stack, "black-forest-labs/FLUX.1-Kontext-dev") as client:
        assert client.image_to_image(noise(), prompt="with a hat on", num_inference_steps=2).size


def test_a_picture_alone_is_varied_or_made_larger(stack: Stack, tmp_path: Path) -> None:
    """Without parameters the client sends the file itself, with a content type or without."""
    file = tmp_path / "noise.png"
    file.write_bytes(noise())
    with client_of(stack, "real-esrgan") as client:
        assert client.image_to_image(file).size == (2560, 2048)
        assert client.image_to_image(file.read_bytes()).size == (2560, 2048)
    with client_of(stack, "qwen-image-edit") as client:
        assert client.image_to_image(file).size


@pytest.mark.parametrize(
    ("requested", "status", "says"),
    [
        ({"prompt": "[[refuse]]"}, 400, "refuse"),
        ({"prompt": "a cat", "num_inference_steps": 900}, 400, "num_inference_steps: must be"),
        ({"prompt": "[[quota]]"}, 429, "quota"),
        ({"prompt": "[[fail]]"}, 502, ""),
    ],
)
def test_a_failure_raises_the_clients_own_error(
    hub: InferenceClient, requested: dict[str, Any], status: int, says: str
) -> None:
    with pytest.raises(HfHubHTTPError) as caught:
        hub.text_to_image(**requested)
    assert caught.value.response.status_code == status
    assert says in str(caught.value)
    assert str(caught.value.response.json()["error"]) in str(caught.value)


def test_an_unknown_model_and_a_refused_token_raise_too(stack: Stack) -> None:
    for model, token, status in (("no/such", "hf_good", 404), (ROUTED, "hf:bad-token", 401)):
        with client_of(stack, model, token) as client:
            with pytest.raises(HfHubHTTPError) as caught:
                client.text_to_image("a cat")
        assert caught.value.response.status_code == status
        assert "bad-token" not in str(caught.value)


@pytest.mark.parametrize(
    ("mode", "seconds"), [("sleeping", 30.0), pytest.param("full", 10.0, marks=SLOW)]
)
def test_a_space_that_is_asleep_or_full_says_when_to_come_again(
    hub: InferenceClient, stack: Stack, mode: str, seconds: float
) -> None:
    with stack.spaces.mode(SPACE, mode):
        with pytest.raises(HfHubHTTPError) as caught:
            hub.text_to_image("a cat")
    assert caught.value.response.status_code == 503
    assert caught.value.response.json()["estimated_time"] == seconds
