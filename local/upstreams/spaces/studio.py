"""The work that all Spaces share: obey the prompt's directives, step through the noise, paint."""

from collections.abc import Callable
from dataclasses import dataclass

import gradio as gr
from PIL import Image
from tqdm import tqdm

from . import zerogpu
from .callers import allowance_is_spent, caller_has_left
from .directives import parse_directives
from .notices import error, toast
from .painting import MAX_SEED, paint

REFUSED = "Your prompt was flagged by the safety checker (NSFW content)."
WORDS = "I can only describe this picture: soft colours, a few discs and no frame."

STALL_SLICE_S = 0.2
STALL_SLICES = 600
# Gradio 4.44 and 5 look at a job's progress about every 100 ms: a failure sooner than that would
# overtake the progress it is meant to follow.
PROGRESS_SEEN_S = 0.25

# As the default of a function's `progress` argument: Gradio reports the tqdm loops in it.
TRACKED = gr.Progress(track_tqdm=True)


@dataclass(frozen=True, slots=True)
class Painted:
    """What a run came to. `image` is None when the prompt asked for that."""

    image: Image.Image | None
    seed: int
    words: str | None = None


@dataclass(frozen=True, slots=True)
class Studio:
    """The means of a Space: how long a step takes, how to wait, where seeds come from."""

    step_s: float
    pause: Callable[[float], None]
    random_seed: Callable[[int, int], int]

    def generate(
        self,
        prompt: str,
        seed: float,
        width: float,
        height: float,
        steps: float,
        *,
        randomize: bool = False,
    ) -> Painted:
        """A whole text-to-image run, its steps in a tqdm loop as in a diffusers pipeline.

        Raises `gr.Error` where a directive asks for one.
        """
        directives = self.obey(prompt)
        used_seed = self.random_seed(0, MAX_SEED) if randomize else int(seed)
        total = self.count_steps(directives, steps)
        for step in tqdm(range(total)):
            self.take_step(directives, step, total)
        return self.finish(directives, prompt, used_seed, width, height)

    def obey(self, prompt: str) -> dict[str, str]:
        """Act on what precedes the drawing; return all directives for those that come later."""
        self.admit()
        directives = parse_directives(prompt)
        for name, argument in directives.items():
            self._refuse(name, argument)
            self._delay(name, argument)
        return directives

    def admit(self) -> None:
        """Let the caller have a GPU. Raises `gr.Error` when their time on it is used up."""
        if allowance_is_spent():
            raise zerogpu.quota_exceeded()

    def count_steps(self, directives: dict[str, str], steps: float) -> int:
        """How many steps a run takes that was asked for `steps`."""
        return max(1, int(directives.get("steps") or steps))

    def take_step(self, directives: dict[str, str], step: int, total: int) -> None:
        """Pass the time of one step, unless a directive has other plans."""
        self.pause(self.step_s)
        if "stall" in directives and step == 0:
            self._stall()
        if step != total // 2:
            return
        if "fail" in directives:
            self.pause(PROGRESS_SEEN_S)
            raise zerogpu.task_aborted()
        if "mid" in directives:
            raise error(directives["mid"] or "failed half way")

    def finish(
        self, directives: dict[str, str], prompt: str, seed: int, width: float, height: float
    ) -> Painted:
        """Paint, unless a directive says otherwise."""
        if "late" in directives:
            raise error(directives["late"] or "NSFW content detected")
        if "none" in directives:
            return Painted(None, seed)
        if "words" in directives:
            return Painted(None, seed, WORDS)
        return Painted(paint(prompt, seed, width, height), seed)

    def _stall(self) -> None:
        """Sit on the GPU and say nothing, until it is taken away."""
        for _ in range(STALL_SLICES):
            # A real function would sit on when its caller has left. Here a handful of abandoned
            # stalls would take all the places in the Space from the callers that come next.
            if caller_has_left():
                break
            self.pause(STALL_SLICE_S)
        raise zerogpu.task_aborted()

    def _delay(self, name: str, argument: str) -> None:
        match name:
            case "info" | "warn" | "success":
                toast(name, argument or f"this is a {name} toast")
            case "gpuqueue":
                zerogpu.wait_for_gpu(self.pause, float(argument or 1))
            case "sleep":
                self.pause(float(argument or 1))

    def _refuse(self, name: str, argument: str) -> None:
        if name in zerogpu.REFUSALS:
            raise zerogpu.refusal(name)
        match name:
            case "quota":
                raise zerogpu.quota_exceeded(argument)
            case "worker":
                raise zerogpu.worker_error(argument)
            case "refuse":
                raise error(REFUSED)
            case "error":
                raise error(argument or "Prompt rejected by the safety checker")
            case "hidden":
                raise error(argument or "not shown", visible=False)
            case "raise":
                raise RuntimeError(argument or "CUDA out of memory")
