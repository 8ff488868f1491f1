"""One request that may be carried out in the background, and what has to hold for that."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass

from darkroom.access import Caller
from darkroom.blob import Blob
from darkroom.deadline import Deadline
from darkroom.dialects.context import Gateway
from darkroom.dialects.scope import credential_scope_of
from darkroom.errors import InvalidRequest
from darkroom.http import Request
from darkroom.stores.tasks import Task
from darkroom.tasks.asked import Asked
from darkroom.tasks.failures import NoBackground
from darkroom.tasks.kept_request import credentials_of
from darkroom.tasks.webhooks import Describe, check_webhook_url


@dataclass(frozen=True, slots=True)
class Shape:
    """How a dialect tells of tasks.

    `accepted` makes the body of the 202, `describe` that of a poll; `path_of` is where a task is
    asked after.
    """

    dialect: str
    accepted: Callable[[Task], Mapping[str, object]]
    describe: Describe
    path_of: Callable[[Task], str]


@dataclass(frozen=True, slots=True)
class Checked:
    """A request that was found right: the model that it means, and whether it wants a stream."""

    model: str
    stream: bool = False


@dataclass(frozen=True, slots=True)
class Visit:
    """A request whose body was read (see `hold_body`), who sent it, and how it is to be answered.

    `deadline` is that of a caller who waits.
    """

    request: Request
    body: Blob
    caller: Caller
    asked: Asked
    shape: Shape
    gateway: Gateway
    deadline: Deadline

    @property
    def scope(self) -> str | None:
        """What tells this caller from others; None without a credential."""
        return credential_scope_of(self.caller, self.request.headers, self.gateway.settings)

    @property
    def waits(self) -> bool:
        """Whether the caller waits for what comes of the request."""
        return not (self.asked.asynchronous or self.asked.preferred)

    def lacks(self) -> NoBackground | None:
        """Why this request cannot go through a task here, if it cannot."""
        background = self.gateway.background
        if background is None:
            return NoBackground(
                "async: this gateway does nothing in the background. Its operator has to bind the "
                "Durable Objects TASKS.",
                param="async",
            )
        if background.sealer is None and credentials_of(self.request) is not None:
            return NoBackground(
                "async: this gateway cannot keep your credential for when you have left. Its "
                "operator has to set the secret TASK_SECRET.",
                param="async",
            )
        return None

    def check_webhook(self) -> None:
        """Raise a `Failure` where a webhook is asked for that cannot be had."""
        url = self.asked.webhook_url
        if url is None:
            return
        if not self.asked.asynchronous:
            raise InvalidRequest(
                "webhook_url: only what is done in the background is told of; send "
                '"async": true as well.',
                param="webhook_url",
            )
        if self.scope is None:
            raise InvalidRequest(
                "webhook_url: is for callers who send a credential.", param="webhook_url"
            )
        check_webhook_url(url, self.gateway, self.request.origin)
        if self.gateway.settings.webhook_secret is None:
            raise NoBackground(
                "webhook_url: this gateway has nothing to sign with. Its operator has to set the "
                "secret WEBHOOK_SECRET.",
                param="webhook_url",
            )
