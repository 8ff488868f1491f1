"""A stand-in for ai.gitee.com (wire-formats B8, image-providers §4.2)."""

from starlette.types import ASGIApp

from ..chat import Chat
from ..shared_state import Studio
from ..standin import StandIn, get, post
from .errors import word
from .images import Images
from .jobs import Jobs


def build(studio: Studio) -> ASGIApp:
    """The server."""
    images, jobs, chat = Images(studio), Jobs(studio), Chat(studio, word)
    return StandIn(
        studio,
        word,
        work=[
            post("/v1/images/generations", images.generate),
            post("/v1/images/edits", images.edit),
            post("/v1/async/images/generations", jobs.generate),
            post("/v1/async/images/edits", jobs.edit),
            post("/v1/chat/completions", chat.complete),
        ],
        calls=[
            get("/v1/task/{task_id}", jobs.poll),
            get("/api/v1/task/{task_id}", jobs.poll),
            post("/v1/task/{task_id}/cancel", jobs.cancel),
        ],
    )
