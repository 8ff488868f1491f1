"""The router's words: `{"error": "..."}`."""

from starlette.responses import JSONResponse, Response

from ..faults import Fault, Kind

WORDS = {
    Kind.NO_TOKEN: (401, "Invalid username or password."),
    Kind.BAD_TOKEN: (401, "Invalid username or password."),
    Kind.QUOTA: (
        402,
        "You have exceeded your monthly included credits for Inference Providers. Subscribe to PRO "
        "to get 20x more monthly included credits.",
    ),
    Kind.LIMITED: (429, "Too many requests. Please slow down."),
    Kind.UNAVAILABLE: (503, "Service Temporarily Unavailable"),
    Kind.REFUSED: (
        400,
        "Potential NSFW content was detected in one or more images. Try again with a different "
        "prompt and/or seed.",
    ),
    Kind.FAILED: (500, "CUDA out of memory. Tried to allocate 2.00 GiB."),
}


def word(fault: Fault) -> Response:
    """Every trouble is a text, most of them of a 400."""
    if fault.kind in WORDS:
        status, message = WORDS[fault.kind]
    elif fault.kind in (Kind.NO_ROUTE, Kind.NOT_FOUND):
        status, message = 404, fault.text or "Not Found"
    else:
        status, message = 400, fault.text or "Bad Request"
    return JSONResponse({"error": message}, status)
