"""What generation answers: pictures, the request again, and a text of JSON about it."""

import json
import time
from dataclasses import dataclass
from typing import Any

from ..image_request import ImageRequest, to_base64
from .catalog import VERSION, Checkpoint
from .requests import Generation


@dataclass(frozen=True, slots=True)
class Settled:
    """A request whose open points are settled."""

    request: Generation
    image_request: ImageRequest
    checkpoint: Checkpoint
    sampler: str
    scheduler: str

    def reply(self, pictures: list[bytes]) -> dict[str, Any]:
        """The answer to the request."""
        sent = pictures if self.request.send_images else []
        return {
            "images": [to_base64(picture) for picture in sent],
            "parameters": self.request.model_dump() | {"init_images": None, "mask": None},
            "info": json.dumps(self.info(len(pictures))),
        }

    def info(self, count: int) -> dict[str, Any]:
        """What becomes the text."""
        request, image_request, count = self.request, self.image_request, max(1, count)
        seeds = [image_request.seed + index for index in range(count)]
        subseed = request.subseed if request.subseed >= 0 else image_request.seed
        return {
            "prompt": request.prompt,
            "all_prompts": [request.prompt] * count,
            "negative_prompt": request.negative_prompt,
            "all_negative_prompts": [request.negative_prompt] * count,
            "seed": seeds[0],
            "all_seeds": seeds,
            "subseed": subseed,
            "all_subseeds": [subseed + index for index in range(count)],
            "subseed_strength": request.subseed_strength,
            "width": image_request.width,
            "height": image_request.height,
            "sampler_name": self.sampler,
            "cfg_scale": request.cfg_scale,
            "steps": request.steps,
            "batch_size": request.batch_size,
            "restore_faces": bool(request.restore_faces),
            "face_restoration_model": None,
            "sd_model_name": self.checkpoint.model_name,
            "sd_model_hash": self.checkpoint.short_hash,
            "sd_vae_name": None,
            "sd_vae_hash": None,
            "seed_resize_from_w": request.seed_resize_from_w,
            "seed_resize_from_h": request.seed_resize_from_h,
            "denoising_strength": getattr(request, "denoising_strength", None),
            "extra_generation_params": {"Schedule type": self.scheduler},
            "index_of_first_image": 0,
            "infotexts": [self.infotext(seed) for seed in seeds],
            "styles": request.styles or [],
            "job_timestamp": time.strftime("%Y%m%d%H%M%S"),
            "clip_skip": 1,
            "is_using_inpainting_conditioning": False,
            "version": VERSION,
        }

    def infotext(self, seed: int) -> str:
        """What the web UI writes into its files."""
        request, image_request = self.request, self.image_request
        facts = {
            "Steps": request.steps,
            "Sampler": self.sampler,
            "Schedule type": self.scheduler,
            "CFG scale": request.cfg_scale,
            "Seed": seed,
            "Size": image_request.size,
            "Model hash": self.checkpoint.short_hash,
            "Model": self.checkpoint.model_name,
            "Version": VERSION,
        }
        listed = ", ".join(f"{name}: {value}" for name, value in facts.items())
        lines = [request.prompt]
        if request.negative_prompt:
            lines.append(f"Negative prompt: {request.negative_prompt}")
        return "\n".join([*lines, listed])
