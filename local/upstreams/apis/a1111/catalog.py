"""What is installed: checkpoints, samplers and all that the API lists (wire-formats B5)."""

from dataclasses import dataclass
from typing import Any

VERSION = "v1.10.1"
FOLDER = "/home/user/stable-diffusion-webui"


@dataclass(frozen=True, slots=True)
class Checkpoint:
    """A model that can be loaded, by any of its names."""

    model_name: str
    sha256: str

    @property
    def short_hash(self) -> str:
        """The first ten digits, as all lists show it."""
        return self.sha256[:10]

    @property
    def file(self) -> str:
        """The name of the file."""
        return f"{self.model_name}.safetensors"

    @property
    def title(self) -> str:
        """`v1-5.safetensors [6ce0161689]`"""
        return f"{self.file} [{self.short_hash}]"

    @property
    def names(self) -> tuple[str, ...]:
        """What one may call it."""
        return (self.title, self.file, self.model_name, self.short_hash, self.sha256)

    def describe(self) -> dict[str, Any]:
        """The item in the list of checkpoints."""
        return {
            "title": self.title,
            "model_name": self.model_name,
            "hash": self.short_hash,
            "sha256": self.sha256,
            "filename": f"{FOLDER}/models/Stable-diffusion/{self.file}",
            "config": None,
        }


CHECKPOINTS = (
    Checkpoint(
        "v1-5-pruned-emaonly",
        "6ce0161689b3853acaa03779ec93eafe75a02f4ced659bee03f50797806fa2fa",
    ),
    Checkpoint(
        "sd_xl_base_1.0",
        "31e35c80fc4829d14f90153f4c74cd59c90b779f6afe05a74cd6120b893f7e5b",
    ),
    Checkpoint(
        "dreamshaper_8",
        "879db523c30d3b9017143d56705015e15a2cb5628762c11d086fed9538abd7fd",
    ),
    # Those of seeds/relay-image-generation.md.
    Checkpoint(
        "Realistic_Vision_V5.1",
        "ded33f2d798bdfb534a3cb8de3b83acba33dc0cce50be40322f67a724be0d7db",
    ),
    Checkpoint(
        "illustriousRealismBy_v10VAE",
        "11d0dca79cabadaae0c1361f3254354477d9bd504a6fc2e08e75af0b48d6cac8",
    ),
    Checkpoint(
        "stable-diffusion-v1-5-pruned",
        "e4216dcc3e5678a1eee799516a6ef026257c4c563d391bd348c5cfa5ffff99b2",
    ),
)

SAMPLERS: dict[str, list[str]] = {
    "DPM++ 2M": ["k_dpmpp_2m"],
    "DPM++ SDE": ["k_dpmpp_sde"],
    "DPM++ 2M SDE": ["k_dpmpp_2m_sde"],
    "Euler a": ["k_euler_a", "k_euler_ancestral"],
    "Euler": ["k_euler"],
    "LMS": ["k_lms"],
    "Heun": ["k_heun"],
    "DPM2": ["k_dpm_2"],
    "DDIM": ["ddim"],
    "PLMS": ["plms"],
    "UniPC": ["unipc"],
    "LCM": ["k_lcm"],
}
SCHEDULERS: dict[str, str] = {
    "automatic": "Automatic",
    "uniform": "Uniform",
    "karras": "Karras",
    "exponential": "Exponential",
    "sgm_uniform": "SGM Uniform",
    "simple": "Simple",
}
UPSCALERS = ("None", "Lanczos", "Nearest", "ESRGAN_4x", "R-ESRGAN 4x+")
UPSCALE_MODES = ("Latent", "Latent (antialiased)", "Latent (bicubic)", "Latent (nearest)")
SCRIPTS = {
    "txt2img": ["prompt matrix", "prompts from file or textbox", "x/y/z plot", "refiner", "seed"],
    "img2img": ["loopback", "outpainting mk2", "sd upscale", "x/y/z plot", "refiner", "seed"],
}
LORAS = [
    {
        "name": "detail_tweaker",
        "alias": "detail_tweaker",
        "path": f"{FOLDER}/models/Lora/detail_tweaker.safetensors",
        "metadata": {},
    }
]
FACE_RESTORERS = [
    {"name": "CodeFormer", "cmd_dir": f"{FOLDER}/models/Codeformer"},
    {"name": "GFPGAN", "cmd_dir": None},
]
STYLES = [{"name": "film", "prompt": "{prompt}, 35 mm film", "negative_prompt": "render"}]
MEMORY = {
    "ram": {"free": 21474836480, "used": 12884901888, "total": 34359738368},
    "cuda": {"system": {"free": 18253611008, "used": 7381975040, "total": 25635586048}},
}
CMD_FLAGS = {"api": True, "api_auth": None, "nowebui": True, "listen": False, "port": 7860}
OPTIONS: dict[str, Any] = {
    "sd_model_checkpoint": CHECKPOINTS[0].title,
    "sd_checkpoint_hash": CHECKPOINTS[0].sha256,
    "sd_vae": "Automatic",
    "samples_format": "png",
    "CLIP_stop_at_last_layers": 1.0,
    "show_progress_every_n_steps": 10.0,
    "return_grid": True,
    "face_restoration_model": "CodeFormer",
}


def find_checkpoint(name: object) -> Checkpoint | None:
    """The checkpoint that has this among its names."""
    return next((point for point in CHECKPOINTS if name in point.names), None)


def find_sampler(name: str, scheduler: str | None) -> tuple[str, str] | None:
    """The sampler and the scheduler by their own names.

    Before samplers and schedulers were told apart, `DPM++ 2M Karras` was one name.
    """
    labels = {label.lower(): label for label in SCHEDULERS.values()} | SCHEDULERS
    label = labels.get((scheduler or "").lower(), "Automatic")
    for known in SCHEDULERS.values():
        if name.endswith(f" {known}"):
            name, label = name.removesuffix(f" {known}"), known
    for sampler, aliases in SAMPLERS.items():
        if name.lower() in (sampler.lower(), *aliases):
            return sampler, label
    return None


def list_samplers() -> list[dict[str, Any]]:
    """The items of `samplers`."""
    return [{"name": name, "aliases": aliases, "options": {}} for name, aliases in SAMPLERS.items()]


def list_schedulers() -> list[dict[str, Any]]:
    """The items of `schedulers`."""
    rest = {"aliases": None, "default_rho": -1.0, "need_inner_model": False}
    return [{"name": name, "label": label, **rest} for name, label in SCHEDULERS.items()]


def list_upscalers() -> list[dict[str, Any]]:
    """The items of `upscalers`."""
    rest = {"model_name": None, "model_path": None, "model_url": None, "scale": 4.0}
    return [{"name": name, **rest} for name in UPSCALERS]


LISTS: dict[str, Any] = {
    "sd-models": [checkpoint.describe() for checkpoint in CHECKPOINTS],
    "samplers": list_samplers(),
    "schedulers": list_schedulers(),
    "scripts": SCRIPTS,
    "sd-vae": [{"model_name": "vae-ft-mse.safetensors", "filename": f"{FOLDER}/models/VAE"}],
    "upscalers": list_upscalers(),
    "latent-upscale-modes": [{"name": name} for name in UPSCALE_MODES],
    "loras": LORAS,
    "hypernetworks": [],
    "face-restorers": FACE_RESTORERS,
    "realesrgan-models": [{"name": "R-ESRGAN 4x+", "path": None, "scale": 4}],
    "prompt-styles": STYLES,
    "embeddings": {"loaded": {}, "skipped": {}},
    "memory": MEMORY,
    "cmd-flags": CMD_FLAGS,
}
