"""The operations of AUTOMATIC1111's API."""

from collections.abc import Mapping, Sequence
from dataclasses import replace
from typing import Any

from api.dialects import A1111
from api.operation import JSON, Operation, Path, Response, Shape
from api.operations.common import (
    ASYNC_HEADERS,
    IN_BACKGROUND,
    PAINTED,
    PAINTING,
    PLAIN_ACCEPTED,
    SERVED,
)
from api.schemas.a1111 import PaintedAnswer, PaintRequest, RepaintRequest
from darkroom.dialects.a1111.errors import NothingThere
from darkroom.dialects.a1111.lists import FIXED
from darkroom.dialects.a1111.routes import CONTROLNET, EMPTY_ROUTES, NULL_ROUTES, ROOT
from darkroom.errors import (
    BodyTooLarge,
    Busy,
    CredentialRefused,
    DeadlineExceeded,
    Failure,
    InvalidRequest,
    ModelNotFound,
    UnsupportedMediaType,
    UpstreamUnavailable,
)
from darkroom.transfer_rate import RequestTimeout
from darkroom.validation_error import Unprocessable

TAG = "AUTOMATIC1111"


CALLER = (InvalidRequest, CredentialRefused)  # where it matters who calls
STORE = (UpstreamUnavailable, DeadlineExceeded)
READING = (  # whoever sends a body meets these
    *CALLER,
    Unprocessable,
    RequestTimeout,
    BodyTooLarge,
    UnsupportedMediaType,
    Busy,
    DeadlineExceeded,
)
IGNORED = "x-darkroom-ignored"
ADJUSTED = "x-darkroom-adjusted"


def _operation(
    name: str,
    summary: str,
    *,
    content: Shape = Any,
    headers: Sequence[str] = (),
    failures: Sequence[type[Failure]] = CALLER,
) -> Operation:
    return Operation(
        f"sdapi{''.join(part.title() for part in name.split('-'))}",
        summary,
        TAG,
        [Response({JSON: content}, headers)],
        failures=failures,
        secured=bool(failures),
    )


def _get(name: str, summary: str, **more: Any) -> Path:
    return Path(f"{ROOT}/{name}", {"GET": _operation(name, summary, **more)}, A1111)


def _post(name: str, summary: str, **more: Any) -> Path:
    return Path(f"{ROOT}/{name}", {"POST": _operation(name, summary, **more)}, A1111)


def _painting(name: str, summary: str, body: type) -> Path:
    operation = _operation(
        name,
        summary,
        content=PaintedAnswer,
        headers=(*PAINTED, IGNORED, ADJUSTED),
        failures=(*PAINTING, *IN_BACKGROUND, Unprocessable, NothingThere),
    )
    tasks = replace(
        operation,
        responses=(*operation.responses, PLAIN_ACCEPTED),
        request_body={JSON: body},
        parameters=ASYNC_HEADERS,
    )
    return Path(f"{ROOT}/{name}", {"POST": tasks}, A1111)


UPSCALING: Mapping[str, Any] = {
    "headers": (*SERVED, "x-darkroom-cache", IGNORED),
    "failures": (*PAINTING, Unprocessable, NothingThere),
}

PATHS = (
    _painting("txt2img", "Paint a prompt", PaintRequest),
    _painting("img2img", "Change a picture", RepaintRequest),
    _post("extra-single-image", "Upscale a picture", **UPSCALING),
    _post("extra-batch-images", "Upscale pictures", **UPSCALING),
    Path(
        f"{ROOT}/options",
        {
            "GET": _operation("get-options", "Tell the caller's options"),
            "POST": _operation(
                "set-options",
                "Change the caller's options",
                headers=[IGNORED],
                failures=(*READING, *STORE, ModelNotFound),
            ),
        },
        A1111,
    ),
    _get("sd-models", "List the models as checkpoints"),
    _get("upscalers", "List the upscalers"),
    _get("progress", "Tell how far the caller's picture is"),
    _post("interrupt", "Stop the caller's picture", failures=(*CALLER, *STORE)),
    _post("skip", "Skip the caller's picture", failures=(*CALLER, *STORE)),
    _post(
        "png-info",
        "Read what a PNG says of its making",
        failures=(*READING, NothingThere, UpstreamUnavailable),
    ),
    _post(
        "interrogate",
        "Describe a picture in words",
        headers=("x-darkroom-provider", "x-darkroom-tried"),
        failures=(*PAINTING, Unprocessable, NothingThere),
    ),
    *(_get(name, f"List {name.replace('-', ' ')}, a fixed answer", failures=()) for name in FIXED),
    *(
        Path(
            path,
            {"GET": _operation(path[1:].replace("/", "-"), "Show an empty list", failures=())},
            A1111,
        )
        for path in CONTROLNET
    ),
    *(_post(name, "Do nothing: there is nothing to refresh", failures=()) for name in NULL_ROUTES),
    *(_post(name, "Do nothing: there is nothing to load", failures=()) for name in EMPTY_ROUTES),
)
