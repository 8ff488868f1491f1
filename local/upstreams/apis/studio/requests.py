"""The bodies of the routes; unknown fields are ignored, and no number has a range (§0)."""

from pydantic import BaseModel

from .formatting import Conversation
from .templates import TEMPLATES


class Encode(BaseModel):
    """What is made into one prompt for the text encoder (§1.2)."""

    prompt: str
    system_prompt: str | None = None
    thinking_content: str | None = None
    assistant_content: str | None = None
    force_think_block: bool = False
    strip_quotes: bool = False
    template: str | None = None

    def format(self) -> str:
        """The prompt in the model's chat format, with the template merged in (§2)."""
        template = TEMPLATES.get(self.template or "")
        system, thinking = self.system_prompt, self.thinking_content
        assistant, force = self.assistant_content, self.force_think_block
        if template:
            system = template.system_prompt if system is None else system
            thinking = template.thinking_content or None if thinking is None else thinking
            assistant = template.assistant_content or None if assistant is None else assistant
            force = template.add_think_block
        conversation = Conversation(self.prompt, system or "", thinking or "", assistant or "")
        return conversation.format(force_think_block=force, strip_quotes=self.strip_quotes)


class DyPE(BaseModel):
    """Sizes beyond those of the training, in one pass or several."""

    enabled: bool = False
    method: str = "vision_yarn"
    multipass: str = "twopass"
    dype_scale: float = 2.0
    dype_exponent: float = 2.0
    base_shift: float = 0.5
    max_shift: float = 1.15
    pass2_strength: float = 0.5


class Generate(Encode):
    """A picture (§1.1)."""

    width: int = 1024
    height: int = 1024
    steps: int = 9
    seed: int | None = None
    guidance_scale: float = 0.0
    cfg_normalization: float = 0.0
    cfg_truncation: float = 1.0
    shift: float = 3.0
    long_prompt_mode: str = "interpolate"
    hidden_layer: int = -2
    slg_scale: float | None = None
    slg_layers: list[int] | None = None
    slg_start: float | None = None
    slg_stop: float | None = None
    fmtt_scale: float | None = None
    fmtt_start: float | None = None
    fmtt_stop: float | None = None
    fmtt_normalize: str | None = None
    fmtt_decode_scale: float | None = None
    fmtt_siglip_model: str | None = None
    fmtt_siglip_device: str | None = None
    dype: DyPE | None = None

    @property
    def is_multipass(self) -> bool:
        """Whether it is painted small first; then its size need not be a multiple."""
        return self.dype is not None and self.dype.enabled and self.dype.multipass != "single"


class Rewrite(BaseModel):
    """A prompt for the text model (§5)."""

    prompt: str | None = None
    rewriter: str | None = None
    custom_system_prompt: str | None = None
    max_tokens: int | None = None
    temperature: float | None = None
    top_p: float | None = None
    top_k: int | None = None
    min_p: float | None = None
    presence_penalty: float | None = None
    model: str = "qwen3-4b"
    image: str | None = None


class Extract(BaseModel):
    """A picture to be embedded (§7)."""

    image: str
    text: str | None = None
    hidden_layer: int = -2
    image_tokens_only: bool = False
    scale_to_text: bool = True


class VisionGenerate(Encode):
    """A picture that is conditioned on another (§7)."""

    vl_image: str | None = None
    vl_embeddings_id: str | None = None
    vl_alpha: float = 0.3
    vl_hidden_layer: int = -2
    vl_image_tokens_only: bool = False
    vl_text: str | None = None
    vl_blend_mode: str = "linear"
    width: int = 1024
    height: int = 1024
    steps: int = 9
    seed: int | None = None
    guidance_scale: float = 0.0
    shift: float = 3.0
    long_prompt_mode: str = "interpolate"
    hidden_layer: int = -2
