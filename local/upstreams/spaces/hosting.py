"""All Spaces in one application, each mounted at `/spaces/<subdomain>`."""

import contextlib
import os
import sys
from collections.abc import Container, Iterator
from pathlib import Path

import gradio as gr
from fastapi import FastAPI
from gradio.utils import get_upload_folder

from .apps import SPACES
from .numbering import restart_component_ids
from .studio import Studio
from .versions import accepted

MOUNT = "/spaces"
# A job needs one worker thread at a time, but a Space may have several functions, and those of
# the kitchen sink know no limit.
SPARE_THREADS = 64
# Gradio 6 has each Space look for jobs a thousand times a second, which costs a third of a core.
LOOK_FOR_JOBS_S, LOOK_FOR_PROGRESS_S = 0.05, 0.02


def host_spaces(studio: Studio, concurrency: int, single: Container[str] = ()) -> FastAPI:
    """`concurrency` jobs of a function may run at once, one of a `single` Space; others queue."""
    app = FastAPI(openapi_url=None)
    for name, build in SPACES.items():
        restart_component_ids()
        with files_apart(name):
            space = build(studio)
            # Both must precede the mount. Gradio makes the queue's job slots and a thread limiter
            # of the Space's own from max_threads, unless it is 40, when all Spaces share one of 40.
            space.max_threads = 2 * concurrency + SPARE_THREADS
            space.queue(default_concurrency_limit=1 if name in single else concurrency)
            space._queue.sleep_when_free = LOOK_FOR_JOBS_S
            space._queue.progress_update_sleep_when_free = LOOK_FOR_PROGRESS_S
            mount(app, space, name)
    return app


@contextlib.contextmanager
def files_apart(name: str) -> Iterator[None]:
    """Give the Space that is made meanwhile a folder of its own, so that its files tell whose."""
    os.environ["GRADIO_TEMP_DIR"] = str(Path(get_upload_folder(), name))
    try:
        yield
    finally:
        # While Spaces run, they must all find their files in the folder that holds these.
        del os.environ["GRADIO_TEMP_DIR"]


def mount(app: FastAPI, space: gr.Blocks, name: str) -> None:
    """Serve the Space at `/spaces/<name>`."""
    options = accepted(gr.mount_gradio_app, ssr_mode=False)
    # Gradio 5.50 prints the path of every mount.
    with contextlib.redirect_stdout(sys.stderr):
        # A launched Space hides the text of bare exceptions, a mounted one shows it by default.
        gr.mount_gradio_app(app, space, path=f"{MOUNT}/{name}", show_error=False, **options)
