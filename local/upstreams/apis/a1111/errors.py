"""Errors in the web UI's shape: `{"error", "detail", "body", "errors"}` (wire-formats B5)."""

from starlette.responses import JSONResponse, Response

from ..faults import Answer, Fault, Kind

OUT_OF_MEMORY = (
    "CUDA out of memory. Tried to allocate 2.00 GiB. GPU 0 has a total capacity of 23.88 GiB of "
    "which 1.20 GiB is free."
)
CONTENT_FILTER = "Your prompt was rejected by the content filter of this server."


def word(fault: Fault) -> Response:
    """Every trouble is an exception of the server's."""
    match fault.kind:
        case Kind.NO_TOKEN | Kind.BAD_TOKEN:
            response = refuse(401, "Incorrect username or password")
            response.headers["WWW-Authenticate"] = "Basic"
            return response
        case Kind.QUOTA:
            return refuse(429, "The quota of this user is used up.")
        case Kind.LIMITED:
            return refuse(429, "Too many requests.")
        case Kind.UNAVAILABLE:
            return refuse(503, "The model is being loaded.")
        case Kind.FAILED:
            return crash("OutOfMemoryError", OUT_OF_MEMORY)
        case Kind.REFUSED:
            return refuse(400, CONTENT_FILTER)
        case Kind.NO_ROUTE:
            return JSONResponse({"detail": "Not Found"}, 404)
        case Kind.NOT_FOUND:
            return refuse(404, fault.text)
    return refuse(400, fault.text or "Bad Request")


def refuse(status: int, detail: str) -> Response:
    """What the server refuses on purpose."""
    error = {"error": "HTTPException", "detail": detail, "body": "", "errors": ""}
    return JSONResponse(error, status)


def crash(error: str, text: str) -> Response:
    """What goes wrong in the server without its having expected it."""
    return JSONResponse({"error": error, "detail": "", "body": "", "errors": text}, 500)


def refusal(status: int, detail: str) -> Answer:
    """The same, as an exception."""
    return Answer(refuse(status, detail))
