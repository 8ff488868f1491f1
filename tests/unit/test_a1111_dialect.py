"""AUTOMATIC1111's API, requests in, replies out, providers faked."""

import base64
import hashlib
import io
import json
from collections.abc import Mapping
from dataclasses import replace
from typing import Any

import pytest
from PIL import Image

from darkroom.app import handle
from darkroom.blob import BytesBlob
from darkroom.catalog.catalog import Catalog, load_catalog
from darkroom.catalog.channels import configure
from darkroom.dialects.a1111.checkpoints import STAND_INS, Checkpoint
from darkroom.errors import ContentRefused, QuotaExhausted, UpstreamUnavailable
from darkroom.events import Finished, Picture, Started
from darkroom.gateway import Gateway
from darkroom.http import Reply
from darkroom.image import ImageFile
from darkroom.settings import Secret, Settings
from darkroom.stores.preferences import MemoryPreferences, Preferences
from darkroom.stores.unavailable import StoreUnavailable
from tests.support.fakes import (
    WEBP,
    FakeHttp,
    FakeProvider,
    FakeReply,
    body_of,
    failure,
    gateway,
    json_of,
    request,
)

ROOT = "/sdapi/v1"
SOMEBODY = {
    "authorization": f"Basic {base64.b64encode(b':open-sesame').decode()}",
    "cf-connecting-ip": "192.0.2.1",
}


def png(width: int = 64, height: int = 64, colour: str = "red", mode: str = "RGB") -> bytes:
    buffer = io.BytesIO()
    Image.new(mode, (width, height), colour).save(buffer, "PNG")
    return buffer.getvalue()


def text_of(data: bytes) -> str:
    return base64.b64encode(data).decode()


def done(data: bytes | None = None, seed: int | None = None) -> Finished:
    return Finished((Picture(file=ImageFile(data=BytesBlob(data or png()))),), seed)


def painter(*scripts: Any) -> FakeProvider:
    return FakeProvider([[Started(), done()], *scripts] if not scripts else list(scripts))


async def call(
    gate: Gateway,
    method: str,
    path: str,
    body: object = None,
    headers: Mapping[str, str] | None = None,
) -> Reply:
    log: list[Mapping[str, object]] = []
    reply = await handle(request(method, f"{ROOT}/{path}", body, headers), gate, log.append)
    assert "traceback" not in log[0], log[0]["traceback"]
    return reply


async def paint(
    gate: Gateway, path: str = "txt2img", headers: Mapping[str, str] | None = None, **body: Any
) -> tuple[dict[str, Any], dict[str, Any]]:
    """The answer, and what its `info` says."""
    reply = await call(gate, "POST", path, {"prompt": "a cat", **body}, headers)
    answer = await json_of(reply)
    assert reply.status == 200, answer
    assert isinstance(answer["info"], str)
    return answer, json.loads(answer["info"])


@pytest.mark.parametrize("path", ["sd-models", "upscalers", "options", "progress"])
async def test_an_unknown_gateway_key_is_refused_on_lists_too(path: str) -> None:
    requested = request("GET", f"{ROOT}/{path}", headers={"authorization": "Bearer dk_unknown"})
    assert (await handle(requested, gateway(), lambda entry: None)).status == 401


async def test_a_picture_comes_as_bare_base64_with_info_as_a_text() -> None:
    provider = painter([Started(), done(png(512, 512), seed=7)])
    answer, info = await paint(gateway(provider), seed=-1, steps=9)
    assert set(answer) == {"images", "parameters", "info"}
    picture = Image.open(io.BytesIO(base64.b64decode(answer["images"][0], validate=True)))
    assert picture.size == (512, 512)
    assert answer["parameters"]["prompt"] == "a cat"
    assert (info["seed"], info["all_seeds"], info["steps"]) == (7, [7], 9)
    assert (info["prompt"], info["all_prompts"]) == ("a cat", ["a cat"])
    assert (info["width"], info["height"], info["index_of_first_image"]) == (512, 512, 0)
    point = Checkpoint("z-image-turbo")
    assert (info["sd_model_name"], info["sd_model_hash"]) == (point.id, point.short_hash)
    assert info["infotexts"] == [
        "a cat\nSteps: 9, Sampler: Euler, Schedule type: Automatic, CFG scale: 7.0, Seed: 7, "
        f"Size: 512x512, Model hash: {point.short_hash}, Model: z-image-turbo, "
        "Version: Darkroom 0.1.0"
    ]
    assert info["job_timestamp"] == "20231114223000"


async def test_the_picture_says_how_it_was_made_and_png_info_reads_it() -> None:
    gate = gateway(painter())
    answer, info = await paint(gate, prompt="ein Käse, 一只猫", negative_prompt="a dog, blurry")
    (text,) = answer["images"]
    picture = Image.open(io.BytesIO(base64.b64decode(text, validate=True)))
    picture.load()
    assert picture.info["parameters"].rstrip() == info["infotexts"][0]
    read = await json_of(await call(gate, "POST", "png-info", {"image": text}))
    assert read["info"] == info["infotexts"][0]
    assert read["parameters"]["Prompt"] == "ein Käse, 一只猫"
    assert read["parameters"]["Negative prompt"] == "a dog, blurry"
    assert read["parameters"]["Size-1"] == "64"


async def test_a_picture_may_go_without_saying_how_it_was_made() -> None:
    gate = gateway(painter([done(png(32, 32))]))
    answer, _ = await paint(gate, override_settings={"enable_pnginfo": False})
    assert base64.b64decode(answer["images"][0]) == png(32, 32)


async def test_pictures_that_are_no_png_come_as_they_are_and_tell_nothing() -> None:
    gate = gateway(painter([done(WEBP)]))
    answer, _ = await paint(gate)
    assert base64.b64decode(answer["images"][0]) == WEBP
    read = await json_of(await call(gate, "POST", "png-info", {"image": text_of(WEBP)}))
    assert read == {"info": "", "items": {}, "parameters": {}}


async def test_batch_size_times_n_iter_pictures_are_painted() -> None:
    provider = painter(*[[done(seed=number)] for number in range(6)])
    answer, info = await paint(gateway(provider), batch_size=3, n_iter=2, seed=5)
    assert len(answer["images"]) == 6
    assert {job.seed for job, _ in provider.calls} == set(range(5, 11))
    assert len(info["all_seeds"]) == len(info["infotexts"]) == len(info["all_prompts"]) == 6
    assert info["batch_size"] == 3


async def test_more_pictures_than_ten_are_unprocessable() -> None:
    reply = await call(
        gateway(painter()), "POST", "txt2img", {"prompt": "a", "batch_size": 4, "n_iter": 3}
    )
    assert reply.status == 422
    (detail,) = (await json_of(reply))["detail"]
    assert detail["loc"] == ["body", "batch_size"]
    assert "10" in detail["msg"]


async def test_the_seed_of_a_model_that_tells_none_is_the_one_that_was_drawn() -> None:
    provider = painter()
    _, info = await paint(gateway(provider), seed=-1)
    assert info["seed"] == provider.calls[0][0].seed >= 0


async def test_a_seed_beyond_what_models_take_is_one_within_and_reported() -> None:
    provider = painter()
    _, info = await paint(gateway(provider), seed=2**32 - 1)
    assert provider.calls[0][0].seed == info["seed"] == 2**31 - 1
    assert info["adjusted"]["seed"] == 2**31 - 1


async def test_values_out_of_a_models_range_become_the_nearest() -> None:
    provider = painter([done(png(512, 2048))])
    _, info = await paint(
        gateway(provider), model="z-image", steps=500, cfg_scale=0.5, width=100, height=4000
    )
    job = provider.calls[0][0]
    assert (job.steps, job.guidance_scale) == (100, 1.5)
    assert (job.size.width, job.size.height) == (512, 2048)
    assert (info["steps"], info["cfg_scale"]) == (100, 1.5)
    assert info["adjusted"] == {"steps": 100, "cfg_scale": 1.5, "width": 512, "height": 2048}


async def test_a_clients_defaults_are_taken_as_they_are_where_a_model_can() -> None:
    provider = painter([done(png(512, 512))])
    _, info = await paint(
        gateway(provider), model="z-image", steps=20, cfg_scale=7, width=512, height=512
    )
    job = provider.calls[0][0]
    assert (job.steps, job.guidance_scale, str(job.size)) == (20, 7, "512x512")
    assert "adjusted" not in info
    assert "ignored" not in info


async def test_ignored_fields_are_listed_but_clients_default_values_are_not() -> None:
    blind = {
        "sampler_name": "Euler a", "scheduler": "automatic", "eta": 1.0, "s_noise": 1,
        "subseed": -1, "denoising_strength": 0.7, "hr_scale": 2, "hr_upscaler": "Latent",
        "restore_faces": False, "styles": [], "override_settings": {}, "alwayson_scripts": {},
        "do_not_save_samples": True, "script_args": [], "send_images": True, "tiling": None,
        "refiner_checkpoint": "",
    }  # fmt: skip
    reply = await call(gateway(painter()), "POST", "txt2img", {"prompt": "a cat", **blind})
    assert "x-darkroom-ignored" not in reply.headers
    meant = {"sampler_name": "DDIM", "tiling": True, "s_churn": 0.4, "colour\r\n": 1}
    reply = await call(gateway(painter()), "POST", "txt2img", {"prompt": "a cat", **meant})
    info = json.loads((await json_of(reply))["info"])
    assert set(info["ignored"]) == set(meant)
    assert info["sampler_name"] == "DDIM"
    reported = reply.headers["x-darkroom-ignored"]
    assert "tiling" in reported
    assert reported.isprintable()


async def test_a_field_that_the_model_lacks_is_listed() -> None:
    _, info = await paint(gateway(painter()), negative_prompt="a dog", cfg_scale=3, steps=4)
    assert set(info["ignored"]) == {"negative_prompt", "cfg_scale"}
    assert info["negative_prompt"] == "a dog"


async def test_a_second_pass_is_a_larger_picture() -> None:
    provider = painter()
    await paint(gateway(provider), width=512, height=640, enable_hr=True, hr_scale=1.5)
    await paint(
        gateway(provider), width=512, height=640, enable_hr=True, hr_resize_x=1024, hr_resize_y=1024
    )
    await paint(gateway(provider), width=512, height=512, hr_scale=4)
    assert [str(job.size) for job, _ in provider.calls] == ["768x960", "1024x1024", "512x512"]


async def test_the_size_is_the_servers_where_none_is_requested() -> None:
    provider = painter()
    answer, _ = await paint(gateway(provider))
    assert str(provider.calls[0][0].size) == "512x512"
    assert answer["parameters"]["steps"] == 9


async def test_images_may_be_left_out_of_the_answer() -> None:
    answer, info = await paint(gateway(painter()), send_images=False)
    assert answer["images"] == []
    assert len(info["infotexts"]) == 1


async def test_styles_are_worked_into_both_prompts() -> None:
    provider = painter()
    _, info = await paint(
        gateway(provider), model="z-image", styles=["Watercolour", "no such style"],
        negative_prompt="a dog",
    )  # fmt: skip
    job = provider.calls[0][0]
    assert job.prompt == info["prompt"] == "a cat, watercolour on rough paper, soft edges"
    assert job.negative_prompt == info["negative_prompt"] == "a dog, photograph, render"
    styles = await json_of(await call(gateway(), "GET", "prompt-styles"))
    assert "Watercolour" in [style["name"] for style in styles]


async def test_the_lines_of_another_picture_fill_in_what_no_field_says() -> None:
    provider = painter()
    lines = "a fox\nNegative prompt: a dog\nSteps: 12, Sampler: DDIM, CFG scale: 5, Seed: 99, Size: 768x512"
    body = {"infotext": lines, "steps": 30, "model": "z-image"}
    reply = await call(gateway(provider), "POST", "txt2img", body)
    job = provider.calls[0][0]
    assert reply.status == 200
    assert (job.prompt, job.negative_prompt, job.seed) == ("a fox", "a dog", 99)
    assert (job.steps, job.guidance_scale, str(job.size)) == (30, 5, "768x512")


@pytest.mark.parametrize(
    ("sampler", "scheduler", "name", "label"),
    [
        ("Euler a", None, "Euler a", "Automatic"), ("k_euler_ancestral", "", "Euler a", "Automatic"),
        ("DPM++ 2M Karras", None, "DPM++ 2M", "Karras"), ("dpm++ 2m", "karras", "DPM++ 2M", "Karras"),
        ("DDIM", "no such", "DDIM", "Automatic"), (None, "sgm_uniform", "Euler", "SGM Uniform"),
    ],
)  # fmt: skip
async def test_samplers_are_known_by_all_their_names(
    sampler: str | None, scheduler: str | None, name: str, label: str
) -> None:
    _, info = await paint(gateway(painter()), sampler_name=sampler, scheduler=scheduler)
    assert info["sampler_name"] == name
    assert info["extra_generation_params"]["Schedule type"] == label


async def test_an_unknown_sampler_is_not_found() -> None:
    reply = await call(
        gateway(painter()), "POST", "txt2img", {"prompt": "a", "sampler_name": "Brush"}
    )
    assert reply.status == 400
    assert await json_of(reply) == {
        "error": "HTTPException", "detail": "Sampler not found", "body": "",
        "errors": "Sampler not found",
    }  # fmt: skip


async def test_some_pictures_are_better_than_none_and_the_rest_is_reported() -> None:
    provider = painter([failure(ContentRefused, "no")], [done()])
    answer, info = await paint(gateway(provider), batch_size=2)
    assert len(answer["images"]) == 1
    assert info["errors"] == [{"image_index": 0, "error": "ContentRefused", "detail": "no"}]


@pytest.mark.parametrize(
    ("raised", "status"), [(ContentRefused, 400), (QuotaExhausted, 429), (UpstreamUnavailable, 503)]
)
async def test_a_failure_comes_in_the_servers_shape(raised: Any, status: int) -> None:
    gate = gateway(painter([failure(raised, "it says so")]))
    reply = await call(gate, "POST", "txt2img", {"prompt": "a cat", "model": "flux-1-schnell"})
    assert reply.status == status
    assert await json_of(reply) == {
        "error": raised.__name__, "detail": "it says so", "body": "", "errors": "it says so",
    }  # fmt: skip
    assert float(reply.headers["x-process-time"]) >= 0


@pytest.mark.parametrize("body", [b"", b"not json", b"[1]", b'"text"'])
async def test_a_body_that_is_no_object_is_unprocessable(body: bytes) -> None:
    reply = await call(gateway(painter()), "POST", "txt2img", body)
    assert reply.status == 422
    assert (await json_of(reply))["detail"][0]["loc"] == ["body"]


@pytest.mark.parametrize(
    ("field", "value"),
    [
        ("steps", "many"), ("width", 0), ("width", 10**9), ("cfg_scale", "big"), ("batch_size", 0),
        ("n_iter", -1), ("styles", 7), ("override_settings", []), ("prompt", 7),
        ("prompt", "x" * 40_000), ("hr_scale", 0),
        ("override_settings", {"sd_model_checkpoint": 5}),
        ("override_settings", {"sd_model_checkpoint": {"a": "b"}}),
    ],
)  # fmt: skip
async def test_a_field_that_cannot_be_read_is_named_as_fastapi_does(
    field: str, value: object
) -> None:
    reply = await call(gateway(painter()), "POST", "txt2img", {"prompt": "a", field: value})
    assert reply.status == 422
    detail = (await json_of(reply))["detail"][0]
    assert detail["loc"][:2] == ["body", field]
    assert set(detail) == {"type", "loc", "msg"}


async def test_numbers_that_no_json_has_are_unprocessable_wherever_they_stand() -> None:
    body = b'{"prompt": "a", "script_args": [{"x": NaN}]}'
    assert (await call(gateway(painter()), "POST", "txt2img", body)).status == 422


async def test_nothing_to_paint_is_refused() -> None:
    reply = await call(gateway(painter()), "POST", "txt2img", {})
    assert reply.status == 400
    assert "prompt" in (await json_of(reply))["detail"]


@pytest.mark.parametrize("path", [f"{ROOT}/nothing-like-it", ROOT, "/sdapi", "/sdapi/"])
async def test_an_unknown_route_is_not_found_in_the_servers_shape(path: str) -> None:
    reply = await handle(request("GET", path), gateway(), lambda entry: None)
    assert reply.status == 404
    assert set(await json_of(reply)) == {"error", "detail", "body", "errors"}


async def test_a_get_of_a_post_route_is_a_405() -> None:
    assert (await call(gateway(), "GET", "txt2img")).status == 405


# Pictures to start from.


def edits(**body: Any) -> dict[str, Any]:
    return {"prompt": "make it blue", "init_images": [text_of(png(640, 512))], **body}


async def test_a_picture_is_edited_by_the_default_model_of_edits() -> None:
    provider = painter()
    answer, info = await paint(gateway(provider), "img2img", **edits())
    job = provider.calls[0][0]
    assert info["sd_model_name"] == job.model == "qwen-image-edit"
    assert job.images[0].dimensions == (640, 512)
    assert job.size.width > job.size.height, "the shape of the source"
    assert answer["parameters"]["init_images"] is None


async def test_a_source_may_be_a_data_url_and_comes_back_where_that_is_requested() -> None:
    url = f"data:image/png;base64,{text_of(png())}"
    provider = painter()
    answer, _ = await paint(
        gateway(provider), "img2img",
        **edits(init_images=[url], include_init_images=True, width=512, height=768),
    )  # fmt: skip
    assert str(provider.calls[0][0].size) == "512x768"
    assert answer["parameters"]["init_images"] == [url]


@pytest.mark.parametrize("images", [None, [], ""])
async def test_an_edit_without_a_picture_is_not_found(images: object) -> None:
    reply = await call(gateway(painter()), "POST", "img2img", edits(init_images=images))
    assert reply.status == 404
    assert (await json_of(reply))["detail"] == "Init image not found"


@pytest.mark.parametrize("image", ["!!!", "bm90IGEgcGljdHVyZQ==", {"x": 1}, "ftp://x/y.png"])
async def test_an_invalid_picture_is_refused(image: object) -> None:
    reply = await call(gateway(painter()), "POST", "img2img", edits(init_images=[image]))
    assert reply.status == 400
    assert "init_images" in (await json_of(reply))["detail"]


async def test_a_model_without_masks_says_so() -> None:
    reply = await call(
        gateway(painter()), "POST", "img2img", edits(mask=text_of(png(640, 512, "white")))
    )
    assert reply.status == 400
    assert (await json_of(reply))["detail"].startswith("mask: qwen-image-edit")


@pytest.mark.parametrize(
    ("mode", "colour", "invert", "changes"),
    [
        ("L", "white", 0, True), ("L", "black", 0, False), ("L", "white", 1, False),
        ("RGB", "black", 1, True), ("RGBA", "#00000000", 0, False), ("RGBA", "#000000ff", 0, False),
        ("RGBA", "#00000000", 1, True), ("1", "white", 0, True),
    ],
)  # fmt: skip
async def test_a_mask_is_white_where_the_picture_may_change(
    mode: str, colour: str, invert: int, changes: bool
) -> None:
    mask = Image.new(mode, (640, 512), colour)
    buffer = io.BytesIO()
    mask.save(buffer, "PNG")
    provider = painter()
    gate = gateway(provider, settings=Settings(public_providers=("a1111",)))
    gate = replace(gate, catalog=with_a1111(), engine=engine_for(gate, provider, "a1111"))
    await paint(
        gate, "img2img",
        **edits(
            model="a1111/default", mask=text_of(buffer.getvalue()), inpainting_mask_invert=invert,
            denoising_strength=0.3,
        ),
    )  # fmt: skip
    job = provider.calls[0][0]
    assert job.mask is not None
    white = await job.mask.to_black_and_white()
    seen = Image.open(io.BytesIO(white.head(10**6)))
    assert seen.mode == "L"
    assert seen.getextrema() == ((255, 255) if changes else (0, 0))
    assert job.strength == 0.3


@pytest.mark.parametrize(
    ("fields", "words"),
    [
        ({}, "mask: qwen-image-edit"),
        ({"model": "a1111/default", "init_images": [text_of(png(64, 64))]}, "same size"),
        ({"model": "a1111/default"}, "open to those with a gateway key"),
    ],
    ids=["a model without masks", "another size", "a caller who may not"],
)
async def test_a_mask_is_not_converted_before_everything_is_checked(
    fields: dict[str, Any], words: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.delattr("darkroom.masks.read_png")
    gate = gateway(painter())
    gate = replace(gate, catalog=with_a1111())
    body = edits(**{"mask": text_of(png(640, 512, "white")), **fields})
    reply = await call(gate, "POST", "img2img", body)
    assert reply.status in (400, 401, 403)
    assert words in (await json_of(reply))["detail"]


async def test_a_mask_of_another_size_is_refused() -> None:
    provider = painter()
    gate = gateway(provider, settings=Settings(public_providers=("a1111",)))
    gate = replace(gate, catalog=with_a1111(), engine=engine_for(gate, provider, "a1111"))
    body = edits(model="a1111/default", mask=text_of(png(64, 64)))
    reply = await call(gate, "POST", "img2img", body)
    assert reply.status == 400
    assert "same size" in (await json_of(reply))["detail"]


async def test_the_strength_is_listed_where_a_model_has_none() -> None:
    _, info = await paint(gateway(painter()), "img2img", **edits(denoising_strength=0.4))
    assert info["ignored"] == ["denoising_strength"]
    assert info["denoising_strength"] is None


def with_a1111() -> Catalog:
    """The catalog with a server of the operator's own."""
    return configure(load_catalog(), {"A1111_URL": "http://a1111.example"}).catalog


def engine_for(gate: Gateway, provider: FakeProvider, protocol: str) -> Any:
    return replace(gate.engine, providers={**gate.engine.providers, protocol: provider})


# Which model paints.


async def test_the_model_is_that_of_the_override_then_the_requests_then_the_options() -> None:
    provider = painter()
    gate = gateway(provider)
    await call(gate, "POST", "options", {"sd_model_checkpoint": "ovis-image"}, SOMEBODY)
    override: dict[str, Any] = {
        "override_settings": {"sd_model_checkpoint": "flux-1-schnell"},
        "model": "z-image",
    }
    await paint(gate, headers=SOMEBODY, **override)
    await paint(gate, headers=SOMEBODY, model="z-image")
    await paint(gate, headers=SOMEBODY)
    await paint(gate)
    assert [job.model for job, _ in provider.calls] == [
        "flux-1-schnell", "z-image", "ovis-image", "z-image-turbo",
    ]  # fmt: skip


async def test_an_override_may_be_kept_for_later_requests() -> None:
    provider = painter()
    gate = gateway(provider)
    override = {"sd_model_checkpoint": "flux-1-schnell"}
    await paint(
        gate, headers=SOMEBODY, override_settings=override,
        override_settings_restore_afterwards=False,
    )  # fmt: skip
    await paint(gate, headers=SOMEBODY)
    assert [job.model for job, _ in provider.calls] == ["flux-1-schnell"] * 2


async def test_a_model_chosen_before_that_cannot_edit_gives_way_to_one_that_can() -> None:
    provider = painter()
    gate = gateway(provider)
    await call(gate, "POST", "options", {"sd_model_checkpoint": "flux-1-schnell"}, SOMEBODY)
    await paint(gate, "img2img", SOMEBODY, **edits())
    assert provider.calls[0][0].model == "qwen-image-edit"
    reply = await call(gate, "POST", "img2img", edits(model="flux-1-schnell"))
    assert reply.status == 400, "but what is named is meant"


@pytest.mark.parametrize(
    "name",
    [
        "flux-1-schnell", "FLUX-1-schnell", "flux-1-schnell.safetensors",
        Checkpoint("flux-1-schnell").title, Checkpoint("flux-1-schnell").short_hash,
        Checkpoint("flux-1-schnell").sha256, f"renamed [{Checkpoint('flux-1-schnell').short_hash}]",
        "flux-1-schnell.safetensors [6ce0161689]",
    ],
)  # fmt: skip
async def test_a_checkpoint_is_known_by_all_its_names(name: str) -> None:
    _, info = await paint(gateway(painter()), override_settings={"sd_model_checkpoint": name})
    assert info["sd_model_name"] == "flux-1-schnell"


async def test_a_name_that_means_nothing_is_refused_with_advice() -> None:
    reply = await call(gateway(painter()), "POST", "txt2img", {"prompt": "a", "model": "flux-9"})
    assert reply.status == 404
    assert "Did you mean" in (await json_of(reply))["detail"]


@pytest.mark.parametrize("name", STAND_INS)
async def test_known_checkpoints_are_painted_by_what_stands_for_them(name: str) -> None:
    gate = gateway(painter())
    _, info = await paint(gate, model=f"{name}.safetensors")
    assert info["sd_model_name"] == STAND_INS[name][1]
    _, info = await paint(gate, "img2img", **edits(model=name))
    assert info["sd_model_name"] == "qwen-image-edit"


@pytest.mark.parametrize("models", STAND_INS.values())
def test_every_stand_in_for_a_checkpoint_is_in_the_catalog(models: list[str]) -> None:
    assert load_catalog().resolve(models, "").models


async def test_a_servers_own_checkpoint_comes_first() -> None:
    provider = painter()
    gate = gateway(provider, settings=Settings(public_providers=("a1111",)))
    gate = replace(gate, catalog=with_a1111(), engine=engine_for(gate, provider, "a1111"))
    _, info = await paint(gate, model="Realistic_Vision_V5.1.safetensors")
    assert info["sd_model_name"] == "a1111/Realistic_Vision_V5.1"


async def test_tokens_for_many_providers_do_no_harm() -> None:
    pair = base64.b64encode(b"me:gitee:g-token,hf:hf_mine,ms:m-token").decode()
    provider = painter()
    await paint(gateway(provider), headers={"authorization": f"Basic {pair}"})
    _, route = provider.calls[0]
    assert route.token is not None
    assert route.token.reveal() == "hf_mine"


# Options.


async def options_of(gate: Gateway, headers: Mapping[str, str] | None = SOMEBODY) -> dict[str, Any]:
    options: dict[str, Any] = await json_of(await call(gate, "GET", "options", headers=headers))
    return options


async def test_options_hold_the_checkpoint_and_take_the_whole_object_back() -> None:
    gate = gateway(painter())
    options = await options_of(gate)
    assert options["sd_model_checkpoint"] == Checkpoint("z-image-turbo").title
    options["sd_model_checkpoint"] = Checkpoint("ovis-image").title
    reply = await call(gate, "POST", "options", options, SOMEBODY)
    assert (reply.status, await body_of(reply)) == (200, b"null")
    assert "x-darkroom-ignored" not in reply.headers
    after = await options_of(gate)
    assert after["sd_model_checkpoint"] == Checkpoint("ovis-image").title
    assert after["sd_checkpoint_hash"] == Checkpoint("ovis-image").sha256


async def test_a_checkpoint_that_is_gone_is_the_default_again_and_may_be_sent_back() -> None:
    class Old(MemoryPreferences):
        async def read(self, scope: str) -> Preferences:
            return {"sd_model_checkpoint": "painted-last-year", **await super().read(scope)}

    gate = replace(gateway(painter()), preferences=Old())
    options = await options_of(gate)
    assert options["sd_model_checkpoint"] == Checkpoint("z-image-turbo").title
    assert options["sd_checkpoint_hash"] == Checkpoint("z-image-turbo").sha256
    assert (await call(gate, "POST", "options", options, SOMEBODY)).status == 200


async def test_one_option_leaves_the_others_and_other_callers_alone() -> None:
    gate = gateway(painter())
    await call(gate, "POST", "options", {"sd_model_checkpoint": "ovis-image"}, SOMEBODY)
    reply = await call(
        gate, "POST", "options",
        {"CLIP_stop_at_last_layers": 2, "no_such": 1, "sd_vae": 7, "eta_ddim": 1, "return_grid": 0},
        SOMEBODY,
    )  # fmt: skip
    assert reply.headers["x-darkroom-ignored"] == "no_such, sd_vae, return_grid"
    mine, others = await options_of(gate), await options_of(gate, None)
    assert mine["sd_model_checkpoint"] == Checkpoint("ovis-image").title
    assert (mine["CLIP_stop_at_last_layers"], mine["eta_ddim"]) == (2, 1)
    assert others["sd_model_checkpoint"] == Checkpoint("z-image-turbo").title
    assert others["CLIP_stop_at_last_layers"] == 1


async def test_callers_without_credentials_are_distinguished_by_their_address() -> None:
    gate = gateway(painter())
    here, there = {"cf-connecting-ip": "192.0.2.1"}, {"cf-connecting-ip": "192.0.2.2"}
    await call(gate, "POST", "options", {"sd_model_checkpoint": "ovis-image"}, here)
    assert (await options_of(gate, here))["sd_model_checkpoint"].startswith("ovis-image")
    assert (await options_of(gate, there))["sd_model_checkpoint"].startswith("z-image-turbo")


async def test_callers_who_cannot_be_distinguished_share_nothing() -> None:
    gate = gateway(painter())
    reply = await call(gate, "POST", "options", {"sd_model_checkpoint": "ovis-image"})
    assert reply.status == 200
    assert (await options_of(gate, None))["sd_model_checkpoint"].startswith("z-image-turbo")


async def test_a_checkpoint_that_is_none_is_refused() -> None:
    reply = await call(gateway(), "POST", "options", {"sd_model_checkpoint": "nope"}, SOMEBODY)
    assert reply.status == 404


async def test_the_format_of_samples_is_an_option() -> None:
    gate = gateway(painter([done(WEBP)]))
    _, info = await paint(gate, override_settings={"samples_format": "webp"})
    assert "ignored" not in info
    _, info = await paint(gate, override_settings={"samples_format": "jpg"})
    assert info["ignored"] == ["samples_format"], "there is nothing that converts"


class BrokenPreferences:
    """A store that does nothing that it is asked."""

    async def read(self, scope: str) -> Preferences:
        raise StoreUnavailable

    async def write(self, scope: str, preferences: Preferences) -> None:
        raise StoreUnavailable


async def test_a_store_that_is_away_costs_the_choice_and_not_the_picture() -> None:
    gate = replace(gateway(painter()), preferences=BrokenPreferences())
    await paint(gate, headers=SOMEBODY)
    assert (await options_of(gate))["sd_model_checkpoint"].startswith("z-image-turbo")
    change = {"sd_model_checkpoint": "ovis-image"}
    assert (await call(gate, "POST", "options", change, SOMEBODY)).status == 503


# Lists.


async def test_checkpoints_are_the_models_that_a_caller_may_use() -> None:
    async def titles(headers: Mapping[str, str] | None) -> list[str]:
        points = await json_of(await call(gateway(), "GET", "sd-models", headers=headers))
        assert all(
            set(point) == {"title", "model_name", "hash", "sha256", "filename", "config"}
            for point in points
        )
        assert all(point["title"] == Checkpoint(point["model_name"]).title for point in points)
        return [point["model_name"] for point in points]

    everybodys = await titles(None)
    assert "z-image-turbo" in everybodys
    assert "auto" in everybodys
    assert not {"gitee/z-image-turbo", "real-esrgan", "a1111/default"} & set(everybodys)
    assert "gitee/z-image-turbo" in await titles({"authorization": "Bearer gitee:token"})


@pytest.mark.parametrize(
    ("path", "fields"),
    [
        ("samplers", {"name", "aliases", "options"}),
        ("schedulers", {"name", "label", "aliases", "default_rho", "need_inner_model"}),
        ("upscalers", {"name", "model_name", "model_path", "model_url", "scale"}),
        ("latent-upscale-modes", {"name"}), ("realesrgan-models", {"name", "path", "scale"}),
        ("prompt-styles", {"name", "prompt", "negative_prompt"}),
    ],
)  # fmt: skip
async def test_a_list_holds_the_servers_fields(path: str, fields: set[str]) -> None:
    items = await json_of(await call(gateway(), "GET", path))
    assert items
    assert all(set(item) == fields for item in items)


@pytest.mark.parametrize(
    "path", ["sd-vae", "hypernetworks", "face-restorers", "loras", "script-info", "extensions"]
)
async def test_a_list_of_what_is_not_there_is_empty(path: str) -> None:
    assert await json_of(await call(gateway(), "GET", path)) == []


async def test_objects_have_the_servers_keys() -> None:
    for path, keys in {
        "scripts": {"txt2img", "img2img"}, "embeddings": {"loaded", "skipped"},
        "memory": {"ram", "cuda"},
    }.items():  # fmt: skip
        assert set(await json_of(await call(gateway(), "GET", path))) == keys
    assert (await json_of(await call(gateway(), "GET", "cmd-flags")))["api"] is True


@pytest.mark.parametrize(
    ("path", "answer"),
    [
        ("refresh-checkpoints", None), ("refresh-vae", None), ("refresh-loras", None),
        ("refresh-embeddings", None), ("reload-checkpoint", {}), ("unload-checkpoint", {}),
    ],
)  # fmt: skip
async def test_a_servers_housekeeping_is_taken_note_of(path: str, answer: object) -> None:
    reply = await call(gateway(), "POST", path)
    assert (reply.status, await json_of(reply)) == (200, answer)


# Larger pictures, and what is in them.


async def test_a_picture_is_enlarged_and_the_size_is_reported() -> None:
    provider = painter([done(png(256, 128))])
    body = {"image": text_of(png(64, 32)), "upscaler_1": "R-ESRGAN 4x+", "upscaling_resize": 2}
    reply = await call(gateway(provider), "POST", "extra-single-image", body)
    answer = await json_of(reply)
    assert set(answer) == {"html_info", "image"}
    assert Image.open(io.BytesIO(base64.b64decode(answer["image"]))).size == (256, 128)
    assert answer["html_info"] == "Real-ESRGAN 4x made 256x128 of it, not 128x64"
    assert reply.headers["x-darkroom-ignored"] == "upscaling_resize"
    assert provider.calls[0][0].operation == "upscale"
    exact = await call(
        gateway(provider), "POST", "extra-single-image", {**body, "upscaling_resize": 4}
    )
    assert (await json_of(exact))["html_info"] == ""


async def test_without_an_upscaler_a_picture_stays_as_it_is() -> None:
    provider = painter()
    body = {"image": text_of(png()), "upscaler_1": "None"}
    answer = await json_of(await call(gateway(provider), "POST", "extra-single-image", body))
    assert base64.b64decode(answer["image"]) == png()
    assert provider.calls == []


async def test_several_pictures_are_enlarged_in_their_order() -> None:
    provider = painter([done(png(256, 256, "red"))], [done(png(256, 256, "blue"))])
    entries = [{"data": text_of(png()), "name": name} for name in ("a.png", "b.png")]
    body = {"imageList": entries, "upscaler_1": "real-esrgan", "upscaling_resize": 4}
    answer = await json_of(await call(gateway(provider), "POST", "extra-batch-images", body))
    assert [base64.b64decode(text) for text in answer["images"]] == [
        png(256, 256, "red"), png(256, 256, "blue"),
    ]  # fmt: skip


@pytest.mark.parametrize(
    ("path", "body", "status"),
    [
        ("extra-single-image", {"image": "", "upscaler_1": "LDSR"}, 404),
        ("extra-single-image", {"image": text_of(png()), "upscaler_1": "Nobody"}, 400),
        ("extra-single-image", {"image": text_of(png()), "upscaler_1": "z-image"}, 400),
        ("extra-single-image", {"image": "!!", "upscaler_1": "LDSR"}, 400),
        ("extra-single-image", {"image": text_of(png()), "upscaling_resize": 99}, 422),
        ("extra-batch-images", {}, 422), ("extra-batch-images", {"imageList": ["x"] * 11}, 422),
        ("png-info", {}, 404), ("png-info", {"image": "!!"}, 400), ("interrogate", {}, 404),
        ("interrogate", {"image": text_of(png())}, 503),
        ("interrogate", {"image": text_of(png()), "model": "nobody"}, 404),
    ],
)  # fmt: skip
async def test_a_wrong_question_about_a_picture_is_refused(
    path: str, body: dict[str, Any], status: int
) -> None:
    reply = await call(gateway(painter()), "POST", path, body)
    assert reply.status == status, await json_of(reply)
    assert "detail" in await json_of(reply)


async def test_a_picture_is_described_by_the_model_that_the_operator_chose() -> None:
    said = {"choices": [{"message": {"role": "assistant", "content": " a red\nsquare "}}]}
    http = FakeHttp({"/openai": [FakeReply(pieces=[json.dumps(said).encode()])],
                     "/chat/completions": [FakeReply(pieces=[json.dumps(said).encode()])]})  # fmt: skip
    settings = Settings(default_vision_model="pollinations/openai-fast")
    gate = gateway(http=http, settings=settings)
    reply = await call(gate, "POST", "interrogate", {"image": text_of(png()), "model": "clip"})
    assert await json_of(reply) == {"caption": "a red square"}
    text, image = http.sent[0].json["messages"][0]["content"]
    assert text["type"] == "text"
    assert image["image_url"]["url"] == f"data:image/png;base64,{text_of(png())}"


# Who calls.


@pytest.mark.parametrize(
    "header",
    [
        None,
        "",
        " ",
        "Basic ",
        "Basic !!!",
        f"Basic {base64.b64encode(b'me:any').decode()}",
        "Bearer x",
    ],
)
async def test_any_header_will_do_where_no_token_is_needed(header: str | None) -> None:
    headers = {} if header is None else {"authorization": header}
    await paint(gateway(painter()), headers=headers)


@pytest.mark.parametrize("pair", [":dk_open", "me:dk_open", "dk_open:", "dk_open:x", "dk_open"])
async def test_a_gateways_key_in_either_half_opens_the_operators_tokens(pair: str) -> None:
    digest = hashlib.sha256(b"dk_open").hexdigest()
    tokens = {"huggingface": (Secret("operators"),)}
    provider = painter()
    gate = gateway(provider, settings=Settings(gateway_keys=(digest,), tokens=tokens))
    header = f"Basic {base64.b64encode(pair.encode()).decode()}"
    await paint(gate, headers={"authorization": header})
    await paint(gate)
    (_, with_key), (_, without) = provider.calls
    assert (with_key.token, without.token) == (Secret("operators"), None)


async def test_a_key_that_is_not_known_is_refused_as_basic() -> None:
    pair = base64.b64encode(b"me:dk_stolen").decode()
    reply = await call(
        gateway(painter()), "POST", "txt2img", {"prompt": "a"}, {"authorization": f"Basic {pair}"}
    )
    assert (reply.status, reply.headers["www-authenticate"]) == (401, "Basic")
    assert "dk_stolen" not in (await body_of(reply)).decode()
