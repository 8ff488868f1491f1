"""Errors in the shape of all of Google's: `{"error": {"code", "message", "status"}}`."""

from typing import Any

from starlette.responses import HTMLResponse, JSONResponse, Response

from ..faults import Fault, Kind
from ..tokens import RETRY_AFTER_S

TYPES = "type.googleapis.com/google.rpc"
QUOTA_RETRY_S = 23
UNREGISTERED = (
    "Method doesn't allow unregistered callers (callers without established identity). Please use "
    "API Key or other form of API consumer identity to call this API."
)
BAD_KEY = "API key not valid. Please pass a valid API key."
QUOTA = (
    "You exceeded your current quota, please check your plan and billing details. For more "
    "information on this error, head to: https://ai.google.dev/gemini-api/docs/rate-limits.\n"
    "* Quota exceeded for metric: generativelanguage.googleapis.com/"
    f"generate_content_free_tier_requests, limit: 0\nPlease retry in {QUOTA_RETRY_S}.4s."
)
LIMITED = "Resource has been exhausted (e.g. check quota)."
REFUSED = "The prompt could not be submitted: it violates our usage policies."
LOST = "<!DOCTYPE html><title>Error 404 (Not Found)!!1</title><p><b>404.</b> That's an error."
VIOLATIONS = (Kind.UNKNOWN_FIELD, Kind.WRONG_TYPE)


def word(fault: Fault) -> Response:
    """Every trouble has a status of gRPC's."""
    match fault.kind:
        case Kind.NO_TOKEN:
            return refuse(403, "PERMISSION_DENIED", UNREGISTERED)
        case Kind.BAD_TOKEN:
            return refuse(400, "INVALID_ARGUMENT", BAD_KEY, explain("API_KEY_INVALID"))
        case Kind.QUOTA:
            details = (name_quota(), suggest_retry(QUOTA_RETRY_S))
            return refuse(429, "RESOURCE_EXHAUSTED", QUOTA, *details)
        case Kind.LIMITED:
            return refuse(429, "RESOURCE_EXHAUSTED", LIMITED, suggest_retry(RETRY_AFTER_S))
        case Kind.UNAVAILABLE:
            text = "The model is overloaded. Please try again later."
            return refuse(503, "UNAVAILABLE", text)
        case Kind.FAILED:
            return refuse(500, "INTERNAL", "An internal error has occurred. Please retry.")
        case Kind.NO_ROUTE:
            return HTMLResponse(LOST, 404)
        case Kind.NOT_FOUND:
            return refuse(404, "NOT_FOUND", fault.text)
        case Kind.REFUSED:
            return refuse(400, "INVALID_ARGUMENT", REFUSED)
    text = fault.text or "Request contains an invalid argument."
    violations = (list_violations(fault),) if fault.kind in VIOLATIONS else ()
    return refuse(400, "INVALID_ARGUMENT", text, *violations)


def refuse(code: int, status: str, message: str, *details: dict[str, Any]) -> Response:
    """One error."""
    error: dict[str, Any] = {"code": code, "message": message, "status": status}
    if details:
        error["details"] = details
    return JSONResponse({"error": error}, code)


def explain(reason: str) -> dict[str, Any]:
    """The detail that names a reason."""
    service = {"service": "generativelanguage.googleapis.com"}
    return {
        "@type": f"{TYPES}.ErrorInfo",
        "reason": reason,
        "domain": "googleapis.com",
        "metadata": service,
    }


def suggest_retry(seconds: int) -> dict[str, str]:
    """The detail that says when to come again."""
    return {"@type": f"{TYPES}.RetryInfo", "retryDelay": f"{seconds}s"}


def name_quota() -> dict[str, Any]:
    """The detail that says which quota is used up."""
    metric = "generativelanguage.googleapis.com/generate_content_free_tier_requests"
    quota = "GenerateRequestsPerDayPerProjectPerModel-FreeTier"
    violation = {"quotaMetric": metric, "quotaId": quota}
    return {"@type": f"{TYPES}.QuotaFailure", "violations": [violation]}


def list_violations(fault: Fault) -> dict[str, Any]:
    """The detail that says which fields are wrong, one for each line of the message."""
    violations = [
        {"field": fault.field, "description": line} if fault.field else {"description": line}
        for line in fault.text.splitlines()
    ]
    return {"@type": f"{TYPES}.BadRequest", "fieldViolations": violations}
