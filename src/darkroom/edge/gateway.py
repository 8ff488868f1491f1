"""Puts the gateway together from the runtime's environment."""

import secrets
from typing import Any

from darkroom.catalog.catalog import load_catalog
from darkroom.dialects.context import Gateway
from darkroom.edge.clock import SystemClock
from darkroom.edge.http import EdgeHttp
from darkroom.edge.media import R2Media
from darkroom.engine.run import Engine
from darkroom.errors import Misconfigured, ModelNotFound
from darkroom.job import MAX_SEED
from darkroom.providers.gradio.config import SignatureCache
from darkroom.providers.registry import build_providers
from darkroom.settings import Settings

CATALOG = load_catalog()  # at import, so that production's snapshot holds it
SETTING_NAMES = tuple(name.upper() for name in Settings.__dataclass_fields__)


def build_gateway(env: Any) -> Gateway:
    """The gateway for an environment; raises `Misconfigured` when a variable makes no sense."""
    settings = Settings.from_env(
        {
            name: str(value)
            for name in SETTING_NAMES
            if isinstance(value := _get(env, name), str | int | float)
        }
    )
    try:
        CATALOG.resolve(None, settings.default_model)
    except ModelNotFound as failure:
        raise Misconfigured(f"DEFAULT_MODEL: {failure.message}") from None
    http = EdgeHttp()
    bucket = getattr(_get(env, "MEDIA"), "_binding", None)  # see R2Media
    return Gateway(
        settings=settings,
        catalog=CATALOG,
        engine=Engine(build_providers(settings, _draw_token, SignatureCache()), http),
        http=http,
        clock=SystemClock(),
        draw_token=_draw_token,
        draw_seed=lambda: secrets.randbelow(MAX_SEED + 1),
        media=R2Media(bucket) if bucket else None,
        bindings={"MEDIA": bool(bucket)},
    )


def _get(env: Any, name: str) -> Any:
    return getattr(env, name, None)


def _draw_token() -> str:
    return secrets.token_hex(16)
