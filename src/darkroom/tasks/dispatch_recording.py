"""An `Http` that records 'dispatched' before any request that may start billable work."""

from collections.abc import Awaitable, Callable, Mapping, Sequence
from dataclasses import dataclass

from darkroom.address import Address, Credential
from darkroom.deadline import Deadline
from darkroom.http import Http, Part, UpstreamReply


@dataclass(frozen=True, slots=True)
class DispatchRecordingHttp:
    """An `Http` that awaits `note` before each request by which an upstream may begin the work."""

    http: Http
    on_dispatch: Callable[[], Awaitable[None]]

    async def send(
        self,
        method: str,
        address: Address,
        *,
        headers: Mapping[str, str],
        credential: Credential | None = None,
        body: Sequence[Part] = (),
        deadline: Deadline,
    ) -> UpstreamReply:
        """Send a request; see `Http.send`."""
        if may_begin_work(method, headers):
            await self.on_dispatch()
        return await self.http.send(
            method, address, headers=headers, credential=credential, body=body, deadline=deadline
        )


def may_begin_work(method: str, headers: Mapping[str, str]) -> bool:
    """Whether a request can make an upstream begin.

    One that only asks cannot, unless it asks for a picture: some APIs paint for a GET
    (reference/wire-formats.md B10).
    """
    return method not in ("GET", "HEAD") or headers.get("accept", "").startswith("image/")
