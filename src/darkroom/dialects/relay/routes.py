"""The routes of the relay."""

from darkroom.dialects.a1111.lists import always
from darkroom.dialects.relay.credentials import caller_of
from darkroom.dialects.relay.errors import error_frame, error_reply, status_of
from darkroom.dialects.relay.families import FAMILIES
from darkroom.dialects.relay.generate import reader_of
from darkroom.dialects.relay.models import get_model, list_models
from darkroom.dialects.relay.service_info import PRICING, TIERS, report_health
from darkroom.dialects.relay.tasks import SHAPE, cancel_task, poll_task
from darkroom.endpoint import Dialect, Endpoint, Route, painting_route

RELAY = Dialect("relay", error_reply, error_frame, status_of, caller_of=caller_of)

ENDPOINTS = (
    *(
        Endpoint(family.path, {"POST": painting_route(reader_of(family), SHAPE)}, RELAY)
        for family in FAMILIES.by_id.values()
    ),
    Endpoint("/v2/models", {"GET": Route(list_models)}, RELAY),
    Endpoint("/v2/models/", {"GET": Route(get_model)}, RELAY),
    Endpoint("/v2/tasks/", {"GET": Route(poll_task), "DELETE": Route(cancel_task)}, RELAY),
    Endpoint("/v2/health", {"GET": Route(report_health)}, RELAY),
    Endpoint("/v2/pricing", {"GET": Route(always(PRICING))}, RELAY),
    Endpoint("/v2/tiers", {"GET": Route(always(TIERS))}, RELAY),
    Endpoint("/v2", {}, RELAY),
    Endpoint("/v2/", {}, RELAY),  # the last: whatever else begins like this
)
