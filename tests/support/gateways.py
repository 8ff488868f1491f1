"""The whole gateway but for the edge: real providers over a real network."""

import secrets

from darkroom.catalog.catalog import Catalog
from darkroom.edge.clock import SystemClock
from darkroom.engine.breaker import Breakers
from darkroom.engine.budget import RetryBudget
from darkroom.engine.credentials import Credentials
from darkroom.engine.run import Engine
from darkroom.gateway import Gateway
from darkroom.http import Http
from darkroom.job import MAX_SEED
from darkroom.providers.gradio.config import SignatureCache
from darkroom.providers.registry import build_chat, build_embedders, build_providers
from darkroom.settings import Settings
from darkroom.stores.conversion import Converter
from darkroom.stores.media import MediaStore
from darkroom.stores.preferences import MemoryPreferences
from darkroom.stores.progress import MemoryProgress


def real_gateway(
    catalog: Catalog,
    http: Http,
    settings: Settings,
    media: MediaStore | None = None,
    converter: Converter | None = None,
) -> Gateway:
    """A fresh gateway that remembers nothing of others."""
    clock = SystemClock()
    return Gateway(
        settings=settings,
        catalog=catalog,
        engine=Engine(
            providers=build_providers(settings, lambda: secrets.token_hex(8), SignatureCache()),
            chat=build_chat(),
            embedders=build_embedders(settings),
            http=http,
            credentials=Credentials(clock),
            breakers=Breakers(clock),
            budget=RetryBudget(),
        ),
        http=http,
        clock=clock,
        draw_token=lambda: secrets.token_hex(16),
        draw_seed=lambda: secrets.randbelow(MAX_SEED),
        media=media,
        converter=converter,
        progress_store=MemoryProgress(clock),
        preferences=MemoryPreferences(),
        bindings={},
    )
