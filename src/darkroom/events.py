"""Events of a job: the one stream that every provider yields and every dialect renders."""

from collections.abc import Mapping
from dataclasses import dataclass

from darkroom.address import Address, Credential
from darkroom.attempt import Attempt
from darkroom.errors import Failure
from darkroom.image import ImageFile


@dataclass(frozen=True, slots=True)
class Picture:
    """A picture as the upstream gave it: an address to fetch, or the file itself.

    Exactly one of `url` and `file` is set. `url` is what the upstream wrote: only `address`, which
    the engine sets where the policy lets it pass, is fetched or handed on. `credential` goes with
    it. `lasts_s` is how long the address lives, where the upstream says; one that dies within
    minutes is not handed to a caller.
    """

    url: str | None = None
    file: ImageFile | None = None
    lasts_s: float | None = None
    credential: Credential | None = None
    address: Address | None = None


@dataclass(frozen=True, slots=True)
class AttemptStarted:
    """The engine turned to a route; `number` counts from 1."""

    provider: str
    model: str
    upstream: str
    number: int


@dataclass(frozen=True, slots=True)
class AttemptFailed:
    """The engine gave up a route, tried or not, and goes on to the next if there is one."""

    attempt: Attempt


@dataclass(frozen=True, slots=True)
class Accepted:
    """The upstream took the job; no event of this kind leaves the engine.

    `handle` is what its provider needs to ask after the job again (see `ResumableProvider`): texts
    without a secret, such as a task's id.
    """

    handle: Mapping[str, str]


@dataclass(frozen=True, slots=True)
class Queued:
    """The upstream holds the job in line. `position` 0 is next; `eta_s` is in seconds."""

    position: int | None = None
    size: int | None = None
    eta_s: float | None = None
    message: str | None = None


@dataclass(frozen=True, slots=True)
class Started:
    """The upstream works on the job."""

    eta_s: float | None = None


@dataclass(frozen=True, slots=True)
class Progress:
    """The upstream is `step` of `total` steps in; `fraction` is 0 to 1 where it is known."""

    step: int | None = None
    total: int | None = None
    fraction: float | None = None
    message: str | None = None


@dataclass(frozen=True, slots=True)
class Preview:
    """A picture of how far the work has come."""

    picture: Picture


@dataclass(frozen=True, slots=True)
class Finished:
    """The work is done.

    `seed` is the one that was really used, where the upstream tells it, `revised_prompt` what it
    made of the prompt, `usage` what it counted, in OpenAI's words (reference/wire-formats.md B3.4).
    """

    pictures: tuple[Picture, ...]
    seed: int | None = None
    revised_prompt: str | None = None
    usage: Mapping[str, object] | None = None


@dataclass(frozen=True, slots=True)
class Failed:
    """The job ended without a picture."""

    failure: Failure


Event = (
    AttemptStarted
    | AttemptFailed
    | Accepted
    | Queued
    | Started
    | Progress
    | Preview
    | Finished
    | Failed
)
