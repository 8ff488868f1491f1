"""What a caller's token brings about, by the word it starts with.

good     works, as does any other and none at all
quota    is refused by ZeroGPU, in the stream
limited  gets a 429 on a join
bad      gets a 401 on everything
slow     waits 20 s for the answer to a join
flaky    gets a 503 on every other join, beginning with the first
html     gets a page on a join
"""

from collections import Counter

from starlette.responses import HTMLResponse, JSONResponse, PlainTextResponse, Response

from .callers import ALLOWANCE_LEFT, ALLOWANCE_SPENT
from .modes import rate_page

SLOW_JOIN_S = 20.0
RETRY_AFTER_S = 2


def allowance(token: str) -> str:
    """What the edge tells the Space about the caller's GPU time."""
    return ALLOWANCE_SPENT if token.startswith("quota") else ALLOWANCE_LEFT


class Doorman:
    """Decides what a token gets instead of an answer from the Space."""

    def __init__(self) -> None:
        self._flaky_joins: Counter[str] = Counter()

    def refuse(self, token: str) -> Response | None:
        """An answer to any request."""
        if token.startswith("bad"):
            return JSONResponse({"error": "Invalid credentials in Authorization header"}, 401)
        return None

    def refuse_join(self, token: str) -> Response | None:
        """An answer to a request for a job."""
        if token.startswith("limited"):
            return rate_page({"Retry-After": str(RETRY_AFTER_S)})
        if token.startswith("html"):
            return HTMLResponse("<!DOCTYPE html><title>Hugging Face</title><h1>Hello</h1>")
        if token.startswith("flaky"):
            return self._fail_every_other(token)
        return None

    def delay_join_s(self, token: str) -> float:
        """How long the answer to such a request takes."""
        return SLOW_JOIN_S if token.startswith("slow") else 0.0

    def _fail_every_other(self, token: str) -> Response | None:
        self._flaky_joins[token] += 1
        if self._flaky_joins[token] % 2:
            return PlainTextResponse("Service Unavailable", 503)
        return None
