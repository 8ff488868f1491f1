"""The routes that belong to no dialect, each with what `GET /openapi.json` tells of it."""

from darkroom.described import JSON, Answer, Described, Parameter
from darkroom.dialects.service.health import report_health
from darkroom.dialects.service.media import get_media
from darkroom.dialects.service.providers import list_providers
from darkroom.dialects.service.schemas import Health, ProviderList
from darkroom.errors import DeadlineExceeded, InvalidRequest, RouteNotFound, UpstreamUnavailable

MODELS, SERVICE = "Models", "Service"

LIST_PROVIDERS = Described(
    "listProviders",
    list_providers,
    "Tell what each provider can do for this caller now",
    MODELS,
    [Answer({JSON: ProviderList})],
    parameters=[
        Parameter(
            "check",
            "The prefix of tokens to be checked: each of the first five is shown to its provider.",
        )
    ],
    failures=[InvalidRequest, DeadlineExceeded],
    takes_token=True,
)

REPORT_HEALTH = Described(
    "getHealth",
    report_health,
    "Tell whether this Worker is alive, and with what",
    SERVICE,
    [Answer({JSON: Health})],
)

GET_MEDIA = Described(
    "getMedia",
    get_media,
    "Fetch a picture that is kept here",
    SERVICE,
    [
        Answer({"image/*": None}, ("content-length", "etag")),
        Answer(
            {"image/*": None},
            ("content-length", "content-range", "etag"),
            status=206,
            about="The bytes that `Range` asked for.",
        ),
        Answer({}, ("etag",), status=304, about="The one that `If-None-Match` names."),
        Answer({}, ("content-range",), status=416, about="`Range` lies outside the picture."),
    ],
    about="Its name cannot be guessed and its content never changes.",
    tail="{name}",
    parameters=[Parameter("name", "The name that ends a picture's address.")],
    failures=[RouteNotFound, UpstreamUnavailable, DeadlineExceeded],
)
