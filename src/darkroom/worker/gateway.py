"""The builder of the gateway from the runtime's environment."""

import secrets
from collections.abc import Mapping, Sequence
from dataclasses import replace
from typing import Any
from uuid import UUID

from darkroom.ai_settings import AiSettings
from darkroom.catalog.catalog import load_catalog
from darkroom.catalog.channels import configure
from darkroom.dialects.relay.names import check_choices
from darkroom.edge.ai import EdgeAi
from darkroom.edge.analytics import AnalyticsPoints
from darkroom.edge.blob import MEMORY
from darkroom.edge.clock import SystemClock
from darkroom.edge.cooldowns import ObjectCooldowns
from darkroom.edge.database import D1Database
from darkroom.edge.database_sweeper import DatabaseSweeper
from darkroom.edge.gateway_keys import D1GatewayKeys
from darkroom.edge.history import D1History
from darkroom.edge.http import EdgeHttp
from darkroom.edge.images import ImagesConverter
from darkroom.edge.kept import D1Kept
from darkroom.edge.media import R2Media
from darkroom.edge.model_health import ObjectModelHealth
from darkroom.edge.progress import ObjectPreferences, ObjectProgress
from darkroom.edge.rate_limits import BindingLimiter
from darkroom.edge.sealing import WebCryptoSealer
from darkroom.edge.sweeping import SweptBucket
from darkroom.edge.usage import D1Usage
from darkroom.engine.breaker import Breakers
from darkroom.engine.budget import RetryBudget
from darkroom.engine.credentials import Credentials
from darkroom.engine.model_health import ModelHealth
from darkroom.engine.run import Engine
from darkroom.errors import Misconfigured, ModelNotFound
from darkroom.gateway import Background, Gateway, metrics_for
from darkroom.job import MAX_SEED
from darkroom.providers.gradio.config import SignatureCache
from darkroom.providers.registry import Bindings, build_chat, build_embedders, build_providers
from darkroom.settings import Settings
from darkroom.stores.budget import MemoryBudget
from darkroom.stores.cooldowns import MemoryCooldowns
from darkroom.stores.database import Database
from darkroom.stores.gateway_keys import IssuedKeys
from darkroom.stores.neurons import WHO, NeuronAllowance
from darkroom.stores.preferences import MemoryPreferences
from darkroom.stores.progress import MemoryProgress
from darkroom.stores.request_counts import RequestCounts
from darkroom.stores.sweeping import BucketSweeper, Sweeper
from darkroom.worker.budget_object import ObjectBudget
from darkroom.worker.idempotency_object import ObjectKeys
from darkroom.worker.probes import build_probes
from darkroom.worker.task_object import ObjectTasks

CATALOG = load_catalog()  # at import, so that production's snapshot holds it

BINDINGS = (
    "MEDIA",
    "IMAGES",
    "COOLDOWNS",
    "BOARDS",
    "TASKS",
    "IDEMPOTENCY",
    "DB",
    "ANALYTICS",
    "BUDGET",
    "CALLER_RATE",
    "DEPLOYMENT_RATE",
    "AI",
)


class Variables:
    """The variables and secrets of the runtime's environment."""

    def __init__(self, env: Any) -> None:
        self._env = env

    def get(self, name: str, /) -> str | None:
        """The value as text; None where there is none, or a binding of another kind."""
        value = _get(self._env, name)
        return str(value) if isinstance(value, str | int | float) else None


def build_gateway(env: Any) -> Gateway:
    """The gateway for an environment; raises `Misconfigured` when a variable makes no sense."""
    variables = Variables(env)
    bindings = {name: binding_of(env, name) for name in BINDINGS}
    clock = SystemClock()
    allowance = _allowance(bindings, AiSettings.from_env(variables), clock)
    bound = {"AI": allowance.is_open} if bindings["AI"] else {}
    configured = configure(CATALOG, variables, bound)
    catalog = configured.catalog
    settings = Settings.from_env(variables, [provider.id for provider in catalog.providers])
    settings = replace(settings, tokens={**configured.tokens, **settings.tokens})
    try:
        for model in (settings.default_model, settings.default_edit_model):
            catalog.resolve(None, model)
        for name in filter(None, (settings.default_text_model, settings.default_vision_model)):
            catalog.find_chat(name)
    except ModelNotFound as failure:
        raise Misconfigured(
            "DEFAULT_MODEL, DEFAULT_EDIT_MODEL, DEFAULT_TEXT_MODEL, DEFAULT_VISION_MODEL: "
            f"{failure.message}"
        ) from None
    check_choices(settings.relay_models, catalog)
    http = EdgeHttp()
    bucket, images = bindings["MEDIA"], bindings["IMAGES"]
    database = D1Database(bindings["DB"]) if bindings["DB"] else None
    rates, limits = (bindings["CALLER_RATE"], bindings["DEPLOYMENT_RATE"]), settings.limits
    keys = D1GatewayKeys(database) if database else None
    cooldowns, progress_store = bindings["COOLDOWNS"], bindings["BOARDS"]
    store = ObjectCooldowns(cooldowns) if cooldowns else MemoryCooldowns()
    media = R2Media(bucket) if bucket else None
    preferences = ObjectPreferences(progress_store) if progress_store else MemoryPreferences()
    history = D1History(database) if database else None
    background = _background(bindings, settings)
    converter = ImagesConverter(images) if images else None
    ai = Bindings(EdgeAi(bindings["AI"]) if bindings["AI"] else None, allowance, converter)
    return Gateway(
        settings=settings,
        catalog=catalog,
        engine=Engine(
            providers=build_providers(settings, _draw_token, SignatureCache(), ai),
            chat=build_chat(settings, ai),
            embedders=build_embedders(settings),
            http=http,
            credentials=Credentials(clock, store),
            breakers=Breakers(clock),
            budget=RetryBudget(),
            health=ModelHealth(ObjectModelHealth(cooldowns) if cooldowns else None),
            allowed_origins=settings.source_origins,
        ),
        http=http,
        clock=clock,
        draw_token=_draw_token,
        draw_seed=lambda: secrets.randbelow(MAX_SEED + 1),
        media=media,
        converter=converter,
        progress_store=ObjectProgress(progress_store) if progress_store else MemoryProgress(clock),
        preferences=preferences,
        memory=MEMORY,
        bindings={name: bool(binding) for name, binding in bindings.items()},
        metrics=metrics_for(catalog),
        points=AnalyticsPoints(bindings["ANALYTICS"]) if bindings["ANALYTICS"] else None,
        probes=build_probes(
            bindings,
            media=media,
            history=history,
            cooldowns=store,
            preferences=preferences,
            background=background,
        ),
        history=history,
        background=background,
        issued_keys=IssuedKeys(keys, clock, settings.named_keys),
        request_counts=RequestCounts(),
        caller_limiter=_limiter(rates[0], limits.requests_per_minute),
        deployment_limiter=_limiter(rates[1], limits.total_requests_per_minute),
        budget=ObjectBudget(bindings["BUDGET"]) if bindings["BUDGET"] else MemoryBudget(clock),
        allowance=allowance if bindings["AI"] else None,
        usage=D1Usage(database) if database else None,
        kept=D1Kept(database) if database else None,
        sweepers=_sweepers(bucket, database, settings),
    )


def _allowance(
    bindings: Mapping[str, Any], settings: AiSettings, clock: SystemClock
) -> NeuronAllowance:
    """What is given of the binding `AI`; nothing where no object counts it for all isolates."""
    namespace = bindings["BUDGET"]
    budget = ObjectBudget(namespace, WHO, must_count=True) if namespace else None
    return NeuronAllowance(settings.free_neurons_a_day, budget, clock, _draw_token)


def _limiter(binding: Any, limit: int) -> BindingLimiter | None:
    """The rate limiter of a whole location; None where it is not bound, or there is no limit."""
    return BindingLimiter(binding) if binding and limit else None


def _sweepers(bucket: Any, database: Database | None, settings: Settings) -> Sequence[Sweeper]:
    """The sweepers of a cron trigger, for the stores that are bound."""
    lifetimes, result_s = settings.lifetimes, settings.result_lifetime_s
    sweepers: list[Sweeper] = []
    if bucket:
        swept = SweptBucket(bucket)
        sweepers.append(BucketSweeper(swept, lambda name: lifetimes.kept_for_s(name, result_s)))
    if database:
        sweepers.append(DatabaseSweeper(database, lifetimes))
    return sweepers


def _background(bindings: Mapping[str, Any], settings: Settings) -> Background | None:
    if not bindings["TASKS"]:
        return None
    keys, secret = bindings["IDEMPOTENCY"], settings.task_secret
    store = ObjectTasks(bindings["TASKS"], bindings["MEDIA"])
    return Background(
        store=store,
        keys=ObjectKeys(keys) if keys else None,
        sealer=WebCryptoSealer(secret) if secret else None,
        draw_id=lambda: str(UUID(bytes=secrets.token_bytes(16), version=4)),
        follow=store.follow,
    )


def binding_of(env: Any, name: str) -> Any:
    """The runtime's own binding, out of the SDK's wrapper (see `R2Media`); None without one."""
    wrapped = _get(env, name)
    return getattr(wrapped, "_binding", wrapped)


def _get(env: Any, name: str) -> Any:
    return getattr(env, name, None)


def _draw_token() -> str:
    return secrets.token_hex(16)
