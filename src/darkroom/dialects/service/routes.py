"""The routes of the service itself, answered in OpenAI's manner."""

from darkroom.dialects.openai.dialect import OPENAI
from darkroom.dialects.service.health import report_health
from darkroom.dialects.service.keys import PATH, create_key, end_key, list_keys
from darkroom.dialects.service.media import get_media
from darkroom.dialects.service.metrics import report_metrics
from darkroom.dialects.service.providers import list_providers
from darkroom.dialects.service.ready import report_ready
from darkroom.dialects.service.shares import PAGE, create_share, end_share, show_share
from darkroom.dialects.service.shares import PATH as SHARES
from darkroom.dialects.service.usage import report_usage
from darkroom.endpoint import Endpoint, Route

ENDPOINTS = (
    Endpoint("/v1/providers", {"GET": Route(list_providers)}, OPENAI),
    Endpoint("/health", {"GET": Route(report_health, counted=False)}, OPENAI),
    Endpoint(PATH, {"GET": Route(list_keys), "POST": Route(create_key)}, OPENAI),
    Endpoint(f"{PATH}/", {"DELETE": Route(end_key)}, OPENAI),
    Endpoint("/v1/usage", {"GET": Route(report_usage)}, OPENAI),
    Endpoint("/ready", {"GET": Route(report_ready, counted=False)}, OPENAI),
    Endpoint("/metrics", {"GET": Route(report_metrics, counted=False)}, OPENAI),
    Endpoint(SHARES, {"POST": Route(create_share, takes_form=True)}, OPENAI),
    Endpoint(f"{SHARES}/", {"DELETE": Route(end_share)}, OPENAI),
    Endpoint(PAGE, {"GET": Route(show_share, counted=False)}, OPENAI),
    Endpoint("/media/", {"GET": Route(get_media, counted=False)}, OPENAI),
)
