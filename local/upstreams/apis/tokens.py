"""What a caller's token brings about, by the word it starts with (DESIGN §9).

good     works, as does any other
quota    the provider's own quota error
limited  the provider's 429, with Retry-After: 2
slow     an answer after 20 s
flaky    503 on every other call, beginning with the first
html     a page
bad      the provider's 401, on every call; all others only on calls that start work

What a provider puts in front of its tokens may stand before the word: `hf_quota`, `sk-bad`.
"""

import re
from collections import Counter

from starlette.requests import Request

from .call import Call, html_page
from .faults import Answer, Failure, Kind

BRAND = re.compile(r"^(hf_|sk-|sk_|pk_|ms-|ddc-a4f-)")
RETRY_AFTER_S = 2


def bearer_token(request: Request) -> str:
    """The token of `Authorization: Bearer`, `""` without one."""
    scheme, _, token = request.headers.get("authorization", "").partition(" ")
    return token.strip() if scheme.lower() == "bearer" else ""


def says(token: str, word: str) -> bool:
    """Whether that is the word a token starts with."""
    return BRAND.sub("", token).startswith(word)


class Doorman:
    """Decides what a token gets instead of an answer."""

    def __init__(self, *, slow_s: float, needs_token: bool) -> None:
        self._slow_s = slow_s
        self._needs_token = needs_token
        self._flaky_calls: Counter[str] = Counter()

    async def admit_anybody(self, call: Call) -> None:
        """Let everybody in."""

    async def admit(self, call: Call) -> None:
        """Turn away who has no token where one is needed, or a bad one."""
        if not call.token and self._needs_token:
            raise Failure(Kind.NO_TOKEN)
        if says(call.token, "bad"):
            raise Failure(Kind.BAD_TOKEN, mask(call.token))

    async def admit_work(self, call: Call) -> None:
        """Turn away whose token does not allow of work, and keep the slow waiting."""
        await self.admit(call)
        if says(call.token, "quota"):
            raise Failure(Kind.QUOTA)
        if says(call.token, "limited"):
            raise Failure(Kind.LIMITED)
        if says(call.token, "html"):
            raise Answer(html_page())
        if says(call.token, "flaky"):
            self._fail_every_other(call.token)
        if says(call.token, "slow"):
            await call.pause(self._slow_s)

    def _fail_every_other(self, token: str) -> None:
        self._flaky_calls[token] += 1
        if self._flaky_calls[token] % 2:
            raise Failure(Kind.UNAVAILABLE)


def mask(token: str) -> str:
    """What providers show of a token that they refuse."""
    return f"{token[:3]}***{token[-4:]}"
