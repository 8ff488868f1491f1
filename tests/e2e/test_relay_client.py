"""The relay's official client against the Worker, unchanged."""

import base64
import hashlib
import io
from collections.abc import Iterator
from typing import Any

import httpx
import pytest
from PIL import Image
from relaygpu import AsyncRelay, Relay
from relaygpu import errors as sdk
from relaygpu._run_common import is_accepted

from tests.e2e.stack import Stack

VENDORS = "bfl:good-relay,gemini:good-relay,openai:good-relay,qwen:good-relay"
# The relay's names of the seed, each with what a request needs besides and who serves it.
NAMES: dict[str, tuple[dict[str, Any], str, str]] = {
    "black-forest-labs/FLUX-2-pro": ({"width": 512, "height": 256}, "bfl", "huggingface"),
    "google/gemini-3-pro-T2I": ({"aspect_ratio": "16:9"}, "gemini", "huggingface"),
    "openai/gpt-image-1.5-T2I": ({"quality": "low"}, "openai", "huggingface"),
    "openai/gpt-image-1.5-I2I": ({"image": b""}, "openai", "huggingface"),
    "Qwen/qwen-image": ({"size": "1328x1328"}, "qwen", "huggingface"),
    "Qwen/qwen-image-edit": ({"image": b"", "size": "512x512"}, "qwen", "huggingface"),
    "Realistic_Vision_V5.1.safetensors": ({"steps": 4}, "a1111", "a1111"),
}


def png(mode: str = "RGB", colour: Any = "teal") -> bytes:
    buffer = io.BytesIO()
    Image.new(mode, (256, 256), colour).save(buffer, "PNG")
    return buffer.getvalue()


def inputs(fields: dict[str, Any]) -> dict[str, Any]:
    """The fields of a request, a picture in the place of empty bytes."""
    return {"prompt": "a lighthouse", **fields, **({"image": png()} if "image" in fields else {})}


def size_of(image: Any) -> tuple[int, int]:
    return Image.open(io.BytesIO(image.to_bytes())).size


@pytest.fixture
def guest(stack: Stack) -> Iterator[Relay]:
    with Relay(base_url=stack.url, retry=False) as client:
        yield client


@pytest.fixture
def relay(stack: Stack) -> Iterator[Relay]:
    with Relay(VENDORS, base_url=stack.url, retry=False) as client:
        yield client


@pytest.mark.parametrize("name", NAMES)
def test_every_name_of_the_seed_is_served_by_its_vendor(relay: Relay, name: str) -> None:
    fields, vendor, _ = NAMES[name]
    result = relay.image.generate(name, inputs(fields))
    assert result.raw["provider"] == vendor
    assert "x".join(map(str, size_of(result.images[0]))) == result.raw["size"]
    assert (result.raw["mode"], result.raw["task_address"]) == ("direct", None)


@pytest.mark.parametrize("name", NAMES)
def test_every_name_of_the_seed_is_served_to_guests(guest: Relay, name: str) -> None:
    fields, _, nobody = NAMES[name]
    result = guest.image.generate(name, inputs(fields))
    assert result.raw["provider"] == nobody
    assert "x".join(map(str, size_of(result.images[0]))) == result.raw["size"]


def test_a_key_of_the_relays_own_is_a_guests(stack: Stack) -> None:
    with Relay("relay_sk_0123456789", base_url=stack.url, retry=False) as client:
        result = client.image.generate("black-forest-labs/FLUX-2-pro", {"prompt": "a lighthouse"})
    assert "tried" not in result.raw


def test_any_model_of_the_catalog_is_called_by_its_own_name(guest: Relay) -> None:
    result = guest.image.generate(
        "flux-1-schnell", {"prompt": "a lighthouse", "size": "512x256", "steps": 2, "seed": 5}
    )
    assert (size_of(result.images[0]), result.raw["seed"]) == ((512, 256), 5)
    larger = guest.image.edit("real-esrgan", {"image": png()})
    assert size_of(larger.images[0]) == (1024, 1024)
    newer = guest.image.edit("TencentARC/RealESRGAN-x4plus", {"image_b64": png()})
    assert (newer.raw["scale"], size_of(newer.images[0])) == (4, (1024, 1024))


def test_several_pictures_come_as_addresses(guest: Relay) -> None:
    result = guest.image.generate("openai/gpt-image-1.5-T2I", {"prompt": "a lighthouse", "n": 3})
    assert len({image.url for image in result.images}) == 3
    assert len(set(result.raw["seeds"])) == 3


@pytest.mark.parametrize("kind", ["white", "transparent"])
def test_a_mask_in_either_language_reaches_the_vendor_in_its_own(
    relay: Relay, stack: Stack, kind: str
) -> None:
    mask = png("L", 255) if kind == "white" else png("RGBA", (0, 0, 0, 0))
    httpx.delete(f"{stack.apis['openai']}/_log", timeout=30)
    result = relay.image.edit("openai/gpt-image-1.5-I2I", inputs({"image": b"", "mask": mask}))
    assert result.raw["provider"] == "openai"
    log = httpx.get(f"{stack.apis['openai']}/_log", timeout=30).json()
    (sent,) = [entry for entry in log if entry["path"].endswith("/images/edits")]
    (file,) = [file for file in sent["body"]["files"] if file["name"] == "mask"]
    as_it_was = file["sha256"] == hashlib.sha256(mask).hexdigest()
    assert (file["magic"], as_it_was) == ("png", kind == "transparent")


def test_models_are_listed_once_by_tag(guest: Relay) -> None:
    rows = guest.models.list(tag="text-to-image")
    names = [row["name"] for row in rows]
    assert len(set(names)) == len(names)
    assert {"Qwen/qwen-image", "z-image-turbo", "auto"} <= set(names)
    assert "Qwen/qwen-image-edit" in [r["name"] for r in guest.models.list(tag="image-to-image")]
    detail = guest.models.get("Qwen/qwen-image")
    assert detail["status"] == "available"


@pytest.mark.parametrize(
    ("name", "fields", "kind", "code"),
    [
        ("black-forest-labs/FLUX-2-pro", {"width": 1}, sdk.ValidationError, "VALIDATION_ERROR"),
        ("black-forest-labs/FLUX-2-pro", {"prompt": None}, sdk.ValidationError, "VALIDATION_ERROR"),
        ("google/gemini-3-pro-T2I", {"prompt": "[[refuse]]"}, sdk.ContentPolicyDeclinedError, None),
        ("google/gemini-3-pro-T2I", {"prompt": "[[words]]"}, sdk.ImageTextResponseError, None),
        ("Qwen/Qwen-Image", {"prompt": "[[fail]]"}, sdk.UpstreamError, None),
        ("Qwen/Qwen-Image", {"prompt": "[[none]]"}, sdk.ImageNoOutputError, None),
        ("Qwen/Qwen-Image", {"prompt": "[[quota]]"}, sdk.RateLimitedError, None),
        ("gitee/z-image-turbo", {}, sdk.MissingCredentialsError, None),
        ("nonsense", {}, sdk.ModelNotFoundError, None),
    ],
)
def test_a_failure_raises_the_clients_own_error(
    relay: Relay, name: str, fields: dict[str, Any], kind: type[sdk.RelayAPIError], code: str | None
) -> None:
    with pytest.raises(kind) as caught:
        relay.image.generate(name, {"prompt": "a lighthouse", **fields})
    assert type(caught.value) is kind
    assert code in (None, caught.value.code)
    assert (caught.value.request_id or "").startswith("req_")
    if kind is sdk.ValidationError:
        assert caught.value.detail[0]["loc"] == ["body", *fields]
    if kind is sdk.RateLimitedError:
        assert caught.value.retry_after is not None


def test_the_key_of_the_relay_comes_before_a_bearer(stack: Stack) -> None:
    def paint(key: str, bearer: str) -> httpx.Response:
        headers = {"x-api-key": key, "authorization": f"Bearer {bearer}"}
        body = {"prompt": "a lighthouse", "model": "gitee/z-image-turbo", "size": "1024x1024"}
        url = f"{stack.url}/v2/image/generate"
        return httpx.post(url, json=body, headers=headers, timeout=60)

    taken = paint("gitee:good-first", "gitee:bad-second")
    assert (taken.status_code, taken.json()["provider"]) == (200, "gitee")
    refused = paint("gitee:bad-first", "gitee:good-second")
    assert (refused.status_code, refused.json()["error"]["code"]) == (401, "INVALID_API_KEY")


def test_a_key_that_nobody_knows_raises_too(stack: Stack) -> None:
    with Relay("dk_unknown", base_url=stack.url, retry=False) as client:
        with pytest.raises(sdk.InvalidApiKeyError) as caught:
            client.image.generate("Qwen/qwen-image", {"prompt": "a lighthouse"})
    assert "dk_unknown" not in str(caught.value)


@pytest.mark.parametrize(
    "name",
    ["black-forest-labs/FLUX-2-pro", "Realistic_Vision_V5.1.safetensors", "Qwen/qwen-image-edit"],
)
def test_the_client_waits_for_a_task(guest: Relay, name: str) -> None:
    seen: list[str] = []
    result = guest.image.generate(
        name,
        inputs({"image": b""} if name.endswith("-edit") else {}),
        async_=True,
        on_progress=lambda task: seen.append(task["status"]),
    )
    assert seen[-1] == "completed"
    assert result.raw["success"] is True
    assert "x".join(map(str, size_of(result.images[0]))) == result.raw["size"]


def test_a_submit_that_is_repeated_is_not_done_again(relay: Relay) -> None:
    name, fields = "Qwen/qwen-image", {"prompt": "once"}
    first, again = (
        relay.run(name, fields, async_=True, wait=False, idempotency_key="relay-e2e")
        for _ in range(2)
    )
    assert is_accepted(first)
    assert is_accepted(again)
    assert (first["replayed"], again["replayed"]) == (False, True)
    assert first["task_id"] == again["task_id"]
    task = relay.tasks.wait(first["task_id"])
    assert (task["status"], task["mode"], task["model"]) == (
        "completed",
        "direct",
        "qwen/qwen-image",
    )
    with pytest.raises(sdk.IdempotencyKeyReusedError):
        relay.run(name, {"prompt": "twice"}, async_=True, wait=False, idempotency_key="relay-e2e")


def test_a_task_that_fails_raises_with_its_code(guest: Relay) -> None:
    with pytest.raises(sdk.TaskFailedError) as caught:
        guest.image.generate("Qwen/Qwen-Image", {"prompt": "[[fail]]"}, async_=True)
    assert caught.value.code == "UPSTREAM_ERROR"
    with pytest.raises(sdk.TaskNotFoundError):
        guest.tasks.get("direct:00000000-0000-4000-8000-000000000000")


async def test_the_asynchronous_client_gets_its_pictures_too(stack: Stack) -> None:
    async with AsyncRelay(base_url=stack.url, retry=False) as client:
        result = await client.image.generate(
            "black-forest-labs/FLUX-2-pro", {"prompt": "a lighthouse", "width": 256, "height": 256}
        )
        data = await result.images[0].to_bytes()
    assert Image.open(io.BytesIO(data)).size == (256, 256)
    assert base64.b64decode(result.raw["images"][0]) == data
