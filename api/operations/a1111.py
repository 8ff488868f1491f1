"""The operations of AUTOMATIC1111's API."""

from dataclasses import replace
from typing import Any

from api.dialects import A1111
from api.operation import JSON, Operation, Path, Response
from api.operations.common import ASYNC_HEADERS, IN_BACKGROUND, PAINTED, PAINTING, PLAIN_ACCEPTED
from api.schemas.a1111 import PaintedAnswer, PaintRequest, RepaintRequest
from darkroom.dialects.a1111.errors import NothingThere
from darkroom.dialects.a1111.lists import FIXED
from darkroom.dialects.a1111.routes import EMPTY_ROUTES, NULL_ROUTES, ROOT
from darkroom.validation_error import Unprocessable

TAG = "AUTOMATIC1111"


def _operation(name: str, summary: str, shape: Any = Any, body: type | None = None) -> Operation:
    return Operation(
        f"sdapi{''.join(part.title() for part in name.split('-'))}",
        summary,
        TAG,
        [Response({JSON: shape}, (*PAINTED, "x-darkroom-ignored", "x-process-time"))],
        request_body={JSON: body} if body else {},
        failures=(*PAINTING, Unprocessable, NothingThere),
        secured=True,
    )


def _painting(name: str, summary: str, body: type) -> Path:
    operation = _operation(name, summary, PaintedAnswer, body)
    tasks = replace(
        operation,
        responses=(*operation.responses, PLAIN_ACCEPTED),
        parameters=ASYNC_HEADERS,
        failures=(*operation.failures, *IN_BACKGROUND),
    )
    return Path(f"{ROOT}/{name}", {"POST": tasks}, A1111)


def _fixed(name: str, summary: str, method: str = "GET") -> Path:
    """What answers the same to everybody."""
    operation = _operation(name, summary)
    fixed = replace(
        operation,
        responses=[Response({JSON: Any}, ("x-process-time",))],
        failures=(),
        secured=False,
    )
    return Path(f"{ROOT}/{name}", {method: fixed}, A1111)


def _post(name: str, summary: str, **more: Any) -> Path:
    return Path(f"{ROOT}/{name}", {"POST": _operation(name, summary, **more)}, A1111)


def _get(name: str, summary: str) -> Path:
    return Path(f"{ROOT}/{name}", {"GET": _operation(name, summary)}, A1111)


PATHS = (
    _painting("txt2img", "Paint a prompt", PaintRequest),
    _painting("img2img", "Change a picture", RepaintRequest),
    _post("extra-single-image", "Upscale a picture"),
    _post("extra-batch-images", "Upscale pictures"),
    Path(
        f"{ROOT}/options",
        {
            "GET": _operation("get-options", "Tell the caller's options"),
            "POST": _operation("set-options", "Change the caller's options"),
        },
        A1111,
    ),
    _get("sd-models", "List the models as checkpoints"),
    _get("upscalers", "List the upscalers"),
    _get("progress", "Tell how far the caller's picture is"),
    _post("interrupt", "Stop the caller's picture"),
    _post("skip", "Skip the caller's picture"),
    _post("png-info", "Read what a PNG says of its making"),
    _post("interrogate", "Describe a picture in words"),
    *(_fixed(name, f"List {name.replace('-', ' ')}, a fixed answer") for name in FIXED),
    *(_fixed(name, "Do nothing: there is nothing to refresh", "POST") for name in NULL_ROUTES),
    *(_fixed(name, "Do nothing: there is nothing to load", "POST") for name in EMPTY_ROUTES),
)
