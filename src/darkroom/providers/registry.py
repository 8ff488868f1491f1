"""Which provider serves which rows of the catalog."""

from collections.abc import Callable, Mapping

from darkroom.providers.gradio.config import SignatureCache
from darkroom.providers.huggingface import HuggingFace
from darkroom.providers.provider import Provider
from darkroom.settings import Settings


def build_providers(
    settings: Settings, new_token: Callable[[], str], signatures: SignatureCache
) -> Mapping[str, Provider]:
    """Every provider by the id that its catalog rows carry.

    `new_token` draws an unguessable name for a session.
    """
    return {
        "huggingface": HuggingFace(
            space_url=settings.huggingface_space_url,
            token_header=settings.huggingface_token_header,
            new_session=new_token,
            signatures=signatures,
        ),
    }
