"""What the relay's image routes take: every field of the seed, its default and its range."""

import base64
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from darkroom.dialects.relay.families import FAMILIES
from darkroom.dialects.relay.image_request import MAX_PICTURES
from darkroom.image import ImageFile
from darkroom.job import MAX_SEED, ImageJob, Operation
from darkroom.settings import Settings
from tests.support.relay import (
    ADDRESS,
    ANY,
    FLUX,
    FLUX_1,
    GEMINI,
    GPT,
    GPT_2,
    GPT_EDIT,
    LEAST,
    QWEN,
    QWEN_EDIT,
    SOURCE,
    TXT2IMG,
    UPSCALE,
    VENDORS,
    Relay,
    base64_of,
    png,
    refusal_of,
)


async def paid(route: str, **fields: Any) -> ImageJob:
    """What a vendor is asked for by a caller who brought its token."""
    return await Relay().job(route, {**LEAST[route], **fields}, x_api_key=VENDORS)


async def free(route: str, **fields: Any) -> ImageJob:
    """What is asked for by a caller without any token."""
    return await Relay().job(route, {**LEAST[route], **fields})


async def complaint(route: str, **fields: Any) -> dict[str, Any]:
    """The one thing that is wrong with a body."""
    relay = Relay()
    body = await refusal_of(await relay.paint(route, {**LEAST[route], **fields}), 422)
    assert not relay.jobs
    assert (body["error"]["code"], body["error"]["type"]) == ("VALIDATION_ERROR", "validation")
    assert body["error"]["source"] == "client"
    assert body["detail"] == body["error"]["detail"]
    (entry,) = body["detail"]
    assert set(entry) == {"type", "loc", "msg"}
    assert entry["loc"][0] == "body"
    found: dict[str, Any] = entry
    return found


async def content_of(image: ImageFile) -> bytes:
    blob = await image.to_bytes()
    return blob.head(blob.size)


def test_every_route_has_a_least_body_here() -> None:
    assert {f"/v2/{route}" for route in LEAST} == {f.path for f in FAMILIES.by_id.values()}


@pytest.mark.parametrize(
    ("route", "vendors", "nobodys"),
    [
        (FLUX, "bfl/flux-2-pro", "flux-1-schnell"),
        (FLUX_1, "bfl/flux-2-klein-4b", "flux-1-schnell"),
        (GEMINI, "gemini/gemini-3-pro-image", "z-image-turbo"),
        (GPT, "openai/gpt-image-1.5", "z-image-turbo"),
        (GPT_EDIT, "openai/gpt-image-1.5", "qwen-image-edit"),
        (GPT_2, "openai/gpt-image-2", "z-image-turbo"),
        (QWEN, "qwen/qwen-image", "qwen-image"),
        (QWEN_EDIT, "qwen/qwen-image-edit", "qwen-image-edit"),
        (UPSCALE, "real-esrgan", "real-esrgan"),
        (TXT2IMG, "z-image", "z-image"),
        (ANY, "z-image-turbo", "z-image-turbo"),
    ],
)
async def test_the_vendor_serves_callers_with_its_token_and_a_space_the_rest(
    route: str, vendors: str, nobodys: str
) -> None:
    assert (await paid(route)).model == vendors
    relay = Relay()
    answer = await relay.answer(route, LEAST[route])
    assert (answer["model"], answer["provider"]) == (nobodys, "huggingface")
    assert relay.jobs[0].model == nobodys


async def test_flux_has_the_seeds_defaults() -> None:
    job = await paid(FLUX)
    assert str(job.size) == "1024x1024"
    assert (job.operation, job.prompt, job.images) == (Operation.GENERATE, "a cat", ())
    assert job.options == {"safety_tolerance": 2, "output_format": "png"}


async def test_gemini_has_the_seeds_defaults() -> None:
    job = await paid(GEMINI)
    assert (job.aspect_ratio, job.tier) == ("1:1", "1K")


@pytest.mark.parametrize("route", [GPT, GPT_EDIT])
async def test_gpt_image_has_the_seeds_defaults(route: str) -> None:
    job = await paid(route)
    assert str(job.size) == "1024x1024"
    assert job.options == {"quality": "auto"}


@pytest.mark.parametrize("route", [QWEN, QWEN_EDIT])
async def test_qwen_generates_a_square_of_about_1024_by_default(route: str) -> None:
    job = await paid(route)
    assert job.size.width == job.size.height
    assert 1024 <= job.size.width <= 1328


async def test_automatic1111_has_the_seeds_defaults() -> None:
    job = await free(TXT2IMG)
    assert (str(job.size), job.steps, job.guidance_scale) == ("512x512", 20, 7.0)
    assert job.negative_prompt is None


async def test_a_null_or_an_empty_text_is_as_good_as_an_absent_field() -> None:
    for nothing in (None, ""):
        fields = dict.fromkeys(
            ("width", "height", "seed", "safety_tolerance", "output_format", "input_image",
             "input_image_2", "model", "mode", "store_output", "response_format", "surprise"),
            nothing,
        )  # fmt: skip
        answer = await Relay().answer(FLUX, {"prompt": "a cat", **fields}, x_api_key=VENDORS)
        assert "ignored" not in answer
        assert await paid(FLUX, **{**fields, "seed": 1}) == await paid(FLUX, seed=1)


@pytest.mark.parametrize(
    ("route", "fields", "expected"),
    [
        (FLUX, {"width": 64, "height": 2048}, {"size": "64x2048"}),
        (FLUX, {"width": 1536}, {"size": "1536x1024"}),
        (FLUX, {"seed": 0}, {"seed": 0}),
        (FLUX, {"seed": MAX_SEED}, {"seed": MAX_SEED}),
        (FLUX_1, {"num_inference_steps": 4, "seed": 7}, {"seed": 7}),
        (GEMINI, {"aspect_ratio": "21:9", "image_size": "4K"}, {"aspect_ratio": "21:9", "tier": "4K"}),
        (GEMINI, {"image_size": "0.5K"}, {"aspect_ratio": "1:1", "tier": "1K"}),
        (GPT, {"size": "1536x1024"}, {"size": "1536x1024"}),
        (GPT, {"size": "1024x1536"}, {"size": "1024x1536"}),
        (GPT, {"size": "auto"}, {"size": "1024x1024", "size_requested": False}),
        (GPT_EDIT, {"size": "1024x1536"}, {"size": "1024x1536"}),
        (GPT_2, {"size": "2560x1440"}, {"size": "2560x1440"}),
        (QWEN, {"size": "1664x928"}, {"size": "1664x928"}),
        (QWEN, {"size": "1664*928", "seed": 3}, {"size": "1664x928", "seed": 3}),
        (QWEN_EDIT, {"size": "512x768"}, {"size": "512x768"}),
    ],
)  # fmt: skip
async def test_a_field_reaches_the_vendor(
    route: str, fields: dict[str, Any], expected: dict[str, Any]
) -> None:
    job = await paid(route, **fields)
    found = {name: getattr(job, name) for name in expected}
    assert {**found, "size": str(job.size)} == {"size": str(job.size), **expected}


@pytest.mark.parametrize("value", [0, 1, 5])
async def test_safety_tolerance_is_sent_to_a_model_that_supports_it(value: int) -> None:
    assert (await paid(FLUX, safety_tolerance=value)).options["safety_tolerance"] == value


async def test_the_laxest_tolerance_is_the_laxest_that_the_vendor_has() -> None:
    assert (await paid(FLUX, safety_tolerance=6)).options["safety_tolerance"] == 5


@pytest.mark.parametrize("quality", ["low", "medium", "high"])
async def test_quality_is_sent_to_a_model_that_supports_it(quality: str) -> None:
    assert (await paid(GPT, quality=quality)).options["quality"] == quality


@pytest.mark.parametrize("ratio", ["1:1", "2:3", "3:2", "3:4", "4:3", "4:5", "5:4", "9:16", "16:9", "21:9"])  # fmt: skip
@pytest.mark.parametrize("size", ["1K", "2K", "4K"])
async def test_every_ratio_and_class_of_the_seed_is_painted_with_a_token_and_without(
    ratio: str, size: str
) -> None:
    job = await paid(GEMINI, aspect_ratio=ratio, image_size=size)
    assert (job.aspect_ratio, job.tier) == (ratio, size)
    width, height = map(int, ratio.split(":"))
    unpaid = await free(GEMINI, aspect_ratio=ratio, image_size=size)
    assert unpaid.size.width / unpaid.size.height == pytest.approx(width / height, rel=0.1)


async def test_a_ratio_that_only_one_model_has_is_painted_by_that_model() -> None:
    name = "google/gemini-3.1-flash-image-preview"
    job = await paid(GEMINI, aspect_ratio="1:8", model=name)
    assert (job.model, job.aspect_ratio) == ("gemini/gemini-3.1-flash-image", "1:8")


async def test_txt2img_passes_every_parameter_to_the_job() -> None:
    fields = {"negative_prompt": "blurry", "steps": 30, "width": 640, "height": 768}
    job = await free(TXT2IMG, **fields, cfg_scale=3.5, seed=9)
    assert (job.negative_prompt, job.steps, str(job.size)) == ("blurry", 30, "640x768")
    assert (job.guidance_scale, job.seed) == (3.5, 9)


@pytest.mark.parametrize(
    ("route", "fields", "pixels"),
    [
        (FLUX, {"width": 1000, "height": 1000}, "992x992"),
        (FLUX, {"width": 70, "height": 64}, "64x64"),
        (FLUX, {"width": 4096, "height": 4096}, "2048x2048"),
        (QWEN, {"size": "1024x576"}, "1664x928"),
    ],
)
async def test_a_size_that_the_vendor_cannot_paint_becomes_one_that_it_can(
    route: str, fields: dict[str, Any], pixels: str
) -> None:
    assert str((await paid(route, **fields)).size) == pixels


async def test_values_out_of_a_free_models_range_become_the_nearest() -> None:
    assert str((await free(FLUX, width=64, height=64)).size) == "256x256"
    job = await free(TXT2IMG, width=64, height=128, steps=1000, cfg_scale=0.5)
    assert (str(job.size), job.steps, job.guidance_scale) == ("512x1024", 100, 1.5)


@pytest.mark.parametrize(
    ("requested", "painted"), [(MAX_SEED + 1, 0), (2**32 - 1, MAX_SEED), (10**20, 10**20 % 2**31)]
)
async def test_a_seed_above_the_maximum_wraps_around(requested: int, painted: int) -> None:
    assert (await paid(FLUX, seed=requested)).seed == painted


@pytest.mark.parametrize("seed", [-1, -5, None])
async def test_a_negative_seed_means_any(seed: int | None) -> None:
    relay = Relay(parts={"draw_seed": lambda: 77})
    assert (await relay.job(FLUX, {"prompt": "a cat", "seed": seed})).seed == 77


@pytest.mark.parametrize("n", [1, 4])
@pytest.mark.parametrize("route", [GPT, GPT_EDIT, GPT_2])
async def test_several_pictures_come_in_one_answer(route: str, n: int) -> None:
    relay = Relay(media=None)
    answer = await relay.answer(route, {**LEAST[route], "n": n})
    assert len(answer["images"]) == len(relay.jobs) == n
    assert len({job.seed for job in relay.jobs}) == n
    assert answer.get("seeds", [answer["seed"]]) == [42] * n


async def test_batches_of_automatic1111_are_multiplied() -> None:
    relay = Relay()
    answer = await relay.answer(TXT2IMG, {"prompt": "a cat", "batch_size": 2, "n_iter": 3})
    assert len(answer["images"]) == 6
    wrong = await complaint(TXT2IMG, batch_size=4, n_iter=4)
    assert wrong["loc"] == ["body", "batch_size"]
    assert str(MAX_PICTURES) in wrong["msg"]


async def test_txt2img_reads_the_fields_of_automatic1111s_own_clients() -> None:
    second_pass = {"enable_hr": True, "hr_scale": 2, "hr_upscaler": "Latent"}
    assert str((await free(TXT2IMG, width=512, height=640, **second_pass)).size) == "1024x1280"
    job = await free(TXT2IMG, styles=["Watercolour", "unknown"], negative_prompt="blurry")
    assert "a cat, watercolour" in job.prompt
    assert job.negative_prompt == "blurry, photograph, render"
    reported = await free(TXT2IMG, infotext="a dog\nSteps: 31, CFG scale: 4, Size: 576x576")
    assert (reported.prompt, reported.steps, reported.guidance_scale) == ("a cat", 31, 4.0)


async def test_txt2img_reports_ignored_fields_but_not_clients_default_values() -> None:
    always = {"sampler_name": "Euler a", "restore_faces": False, "subseed": -1, "tiling": False}
    assert "ignored" not in await Relay().answer(TXT2IMG, {"prompt": "a cat", **always})
    meant = {"sampler_name": "DPM++ 2M", "restore_faces": True, "subseed": 5}
    answer = await Relay().answer(TXT2IMG, {"prompt": "a cat", **meant})
    assert set(answer["ignored"]) == set(meant)


async def test_txt2img_reports_fields_that_only_affect_a_server() -> None:
    usual: dict[str, Any] = {"init_images": [], "mask": None, "send_images": True, "override_settings": {},
             "override_settings_restore_afterwards": True}  # fmt: skip
    assert "ignored" not in await Relay().answer(TXT2IMG, {"prompt": "a cat", **usual})
    lost = {"init_images": [SOURCE], "send_images": False, "mask": SOURCE,
            "override_settings": {"CLIP_stop_at_last_layers": 2, "samples_format": "jpg"},
            "override_settings_restore_afterwards": False}  # fmt: skip
    answer = await Relay().answer(TXT2IMG, {"prompt": "a cat", **lost})
    assert set(answer["ignored"]) == set(lost)


async def test_txt2img_takes_the_checkpoint_that_is_set_apart_before_the_model() -> None:
    checkpoint = {"sd_model_checkpoint": "z-image-turbo"}
    named = {"prompt": "a cat", "model": "flux-1-schnell", "override_settings": checkpoint}
    answer = await Relay().answer(TXT2IMG, named)
    assert answer["model"] == "z-image-turbo"
    assert "ignored" not in answer
    nothing = {**named, "override_settings": {"sd_model_checkpoint": ""}}
    assert (await Relay().answer(TXT2IMG, nothing))["model"] == "flux-1-schnell"
    wrong = await complaint(TXT2IMG, override_settings={"sd_model_checkpoint": 5})
    assert wrong["loc"] == ["body", "override_settings"]


@pytest.mark.parametrize(
    ("name", "model"),
    [
        ("Realistic_Vision_V5.1", "z-image"),
        ("realistic_vision_v5.1.ckpt", "z-image"),
        ("Realistic_Vision_V5.1.safetensors [15012c538f]", "z-image"),
        ("v1-5-pruned-emaonly", "flux-1-schnell"),
        ("v1-5-pruned-emaonly.safetensors [6ce0161689]", "flux-1-schnell"),
        ("z-image-turbo.safetensors", "z-image-turbo"),
        ("Qwen/qwen-image", "qwen-image"),
    ],
)
@pytest.mark.parametrize("apart", [True, False])
async def test_txt2img_knows_a_checkpoint_by_all_its_names(
    name: str, model: str, *, apart: bool
) -> None:
    named = {"override_settings": {"sd_model_checkpoint": name}} if apart else {"model": name}
    assert (await Relay().answer(TXT2IMG, {"prompt": "a cat", **named}))["model"] == model


async def test_the_operators_choice_holds_for_a_checkpoint_by_any_of_its_names() -> None:
    choice = {"Realistic_Vision_V5.1.safetensors": ("flux-1-schnell",)}
    relay = Relay(parts={"settings": Settings(relay_models=choice)})
    fields = {"prompt": "a cat", "model": "Realistic_Vision_V5.1 [15012c538f]"}
    assert (await relay.answer(TXT2IMG, fields))["model"] == "flux-1-schnell"


@pytest.mark.parametrize("route", [FLUX, GEMINI, QWEN, TXT2IMG])
async def test_prompts_have_no_limit_but_at_gpt_image(route: str) -> None:
    assert len((await free(route, prompt="a" * 33_000)).prompt) == 33_000


@pytest.mark.parametrize(
    ("route", "field", "value", "kind"),
    [
        (FLUX, "width", 63, "greater_than_equal"),
        (FLUX, "height", 63, "greater_than_equal"),
        (FLUX, "width", 0, "greater_than_equal"),
        (FLUX, "width", 4097, "less_than_equal"),
        (FLUX, "width", "wide", "int_parsing"),
        (FLUX, "width", 512.5, "int_from_float"),
        (FLUX, "seed", "lucky", "int_parsing"),
        (FLUX, "safety_tolerance", -1, "greater_than_equal"),
        (FLUX, "safety_tolerance", 7, "less_than_equal"),
        (FLUX, "output_format", "webp", "literal_error"),
        (FLUX, "prompt", 5, "string_type"),
        (FLUX, "prompt", "   ", "string_too_short"),
        (FLUX, "prompt", "", "missing"),
        (FLUX, "prompt", None, "missing"),
        (FLUX, "mode", "sideways", "literal_error"),
        (FLUX, "store_output", "forever", "literal_error"),
        (FLUX, "response_format", "hex", "literal_error"),
        (FLUX_1, "inputs", None, "missing"),
        (FLUX_1, "num_inference_steps", 0, "greater_than_equal"),
        (GEMINI, "aspect_ratio", "7:5", "literal_error"),
        (GEMINI, "aspect_ratio", "wide", "literal_error"),
        (GEMINI, "image_size", "8K", "literal_error"),
        (GEMINI, "image_size", "3k", "literal_error"),
        (GPT, "size", "512x512", "literal_error"),
        (GPT, "quality", "hd", "literal_error"),
        (GPT, "n", 0, "greater_than_equal"),
        (GPT, "n", 5, "less_than_equal"),
        (GPT, "output_compression", 101, "less_than_equal"),
        (GPT, "prompt", "a" * 32_001, "string_too_long"),
        (GPT_EDIT, "image", None, "missing"),
        (GPT_EDIT, "n", 5, "less_than_equal"),
        (GPT_EDIT, "size", "large", "size"),
        (GPT_EDIT, "image", "no picture", "invalid_image_file"),
        (GPT_EDIT, "image", 5, "invalid_value"),
        (GPT_EDIT, "mask", "no picture", "invalid_image_file"),
        (GPT_2, "quality", "best", "literal_error"),
        (QWEN, "size", "0x0", "size"),
        (QWEN, "size", 1024, "string_type"),
        (QWEN_EDIT, "image", "", "missing"),
        (TXT2IMG, "steps", 0, "greater_than_equal"),
        (TXT2IMG, "width", 0, "greater_than_equal"),
        (TXT2IMG, "cfg_scale", -1, "greater_than_equal"),
        (TXT2IMG, "batch_size", 5, "less_than_equal"),
        (TXT2IMG, "hr_scale", "big", "float_parsing"),
        (TXT2IMG, "steps", "many", "int_parsing"),
    ],
)
async def test_an_invalid_value_is_refused_by_its_field(
    route: str, field: str, value: object, kind: str
) -> None:
    wrong = await complaint(route, **{field: value})
    assert (wrong["loc"], wrong["type"]) == (["body", field], kind)


@pytest.mark.parametrize("length", [32_000, 50_000])
async def test_prompts_have_no_limit_of_their_own_but_at_gpt_image(length: int) -> None:
    assert len((await paid(QWEN, prompt="a" * length)).prompt) == length
    if length == 32_000:
        assert len((await paid(GPT, prompt="a" * length)).prompt) == length


async def test_all_that_is_wrong_is_reported_at_once() -> None:
    reply = await Relay().paint(FLUX, {"width": 1, "safety_tolerance": 9})
    body = await refusal_of(reply, 422)
    wrong = {entry["loc"][1]: entry["type"] for entry in body["detail"]}
    assert wrong == {
        "prompt": "missing",
        "width": "greater_than_equal",
        "safety_tolerance": "less_than_equal",
    }
    assert all(f"{field}: " in body["error"]["message"] for field in wrong)


@pytest.mark.parametrize("raw", [b"", b"{", b"[]", b'"a cat"', b"null"])
async def test_a_body_that_is_not_a_json_object_is_refused(raw: bytes) -> None:
    relay = Relay()
    body = await refusal_of(await relay.call("POST", f"/v2/{FLUX}", raw), 422)
    assert body["detail"][0]["loc"] == ["body"]


MARK = "zanzibar"


@pytest.mark.parametrize("route", LEAST)
@settings(max_examples=25, deadline=None)
@given(data=st.data())
async def test_a_value_is_never_echoed(route: str, data: st.DataObject) -> None:
    family = next(f for f in FAMILIES.by_id.values() if f.path == f"/v2/{route}")
    names = sorted(row.name for row in family.fields if row.name != "model")
    values = st.sampled_from([MARK, [MARK], {MARK: MARK}, [{MARK: 1}], f"{MARK}x{MARK}"])
    fields = data.draw(st.dictionaries(st.sampled_from(names), values, min_size=1, max_size=4))
    relay = Relay()
    reply = await relay.paint(route, {**LEAST[route], **fields})
    assert reply.status < 500
    if reply.status != 200:
        reported = await refusal_of(reply, 422)
        assert MARK not in str(reported)


@pytest.mark.parametrize("count", [1, 2, 4, 8])
async def test_flux_takes_its_pictures_in_their_order(count: int) -> None:
    pictures = [png(64 + index, 48) for index in range(count)]
    names = ["input_image", *(f"input_image_{index}" for index in range(2, 9))]
    fields = {name: base64_of(p) for name, p in zip(names, pictures, strict=False)}
    job = await paid(FLUX, **dict(reversed(fields.items())))
    assert job.operation is Operation.EDIT
    assert [await content_of(image) for image in job.images] == pictures


@pytest.mark.parametrize(
    ("route", "field"),
    [(FLUX, "input_image"), (GEMINI, "image"), (GEMINI, "images"), (GPT_EDIT, "image"),
     (GPT_2, "image"), (QWEN_EDIT, "image"), (ANY, "image")],
)  # fmt: skip
@pytest.mark.parametrize("value", [SOURCE, f"data:image/png;base64,{SOURCE}", ADDRESS])
async def test_a_picture_comes_as_base64_as_a_data_uri_or_by_its_address(
    route: str, field: str, value: str
) -> None:
    fields = {field: [value] if field == "images" else value}
    job = await free(route, **fields)
    assert (job.operation, job.model) == (Operation.EDIT, "qwen-image-edit")
    assert await content_of(job.images[0]) == png()


async def test_gemini_keeps_a_sources_aspect_ratio_unless_a_size_is_requested() -> None:
    wide = base64_of(png(1920, 1080))
    assert (await paid(GEMINI, image=wide)).aspect_ratio == "16:9"
    assert (await paid(GEMINI, image=wide, aspect_ratio="1:1")).aspect_ratio == "1:1"
    job = await paid(GEMINI, image=wide, image_size="2K")
    assert (job.aspect_ratio, job.tier) == ("16:9", "2K")


async def test_gemini_takes_fourteen_pictures_and_no_more() -> None:
    assert len((await paid(GEMINI, images=[SOURCE] * 14)).images) == 14
    wrong = await complaint(GEMINI, images=[SOURCE] * 15)
    assert (wrong["loc"], wrong["type"]) == (["body", "images"], "too_long")


async def test_gemini_takes_one_picture_or_several_and_not_both() -> None:
    wrong = await complaint(GEMINI, image=SOURCE, images=[SOURCE])
    assert (wrong["loc"], wrong["type"]) == (["body", "images"], "extra_forbidden")


async def test_gpt_image_2_edits_one_picture_or_several() -> None:
    assert len((await paid(GPT_2, image=SOURCE)).images) == 1
    assert len((await paid(GPT_2, image=[SOURCE, SOURCE])).images) == 2


async def test_an_upscaler_takes_one_of_its_two_fields() -> None:
    relay = Relay()
    for fields in ({"image_b64": SOURCE}, {"image_url": ADDRESS}):
        job = await relay.job(UPSCALE, {**fields, "output_format": "jpg"})
        assert (job.operation, str(job.size)) == (Operation.UPSCALE, "256x192")
    neither = await refusal_of(await relay.paint(UPSCALE, {}), 422)
    assert neither["detail"][0]["loc"] == ["body", "image_url"]
    both = await complaint(UPSCALE, image_url=ADDRESS)
    assert both["loc"] == ["body", "image_b64"]


@pytest.mark.parametrize(
    "mask", [png(64, 48, "L", 255), png(64, 48, "RGBA", (0, 0, 0, 0))], ids=["white", "clear"]
)
async def test_a_mask_goes_along_in_either_language(mask: bytes) -> None:
    job = await paid(GPT_EDIT, mask=base64_of(mask))
    assert job.mask is not None
    assert await content_of(job.mask.file) == mask


async def test_a_mask_of_another_size_is_refused() -> None:
    relay = Relay()
    body = {**LEAST[GPT_EDIT], "mask": base64_of(png(9, 9, "L"))}
    refused = await refusal_of(await relay.paint(GPT_EDIT, body, x_api_key=VENDORS), 422)
    assert refused["detail"][0]["loc"] == ["body", "mask"]
    assert not relay.jobs


async def test_a_mask_that_no_free_model_takes_needs_the_vendors_token() -> None:
    body = {**LEAST[GPT_EDIT], "mask": base64_of(png(64, 48, "L"))}
    refused = await refusal_of(await Relay().paint(GPT_EDIT, body), 401)
    assert refused["error"]["code"] == "MISSING_CREDENTIALS"
    assert "OpenAI" in refused["error"]["message"]


async def test_a_body_of_more_than_a_quarter_megabyte_is_read_all_the_same() -> None:
    large = base64_of(png(64, 48) + bytes(400_000))
    prompt = "a cat " * 12_000
    job = await paid(QWEN_EDIT, image=large, prompt=prompt)
    assert job.prompt == prompt.strip()
    assert await content_of(job.images[0]) == base64.b64decode(large)
