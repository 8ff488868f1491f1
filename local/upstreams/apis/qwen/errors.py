"""Errors in DashScope's words: `{"code", "message", "request_id"}`."""

import uuid

from starlette.responses import JSONResponse, Response

from ..faults import Fault, Kind

REFUSALS = {
    "output": "Output data may contain inappropriate content.",
    "": "Input data may contain inappropriate content.",
}
QUOTAS = {
    "Arrearage": (
        400,
        "Arrearage",
        "Access denied, please make sure your account is in good standing.",
    ),
    "FreeTierOnly": (
        403,
        "AllocationQuota.FreeTierOnly",
        "The free tier of the model has been exhausted. If you wish to continue access the model "
        "on a paid basis, please disable the free tier only mode in the management console.",
    ),
    "": (
        429,
        "Throttling.AllocationQuota",
        "Allocated quota exceeded, please increase your quota limit.",
    ),
}


def word(fault: Fault) -> Response:
    """Every trouble has a code."""
    match fault.kind:
        case Kind.NO_TOKEN:
            return refuse(401, "InvalidApiKey", "No API-key provided.")
        case Kind.BAD_TOKEN:
            return refuse(401, "InvalidApiKey", "Invalid API-key provided.")
        case Kind.QUOTA:
            return refuse(*QUOTAS.get(fault.text, QUOTAS[""]))
        case Kind.LIMITED:
            text = "Requests rate limit exceeded, please try again later."
            return refuse(429, "Throttling.RateQuota", text)
        case Kind.UNAVAILABLE:
            text = "Too many requests in route. Please try again later."
            return refuse(503, "ServiceUnavailable", text)
        case Kind.FAILED:
            text = "An internal error has occured, please try again later or contact service."
            return refuse(500, "InternalError", text)
        case Kind.REFUSED:
            text = REFUSALS.get(fault.text, REFUSALS[""])
            return refuse(400, "DataInspectionFailed", text)
        case Kind.NO_ROUTE:
            return refuse(404, "InvalidURL", "url error, please check url!")
        case _:
            return refuse(400, "InvalidParameter", fault.text or "Required parameter missing.")


def refuse(status: int, code: str, message: str) -> Response:
    """One error."""
    return JSONResponse({"code": code, "message": message, "request_id": new_id()}, status)


def new_id() -> str:
    """An id for a request."""
    return str(uuid.uuid4())
