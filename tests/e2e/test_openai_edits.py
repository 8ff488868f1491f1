"""Edits and variations by OpenAI's Python SDK, at every provider that edits."""

import base64
from typing import Any

import openai
import pytest
from openai import OpenAI

from tests.e2e.sdk import body_sent_to, forget, sdk, sent_to, web
from tests.e2e.stack import Stack
from tests.support.pictures import (
    SIZE,
    digest,
    digests_in,
    left_erased,
    left_white,
    opened,
    picture,
)

# A model, a token for it, the stand-in of its API, and how many pictures the test sends it.
EDITORS = [
    ("gitee/Qwen-Image-Edit", "gitee:good-edit", "gitee", 3),
    ("ms/Qwen/Qwen-Image-Edit-2509", "ms:good-edit", "modelscope", 3),
    ("qwen/qwen-image-edit", "qwen:good-edit", "qwen", 3),
    ("bfl/flux-kontext-pro", "bfl:good-edit", "bfl", 4),
    ("bfl/flux-2-pro", "bfl:good-edit", "bfl", 5),
    ("gemini/gemini-2.5-flash-image", "gemini:good-edit", "gemini", 3),
    ("openai/gpt-image-2", "openai:good-edit", "openai", 5),
    ("openai/gpt-image-1.5", "openai:good-edit", "openai", 2),
    ("a1111/default", "none", "a1111", 1),
]
LIKE_ANOTHER = ("bfl/flux-2-pro", "openai/gpt-image-1.5")
STREAMERS = [editor for editor in EDITORS if editor[0] not in LIKE_ANOTHER]
FEW = {"seed": 5, "steps": 4}
ANOTHER = {**FEW, "seed": 6}  # for it is remembered what came of the first
COLOURS = ("red", "green", "blue", "black", "white")
TYPED = {"created_at": int, "size": str, "quality": str, "background": str, "output_format": str}


def pictures(count: int) -> list[bytes]:
    return [picture(colour) for colour in COLOURS[:count]]


def edit(client: OpenAI, model: str, **fields: Any) -> Any:
    return client.images.edit(model=model, prompt="make it night", **fields)


@pytest.mark.parametrize(("model", "token", "name", "count"), EDITORS)
def test_all_pictures_reach_the_model_untouched_and_in_order(
    stack: Stack, model: str, token: str, name: str, count: int
) -> None:
    sources = pictures(count)
    forget(stack, name)
    with sdk(stack, token) as client:
        answer = edit(client, model, image=sources, response_format="b64_json", extra_body=FEW)
    assert list(digests_in(body_sent_to(stack, name))) == [digest(source) for source in sources]
    assert answer.model == model
    assert answer.data[0].seed == (None if name == "openai" else 5)
    image = opened(answer.data[0].b64_json)
    assert answer.size == f"{image.width}x{image.height}"
    assert image.width > image.height, "the first picture's shape is kept"


@pytest.mark.parametrize(("model", "token", "name", "count"), STREAMERS)
def test_one_picture_is_edited_as_a_stream_of_typed_events(
    stack: Stack, model: str, token: str, name: str, count: int
) -> None:
    forget(stack, name)
    with sdk(stack, token) as client:
        image = ("a.png", picture(), "image/png")
        fields: dict[str, Any] = {"image": image, "partial_images": 1, "extra_body": ANOTHER}
        events = list(edit(client, model, stream=True, **fields))
    assert list(digests_in(body_sent_to(stack, name))) == [digest(picture())]
    assert {event.type.partition(".")[0] for event in events} == {"image_edit"}
    last = events[-1]
    assert last.type == "image_edit.completed"
    assert [type(last.to_dict()[field]) for field in TYPED] == list(TYPED.values())
    width, height = opened(last.b64_json).size
    assert last.size == f"{width}x{height}"
    previews = [event for event in events if event.type == "image_edit.partial_image"]
    assert len(previews) == 1 if name == "openai" else len(previews) <= 1
    for preview in previews:
        assert preview.partial_image_index == 0
        assert [type(preview.to_dict()[field]) for field in TYPED] == list(TYPED.values())
        assert opened(preview.b64_json)


@pytest.mark.parametrize("count", [1, 3])
def test_a_space_gets_all_pictures_and_the_extras_of_extra_body(stack: Stack, count: int) -> None:
    sources = pictures(count)
    stack.spaces.forget()
    with sdk(stack) as client:
        image = sources if count > 1 else sources[0]
        extras = {"seed": 7, "steps": 3, "guidance_scale": 2.5, "prompt_enhance": False}
        answer = edit(client, "qwen-image-edit", image=image, size="768x512", extra_body=extras)
    uploads = [entry["body"] for entry in stack.spaces.log("/upload")]
    assert list(digests_in(uploads)) == [digest(source) for source in sources]
    (join,) = stack.spaces.log("/queue/join")
    assert join["body"]["data"][1:] == ["make it night", 7, False, 2.5, 3, 512, 768, False]
    assert (answer.data[0].seed, answer.size) == (7, "768x512")
    assert "ignored" not in answer.to_dict()
    assert opened(web().get(answer.data[0].url).content).size == (768, 512)


@pytest.mark.parametrize("model", [openai.omit, None, "gpt-image-1", "dall-e-2"])
def test_an_edit_without_a_model_of_ours_goes_to_one_that_edits(stack: Stack, model: Any) -> None:
    with sdk(stack) as client:
        answer = edit(client, model, image=picture(), response_format="b64_json")
    assert answer.model == "qwen-image-edit"
    assert opened(answer.data[0].b64_json)


MASKS = {
    "transparent where it may change": left_erased(),
    "white where it may change": left_white(),
}


@pytest.mark.parametrize("mask", MASKS.values(), ids=MASKS)
@pytest.mark.parametrize(
    ("model", "name"), [("openai/gpt-image-2", "openai"), ("a1111/default", "a1111")]
)
def test_a_model_that_reads_transparency_gets_the_mask_erased(
    stack: Stack, model: str, name: str, mask: bytes
) -> None:
    forget(stack, name)
    with sdk(stack, "openai:good-mask" if name == "openai" else "none") as client:
        answer = edit(
            client, model, image=picture(), mask=mask, response_format="b64_json", extra_body=FEW
        )
    body = body_sent_to(stack, name)
    if name == "openai":
        image_file, mask_file = body["files"]
        assert (image_file["name"], mask_file["name"]) == ("image[]", "mask")
        assert (mask_file["content_type"], mask_file["magic"]) == ("image/png", "png")
        sent = opened(mask_file["base64"])
    else:
        sent = opened(body["mask"])
        assert body["inpainting_mask_invert"] == 1, "that server repaints where alpha is opaque"
    assert (sent.mode, sent.size) == ("RGBA", SIZE)
    alpha = sent.getchannel("A")
    assert [alpha.getpixel((x, 256)) for x in (0, 319, 320, 639)] == [0, 0, 255, 255]
    assert opened(answer.data[0].b64_json)


@pytest.mark.parametrize("mask", MASKS.values(), ids=MASKS)
def test_a_model_that_reads_brightness_gets_the_mask_white_on_black(
    stack: Stack, mask: bytes
) -> None:
    forget(stack, "bfl")
    with sdk(stack, "bfl:good-mask") as client:
        edit(client, "bfl/flux-pro-1.0-fill", image=picture(), mask=mask)
    body = body_sent_to(stack, "bfl")
    assert base64.b64decode(body["image"]) == picture()
    sent = opened(body["mask"])
    assert (sent.mode, sent.size) == ("L", SIZE)
    assert [sent.getpixel((x, 256)) for x in (0, 319, 320, 639)] == [255, 255, 0, 0]


@pytest.mark.parametrize(
    ("model", "token", "name", "mask", "says"),
    [
        ("gitee/Qwen-Image-Edit", "gitee:good", "gitee", left_erased(), "takes no mask"),
        ("openai/gpt-image-2", "openai:good", "openai", left_erased((64, 64)), "the same size"),
        ("openai/gpt-image-2", "openai:good", "openai", picture(kind="JPEG", size=(64, 64)), "size"),
        ("openai/gpt-image-2", "openai:good", "openai", b"no picture", "not a PNG"),
    ],
)  # fmt: skip
def test_a_mask_that_cannot_serve_is_refused_before_anything_is_sent(
    stack: Stack, model: str, token: str, name: str, mask: bytes, says: str
) -> None:
    forget(stack, name)
    with sdk(stack, token) as client, pytest.raises(openai.BadRequestError, match=says) as caught:
        edit(client, model, image=picture(), mask=mask)
    assert caught.value.param == "mask"
    assert sent_to(stack, name) == []


def test_openais_options_go_along_with_an_edit_and_response_format_does_not(stack: Stack) -> None:
    forget(stack, "openai")
    options: dict[str, Any] = {
        "quality": "hd", "background": "opaque", "output_format": "webp", "output_compression": 60,
        "user": "u-1", "safety_identifier": "s-1", "input_fidelity": "high", "size": "1024x1536",
    }  # fmt: skip
    with sdk(stack, "openai:good-options") as client:
        extras = {"moderation": "low", "response_format": "url", "seed": 3}
        answer = edit(client, "openai/gpt-image-1.5", image=picture(), extra_body=extras, **options)
    fields = {name: value for name, (value,) in body_sent_to(stack, "openai")["fields"].items()}
    assert fields == {
        "model": "gpt-image-1.5", "prompt": "make it night", "n": "1", "stream": "true",
        "partial_images": "0", **{name: str(value) for name, value in options.items()},
        "quality": "high",
    }  # fmt: skip
    assert sorted(answer.ignored) == ["moderation", "seed"]
    reply = web().get(answer.data[0].url)
    assert reply.headers["content-type"] == "image/webp"
    assert opened(reply.content).size == (1024, 1536)


@pytest.mark.parametrize(
    ("model", "token", "name"),
    [(model, token, name) for model, token, name, _ in EDITORS if name in ("gitee", "a1111")],
)
def test_openais_options_stay_here_where_nobody_knows_them(
    stack: Stack, model: str, token: str, name: str
) -> None:
    forget(stack, name)
    options: dict[str, Any] = {
        "quality": "high", "background": "opaque", "user": "u-1", "input_fidelity": "high",
    }  # fmt: skip
    with sdk(stack, token) as client:
        answer = edit(
            client, model, image=picture(), output_format="jpeg", extra_body=FEW, **options
        )
    body = body_sent_to(stack, name)
    assert not {*options, "output_format"} & body.get("fields", body).keys()
    assert set(answer.ignored) == options.keys(), "the format is seen to here"
    assert answer.output_format == "jpeg"


@pytest.mark.filterwarnings("ignore:deprecated:DeprecationWarning")
@pytest.mark.parametrize(
    ("model", "token"), [(openai.omit, "none"), ("dall-e-2", "none"), ("openai/gpt-image-2", "openai:good")]
)  # fmt: skip
def test_a_variation_is_an_edit_that_needs_no_words(stack: Stack, model: Any, token: str) -> None:
    with sdk(stack, token) as client:
        answer = client.images.create_variation(
            image=picture(size=(512, 512)),
            model=model,
            n=2,
            response_format="b64_json",
            size="512x512",
            user="u-1",
        )
    assert [opened(item.b64_json or "").size for item in answer.data or ()] == [(512, 512)] * 2


@pytest.mark.filterwarnings("ignore:deprecated:DeprecationWarning")
def test_a_variation_of_nothing_is_refused_by_name(stack: Stack) -> None:
    with sdk(stack) as client, pytest.raises(openai.BadRequestError) as caught:
        client.images.create_variation(image=b"", n=1)
    assert (caught.value.param, caught.value.code) == ("image", "missing_required_parameter")
