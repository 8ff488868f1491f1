"""The registry of providers: which code serves which rows of the catalog."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass

from darkroom.ai_binding import AiBinding
from darkroom.deadline import Deadline
from darkroom.http import Http, UpstreamReply
from darkroom.providers.a1111 import Automatic1111
from darkroom.providers.bfl import BlackForestLabs
from darkroom.providers.chat import ChatCompletions
from darkroom.providers.cloudflare import Cloudflare
from darkroom.providers.cloudflare_chat import CloudflareChat
from darkroom.providers.cloudflare_client import CloudflareClient
from darkroom.providers.gemini import Gemini
from darkroom.providers.gitee import Gitee
from darkroom.providers.gradio.config import SignatureCache
from darkroom.providers.hf_inference import HuggingFaceInference
from darkroom.providers.hidden_states import HiddenStates
from darkroom.providers.huggingface import HuggingFace
from darkroom.providers.modelscope import ModelScope
from darkroom.providers.openai import OpenAI
from darkroom.providers.openai_compatible import OpenAICompatible
from darkroom.providers.pollinations import Pollinations
from darkroom.providers.provider import ChatProvider, ChatRoute, Embedder, Provider
from darkroom.providers.qwen import Qwen
from darkroom.providers.studio import Studio
from darkroom.providers.studio_chat import StudioChat
from darkroom.providers.studio_embeddings import StudioEmbedder
from darkroom.settings import Settings
from darkroom.stores.conversion import Converter
from darkroom.stores.neurons import NeuronAllowance

WATCH_S = 1.0


@dataclass(frozen=True, slots=True)
class Bindings:
    """The runtime's own that providers use, each where it is bound.

    `ai` runs Cloudflare's models, `allowance` counts what is given of it to callers without a
    gateway key, and `converter` scales pictures.
    """

    ai: AiBinding | None = None
    allowance: NeuronAllowance | None = None
    converter: Converter | None = None


DEFAULTS, NO_BINDINGS = Settings(), Bindings()


def build_providers(
    settings: Settings,
    new_token: Callable[[], str],
    signatures: SignatureCache,
    bindings: Bindings = NO_BINDINGS,
) -> Mapping[str, Provider]:
    """Every provider by the protocol that catalog rows name.

    `new_token` draws an unguessable name for a session or a form's boundary.
    """
    delays_s, max_polls = settings.poll_delays_s, settings.max_polls
    return {
        "huggingface": HuggingFace(
            token_header=settings.huggingface_token_header,
            new_session=new_token,
            signatures=signatures,
        ),
        "openai_compatible": OpenAICompatible(new_token),
        "gitee": Gitee(new_token, delays_s, max_polls),
        "modelscope": ModelScope(delays_s, max_polls),
        "openai": OpenAI(new_token),
        "bfl": BlackForestLabs(delays_s, max_polls),
        "gemini": Gemini(),
        "qwen": Qwen(delays_s, max_polls),
        "a1111": Automatic1111(min(WATCH_S, delays_s[0])),
        "studio": Studio(),
        "pollinations": Pollinations(),
        "hf-inference": HuggingFaceInference(),
        "cloudflare": Cloudflare(
            _cloudflare(settings, bindings), bindings.allowance, bindings.converter, new_token
        ),
    }


def build_embedders(settings: Settings) -> Mapping[str, Embedder]:
    """Every provider of embeddings, by the protocol that catalog rows name."""
    return {
        "hidden-states": HiddenStates(settings.hidden_states_model),
        "studio": StudioEmbedder(),
    }


@dataclass(frozen=True, slots=True)
class ChatProviders:
    """Sends each conversation to the code that speaks its provider's protocol.

    `own` are those that do not speak as `usual` does, by the protocol that catalog rows name.
    """

    own: Mapping[str, ChatProvider]
    usual: ChatProvider

    async def ask(
        self, body: Mapping[str, object], route: ChatRoute, http: Http, deadline: Deadline
    ) -> UpstreamReply:
        """Send a conversation; see `ChatProvider.ask`."""
        speaker = self.own.get(route.provider.protocol, self.usual)
        return await speaker.ask(body, route, http, deadline)


def build_chat(settings: Settings = DEFAULTS, bindings: Bindings = NO_BINDINGS) -> ChatProvider:
    """Everybody's text models."""
    cloudflare = CloudflareChat(_cloudflare(settings, bindings))
    return ChatProviders({"studio": StudioChat(), "cloudflare": cloudflare}, ChatCompletions())


def _cloudflare(settings: Settings, bindings: Bindings) -> CloudflareClient:
    return CloudflareClient(bindings.ai, settings.ai, settings.tokens.get("cloudflare", ()))
