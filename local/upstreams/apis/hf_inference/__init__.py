"""A stand-in for router.huggingface.co (wire-formats B11), and for what the Hub tells of tokens.

[[loading]]     503, the model is being loaded
"""

from datetime import UTC, datetime, timedelta

from starlette.responses import JSONResponse, Response
from starlette.types import ASGIApp

from ..call import Call
from ..chat import Chat
from ..shared_state import Studio
from ..standin import StandIn, get, post
from ..tokens import says
from .errors import word
from .images import Images

BASE_QUOTA_S = 210
RESET_AFTER = timedelta(hours=6)


def build(studio: Studio) -> ASGIApp:
    """The server."""
    images, chat = Images(studio), Chat(studio, word)
    return StandIn(
        studio,
        word,
        work=[
            post("/hf-inference/models/{model:path}", images.generate),
            post("/v1/chat/completions", chat.complete),
        ],
        calls=[get("/api/spaces/zero-gpu/quota", tell_quota), get("/api/whoami-v2", tell_name)],
    )


async def tell_name(call: Call) -> Response:
    """Whose token it is: `GET /api/whoami-v2`."""
    return JSONResponse({"type": "user", "name": "somebody", "auth": {"type": "access_token"}})


async def tell_quota(call: Call) -> Response:
    """Seconds of GPU time: all are left, with a `quota` token none (huggingface_hub#2842)."""
    is_spent = says(call.token, "quota")
    resets_at = datetime.now(UTC) + RESET_AFTER
    return JSONResponse(
        {
            "base": BASE_QUOTA_S,
            "current": 0 if is_spent else BASE_QUOTA_S,
            "resetsAt": resets_at.isoformat().replace("+00:00", "Z") if is_spent else None,
            "overquotaUsed": 0,
        }
    )
