"""A Space with two replicas behind one address.

Everything is really served by one process, which plays the replica that has the files and nearly
all sessions. A request that is not pinned to it, and needs one of them, comes to the other, which
has only the sessions of the jobs that came to it by themselves.
"""

from starlette.responses import JSONResponse, Response

from .call import Call
from .files import has_files

HOME, OTHER = "aaaaa", "bbbbb"


class Replicas:
    """Sends calls to the two replicas, and knows which of them has what."""

    def __init__(self) -> None:
        self._strays: set[str] = set()
        """The sessions that began at the other replica."""

    def place(self, call: Call) -> str:
        """The replica that the call comes to."""
        needs_home = call.is_stream or call.is_cancel or call.is_file
        needs_home = needs_home or (call.is_join and has_files(call))
        replica = call.replica or (OTHER if needs_home else HOME)
        if call.is_join and replica != HOME:
            self._strays.add(call.session)
        return replica

    def lacks(self, replica: str, call: Call) -> bool:
        """Whether the replica does not have what the call is after."""
        if call.is_stream or call.is_cancel:
            return replica != (OTHER if call.session in self._strays else HOME)
        return replica != HOME and (call.is_file or call.is_join)


def headers(replica: str) -> dict[str, str]:
    """What the edge adds to the answer."""
    return {"x-proxied-replica": f"standin-{replica}"}


def refuse(call: Call) -> Response | None:
    """What a replica says to a call for what it lacks; streams and joins it answers at length."""
    if call.is_cancel:
        # Gradio agrees to cancel whatever it is asked to, known or not.
        return JSONResponse({"success": True})
    if call.is_file:
        path = call.route.removeprefix("/file")[1:]
        return JSONResponse({"detail": f"File not allowed: {path}."}, 403)
    return None
