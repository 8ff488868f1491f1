"""The response of `txt2img` and `img2img`: images, parameters and `info` (B5)."""

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime

from darkroom import VERSION
from darkroom.dialects.a1111.checkpoints import Checkpoint
from darkroom.dialects.a1111.generate_body import Kind, ParsedBody
from darkroom.dialects.a1111.infotext import write_infotext
from darkroom.dialects.a1111.png_text import with_text
from darkroom.generation.ignored_fields import adjusted_header, ignored_header
from darkroom.generation.output import Completed
from darkroom.generation.run import Generation, GenerationResult
from darkroom.json_writer import TextBlob

# What a request means that leaves it out, and whose model has no such thing.
SERVERS_STEPS, SERVERS_CFG_SCALE = 50, 7.0


@dataclass(frozen=True, slots=True)
class RenderedRequest:
    """The request as its response repeats it, with styles and samplers looked up."""

    read: ParsedBody
    negative_prompt: str
    sampler: str
    scheduler: str
    with_infotext: bool


@dataclass(frozen=True, slots=True)
class GenerateResponse:
    """The parts of an answer; `images` are base64 without a prefix, `info` is not a text yet."""

    images: Sequence[str | TextBlob]
    info: Mapping[str, object]
    parameters: Mapping[str, object]
    headers: Mapping[str, str]

    @property
    def body(self) -> Mapping[str, object]:
        """The object that clients read."""
        info = json.dumps(self.info)
        return {"images": list(self.images), "parameters": self.parameters, "info": info}


async def generate_response(
    requested: RenderedRequest, generation: Generation, result: GenerationResult
) -> GenerateResponse:
    """Put the answer together."""
    facts = _Facts(requested, generation, result)
    infotexts = [facts.infotext(item) for item in result.done]
    images: list[str | TextBlob] = []
    for item, text in zip(result.done, infotexts, strict=True):
        value = item.picture.text
        if requested.with_infotext and isinstance(value, TextBlob):
            value = with_text(value, "parameters", text)
        images.append(value)
    return GenerateResponse(
        images=images if requested.read.body.send_images else [],
        info={**facts.info(), "infotexts": infotexts, **facts.remarks()},
        parameters=facts.parameters(),
        headers={
            **result.timing.headers(),
            **ignored_header(facts.ignored),
            **adjusted_header(facts.adjusted()),
        },
    )


def timestamp(moment: float) -> str:
    """A moment, in seconds since 1970, as the server writes it."""
    return datetime.fromtimestamp(moment, UTC).strftime("%Y%m%d%H%M%S")


class _Facts:
    """The facts of the finished images; the first of them stands for all."""

    def __init__(
        self, requested: RenderedRequest, generation: Generation, result: GenerationResult
    ) -> None:
        self._requested, self._generation, self._result = requested, generation, result
        self._body = requested.read.body
        self._first = result.done[0]
        self._job = self._first.served.job
        self._point = Checkpoint(self._first.served.model.id)
        steps = self._job.steps if self._job.steps is not None else self._body.steps
        scale = self._job.guidance_scale
        scale = scale if scale is not None else self._body.cfg_scale
        self._steps = SERVERS_STEPS if steps is None else steps
        self._cfg_scale = SERVERS_CFG_SCALE if scale is None else scale
        self._seeds = {
            index: generation.image_request.seeds[index] if item.seed is None else item.seed
            for index, item in sorted(result.completed.items())
        }

    @property
    def ignored(self) -> Sequence[str]:
        """The fields without effect."""
        return self._generation.image_request.ignored_by(self._first.served, self._first.missed)

    def info(self) -> dict[str, object]:
        """The object that `info` holds on a real server, but for `infotexts`."""
        body, count = self._body, len(self._seeds)
        seeds = list(self._seeds.values())
        width, height = _size_of(self._first)
        subseed = body.subseed if body.subseed >= 0 else seeds[0]
        negative_prompt = self._requested.negative_prompt
        return {
            "prompt": self._job.prompt,
            "all_prompts": [self._job.prompt] * count,
            "negative_prompt": negative_prompt,
            "all_negative_prompts": [negative_prompt] * count,
            "seed": seeds[0],
            "all_seeds": seeds,
            "subseed": subseed,
            "all_subseeds": [subseed + index for index in range(count)],
            "subseed_strength": 0,
            "width": width,
            "height": height,
            "sampler_name": self._requested.sampler,
            "cfg_scale": self._cfg_scale,
            "steps": self._steps,
            "batch_size": body.batch_size,
            "restore_faces": False,
            "face_restoration_model": None,
            "sd_model_name": self._point.id,
            "sd_model_hash": self._point.short_hash,
            "sd_vae_name": None,
            "sd_vae_hash": None,
            "seed_resize_from_w": -1,
            "seed_resize_from_h": -1,
            "denoising_strength": self._job.strength,
            "extra_generation_params": {"Schedule type": self._requested.scheduler},
            "index_of_first_image": 0,
            "styles": body.styles,
            "job_timestamp": timestamp(self._result.timing.clock.time()),
            "clip_skip": 1,
            "is_using_inpainting_conditioning": False,
            "version": f"Darkroom {VERSION}",
        }

    def infotext(self, item: Completed) -> str:
        """The text that the server writes into a picture."""
        index = next(i for i, other in self._result.completed.items() if other is item)
        facts = {
            "Steps": self._steps,
            "Sampler": self._requested.sampler,
            "Schedule type": self._requested.scheduler,
            "CFG scale": self._cfg_scale,
            "Seed": self._seeds[index],
            "Size": "x".join(map(str, _size_of(item))),
            "Model hash": Checkpoint(item.served.model.id).short_hash,
            "Model": item.served.model.id,
            "Denoising strength": item.served.job.strength,
            "Version": f"Darkroom {VERSION}",
        }
        return write_infotext(item.served.job.prompt, self._requested.negative_prompt, facts)

    def remarks(self) -> dict[str, object]:
        """Fields that a real server does not have."""
        remarks: dict[str, object] = {"provider": self._first.provider}
        remarks |= self._result.remarks(self._generation)
        remarks.pop("adjusted", None)
        if adjusted := self.adjusted():
            remarks["adjusted"] = adjusted
        if any(item.revised_prompt for item in self._result.done):
            remarks["revised_prompts"] = [item.revised_prompt for item in self._result.done]
        if failures := self._result.failures:
            remarks["errors"] = [
                {"image_index": index, "error": type(failure).__name__, "detail": failure.message}
                for index, failure in sorted(failures.items())
            ]
        return remarks

    def parameters(self) -> dict[str, object]:
        """The request, with what it left open."""
        width, height = _size_of(self._first)
        settled = {"steps": self._steps, "cfg_scale": self._cfg_scale}
        echo = {
            **self._body.model_dump(),
            **settled,
            "width": width,
            "height": height,
            **self._requested.read.fields,
        }
        if self._requested.read.kind is Kind.IMG2IMG and not self._body.include_init_images:
            echo |= {"init_images": None, "mask": None}
        return echo

    def adjusted(self) -> dict[str, object]:
        """The fields whose value a model could not take, with those that it did."""
        body, job = self._body, self._job
        width, height = _size_of(self._first)
        requested_width, requested_height = body.size or (None, None)
        pairs = {
            "steps": (body.steps, job.steps),
            "cfg_scale": (body.cfg_scale, job.guidance_scale),
            "denoising_strength": (body.denoising_strength, job.strength),
            "width": (requested_width, width),
            "height": (requested_height, height),
            "seed": (
                body.seed if body.seed >= 0 else None,
                self._generation.image_request.seeds[0],
            ),
        }
        mask = self._first.served.adjusted.get("mask")
        return {
            name: used
            for name, (requested, used) in pairs.items()
            if requested is not None and used is not None and requested != used
        } | ({"mask": mask} if mask else {})


def _size_of(item: Completed) -> tuple[int, int]:
    size = item.served.job.size
    if item.picture.size:
        width, height = item.picture.size.split("x")
        return int(width), int(height)
    return size.width, size.height
