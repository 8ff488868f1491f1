"""The documented inputs of the models, each without room for other fields."""

from typing import Any

Schema = dict[str, Any]

TEXT: Schema = {"type": "string", "minLength": 1, "maxLength": 2048}
BYTES: Schema = {"type": "array", "items": {"type": "integer", "minimum": 0, "maximum": 255}}
SEED: Schema = {"type": "integer", "minimum": 0}
ANY_TEXT: Schema = {"type": "string"}


def whole(low: int, high: int) -> Schema:
    """A whole number."""
    return {"type": "integer", "minimum": low, "maximum": high}


def number(low: float, high: float) -> Schema:
    """A number."""
    return {"type": "number", "minimum": low, "maximum": high}


def closed(required: tuple[str, ...] = ("prompt",), **fields: Schema) -> Schema:
    """An object of these fields and of no others."""
    properties = {"prompt": TEXT, **fields}
    return {
        "type": "object",
        "properties": properties,
        "required": list(required),
        "additionalProperties": False,
    }


def flux_2(**more: Schema) -> Schema:
    """A form's fields, its files apart."""
    sides = {"width": whole(256, 1920), "height": whole(256, 1920)}
    return closed(("prompt",), **sides, seed=SEED, **more)


DIFFUSION = closed(
    negative_prompt=ANY_TEXT,
    width=whole(256, 2048),
    height=whole(256, 2048),
    num_steps=whole(1, 20),
    guidance=number(0, 100),
    seed=SEED,
    strength=number(0, 1),
    image=BYTES,
    image_b64=ANY_TEXT,
    mask=BYTES,
)
FORMS = {
    "@cf/black-forest-labs/flux-2-dev": flux_2(steps=whole(1, 50), guidance=number(0, 100)),
    "@cf/black-forest-labs/flux-2-klein-4b": flux_2(),
    "@cf/black-forest-labs/flux-2-klein-9b": flux_2(),
}
HOSTED = {
    **FORMS,
    "@cf/black-forest-labs/flux-1-schnell": closed(steps=whole(1, 8)),
    "@cf/leonardo/lucid-origin": closed(
        guidance=number(0, 10),
        seed=SEED,
        width=whole(0, 2500),
        height=whole(0, 2500),
        num_steps=whole(1, 40),
        steps=whole(1, 40),
    ),
    "@cf/leonardo/phoenix-1.0": closed(
        guidance=number(2, 10),
        negative_prompt=ANY_TEXT,
        seed=SEED,
        width=whole(0, 2048),
        height=whole(0, 2048),
        num_steps=whole(1, 50),
    ),
    "@cf/stabilityai/stable-diffusion-xl-base-1.0": DIFFUSION,
    "@cf/bytedance/stable-diffusion-xl-lightning": DIFFUSION,
    "@cf/lykon/dreamshaper-8-lcm": DIFFUSION,
    "@cf/runwayml/stable-diffusion-v1-5-img2img": DIFFUSION,
    "@cf/runwayml/stable-diffusion-v1-5-inpainting": DIFFUSION,
}
# Those that answer with the file itself, and its format.
BINARY = {
    "@cf/leonardo/phoenix-1.0": "jpeg",
    **{model: "png" for model, schema in HOSTED.items() if schema is DIFFUSION},
}
UNIFIED = {
    "cloudflare/image": closed(
        width=whole(1, 4096),
        height=whole(1, 4096),
        quality={"enum": ["draft", "standard", "high"]},
    ),
    "cloudflare/image-edit": closed(("prompt", "image"), image=ANY_TEXT),
    "bytedance/seedream-4.5": closed(
        aspect_ratio=ANY_TEXT,
        size={"enum": ["2K", "4K"]},
        image_input={"type": "array", "items": ANY_TEXT},
        max_images=whole(1, 15),
        sequential_image_generation={"enum": ["disabled", "auto"]},
    ),
}
# What all others of the unified catalog are known to take.
COMMON = closed()
ENVELOPE: Schema = {
    "type": "object",
    "properties": {
        "model": {"type": "string", "pattern": "^[^/]+/[^/]+$"},
        "input": {"type": "object"},
        "options": {"type": "object"},
    },
    "required": ["model", "input"],
    "additionalProperties": False,
}
OPTIONS: Schema = {
    "type": "object",
    "properties": {"rejectIfBusy": {"type": "boolean"}},
    "additionalProperties": False,
}
