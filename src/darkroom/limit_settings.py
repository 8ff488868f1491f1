"""Limits and lifetimes of a deployment, read from the environment."""

from dataclasses import dataclass, fields
from typing import Self

from darkroom.environment import Environment, read_number
from darkroom.errors import Misconfigured

DAY_S = 86_400.0
MOST = 1e15  # whole numbers stay exact
# Callers who bring tokens of their own can make up any number of them, so what all of one address
# use together is limited as well: to so many times what one caller may use.
ADDRESS_FACTOR = 5


@dataclass(frozen=True, slots=True)
class Limits:
    """The limits of callers and of the whole deployment, by variables of their names in upper case.

    Those that begin with `total_` are for the deployment, all others for one caller; zero is no
    limit. `jobs_at_work` are requests that paint while their caller waits, `tasks_waiting` tasks
    that are not over, `images_per_day` pictures painted in a day of UTC. `kept_bytes` and
    `kept_objects` are what is kept in the bucket. `callers_per_address` is how many callers may
    paint from one address in a day.
    """

    requests_per_minute: int = 300
    total_requests_per_minute: int = 6_000
    jobs_at_work: int = 10
    total_jobs_at_work: int = 200
    tasks_waiting: int = 20
    total_tasks_waiting: int = 500
    images_per_day: int = 500
    total_images_per_day: int = 10_000
    kept_bytes: int = 1024**3
    total_kept_bytes: int = 8 * 1024**3
    kept_objects: int = 5_000
    total_kept_objects: int = 200_000
    callers_per_address: int = 20
    total_callers: int = 10_000

    @classmethod
    def from_env(cls, env: Environment) -> Self:
        """Read the environment; raises `Misconfigured` for what is no number of zero or more."""
        defaults = cls()
        return cls(
            **{
                field.name: _whole(env, field.name.upper(), getattr(defaults, field.name))
                for field in fields(cls)
            }
        )


def _whole(env: Environment, name: str, default: int) -> int:
    """A whole number; any other is refused, since half of one would be no limit at all."""
    value = read_number(env, name, default, 0, MOST)
    if value != int(value):
        raise Misconfigured(f"{name} must be a whole number, 0 for no limit")
    return int(value)


VARIABLES = tuple(field.name.upper() for field in fields(Limits))


@dataclass(frozen=True, slots=True)
class Lifetimes:
    """For how many days things are kept, by variables of the same names in upper case.

    Pictures below `/media/`, entries of histories, saved embeddings, what was used, and pictures
    that were shared.
    """

    media_lifetime_days: float = 30.0
    history_lifetime_days: float = 30.0
    embeddings_lifetime_days: float = 90.0
    usage_lifetime_days: float = 400.0
    share_lifetime_days: float = 30.0

    def kept_for_s(self, name: str, result_lifetime_s: float) -> float | None:
        """The lifetime of an object of the bucket in seconds; None for what others clear away."""
        folder, slash, _ = name.partition("/")
        match folder if slash else "":
            case "tasks":
                return None
            case "results":
                return result_lifetime_s
            case "embeddings":
                return self.embeddings_lifetime_days * DAY_S
            case "shares":
                return self.share_lifetime_days * DAY_S
        return self.media_lifetime_days * DAY_S

    @classmethod
    def from_env(cls, env: Environment) -> Self:
        """Read the environment; raises `Misconfigured` for what is no number of days."""
        defaults = cls()
        return cls(
            **{
                field.name: read_number(
                    env, field.name.upper(), getattr(defaults, field.name), 1, 36_500
                )
                for field in fields(cls)
            }
        )
