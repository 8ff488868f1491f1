"""The operations of the service itself."""

from api.dialects import OPENAI
from api.operation import FORM, HTML, IMAGE, JSON, TEXT, Operation, Parameter, Path, Response
from api.schemas.keys import EndedKey, GatewayKeyList, NewGatewayKey, UsageReport
from api.schemas.service import EndedShare, Health, ProviderList, Readiness, Share, ShareForm
from darkroom.access_errors import NotAllowed
from darkroom.dialects.service.shares import SharingOff
from darkroom.errors import (
    BodyTooLarge,
    CredentialMissing,
    CredentialRefused,
    DeadlineExceeded,
    InvalidRequest,
    NotConfigured,
    RouteNotFound,
    UpstreamUnavailable,
)
from darkroom.gateway_key import KeyFields
from darkroom.limits.errors import LimitReached
from darkroom.transfer_rate import RequestTimeout

MODELS, SERVICE = "Models", "Service"

LIST_PROVIDERS = Operation(
    "listProviders",
    "Tell what each provider can do for this caller now",
    MODELS,
    [Response({JSON: ProviderList})],
    parameters=[
        Parameter(
            "check",
            "The prefix of tokens to be checked: each of the first five is shown to its provider.",
        )
    ],
    failures=[InvalidRequest, CredentialRefused, DeadlineExceeded],
    secured=True,
)

REPORT_HEALTH = Operation(
    "getHealth",
    "Tell whether this Worker is alive, and with what",
    SERVICE,
    [Response({JSON: Health})],
)

REPORT_READY = Operation(
    "getReady",
    "Tell whether the configuration is valid and the bindings answer",
    SERVICE,
    [
        Response({JSON: Readiness}),
        Response({JSON: Readiness}, status=503, description="Not all of it: which is not."),
    ],
)

REPORT_METRICS = Operation(
    "getMetrics",
    "Read this isolate's metrics",
    SERVICE,
    [Response({TEXT: None})],
    description="In Prometheus's text format, under OpenTelemetry's names. Needs an admin key.",
    failures=[InvalidRequest, CredentialMissing, CredentialRefused],
    secured=True,
)

GET_MEDIA = Operation(
    "getMedia",
    "Fetch a picture that is kept here",
    SERVICE,
    [
        Response({IMAGE: None}, ("content-length", "etag")),
        Response(
            {IMAGE: None},
            ("content-length", "content-range", "etag"),
            status=206,
            description="The bytes that `Range` names.",
        ),
        Response({}, ("etag",), status=304, description="The one that `If-None-Match` names."),
        Response(
            {}, ("content-range",), status=416, description="`Range` lies outside the picture."
        ),
    ],
    description="Its name cannot be guessed and its content never changes.",
    tail="{name}",
    parameters=[Parameter("name", "The name that ends a picture's address.")],
    failures=[RouteNotFound, UpstreamUnavailable, DeadlineExceeded],
)

CREATE_SHARE = Operation(
    "createShare",
    "Put a picture on a page of its own, for some days",
    SERVICE,
    [
        Response(
            {JSON: Share},
            ("location",),
            status=201,
            description="Where the page is, for everybody who has the address.",
        )
    ],
    description="For gateways whose operator allows it (`sharing` of `GET /health`). The picture, "
    "the prompt and what else is sent can be seen by everybody who has the address.",
    request_body={FORM: ShareForm},
    failures=[
        RequestTimeout,
        BodyTooLarge,
        InvalidRequest,
        CredentialRefused,
        LimitReached,
        SharingOff,
        UpstreamUnavailable,
        DeadlineExceeded,
    ],
    secured=True,
)

END_SHARE = Operation(
    "endShare",
    "End a share at once",
    SERVICE,
    [Response({JSON: EndedShare})],
    description="The page and the picture are deleted; caches may have them for longer.",
    tail="{share_key}",
    parameters=[Parameter("share_key", "The `key` of the answer that made the share.")],
    failures=[RouteNotFound, UpstreamUnavailable, DeadlineExceeded],
)

SHOW_SHARE = Operation(
    "getShare",
    "Show a shared picture as a page",
    SERVICE,
    [Response({HTML: None})],
    description="With the picture for previews of links (`og:image`), and a link that opens its "
    "prompt and parameters here.",
    tail="{share_id}",
    parameters=[Parameter("share_id", "The share's id.")],
    failures=[RouteNotFound, UpstreamUnavailable, DeadlineExceeded],
)

ADMINISTRATION = "Administration"
STORED = (UpstreamUnavailable, NotConfigured, DeadlineExceeded)
MANAGING = (InvalidRequest, CredentialMissing, CredentialRefused, NotAllowed, *STORED)

CREATE_KEY = Operation(
    "createKey",
    "Make a gateway key that can be handed out",
    ADMINISTRATION,
    [
        Response(
            {JSON: NewGatewayKey},
            ("location",),
            status=201,
            description="The key. Its text is in this answer and nowhere else.",
        )
    ],
    request_body={JSON: KeyFields},
    failures=[RequestTimeout, BodyTooLarge, *MANAGING],
    secured=True,
)

LIST_KEYS = Operation(
    "listKeys",
    "List gateway keys, without their texts",
    ADMINISTRATION,
    [Response({JSON: GatewayKeyList})],
    failures=MANAGING,
    secured=True,
)

END_KEY = Operation(
    "endKey",
    "End a gateway key at once",
    ADMINISTRATION,
    [Response({JSON: EndedKey})],
    tail="{key_id}",
    parameters=[Parameter("key_id", "The key's id.")],
    failures=[RouteNotFound, *MANAGING],
    secured=True,
)

REPORT_USAGE = Operation(
    "getUsage",
    "Tell how many pictures were painted, by day, key, model and provider",
    ADMINISTRATION,
    [Response({JSON: UsageReport})],
    description="Of a gateway key for who holds it, of all for administrators.",
    parameters=[
        Parameter("from", "The first day, of UTC."),
        Parameter("to", "The last day."),
        Parameter("key", "The id of one key, for administrators."),
    ],
    failures=[InvalidRequest, CredentialMissing, CredentialRefused, *STORED],
    secured=True,
)

PATHS = (
    Path("/v1/admin/keys", {"GET": LIST_KEYS, "POST": CREATE_KEY}, OPENAI),
    Path("/v1/admin/keys/", {"DELETE": END_KEY}, OPENAI),
    Path("/v1/usage", {"GET": REPORT_USAGE}, OPENAI),
    Path("/v1/providers", {"GET": LIST_PROVIDERS}, OPENAI),
    Path("/health", {"GET": REPORT_HEALTH}, OPENAI),
    Path("/ready", {"GET": REPORT_READY}, OPENAI),
    Path("/metrics", {"GET": REPORT_METRICS}, OPENAI),
    Path("/v1/shares", {"POST": CREATE_SHARE}, OPENAI),
    Path("/v1/shares/", {"DELETE": END_SHARE}, OPENAI),
    Path("/p/", {"GET": SHOW_SHARE}, OPENAI),
    Path("/media/", {"GET": GET_MEDIA}, OPENAI),
)
