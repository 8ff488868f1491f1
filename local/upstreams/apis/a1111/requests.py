"""The bodies of the routes that work; unknown fields are ignored (wire-formats B5)."""

from typing import Any

from pydantic import BaseModel, Field

SIDE_STEP_PX = 8


class Generation(BaseModel):
    """What text and pictures have in common as a start."""

    prompt: str = ""
    negative_prompt: str = ""
    styles: list[str] | None = None
    seed: int = -1
    subseed: int = -1
    subseed_strength: float = 0
    seed_resize_from_h: int = -1
    seed_resize_from_w: int = -1
    sampler_name: str | None = None
    sampler_index: str = "Euler"
    scheduler: str | None = None
    batch_size: int = Field(1, ge=1, le=64)
    n_iter: int = Field(1, ge=1, le=64)
    steps: int = 50
    cfg_scale: float = 7.0
    width: int = 512
    height: int = 512
    restore_faces: bool | None = None
    tiling: bool | None = None
    do_not_save_samples: bool = False
    do_not_save_grid: bool = False
    eta: float | None = None
    s_min_uncond: float | None = None
    s_churn: float | None = None
    s_tmax: float | None = None
    s_tmin: float | None = None
    s_noise: float | None = None
    override_settings: dict[str, Any] | None = None
    override_settings_restore_afterwards: bool = True
    refiner_checkpoint: str | None = None
    refiner_switch_at: float | None = None
    disable_extra_networks: bool = False
    comments: dict[str, Any] | None = None
    script_name: str | None = None
    script_args: list[Any] = []
    alwayson_scripts: dict[str, Any] = {}
    send_images: bool = True
    save_images: bool = False
    force_task_id: str | None = None
    infotext: str | None = None

    def size(self) -> tuple[int, int]:
        """Width and height of the pictures: eight pixels are one of the latent space."""
        return floor(self.width), floor(self.height)


class Txt2Img(Generation):
    """`txt2img`"""

    denoising_strength: float | None = None
    enable_hr: bool = False
    firstphase_width: int = 0
    firstphase_height: int = 0
    hr_scale: float = Field(2.0, gt=0, le=4)
    hr_upscaler: str | None = None
    hr_second_pass_steps: int = 0
    hr_resize_x: int = 0
    hr_resize_y: int = 0
    hr_checkpoint_name: str | None = None
    hr_sampler_name: str | None = None
    hr_scheduler: str | None = None
    hr_prompt: str = ""
    hr_negative_prompt: str = ""

    def size(self) -> tuple[int, int]:
        """With the high-resolution pass, of the larger picture."""
        width, height = self.width * 1.0, self.height * 1.0
        if self.enable_hr:
            width = self.hr_resize_x or width * self.hr_scale
            height = self.hr_resize_y or height * self.hr_scale
        return floor(width), floor(height)


class Img2Img(Generation):
    """`img2img`"""

    init_images: list[str] | None = None
    mask: str | None = None
    mask_blur: int | None = None
    mask_blur_x: int = 4
    mask_blur_y: int = 4
    resize_mode: int = 0
    denoising_strength: float = 0.75
    image_cfg_scale: float | None = None
    inpainting_fill: int = 0
    inpaint_full_res: bool = True
    inpaint_full_res_padding: int = 0
    inpainting_mask_invert: int = 0
    initial_noise_multiplier: float | None = None
    include_init_images: bool = False


class Upscale(BaseModel):
    """`extra-single-image` and `extra-batch-images`"""

    resize_mode: int = Field(0, ge=0, le=1)
    show_extras_results: bool = True
    gfpgan_visibility: float = Field(0, ge=0, le=1)
    codeformer_visibility: float = Field(0, ge=0, le=1)
    codeformer_weight: float = Field(0, ge=0, le=1)
    upscaling_resize: float = Field(2, ge=1, le=8)
    upscaling_resize_w: int = Field(512, ge=1, le=4096)
    upscaling_resize_h: int = Field(512, ge=1, le=4096)
    upscaling_crop: bool = True
    upscaler_1: str = "None"
    upscaler_2: str = "None"
    extras_upscaler_2_visibility: float = Field(0, ge=0, le=1)
    upscale_first: bool = False


class UpscaleOne(Upscale):
    """One picture, as base64."""

    image: str = ""


class NamedImage(BaseModel):
    """A picture of a batch."""

    data: str
    name: str


class UpscaleBatch(Upscale):
    """Several pictures."""

    imageList: list[NamedImage]


class Interrogation(BaseModel):
    """`interrogate`"""

    image: str = ""
    model: str = "clip"


class PngInfo(BaseModel):
    """`png-info`"""

    image: str


def floor(side: float) -> int:
    """The multiple of eight pixels that is not larger, at least one."""
    return max(SIDE_STEP_PX, int(side) // SIDE_STEP_PX * SIDE_STEP_PX)
