"""Pictures taken apart, layers edited, pictures combined: by a studio or by Spaces."""

import base64
import io
import json
import zipfile
from collections.abc import Mapping
from dataclasses import replace
from typing import Any

import pytest
from PIL import Image

from darkroom.app import handle
from darkroom.blob import BytesBlob
from darkroom.catalog.catalog import load_catalog
from darkroom.catalog.channels import configure
from darkroom.errors import JobFailed
from darkroom.events import Finished, Picture
from darkroom.gateway import Gateway
from darkroom.http import Reply
from darkroom.image import ImageFile
from darkroom.job import Operation, Size
from darkroom.providers.provider import Provider
from darkroom.providers.studio import Studio
from darkroom.settings import Settings
from tests.support.fakes import (
    FakeHttp,
    FakeProvider,
    FakeReply,
    MemoryHistory,
    MemoryMedia,
    body_of,
    engine,
    failure,
    gateway,
    json_of,
    request,
)
from tests.support.pictures import PillowConverter

DECOMPOSE = "/api/qwen-image/decompose"
EDIT_LAYER = "/api/qwen-image/edit-layer"
EDIT_MULTI = "/api/qwen-image/edit-multi"
ALICE = {"authorization": "Bearer hf:hf_alice"}


def encoded(image: Image.Image, kind: str = "PNG") -> bytes:
    file = io.BytesIO()
    image.save(file, kind)
    return file.getvalue()


def text_of(content: bytes) -> str:
    return base64.b64encode(content).decode()


def opened(content: bytes) -> Image.Image:
    image = Image.open(io.BytesIO(content))
    image.load()
    return image


def layer_of(size: tuple[int, int] = (64, 48), colour: int = 100) -> Image.Image:
    image = Image.new("RGB", size, (colour, 0, 0))
    alpha = Image.new("L", size)
    alpha.paste(255, (8, 8, size[0] - 8, size[1] - 8))
    image.putalpha(alpha)
    return image


PHOTO = encoded(Image.linear_gradient("L").convert("RGB"))
LAYERS = [encoded(layer_of(colour=100 + number)) for number in range(4)]
LAYER = encoded(layer_of())


def finished(*files: bytes, seed: int | None = 7) -> Finished:
    return Finished(tuple(Picture(file=ImageFile(data=BytesBlob(f))) for f in files), seed)


async def post(
    gate: Gateway, path: str, body: object, headers: Mapping[str, str] | None = None
) -> Reply:
    return await handle(request("POST", path, body, headers), gate, lambda entry: None)


def at_spaces(*script: Any, **parts: Any) -> tuple[Gateway, FakeProvider]:
    provider = FakeProvider([list(script)])
    return gateway(provider, **parts), provider


def at_a_studio(
    path: str, answer: FakeReply, *space: Any, **parts: Any
) -> tuple[Gateway, FakeHttp, FakeProvider]:
    http = FakeHttp({path: [answer]})
    catalog = configure(load_catalog(), {"STUDIO_URL": "https://studio.example"}).catalog
    settings = Settings(public_providers=("studio",))
    painter = FakeProvider([list(space)])
    providers: dict[str, Provider] = {"studio": Studio(), "huggingface": painter}
    gate = gateway(http=http, catalog=catalog, settings=settings, **parts)
    return replace(gate, engine=engine(providers, http)), http, painter


def studios_layers(*files: bytes) -> FakeReply:
    layers = [
        {"name": "x", "image": f"data:image/png;base64,{text_of(file)}", "index": index}
        for index, file in enumerate(files)
    ]
    body = {"layers": layers[::-1], "zip_data": "", "seed": 5, "layer_count": len(files)}
    return FakeReply(pieces=[json.dumps(body).encode()])


REQUESTED = {"image": text_of(PHOTO), "prompt": "a room", "layer_num": 4, "seed": 5}


async def test_layers_come_from_back_to_front_with_a_zip_of_them() -> None:
    gate, provider = at_spaces(finished(*LAYERS))
    reply = await post(gate, DECOMPOSE, REQUESTED)
    answer = await json_of(reply)
    assert [layer["name"] for layer in answer["layers"]] == [
        "Composite", "Layer 1", "Layer 2", "Layer 3",
    ]  # fmt: skip
    assert [layer["index"] for layer in answer["layers"]] == [0, 1, 2, 3]
    urls = [layer["image"] for layer in answer["layers"]]
    assert urls == [f"data:image/png;base64,{text_of(layer)}" for layer in LAYERS]
    with zipfile.ZipFile(io.BytesIO(base64.b64decode(answer["zip_data"]))) as archive:
        assert archive.testzip() is None
        assert {name: archive.read(name) for name in archive.namelist()} == dict(
            zip(["composite.png", "layer_1.png", "layer_2.png", "layer_3.png"], LAYERS, strict=True)
        )
    assert (answer["layer_count"], answer["seed"]) == (4, 7)
    assert answer["generation_time"] >= 0
    job, route = provider.calls[0]
    assert (route.model.id, job.operation) == ("qwen-image-layered", Operation.DECOMPOSE)


async def test_a_space_gets_the_fields_that_it_knows_and_the_rest_is_named() -> None:
    gate, provider = at_spaces(finished(*LAYERS))
    fields = {"steps": 60, "cfg_scale": 5.5, "resolution": 1024, "layer_num": 1}
    reply = await post(gate, DECOMPOSE, {**REQUESTED, **fields, "shift": 3.0, "surprise": 1})
    job = provider.calls[0][0]
    assert (job.steps, job.guidance_scale, job.seed, job.prompt) == (50, 5.5, 5, "a room")
    assert job.options == {"layer_num": 2, "resolution": 640}
    reported = set(reply.headers["x-ignored"].split(", "))
    assert reported == {"steps", "layer_num", "resolution", "surprise"}
    assert (await json_of(reply))["resolution"] == 640


async def test_the_other_spelling_of_the_number_of_layers_is_read() -> None:
    gate, provider = at_spaces(finished(*LAYERS))
    await post(gate, DECOMPOSE, {"image": REQUESTED["image"], "prompt": "", "num_layers": 6})
    job = provider.calls[0][0]
    assert (job.options["layer_num"], job.prompt) == (6, ""), "an empty prompt is captioned there"
    await post(gate, DECOMPOSE, {**REQUESTED, "num_layers": 6})
    assert provider.calls[1][0].options["layer_num"] == 4, "its own name goes before"


async def test_an_error_names_a_field_as_it_was_sent() -> None:
    gate, _ = at_spaces(finished(*LAYERS))
    picture = {"image": REQUESTED["image"], "prompt": ""}
    reply = await post(gate, DECOMPOSE, {**picture, "num_layers": 11})
    (problem,) = (await json_of(reply))["detail"]
    assert (reply.status, problem["loc"]) == (422, ["body", "num_layers"])
    reply = await post(gate, DECOMPOSE, {**picture, "num_layers": 1})
    assert reply.headers["x-ignored"] == "num_layers"
    reply = await post(gate, DECOMPOSE, {**picture, "num_layers": 4, "layer_num": 4})
    assert reply.headers["x-ignored"] == "num_layers", "the other name goes before"


async def test_a_layer_may_be_called_an_image() -> None:
    gate, provider = at_spaces(finished(LAYERS[0]))
    fields = {"image": text_of(LAYERS[0]), "instruction": "make it blue"}
    reply = await post(gate, EDIT_LAYER, fields)
    assert reply.status == 200, await body_of(reply)
    assert "x-ignored" not in reply.headers
    assert len(provider.calls[0][0].images) == 1
    reply = await post(gate, EDIT_LAYER, {**fields, "image": "no picture"})
    assert (await json_of(reply))["detail"][0]["loc"] == ["body", "image"]


async def test_a_studio_takes_pictures_apart_in_full() -> None:
    gate, http, space = at_a_studio(DECOMPOSE, studios_layers(*LAYERS), finished(*LAYERS))
    fields = {**REQUESTED, "resolution": 1024, "steps": 60, "cfg_scale": 3.0}
    reply = await post(gate, DECOMPOSE, fields)
    (sent,) = http.sent_to(DECOMPOSE)
    assert sent.json == {
        "image": f"data:image/png;base64,{REQUESTED['image']}", "prompt": "a room", "layer_num": 4,
        "resolution": 1024, "steps": 60, "cfg_scale": 3.0, "seed": 5,
    }  # fmt: skip
    answer = await json_of(reply)
    urls = [layer["image"] for layer in answer["layers"]]
    assert urls == [f"data:image/png;base64,{text_of(layer)}" for layer in LAYERS]
    assert (answer["seed"], answer["resolution"], answer["provider"]) == (5, 1024, "studio")
    assert "x-ignored" not in reply.headers
    assert not space.calls


@pytest.mark.parametrize(
    "answer",
    [
        FakeReply(500, {}, [b'{"detail": "pipeline was unloaded"}']),
        FakeReply(200, {}, [b'{"layers": []}']),
        FakeReply(503, {"retry-after": "9"}, [b'{"detail": "not configured"}']),
    ],
)
async def test_a_space_decomposes_a_picture_when_the_studio_fails(answer: FakeReply) -> None:
    gate, _, space = at_a_studio(DECOMPOSE, answer, finished(*LAYERS))
    reply = await post(gate, DECOMPOSE, REQUESTED)
    assert (reply.status, len(space.calls)) == (200, 1), await body_of(reply)


async def test_layers_of_another_format_are_turned_into_png() -> None:
    webp = encoded(layer_of(), "WEBP")
    gate, _ = at_spaces(finished(webp, webp), converter=PillowConverter())
    answer = await json_of(await post(gate, DECOMPOSE, REQUESTED))
    for layer in answer["layers"]:
        content = base64.b64decode(layer["image"].removeprefix("data:image/png;base64,"))
        assert (opened(content).format, opened(content).mode) == ("PNG", "RGBA")
    gate, _ = at_spaces(finished(webp))
    answer = await json_of(await post(gate, DECOMPOSE, REQUESTED))
    assert answer["layers"][0]["image"] == f"data:image/webp;base64,{text_of(webp)}"


async def test_layers_are_remembered_by_the_rearmost() -> None:
    history = MemoryHistory()
    gate, _ = at_spaces(finished(*LAYERS), history=history, media=MemoryMedia())
    await post(gate, DECOMPOSE, REQUESTED, ALICE)
    listed = await handle(request("GET", "/api/history", None, ALICE), gate, lambda entry: None)
    (item,) = (await json_of(listed))["history"]
    assert item["image_b64"] == text_of(LAYERS[0])
    assert (item["model_type"], item["layer_num"], item["cfg_scale"]) == ("qwenimage", 4, 4.0)
    await post(gate, DECOMPOSE, REQUESTED, {**ALICE, "cache-control": "no-store"})
    assert len(history.items) == 1


async def test_the_history_tells_what_layers_were_really_made_by() -> None:
    history = MemoryHistory()
    gate, _ = at_spaces(finished(*LAYERS[:2]), history=history, media=MemoryMedia())
    await post(gate, DECOMPOSE, {**REQUESTED, "layer_num": 1, "resolution": 1024}, ALICE)
    ((_, _, item),) = history.items
    assert (item.fields["layer_num"], item.fields["resolution"]) == (2, 640)


@pytest.mark.parametrize(
    ("fields", "status", "where"),
    [
        ({"image": None}, 422, "image"),
        ({"image": "no picture"}, 422, "image"),
        ({"image": text_of(b"text of some kind")}, 422, "image"),
        ({"prompt": None}, 422, "prompt"),
        ({"layer_num": 0}, 422, "layer_num"),
        ({"layer_num": 11}, 422, "layer_num"),
        ({"resolution": 800}, 400, "resolution"),
        ({"cfg_scale": 11}, 422, "cfg_scale"),
        ({"seed": "x"}, 422, "seed"),
        ({"model": "flux-1-schnell"}, 400, "flux-1-schnell"),
        ({"model": "qwen-image-edit"}, 400, "qwen-image-edit"),
    ],
)
async def test_an_invalid_decomposition_is_refused(
    fields: dict[str, Any], status: int, where: str
) -> None:
    gate, provider = at_spaces(finished(*LAYERS))
    reply = await post(gate, DECOMPOSE, {**REQUESTED, **fields})
    detail = (await json_of(reply))["detail"]
    assert (reply.status, where in str(detail)) == (status, True), detail
    assert isinstance(detail, list) == (status == 422)
    assert not provider.calls


async def test_missing_fields_are_named() -> None:
    gate, _ = at_spaces()
    detail = (await json_of(await post(gate, DECOMPOSE, {})))["detail"]
    assert {(p["loc"][1], p["type"]) for p in detail} == {
        ("image", "missing"), ("prompt", "missing"),
    }  # fmt: skip


async def test_a_failure_is_a_detail() -> None:
    gate, _ = at_spaces(failure(JobFailed, "out of memory"))
    reply = await post(gate, DECOMPOSE, REQUESTED)
    assert (reply.status, await json_of(reply)) == (502, {"detail": "out of memory"})


async def test_a_layering_model_is_refused_on_another_route() -> None:
    gate, provider = at_spaces(finished(*LAYERS))
    body = {"model": "qwen-image-layered", "prompt": "x", "image": REQUESTED["image"]}
    reply = await post(gate, "/v1/images/edits", body)
    assert (reply.status, (await json_of(reply))["error"]["param"]) == (400, "model")
    assert not provider.calls


EDIT = {"layer_image": f"data:image/png;base64,{text_of(LAYER)}", "instruction": "make it red"}


async def test_an_edited_layer_has_its_transparency_back() -> None:
    edited = encoded(Image.new("RGB", (64, 48), (1, 2, 3)))
    gate, provider = at_spaces(finished(edited))
    reply = await post(gate, EDIT_LAYER, {**EDIT, "seed": 5, "steps": 8, "cfg_scale": 2.0})
    made = opened(await body_of(reply))
    assert (made.mode, made.size) == ("RGBA", (64, 48))
    assert made.getchannel("A").tobytes() == layer_of().getchannel("A").tobytes()
    assert made.getpixel((20, 20)) == (1, 2, 3, 255)
    assert reply.headers["content-type"] == "image/png"
    assert reply.headers["content-disposition"] == (
        f"attachment; filename=edited_layer_{int(gate.clock.time())}.png"
    )
    assert float(reply.headers["x-edit-time"]) >= 0
    assert reply.headers["x-seed"] == "7"
    assert "x-ignored" not in reply.headers
    job = provider.calls[0][0]
    assert (job.prompt, job.steps, job.guidance_scale, job.seed) == ("make it red", 8, 2.0, 5)


async def test_an_edit_of_another_size_and_format_is_made_to_fit() -> None:
    edited = encoded(Image.new("RGB", (1184, 896), (1, 2, 3)), "WEBP")
    converter = PillowConverter()
    gate, _ = at_spaces(finished(edited), converter=converter)
    made = opened(await body_of(await post(gate, EDIT_LAYER, EDIT)))
    assert (made.size, made.mode) == ((64, 48), "RGBA")
    assert converter.requested == [("png", None), ("png", Size(64, 48))]


async def test_a_large_layer_is_answered_with_1024_pixels() -> None:
    layer = encoded(layer_of((2048, 1024)))
    edited = encoded(Image.new("RGB", (1184, 896)))
    gate, _ = at_spaces(finished(edited), converter=PillowConverter())
    reply = await post(gate, EDIT_LAYER, {**EDIT, "layer_image": text_of(layer)})
    assert opened(await body_of(reply)).size == (1024, 512)


async def test_without_a_converter_transparency_is_stretched_to_a_png() -> None:
    edited = encoded(Image.new("RGB", (128, 96)))
    gate, _ = at_spaces(finished(edited))
    made = opened(await body_of(await post(gate, EDIT_LAYER, EDIT)))
    assert (made.size, made.getchannel("A").getbbox()) == ((128, 96), (16, 16, 112, 80))


async def test_transparency_that_cannot_be_put_back_is_named() -> None:
    edited = encoded(Image.new("RGB", (64, 48)), "WEBP")
    gate, _ = at_spaces(finished(edited))
    reply = await post(gate, EDIT_LAYER, EDIT)
    assert (await body_of(reply), reply.headers["x-ignored"]) == (edited, "alpha")
    assert reply.headers["content-type"] == "image/webp"
    assert reply.headers["content-disposition"].endswith(".webp")


async def test_a_layer_in_which_nothing_is_transparent_needs_none() -> None:
    edited = encoded(Image.new("RGB", (64, 48)))
    gate, _ = at_spaces(finished(edited))
    reply = await post(gate, EDIT_LAYER, {**EDIT, "layer_image": text_of(PHOTO)})
    assert (await body_of(reply), "x-ignored" in reply.headers) == (edited, False)


async def test_a_studio_puts_transparency_back_itself() -> None:
    answer = FakeReply(200, {"content-type": "image/png", "x-seed": "5"}, [LAYER])
    gate, http, _ = at_a_studio(EDIT_LAYER, answer)
    reply = await post(gate, EDIT_LAYER, {**EDIT, "seed": 5})
    assert (await body_of(reply), reply.headers["x-seed"]) == (LAYER, "5")
    (sent,) = http.sent_to(EDIT_LAYER)
    assert sent.json == {**EDIT, "steps": 40, "cfg_scale": 4.0, "seed": 5}


async def test_edits_are_not_remembered() -> None:
    history = MemoryHistory()
    gate, _ = at_spaces(finished(LAYER), history=history)
    await post(gate, EDIT_LAYER, EDIT, ALICE)
    assert not history.items


@pytest.mark.parametrize(
    ("fields", "field"),
    [
        ({"layer_image": 5}, "layer_image"),
        ({"layer_image": "x"}, "layer_image"),
        ({"layer_image": text_of(encoded(Image.new("1", (5000, 4))))}, "layer_image"),
        ({"instruction": ""}, "instruction"),
        ({"instruction": None}, "instruction"),
        ({"steps": 0}, "steps"),
    ],
)
async def test_a_wrong_field_of_an_edit_is_named(fields: dict[str, Any], field: str) -> None:
    gate, provider = at_spaces(finished(LAYER))
    reply = await post(gate, EDIT_LAYER, {**EDIT, **fields})
    problems = (await json_of(reply))["detail"]
    assert (reply.status, {problem["loc"][1] for problem in problems}) == (422, {field})
    assert not provider.calls


BOTH = {"images": [text_of(PHOTO), text_of(LAYER)], "instruction": "put one on the other"}


async def test_pictures_are_combined() -> None:
    gate, provider = at_spaces(finished(LAYER))
    reply = await post(gate, EDIT_MULTI, BOTH)
    assert await body_of(reply) == LAYER
    assert reply.headers["x-image-count"] == "2"
    assert reply.headers["x-inference-time"] == "0.00"
    job = provider.calls[0][0]
    assert (len(job.images), job.prompt) == (2, "put one on the other")


async def test_a_studio_that_refuses_to_combine_gives_way_to_a_space() -> None:
    answer = FakeReply(400, {}, [b'{"detail": "multi-image is not supported"}'])
    gate, http, space = at_a_studio(EDIT_MULTI, answer, finished(LAYER))
    reply = await post(gate, EDIT_MULTI, BOTH)
    assert (reply.status, reply.headers["x-darkroom-provider"]) == (200, "huggingface")
    (sent,) = http.sent_to(EDIT_MULTI)
    assert [image.partition(",")[0] for image in sent.json["images"]] == [
        "data:image/png;base64"
    ] * 2
    assert len(space.calls) == 1


async def test_one_picture_alone_is_not_combined() -> None:
    gate, _ = at_spaces(finished(LAYER))
    reply = await post(gate, EDIT_MULTI, {**BOTH, "images": BOTH["images"][:1]})
    assert (reply.status, "two" in (await json_of(reply))["detail"]) == (400, True)


async def test_more_pictures_than_a_model_takes_are_refused_by_name() -> None:
    gate, _ = at_spaces(finished(LAYER))
    reply = await post(gate, EDIT_MULTI, {**BOTH, "images": [text_of(PHOTO)] * 4})
    assert (reply.status, (await json_of(reply))["detail"].startswith("images: ")) == (400, True)
