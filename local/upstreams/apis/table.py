"""The stand-ins, in the order of their ports."""

from collections.abc import Callable

from starlette.types import ASGIApp

from . import (
    a4f,
    a1111,
    bfl,
    cloudflare,
    deepseek,
    gemini,
    gitee,
    hf_inference,
    hidden_states,
    modelscope,
    openai,
    pollinations,
    qwen,
    siliconflow,
    studio,
)
from .shared_state import Studio

Builder = Callable[[Studio], ASGIApp]

PROVIDERS: dict[str, Builder] = {
    "gitee": gitee.build,
    "modelscope": modelscope.build,
    "a4f": a4f.build,
    "siliconflow": siliconflow.build,
    "openai": openai.build,
    "bfl": bfl.build,
    "gemini": gemini.build,
    "qwen": qwen.build,
    "a1111": a1111.build,
    "studio": studio.build,
    "pollinations": pollinations.build,
    "hf_inference": hf_inference.build,
    "deepseek": deepseek.build,
    "hidden_states": hidden_states.build,
    "cloudflare": cloudflare.build,
}
