"""The routes of the service itself, answered in OpenAI's manner."""

from darkroom.dialects.openai.dialect import OPENAI
from darkroom.dialects.service.health import report_health
from darkroom.dialects.service.media import get_media
from darkroom.dialects.service.metrics import report_metrics
from darkroom.dialects.service.providers import list_providers
from darkroom.dialects.service.ready import report_ready
from darkroom.endpoint import Endpoint, Route

ENDPOINTS = (
    Endpoint("/v1/providers", {"GET": Route(list_providers)}, OPENAI),
    Endpoint("/health", {"GET": Route(report_health)}, OPENAI),
    Endpoint("/ready", {"GET": Route(report_ready)}, OPENAI),
    Endpoint("/metrics", {"GET": Route(report_metrics)}, OPENAI),
    Endpoint("/media/", {"GET": Route(get_media)}, OPENAI),
)
