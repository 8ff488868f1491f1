"""Cloudflare's words: the envelope of its API with a numbered error."""

from starlette.responses import JSONResponse, Response

from ..faults import Fault, Kind

ALLOCATION = (
    429,
    3036,
    "you have used up your daily free allocation of 10,000 neurons, please upgrade to Cloudflare's "
    "Workers Paid plan if you would like to continue usage.",
)
BUSY = (429, 3040, "Capacity temporarily exceeded, please try again.")
WORDS = {
    Kind.NO_TOKEN: (401, 10000, "Authentication error"),
    Kind.BAD_TOKEN: (401, 10000, "Authentication error"),
    Kind.QUOTA: ALLOCATION,
    Kind.LIMITED: (429, 971, "Please wait and consider throttling your request speed"),
    Kind.UNAVAILABLE: (503, 1105, "Service temporarily unavailable"),
    Kind.REFUSED: (400, 3030, "Input prompt contains NSFW content."),
    Kind.FAILED: (500, 3043, "Internal server error"),
    Kind.NOT_FOUND: (400, 5007, "No such model, or task"),
    Kind.NO_ROUTE: (404, 7003, "Could not route to the requested path"),
}


def word(fault: Fault) -> Response:
    """Every trouble as an envelope; what is wrong with an input is a 400."""
    status, number, message = WORDS.get(fault.kind, (400, 5006, fault.text or "Bad input"))
    return refusal(status, number, message)


def refusal(status: int, number: int, message: str) -> Response:
    """An envelope without a result."""
    error = {"code": number, "message": message}
    return JSONResponse(
        {"result": None, "success": False, "errors": [error], "messages": []}, status
    )
