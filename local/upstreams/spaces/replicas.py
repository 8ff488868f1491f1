"""A Space with two replicas behind one address.

Everything is really served by one process, which plays the replica that has the sessions and
files. A request that is not pinned to it, and needs one of them, is answered as by the other.
"""

from starlette.responses import JSONResponse, Response

from .call import Call

REPLICAS = ("standin-aaaaa", "standin-bbbbb")
HEADERS = {"x-proxied-replica": REPLICAS[0]}


def is_astray(call: Call) -> bool:
    """Whether the call comes to the replica that lacks what it is after."""
    _, _, home = REPLICAS[0].rpartition("-")
    return call.replica != home and (call.is_stream or call.is_cancel or call.is_file)


def other_replica_reply(call: Call) -> Response | None:
    """What the other replica says to a call gone astray; a stream it has to answer at length."""
    if call.is_cancel:
        # Gradio agrees to cancel whatever it is asked to, known or not.
        return JSONResponse({"success": True})
    if call.is_file:
        path = call.route.removeprefix("/file")[1:]
        return JSONResponse({"detail": f"File not allowed: {path}."}, 403)
    return None
