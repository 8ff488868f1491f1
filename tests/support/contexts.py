"""Request contexts for tests that run less than a whole request."""

from darkroom.context import RequestContext
from darkroom.deadline import Deadline
from darkroom.endpoint import caller_by_bearer
from darkroom.gateway import Gateway
from darkroom.http import Request
from tests.support.fakes import request


def context_of(gateway: Gateway, requested: Request | None = None) -> RequestContext:
    """The context of a request; without one, of a POST without a body."""
    return RequestContext(
        requested or request("POST", "/v1/images/generations", b""),
        gateway,
        caller_by_bearer,
        Deadline.after(60, gateway.clock),
        "req_test",
    )
