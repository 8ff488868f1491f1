"""Failures: what went wrong, what the caller reads, what the engine does about it.

    Failure
    ├── InvalidRequest          400  a field is wrong: `param` names it
    │   ├── ModelNotFound       404
    │   ├── RouteNotFound       404
    │   ├── MethodNotAllowed    405
    │   ├── BodyTooLarge        413
    │   └── UnsupportedMediaType 415
    │       └── UnsupportedEncoding 415
    ├── ContentRefused          400  the upstream will not paint this
    ├── CredentialRefused       401  the upstream does not accept the token
    │   └── CredentialMissing   401  it needs one, and none may be used for this caller
    ├── RateLimited             429  too fast for the upstream
    │   └── QuotaExhausted      429  the upstream's allowance is used up
    ├── FreeAllowanceUsed       429  what is given without a key or credits does not reach
    ├── UpstreamUnavailable     503  asleep, starting, full, unreachable: nothing was started
    │   ├── UpstreamGlitch      503  turned away by chance: one new attempt at once
    │   ├── QueueFull           503  takes nothing more for the moment: a new attempt in a moment
    │   └── UpstreamSilent      503  asked, and no answer in its time: it may have begun
    ├── Busy                    503  this gateway itself has too much to do
    ├── NotConfigured           503  the operator has not said where the provider answers
    ├── UpstreamBroken          502  answers, but not what its protocol says
    │   └── UpstreamRefused     502  turns the request away, and not for what the caller sent
    ├── JobFailed               502  accepted, then reported as failed
    │   ├── JobLost             502  accepted, then never heard of again
    │   └── PictureOmitted      502  done but for the picture, which may come if asked again
    ├── DeadlineExceeded        504
    ├── Misconfigured           500  a setting of this deployment cannot be used
    └── InternalFailure         500  our own mistake

Statuses, types and codes follow the OpenAI error reference, as its SDKs classify them
(reference/wire-formats.md B3.6); the actions are the table of DESIGN §4.
"""

from collections.abc import Sequence
from enum import Enum, auto
from typing import ClassVar, Self

from darkroom.attempt import Attempt
from darkroom.retry_after import (
    LONGEST_QUEUE_WAIT_S,
    LONGEST_QUOTA_WAIT_S,
    LONGEST_RATE_WAIT_S,
    bounded_wait_s,
)

LONGEST_WAIT_AN_SDK_OBEYS_S = 120
MAX_MESSAGE_CHARS, MAX_PARAM_CHARS = 2_000, 200  # both may hold words of the caller


class Action(Enum):
    """The engine's action after a failure."""

    STOP = auto()
    RETRY = auto()  # the same route once more, as a new job
    NEXT_CREDENTIAL = auto()
    NEXT_ROUTE = auto()


class Failure(Exception):
    """A request that cannot be answered with a picture.

    `message` is written for the caller and holds no secret. `retry_after_s` is what the upstream
    said, up to `longest_wait_s`. `dispatched` is true once an upstream may have begun the work, so
    that repeating the request could pay for it twice. `lacks_token` says that a route without a
    token failed where one with a token need not, `token_advice` how those without one get on.
    """

    status: ClassVar[int] = 500
    type: ClassVar[str] = "server_error"
    default_code: ClassVar[str] = "internal_error"
    action: ClassVar[Action] = Action.STOP
    retryable: ClassVar[bool] = False
    dispatched: ClassVar[bool] = False
    longest_wait_s: ClassVar[float] = LONGEST_RATE_WAIT_S

    def __init__(
        self,
        message: str,
        *,
        param: str | None = None,
        code: str | None = None,
        retry_after_s: float | None = None,
    ) -> None:
        super().__init__(message[:MAX_MESSAGE_CHARS])
        self.message = message[:MAX_MESSAGE_CHARS]
        self.param = param and param[:MAX_PARAM_CHARS]
        self.code = code or self.default_code
        self.retry_after_s = bounded_wait_s(retry_after_s, self.longest_wait_s)
        self.lacks_token = False
        self.token_advice: str | None = None
        self.provider: str | None = None
        self.image_index: int | None = None
        self.request_id: str | None = None
        self.attempts = 0
        self.attempt_log: tuple[Attempt, ...] = ()

    def served_by(self, provider: str, attempts: int) -> Self:
        """Note which provider failed, and after how many attempts; returns the failure itself."""
        self.provider, self.attempts = provider, attempts
        return self

    def add(self, words: str) -> None:
        """Add a sentence to the message."""
        self.message = f"{self.message.rstrip()} {words}"[:MAX_MESSAGE_CHARS]
        self.args = (self.message,)

    def without(self, secret: str) -> Self:
        """Take a secret out of the message, should an upstream have said it."""
        if secret:
            self.message = self.message.replace(secret, "[removed]")
            self.args = (self.message,)
        return self

    def without_frames(self) -> Self:
        """Let go of the frames that it was raised in: they hold bodies, until Python collects."""
        self.__traceback__ = self.__context__ = None
        return self

    @property
    def caller_may_retry(self) -> bool:
        """Whether sending the same request again soon is harmless and could help."""
        waits_too_long = (self.retry_after_s or 0) > LONGEST_WAIT_AN_SDK_OBEYS_S
        return self.retryable and not self.dispatched and not waits_too_long


class InvalidRequest(Failure):
    """The request itself is wrong; `param` names the field."""

    status = 400
    type = "invalid_request_error"
    default_code = "invalid_value"


class ModelNotFound(InvalidRequest):
    """No model of the catalog has that id or alias."""

    status = 404
    default_code = "model_not_found"


class RouteNotFound(InvalidRequest):
    """No route has that path."""

    status = 404
    default_code = "route_not_found"


class MethodNotAllowed(InvalidRequest):
    """The path exists, the method does not; `allowed` lists those that do."""

    status = 405
    default_code = "method_not_allowed"

    def __init__(self, message: str, *, allowed: Sequence[str]) -> None:
        super().__init__(message)
        self.allowed = tuple(allowed)


class BodyTooLarge(InvalidRequest):
    """The request's body is larger than the limit."""

    status = 413
    default_code = "body_too_large"


class UnsupportedMediaType(InvalidRequest):
    """The request's body is of a type that nobody here reads."""

    status = 415
    default_code = "unsupported_media_type"


class UnsupportedEncoding(UnsupportedMediaType):
    """The request's body is packed in a way that nobody here unpacks."""

    default_code = "unsupported_encoding"


class ContentRefused(Failure):
    """The upstream refused the prompt or its picture."""

    status = 400
    type = "image_generation_user_error"
    default_code = "moderation_blocked"


class CredentialRefused(Failure):
    """The upstream does not accept the token."""

    status = 401
    type = "invalid_request_error"
    default_code = "invalid_api_key"
    action = Action.NEXT_CREDENTIAL


class CredentialMissing(CredentialRefused):
    """The upstream needs a token, and there is none that this caller may use."""

    default_code = "missing_api_key"
    action = Action.STOP


class RateLimited(Failure):
    """The upstream wants fewer requests."""

    status = 429
    type = "rate_limit_error"
    default_code = "rate_limit_exceeded"
    action = Action.NEXT_CREDENTIAL
    retryable = True


class QuotaExhausted(RateLimited):
    """The upstream's allowance for this credential is used up for now."""

    type = "insufficient_quota"
    default_code = "insufficient_quota"
    retryable = False
    longest_wait_s = LONGEST_QUOTA_WAIT_S


class FreeAllowanceUsed(Failure):
    """An allowance that is not the credential's own leaves no room for this picture."""

    status = 429
    type = "insufficient_quota"
    default_code = "insufficient_quota"
    action = Action.NEXT_ROUTE
    longest_wait_s = LONGEST_QUOTA_WAIT_S


class UpstreamUnavailable(Failure):
    """The upstream could not take the job; nothing was started."""

    status = 503
    default_code = "upstream_unavailable"
    action = Action.NEXT_ROUTE
    retryable = True


class UpstreamGlitch(UpstreamUnavailable):
    """The upstream turned the job away for a reason that a new attempt at once often cures."""

    action = Action.RETRY


class QueueFull(UpstreamUnavailable):
    """The upstream's queue is full for the moment; no token and no allowance is to blame.

    `asked_wait_s` is the wait that the upstream itself asked for, if it did.
    """

    longest_wait_s = LONGEST_QUEUE_WAIT_S
    asked_wait_s: float | None = None


class UpstreamSilent(UpstreamUnavailable):
    """The upstream was asked and did not answer in its time; the work may be paid for."""

    dispatched = True


class Busy(Failure):
    """This gateway has too much to do; nothing was begun."""

    status = 503
    default_code = "overloaded"
    retryable = True


class NotConfigured(Failure):
    """A provider that this deployment has no address for."""

    status = 503
    default_code = "provider_not_configured"
    action = Action.NEXT_ROUTE


class UpstreamBroken(Failure):
    """The upstream answered something that its protocol does not know."""

    status = 502
    default_code = "upstream_error"
    action = Action.NEXT_ROUTE


class UpstreamRefused(UpstreamBroken):
    """The upstream is well and turned the request away, for a reason that is not the caller's."""


class JobFailed(Failure):
    """The upstream took the job and then reported that it failed."""

    status = 502
    default_code = "generation_failed"
    action = Action.NEXT_ROUTE
    dispatched = True


class JobLost(JobFailed):
    """The upstream took the job and was not heard of again: the work may be paid for."""

    default_code = "generation_lost"
    action = Action.STOP


class PictureOmitted(JobFailed):
    """The upstream went through with the job and left the picture out, for no lasting reason."""

    default_code = "no_image"
    retryable = True
    dispatched = False  # what is not painted is not paid for


class DeadlineExceeded(Failure):
    """The request's time is up."""

    status = 504
    type = "timeout_error"
    default_code = "deadline_exceeded"
    dispatched = True


class Misconfigured(Failure):
    """A setting of this deployment cannot be used; the message names it."""

    default_code = "misconfigured"
    dispatched = True


class InternalFailure(Failure):
    """A mistake of Darkroom's own; the log has the details under the request id."""

    dispatched = True
