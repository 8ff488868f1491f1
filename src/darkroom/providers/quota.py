"""The GPU quota that a Hugging Face token has left (reference/image-providers.md 4.1.4)."""

from dataclasses import dataclass

from darkroom.address import address_below
from darkroom.catalog.provider_row import ProviderRow
from darkroom.deadline import Deadline
from darkroom.errors import UpstreamBroken
from darkroom.http import Http
from darkroom.providers.api_client import ApiClient
from darkroom.providers.credential import credential_for
from darkroom.providers.response_images import plain_number
from darkroom.scrub import scrub
from darkroom.settings import Secret

ANSWER_LIMIT_S = 5.0


@dataclass(frozen=True, slots=True)
class Quota:
    """Seconds of GPU time: what a day holds, and what is left until `resets_at`."""

    base_s: float
    left_s: float
    resets_at: str | None

    def describe(self) -> dict[str, object]:
        """The quota in the words of `/v1/providers`."""
        return {
            "gpu_seconds": self.base_s,
            "gpu_seconds_left": self.left_s,
            "resets_at": self.resets_at,
        }


async def fetch_quota(
    provider: ProviderRow, token: Secret, http: Http, deadline: Deadline
) -> Quota:
    """Ask the Hub; raises a `Failure` when it does not tell."""
    credential = credential_for(provider, token, url="hub")
    exchange = ApiClient("Hugging Face", http, deadline, credential, limit_s=ANSWER_LIMIT_S)
    answer = await exchange.get(address_below(provider.urls["hub"], "/api/spaces/zero-gpu/quota"))
    base, current = plain_number(answer.get("base")), plain_number(answer.get("current"))
    if base is None or current is None:
        raise UpstreamBroken("Hugging Face reported no quota.")
    resets_at = answer.get("resetsAt")
    return Quota(base, current, scrub(str(resets_at)) if resets_at else None)
