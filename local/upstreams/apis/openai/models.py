"""OpenAI's image models of November 2026 (wire-formats B3) and what sets them apart."""

from enum import Enum, auto


class Family(Enum):
    """Later members can do all that earlier ones can, but for `input_fidelity`."""

    CLASSIC = auto()
    """Three sizes."""
    FREE_SIZE = auto()
    """gpt-image-2: any size within limits; always of high input fidelity."""
    FINE = auto()
    """gpt-image-2.5 and later: `xhigh` and `max` quality, markup."""


FAMILIES = {
    "gpt-image-1-mini": Family.CLASSIC,
    "gpt-image-1.5": Family.CLASSIC,
    "chatgpt-image-latest": Family.CLASSIC,
    "gpt-image-2": Family.FREE_SIZE,
    "gpt-image-2-2026-04-21": Family.FREE_SIZE,
    "gpt-image-2.5-sunburst": Family.FINE,
    "gpt-image-2.5-sunburst-2026-09-08": Family.FINE,
    "gpt-image-2.5-flare": Family.FINE,
    "gpt-image-2.5-flare-2026-09-08": Family.FINE,
    "gpt-image-2.6-sunburst": Family.FINE,
    "gpt-image-2.6-flare": Family.FINE,
}
RETIRED = ("dall-e-2", "dall-e-3", "gpt-image-1")
CHAT_MODELS = ("gpt-5.4", "gpt-5.4-mini")


def is_chat_model(name: str) -> bool:
    """Whether one can chat with it: chat models come and go too often to be listed."""
    return name.startswith(("gpt-", "chatgpt-", "o")) and "-image" not in name
