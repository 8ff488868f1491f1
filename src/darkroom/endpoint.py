"""Endpoints: a path with its routes by method, and the dialect of its callers."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from urllib.parse import unquote

from darkroom.access import Caller, identify
from darkroom.context import Handler, ReadPainting
from darkroom.errors import Failure
from darkroom.gateway import Gateway
from darkroom.http import Reply, Request
from darkroom.tasks.dispatch import with_tasks
from darkroom.tasks.shape import TaskShape


def _own_status(kind: type[Failure]) -> int:
    return kind.status


def caller_by_bearer(request: Request, gateway: Gateway) -> Caller:
    """Authenticate by `Authorization: Bearer …`; raises as `identify` does."""
    header = request.headers.get("authorization")
    providers = gateway.catalog.providers
    return identify(header, gateway.settings, providers, gateway.issued_keys)


@dataclass(frozen=True, slots=True)
class Dialect:
    """The error shape of one family of routes, as a response and inside a stream.

    `name` is that of its package. `status_of` is which status a kind of failure is answered with;
    `time_header` is where it tells how many seconds an answer took, if it does.
    `scoped_by_address` says that something is kept for callers without a credential by the address
    that they call from, `own_pages_only` that no page of another origin may call, whatever it sends
    (see `cross_origin`); `caller_of` identifies the caller.
    """

    name: str
    error_reply: Callable[[Failure], Reply]
    error_frame: Callable[[Failure], bytes]
    status_of: Callable[[type[Failure]], int] = _own_status
    time_header: str | None = None
    scoped_by_address: bool = False
    own_pages_only: bool = False
    caller_of: Callable[[Request, Gateway], Caller] = caller_by_bearer


@dataclass(frozen=True, slots=True)
class Route:
    """A handler and which bodies it reads: JSON always, forms and the file of a picture if it says.

    With a `task_shape` it paints, with idempotency keys and background tasks in that shape. One
    that is not `counted` takes any number of requests, and needs to know no caller.
    """

    handle: Handler
    takes_form: bool = False
    takes_file: bool = False
    task_shape: TaskShape | None = None
    counted: bool = True


def painting_route(
    read: ReadPainting, shape: TaskShape, *, takes_form: bool = False, takes_file: bool = False
) -> Route:
    """The route of a painting endpoint, with idempotency keys and background tasks."""
    return Route(with_tasks(read, shape), takes_form, takes_file, shape)


@dataclass(frozen=True, slots=True)
class Endpoint:
    """A path, or all paths below one that ends in a slash, with a route for each method.

    With a `verb` such as `:predict` it is those below that end so; with a `header`, requests that
    have one of that name. One without routes stands for
    all below it that is not there: its dialect says so.
    """

    path: str
    routes: Mapping[str, Route]
    dialect: Dialect
    verb: str = ""
    header: str | None = None

    def matches(self, path: str) -> bool:
        """True for a path of this endpoint."""
        if not path.startswith(self.path):
            return False
        if not self.path.endswith("/"):
            return path.removesuffix("/") == self.path
        inside = unquote(path.removeprefix(self.path))
        return len(inside) > len(self.verb) and inside.endswith(self.verb)
