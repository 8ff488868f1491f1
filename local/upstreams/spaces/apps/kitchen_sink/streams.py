"""Functions that take their time, and what they send meanwhile."""

import asyncio
from collections.abc import AsyncIterator, Iterator
from typing import Any

import gradio as gr
from PIL import Image
from tqdm import tqdm

from ...notices import toast
from ...painting import paint
from ...studio import TRACKED, Studio

BY_HAND = gr.Progress()


def yield_json() -> Iterator[dict[str, Any]]:
    """Values whose differences use all the edits that a stream knows."""
    yield {"a": 1, "list": [1, 2, 3], "gone": True, "text": "he"}
    yield {"a": 2, "list": [1, 2, 3, 4], "text": "hello", "new": None}
    yield {"a": 2, "list": [2, 3, 4], "text": "bye", "new": {"deep": [1]}}


async def async_steps(n: float) -> AsyncIterator[int]:
    """Numbers, from a coroutine."""
    for step in range(int(n)):
        await asyncio.sleep(0.1)
        yield step


class Streams:
    """The functions that wait in a thread, and so need the studio's way of waiting."""

    def __init__(self, studio: Studio) -> None:
        self._pause = studio.pause

    def yield_text(self, text: str) -> Iterator[str]:
        """A growing text, sent as appendages."""
        said = ""
        for word in text.split():
            said += word + " "
            self._pause(0.02)
            yield said

    def yield_images(self, n: float) -> Iterator[tuple[Image.Image, int]]:
        """One picture after the other, and their numbers."""
        for frame in range(int(n)):
            self._pause(0.02)
            yield paint("frame", frame, 64, 64), frame

    def progress_manual(self, progress: gr.Progress = BY_HAND) -> str:
        """Every form that progress told by hand may take."""
        progress(0, desc="Starting")
        self._pause(0.05)
        progress(0.25, desc="Quarter")
        self._pause(0.05)
        progress((3, 10), desc="Three of ten", unit="images")
        self._pause(0.05)
        progress((5, None), desc="Unknown total")
        self._pause(0.05)
        progress(None)
        self._pause(0.05)
        return "ok"

    def progress_tqdm(self, progress: gr.Progress = TRACKED) -> str:
        """Loops within a loop, then one by `progress.tqdm`."""
        for _ in tqdm(range(2), desc="outer", unit="img"):
            for _ in tqdm(range(3), desc="inner"):
                self._pause(0.04)
        for _ in progress.tqdm(range(2), desc="gr tqdm"):
            self._pause(0.04)
        return "ok"

    def toasts(self) -> str:
        """A toast of each level, one with HTML in it."""
        toast("info", "an info", "Info title")
        toast("warn", "a <b>warning</b>")
        toast("success", "a success")
        self._pause(0.05)
        return "ok"

    def batched(self, texts: list[str]) -> list[list[str]]:
        """Capitals, for several callers at a time."""
        self._pause(0.1)
        return [[text.upper() for text in texts]]

    def slow(self, seconds: float) -> str:
        """Nothing for that long."""
        self._pause(seconds)
        return f"slept {seconds}"
