"""Masks where no model takes them: what they keep of the source is laid over the result."""

import base64
import json
from collections.abc import Mapping
from dataclasses import replace
from typing import Any

import pytest
from PIL import Image, ImageChops

from darkroom.app import handle
from darkroom.blob import BytesBlob
from darkroom.errors import UpstreamUnavailable
from darkroom.events import Finished, Picture, Preview, Started
from darkroom.gateway import Gateway
from darkroom.http import Reply
from darkroom.image import ImageFile
from tests.support.background import with_background
from tests.support.fakes import (
    FakeHttp,
    FakeProvider,
    FakeReply,
    MemoryMedia,
    body_of,
    engine,
    failure,
    gateway,
    json_of,
    request,
)
from tests.support.pictures import (
    PillowConverter,
    difference,
    file_of,
    left_erased,
    left_white,
    opened,
    photo,
)

SIZE = (320, 288)
SOURCE, PAINTED = photo(SIZE), photo((320, 288), seed=2)
EDITS, IMG2IMG, RELAY = "/v1/images/edits", "/sdapi/v1/img2img", "/v2/image/gpt-image/edit"
SAYS = "laid over the result as qwen-image-edit takes no masks"


def text_of(content: bytes) -> str:
    return base64.b64encode(content).decode()


def painted(kind: str = "WEBP", image: Image.Image = PAINTED, **options: Any) -> Finished:
    content = file_of(image, kind, **options)
    return Finished((Picture(file=ImageFile(data=BytesBlob(content))),), 7)


def stage(
    *scripts: Any, converts: bool = True, **parts: Any
) -> tuple[Gateway, FakeProvider, PillowConverter]:
    """A gateway whose providers all play the same scripts, before callers without a token."""
    converter = PillowConverter()
    provider = FakeProvider(list(scripts) or [[painted()]])
    gate = gateway(converter=converter if converts else None, **parts)
    rows = {row.protocol: provider for row in gate.catalog.providers}
    http = FakeHttp({"painted.webp": [FakeReply(pieces=[file_of(PAINTED, "WEBP")])]})
    return replace(gate, http=http, engine=engine(rows, http)), provider, converter


def asked(**fields: Any) -> dict[str, Any]:
    picture = {"image": text_of(file_of(SOURCE)), "mask": text_of(left_erased(SIZE))}
    return {"prompt": "a door", "response_format": "b64_json", **picture, **fields}


async def post(
    gate: Gateway, body: Mapping[str, Any], path: str = EDITS, token: str | None = None
) -> Reply:
    headers = {"authorization": f"Bearer {token}"} if token else {}
    return await handle(request("POST", path, body, headers), gate, lambda entry: None)


def is_kept(made: Image.Image, source: Image.Image = SOURCE) -> bool:
    """Whether the right half of a picture is the source's, to the pixel."""
    width, height = made.size
    right = (width // 2, 0, width, height)
    return difference(made.crop(right).convert("RGB"), source.crop(right)) == 0


def is_painted(made: Image.Image) -> bool:
    """Whether the left half of a picture is nearly what was painted."""
    left = (0, 0, made.width // 2, made.height)
    wanted = PAINTED.resize(made.size).crop(left)
    return difference(made.crop(left).convert("RGB"), wanted) < 80


async def test_a_mask_that_no_model_takes_keeps_the_source_to_the_pixel() -> None:
    gate, provider, _ = stage()
    answer = await json_of(await post(gate, asked()))
    made = opened(answer["data"][0]["b64_json"])
    assert (made.format, made.size, answer["size"]) == ("PNG", SIZE, "320x288")
    assert is_kept(made)
    assert is_painted(made)
    assert answer["adjusted"] == {"mask": SAYS}
    assert "ignored" not in answer
    job = provider.calls[0][0]
    assert (job.model, job.mask, len(job.images)) == ("qwen-image-edit", None, 1)


@pytest.mark.parametrize("kind", ["JPEG", "WEBP", "GIF"])
async def test_a_source_of_another_format_is_kept_as_a_converter_reads_it(kind: str) -> None:
    gate, _, _ = stage()
    content = file_of(SOURCE, kind)
    answer = await json_of(await post(gate, asked(image=text_of(content))))
    assert is_kept(opened(answer["data"][0]["b64_json"]), opened(content).convert("RGB"))


async def test_a_source_that_exif_turns_is_kept_as_a_person_sees_it() -> None:
    gate, _, _ = stage()
    exif = Image.Exif()
    exif[0x0112] = 6
    turned = file_of(SOURCE.transpose(Image.Transpose.ROTATE_90), "PNG", exif=exif)
    answer = await json_of(await post(gate, asked(image=text_of(turned))))
    assert is_kept(opened(answer["data"][0]["b64_json"]))


async def test_a_mask_covers_the_first_picture_of_several() -> None:
    gate, _, _ = stage()
    images = [text_of(file_of(SOURCE)), text_of(file_of(photo((300, 300), 5)))]
    answer = await json_of(await post(gate, asked(image=images)))
    assert is_kept(opened(answer["data"][0]["b64_json"]))


async def test_a_size_that_was_asked_for_is_the_size_of_the_picture() -> None:
    gate, _, _ = stage()
    answer = await json_of(await post(gate, asked(size="288x288")))
    made = opened(answer["data"][0]["b64_json"])
    assert (made.size, answer["size"]) == ((288, 288), "288x288")
    assert is_kept(made, SOURCE.resize((288, 288)))


async def test_a_large_source_is_scaled_to_what_its_model_paints(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr("darkroom.overlay.MAX_OVERLAY_PIXELS", 1024 * 1024)
    size = (1200, 1080)
    gate, _, converter = stage()
    fields = asked(image=text_of(file_of(photo(size), "JPEG")), mask=text_of(left_erased(size)))
    answer = await json_of(await post(gate, fields))
    made = opened(answer["data"][0]["b64_json"])
    assert made.width * made.height <= 1024 * 1024
    assert is_painted(made)
    assert {str(size) for _, size in converter.requested} == {answer["size"]}


@pytest.mark.parametrize("output_format", ["webp", "jpeg", "png"])
async def test_the_format_that_was_asked_for_is_that_of_the_whole(output_format: str) -> None:
    gate, _, _ = stage()
    answer = await json_of(await post(gate, asked(output_format=output_format)))
    made = opened(answer["data"][0]["b64_json"])
    assert (made.format or "").lower() == answer["output_format"] == output_format
    if output_format == "png":
        assert is_kept(made)


async def test_every_picture_of_several_has_the_source_laid_over_it() -> None:
    gate, _, converter = stage()
    fields = asked(n=3, image=text_of(file_of(SOURCE, "JPEG", quality=95)))
    answer = await json_of(await post(gate, fields))
    made = [opened(entry["b64_json"]) for entry in answer["data"]]
    kept = opened(file_of(SOURCE, "JPEG", quality=95))
    assert [is_kept(each, kept) for each in made] == [True] * 3
    assert len(converter.requested) == 4, "the source is converted once"


async def test_an_address_of_the_upstream_is_not_handed_on() -> None:
    held = Finished((Picture(url="https://example.com/painted.webp", lasts_s=9e9),))
    gate, _, _ = stage([held])
    answer = await json_of(await post(gate, asked(response_format="url")))
    address = answer["data"][0]["url"]
    assert is_kept(opened(address.removeprefix("data:image/png;base64,")))


@pytest.mark.parametrize("kind", ["PNG", "JPEG", "WEBP"])
async def test_without_a_converter_pngs_are_put_together(kind: str) -> None:
    gate, provider, _ = stage([painted(kind)], converts=False)
    token, model = "gitee:abcd", "gitee/Qwen-Image-Edit"
    reply = await post(gate, asked(), token=token)
    answer = await json_of(reply)
    assert provider.calls[0][0].model == model
    if kind != "PNG":  # though its row says that it paints them
        assert (reply.status, answer["error"]["code"]) == (502, "generation_failed")
        assert answer["error"]["message"].startswith("mask: the picture was painted")
        return
    assert answer["adjusted"] == {"mask": f"laid over the result as {model} takes no masks"}
    assert is_kept(opened(answer["data"][0]["b64_json"]))


async def test_a_converter_that_fails_leaves_pngs_to_be_put_together() -> None:
    gate, _, converter = stage([painted("PNG")])
    converter.broken = True
    answer = await json_of(await post(gate, asked()))
    assert is_kept(opened(answer["data"][0]["b64_json"]))


LARGE = text_of(file_of(Image.new("RGB", (1200, 900))))
REFUSED: dict[str, tuple[str | None, dict[str, Any], str]] = {
    "a model that paints no PNGs": (None, {}, "this model makes webp"),
    "a source that is no PNG": ("gitee:a", {"image": text_of(file_of(SOURCE, "JPEG"))}, "as a PNG"),
    "a source that is too large": (
        "gitee:a",
        {"image": LARGE, "mask": text_of(left_erased((1200, 900)))},
        "has more than 460800 pixels",
    ),
    "too many pictures": ("gitee:a", {"n": 10}, "fewer pictures"),
}


@pytest.mark.parametrize(("token", "fields", "says"), REFUSED.values(), ids=REFUSED)
async def test_a_mask_that_cannot_be_overlaid_is_refused_before_painting(
    token: str | None, fields: dict[str, Any], says: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("darkroom.overlay.MAX_OVERLAY_PIXELS", 5 * 320 * 288)
    gate, provider, _ = stage(converts=False)
    body = asked(**fields)
    body["mask_image"] = body.pop("mask")
    reply = await post(gate, body, token=token)
    error = (await json_of(reply))["error"]
    assert (reply.status, error["param"], provider.calls) == (400, "mask_image", []), error
    assert "takes no mask" in error["message"]
    assert says in error["message"]
    assert "ame a model that takes masks" in error["message"]


@pytest.mark.parametrize(
    ("fields", "says"),
    [
        ({"mask": text_of(file_of(Image.new("L", SIZE)))}, "lets nothing change"),
        ({"mask": text_of(left_white(SIZE)[:200])}, "broken"),
        ({"image": text_of(file_of(SOURCE, "JPEG")[:4_000])}, "could not be read"),
    ],
    ids=["black all over", "cut", "a broken photograph"],
)
async def test_an_unreadable_mask_or_source_is_refused_before_painting(
    fields: dict[str, Any], says: str
) -> None:
    gate, provider, converter = stage()
    converter.broken = "image" in fields
    reply = await post(gate, asked(**fields))
    error = (await json_of(reply))["error"]
    assert (reply.status, error["param"]) == (400, *fields), error
    assert says in error["message"]
    assert not provider.calls


async def test_a_source_that_breaks_off_is_no_picture_without_its_mask() -> None:
    gate, _, _ = stage([painted("PNG")])
    reply = await post(gate, asked(image=text_of(file_of(SOURCE)[:5_000])))
    error = (await json_of(reply))["error"]
    assert (reply.status, error["code"]) == (502, "generation_failed")


@pytest.mark.parametrize("model", ["qwen-image-edit", ["qwen-image-edit"], "hf/qwen-image-edit"])
async def test_a_model_that_was_named_and_takes_no_mask_is_refused(model: Any) -> None:
    gate, provider, _ = stage()
    reply = await post(gate, asked(model=model))
    error = (await json_of(reply))["error"]
    assert (reply.status, error["param"], provider.calls) == (400, "mask", [])
    assert error["message"] == "mask: qwen-image-edit takes no mask."


@pytest.mark.parametrize("model", ["gpt-image-1", "dall-e-2", "auto", ""])
async def test_names_that_stand_for_others_leave_the_choice_to_the_gateway(model: str) -> None:
    gate, _, _ = stage()
    answer = await json_of(await post(gate, asked(model=model)))
    assert answer["adjusted"]["mask"] == SAYS
    assert is_kept(opened(answer["data"][0]["b64_json"]))


@pytest.mark.parametrize("token", ["not-needed", "none", "sk-1234", "x"])
async def test_a_token_that_an_sdk_demanded_is_no_token_for_a_model_that_takes_masks(
    token: str,
) -> None:
    gate, provider, _ = stage()
    answer = await json_of(await post(gate, asked(), token=token))
    assert provider.calls[0][0].model == "qwen-image-edit"
    assert provider.calls[0][1].token is None
    assert answer["adjusted"] == {"mask": SAYS}


async def test_a_stream_ends_with_the_whole_and_previews_are_as_they_come() -> None:
    preview = Preview(Picture(file=ImageFile(data=BytesBlob(file_of(PAINTED)))))
    gate, _, _ = stage([Started(), preview, painted()])
    wire = await body_of(await post(gate, asked(stream=True, partial_images=1)))
    frames = [json.loads(line[6:]) for line in wire.splitlines() if line.startswith(b"data: ")]
    *_, partial, last = frames
    assert opened(partial["b64_json"]).size == PAINTED.size
    assert last["type"] == "image_edit.completed"
    assert (last["size"], last["adjusted"]) == ("320x288", {"mask": SAYS})
    assert is_kept(opened(last["b64_json"]))


async def test_work_in_the_background_ends_with_the_whole() -> None:
    gate, _ = with_background(stage()[0])
    task = await json_of(await post(gate, {**asked(), "async": True}))
    poll = await handle(request("GET", f"/v1/tasks/{task['id']}?wait=30"), gate, lambda entry: None)
    result = (await json_of(poll))["result"]
    assert is_kept(opened(result["data"][0]["b64_json"]))


async def test_a_result_is_remembered_with_its_mask() -> None:
    gate, provider, _ = stage([painted()], [painted()], [painted()], media=MemoryMedia())
    plain = {name: value for name, value in asked(seed=3).items() if name != "mask"}
    bodies = [plain, asked(seed=3), asked(seed=3), asked(seed=3, mask=text_of(left_white(SIZE)))]
    answers = [await json_of(await post(gate, body, token="hf:hf_abcd")) for body in bodies]
    assert len(provider.calls) == 3
    made = [opened(answer["data"][0]["b64_json"]) for answer in answers]
    assert [is_kept(each.resize(SIZE)) for each in made] == [False, True, True, True]
    assert answers[2]["adjusted"] == {"mask": SAYS}


async def test_another_attempt_keeps_the_source_too() -> None:
    gate, provider, _ = stage([failure(UpstreamUnavailable)], [painted()])
    answer = await json_of(await post(gate, asked()))
    assert len(provider.calls) == 2
    assert is_kept(opened(answer["data"][0]["b64_json"]))


async def test_the_relay_lays_the_source_over_what_its_free_model_paints() -> None:
    gate, _, _ = stage()
    fields = asked(size="320x288", mask=text_of(left_white(SIZE)))
    answer = await json_of(await post(gate, fields, RELAY))
    assert answer["adjusted"] == {"mask": SAYS}
    assert is_kept(opened(answer["images"][0] if answer.get("images") else answer["b64_json"]))


@pytest.mark.parametrize("fields", [{}, {"model": "gpt-image-1"}], ids=str)
@pytest.mark.parametrize("invert", [0, 1])
async def test_automatic1111_keeps_what_its_mask_keeps(invert: int, fields: Any) -> None:
    gate, _, _ = stage()
    mask = opened(left_white(SIZE))
    body = {
        "prompt": "a door", "init_images": [text_of(file_of(SOURCE))], "width": 320, "height": 288,
        "mask": text_of(file_of(ImageChops.invert(mask) if invert else mask)),
        "inpainting_mask_invert": invert, **fields,
    }  # fmt: skip
    reply = await post(gate, body, IMG2IMG)
    answer = await json_of(reply)
    assert is_kept(opened(answer["images"][0]))
    assert f'"mask": "{SAYS}"' in answer["info"]
    assert f"mask={SAYS}" in reply.headers["x-darkroom-adjusted"]


async def test_automatic1111s_chosen_checkpoint_is_kept_for_masks_too() -> None:
    gate, provider, _ = stage()
    options = {"sd_model_checkpoint": "gitee/Qwen-Image-Edit"}
    await post(gate, options, "/sdapi/v1/options", "gitee:abcd")
    body = {
        "prompt": "a door", "init_images": [text_of(file_of(SOURCE))],
        "mask": text_of(left_white(SIZE)), "width": 320, "height": 288,
    }  # fmt: skip
    answer = await json_of(await post(gate, body, IMG2IMG, "gitee:abcd"))
    assert provider.calls[0][0].model == "gitee/Qwen-Image-Edit"
    assert is_kept(opened(answer["images"][0]))


async def test_the_tool_of_responses_keeps_what_its_mask_keeps() -> None:
    gate, _, _ = stage()
    source = {"type": "input_image", "image_url": f"data:image/png;base64,{asked()['image']}"}
    mask = {"image_url": f"data:image/png;base64,{asked()['mask']}"}
    content = [{"type": "input_text", "text": "a door"}, source]
    tool = {"type": "image_generation", "input_image_mask": mask}
    body = {"input": [{"role": "user", "content": content}], "tools": [tool]}
    answer = await json_of(await post(gate, body, "/v1/responses"))
    (call,) = [item for item in answer["output"] if item["type"] == "image_generation_call"]
    assert is_kept(opened(call["result"]))
    assert SAYS in str(answer)


async def test_a_painted_chat_keeps_what_its_mask_keeps() -> None:
    gate, _, _ = stage()
    picture = {
        "type": "image_url",
        "image_url": {"url": f"data:image/png;base64,{asked()['image']}"},
    }
    content = [{"type": "text", "text": "a door"}, picture]
    body = {"model": "gpt-image-1", "messages": [{"role": "user", "content": content}]}
    answer = await json_of(
        await post(gate, {**body, "mask": asked()["mask"]}, "/v1/chat/completions")
    )
    address = answer["choices"][0]["message"]["images"][0]["image_url"]["url"]
    assert is_kept(opened(address.removeprefix("data:image/png;base64,")))
    assert answer["adjusted"]["mask"] == SAYS
