"""The one graphics card: a job at a time, its progress for all to see."""

import asyncio
import time
from dataclasses import asdict, dataclass, field
from typing import Any

from ..call import Call
from ..directives import Directives
from ..faults import Failure, Kind
from ..image_request import ImageRequest, to_base64
from ..shared_state import Studio

PREVIEW_SHARE = 4
# What the web UI counts for the time before the first step.
START_PROGRESS = 0.01
STUCK_AT_STEP = 2


@dataclass(slots=True)
class State:
    """What `progress` shows of the job that runs."""

    skipped: bool = False
    interrupted: bool = False
    stopping_generation: bool = False
    job: str = ""
    job_count: int = 0
    job_timestamp: str = "0"
    job_no: int = 0
    sampling_step: int = 0
    sampling_steps: int = 0


@dataclass(frozen=True, slots=True)
class Job:
    """`order.count` pictures in `batches` turns of so many steps."""

    kind: str
    image_request: ImageRequest
    batches: int
    steps: int
    directives: Directives


@dataclass(slots=True)
class Machine:
    """Runs jobs in the order in which they came."""

    studio: Studio
    state: State = field(default_factory=State)
    _job: Job | None = None
    _started_at: float = 0.0
    _turn: asyncio.Lock = field(default_factory=asyncio.Lock)

    async def run(self, job: Job, call: Call) -> list[bytes]:
        """The pictures; those that were interrupted look unfinished, and later ones are missing."""
        async with self._turn:
            stamp = time.strftime("%Y%m%d%H%M%S")
            self.state = State(job=job.kind, job_count=job.batches, job_timestamp=stamp)
            self._job, self._started_at = job, time.monotonic()
            try:
                return await self._run(job, call)
            finally:
                self.state, self._job = State(job_timestamp=stamp), None

    def interrupt(self) -> None:
        """End the job that runs. An idle machine forgets it when the next job starts."""
        self.state.interrupted = True

    def skip(self) -> None:
        """End the turn that runs."""
        self.state.skipped = True

    async def report(self, *, with_image: bool) -> dict[str, Any]:
        """`progress`: all zeros when nothing runs."""
        state = self.state
        if not self._job:
            return self._show(0.0, 0.0, None)
        progress = START_PROGRESS + state.job_no / state.job_count
        progress += state.sampling_step / max(1, state.sampling_steps) / state.job_count
        progress = min(1.0, progress)
        passed_s = time.monotonic() - self._started_at
        image = None
        if with_image and state.sampling_step:
            image = to_base64(await self._sketch(self._job, PREVIEW_SHARE))
        return self._show(progress, passed_s / progress - passed_s, image)

    def _show(self, progress: float, eta_s: float, image: str | None) -> dict[str, Any]:
        return {
            "progress": progress,
            "eta_relative": eta_s,
            "state": asdict(self.state),
            "current_image": image,
            "textinfo": None,
        }

    async def _run(self, job: Job, call: Call) -> list[bytes]:
        pictures: list[bytes] = []
        batch_size = job.image_request.count // job.batches
        for number in range(job.batches):
            self.state.job_no, self.state.skipped = number, False
            is_whole = await self._take_steps(job, call)
            for index in range(len(pictures), len(pictures) + batch_size):
                if is_whole:
                    pictures.append(await job.image_request.paint(self.studio, index))
                else:
                    pictures.append(await self._sketch(job, 1, index))
            if self.state.interrupted:
                break
        return pictures

    async def _take_steps(self, job: Job, call: Call) -> bool:
        """Whether all were taken. The client need not stay for it, unless it stalls."""
        self.state.sampling_steps = job.steps
        for step in range(1, job.steps + 1):
            self.state.sampling_step = step
            await asyncio.sleep(self.studio.step_s)
            while "stall" in job.directives and step >= STUCK_AT_STEP and self._goes_on():
                await call.pause(self.studio.step_s)
            if "fail" in job.directives and step > job.steps // 2:
                raise Failure(Kind.FAILED)
            if not self._goes_on():
                return False
        return True

    def _goes_on(self) -> bool:
        return not (self.state.interrupted or self.state.skipped)

    async def _sketch(self, job: Job, share: int, index: int = 0) -> bytes:
        image_request, step = job.image_request, self.state.sampling_step
        width, height = max(8, image_request.width // share), max(8, image_request.height // share)
        prompt, seed = f"{image_request.prompt}\nstep {step}", image_request.seed + index
        return await self.studio.paint(prompt, seed, width, height, sources=image_request.sources)
