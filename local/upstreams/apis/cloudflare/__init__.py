"""A stand-in for api.cloudflare.com: Workers AI and the unified catalog.

Source: reference/cloudflare-ai.md.

[[busy]]        no capacity: 429 and 3040 at once for `rejectIfBusy`, else a wait
[[allocation]]  429 and 3036, the day's free neurons are used up
[[multipart]]   400, as for an input that is no form where one is needed

The binding of `local/ai.js` forwards its calls here, so both ways have one behaviour.
"""

from starlette.types import ASGIApp

from ..shared_state import Studio
from ..standin import StandIn, get, post
from .errors import word
from .models import Models

ACCOUNT = "/client/v4/accounts/{account}/ai"


def build(studio: Studio) -> ASGIApp:
    """The server."""
    models = Models(studio)
    return StandIn(
        studio,
        word,
        work=[
            post(f"{ACCOUNT}/run", models.run_unified),
            post(f"{ACCOUNT}/run/{{model:path}}", models.run_hosted),
            post(f"{ACCOUNT}/v1/chat/completions", models.chat.complete),
        ],
        calls=[get(f"{ACCOUNT}/models/search", models.search)],
    )
