"""The trace of one request: what it came to, as its log line and the metrics tell it."""

import os
import traceback
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Protocol

from darkroom.attempt import Attempt
from darkroom.errors import Failure

MAX_LOGGED_ATTEMPTS = 24
MAX_LOGGED_FRAMES = 12
MAX_LOGGED_NAME_CHARS, MAX_LOGGED_PROMPT_CHARS = 160, 4_000


class TracedJobs(Protocol):
    """The pictures of one request, as far as they have come."""

    @property
    def provider(self) -> str | None:
        """The id of the provider that served last."""
        ...

    @property
    def model(self) -> str | None:
        """The id of the model that served last."""
        ...

    @property
    def attempts(self) -> int:
        """The number of attempts of the job that took most."""
        ...

    @property
    def attempt_log(self) -> Sequence[Attempt]:
        """The attempts, and those passed over."""
        ...

    @property
    def cache(self) -> str | None:
        """`hit` or `miss` of the result cache, None where it was not asked."""
        ...

    @property
    def pictures(self) -> int:
        """The number of pictures that were finished."""
        ...

    @property
    def stages(self) -> Mapping[str, float]:
        """Seconds of each stage: `queue`, `run`, `fetch`."""
        ...


@dataclass(slots=True)
class Trace:
    """The course of a request, filled in on the way and read at its end.

    `operation` is OpenTelemetry's word for what was asked of a model (`gen_ai.operation.name`).
    `prompt` is there only where the operator wants prompts to be logged. `stages` are the seconds
    of each stage, the longest where there are several.
    """

    operation: str | None = None
    provider: str | None = None
    model: str | None = None
    prompt: str | None = None
    request_bytes: int | None = None
    attempt_log: list[Attempt] = field(default_factory=list)
    attempts: int = 0
    jobs: list[TracedJobs] = field(default_factory=list)
    stages: dict[str, float] = field(default_factory=dict)
    _failed_attempts: int = 0

    def add_jobs(self, jobs: TracedJobs) -> None:
        """Pictures are being made for this request."""
        self.operation = "generate_image"
        self.jobs.append(jobs)

    def add_attempts(
        self, operation: str, provider: str, model: str, attempt_log: Sequence[Attempt]
    ) -> None:
        """A text model or an embedder has answered."""
        self.operation = self.operation or operation
        self.provider, self.model = self.provider or provider, self.model or model
        self.attempts += sum(not t.result.startswith("resting") for t in attempt_log)
        self.attempt_log += attempt_log

    def add_failure(self, failure: Failure) -> None:
        """The request, or one of its pictures, has failed."""
        self._failed_attempts = failure.attempts
        self.provider = self.provider or failure.provider
        self._add_new(failure.attempt_log)

    def close(self) -> None:
        """Sum up the pictures, once they are at an end."""
        for jobs in self.jobs:
            self.provider = jobs.provider or self.provider
            self.model = jobs.model or self.model
            self._add_new(jobs.attempt_log)
            for stage, seconds in jobs.stages.items():
                self.stages[stage] = max(seconds, self.stages.get(stage, 0.0))
        self.attempts += max(self._failed_attempts, *(jobs.attempts for jobs in self.jobs), 0)

    def _add_new(self, attempt_log: Sequence[Attempt]) -> None:
        self.attempt_log += [each for each in attempt_log if each not in self.attempt_log]

    @property
    def cache(self) -> str | None:
        """`hit` or `miss` of the result cache, None where it was not asked."""
        return next((jobs.cache for jobs in self.jobs if jobs.cache), None)

    @property
    def pictures(self) -> int:
        """The number of pictures that were finished."""
        return sum(jobs.pictures for jobs in self.jobs)

    def fields(self) -> dict[str, object]:
        """The fields of a log line; without what is not known."""
        fields: dict[str, object] = {
            "model": self.model and self.model[:MAX_LOGGED_NAME_CHARS],
            "provider": self.provider,
            "attempts": self.attempts or None,
            "tried": [
                str(attempt)[:MAX_LOGGED_NAME_CHARS]
                for attempt in self.attempt_log[:MAX_LOGGED_ATTEMPTS]
            ]
            or None,
            "cache": self.cache,
            "pictures": self.pictures or None,
            **{f"{stage}_ms": round(s * 1000, 1) for stage, s in self.stages.items()},
            "request_bytes": self.request_bytes,
            "prompt": self.prompt and self.prompt[:MAX_LOGGED_PROMPT_CHARS],
        }
        return {name: value for name, value in fields.items() if value is not None}


def frames_of(error: BaseException) -> str:
    """The kind of an exception and where it came from; its words may be a caller's and stay out."""
    frames = traceback.extract_tb(error.__traceback__)[-MAX_LOGGED_FRAMES:]
    where = [f"{os.path.basename(f.filename)}:{f.lineno} in {f.name}" for f in frames]
    return " < ".join([type(error).__name__, *reversed(where)])
