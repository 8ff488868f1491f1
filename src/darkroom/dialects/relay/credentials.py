"""Authentication by the relay's headers (reference/wire-formats.md A1)."""

from darkroom.access import Caller, identify
from darkroom.gateway import Gateway
from darkroom.http import Request

# Keys of the relay's own, which clients go on sending: they belong to nobody here.
RELAY_KEY = "relay_sk_"


def caller_of(request: Request, gateway: Gateway) -> Caller:
    """The caller by `X-API-Key`, which speaks as a bearer does and comes before `Authorization`.

    Raises as `identify` does.
    """
    key = request.headers.get("x-api-key", "").strip()
    header = f"Bearer {key}" if key else request.headers.get("authorization")
    header, providers = _without_relay_keys(header), gateway.catalog.providers
    return identify(header, gateway.settings, providers, gateway.issued_keys)


def _without_relay_keys(header: str | None) -> str | None:
    scheme, _, rest = (header or "").partition(" ")
    tokens = [token for token in rest.split(",") if not token.strip().startswith(RELAY_KEY)]
    return f"{scheme} {','.join(tokens)}" if header else None
