"""Responses of the routes that belong to no dialect, as types."""

from typing import Annotated, Literal, NotRequired

from pydantic import Field, WithJsonSchema
from typing_extensions import TypedDict  # pydantic reads that of `typing` from Python 3.12 on

from api.schemas.openai_models import TokenNeed
from darkroom.dialects.service.shares import ShareFields
from darkroom.engine.breaker import State
from darkroom.stores.cooldowns import Reason


class BreakerState(TypedDict):
    """An upstream that is left alone after failures."""

    state: State
    retry_in_seconds: Annotated[float, Field(description="When it is tried again.")]


class ProviderBreakers(TypedDict):
    """How a provider's upstreams do."""

    state: Literal["closed", "degraded"]
    upstreams: Annotated[dict[str, BreakerState], Field(description="Those left alone now.")]


CredentialNumber = Annotated[int, Field(description="The token's place in the list sent, from 1.")]


class Cooldown(TypedDict):
    """A token that is not used now."""

    state: Literal["cooling", "refused"]
    reason: Reason
    until: Annotated[str, Field(description="When it is used again, in UTC.")]


class CredentialState(TypedDict):
    """How a token does: never the token itself."""

    credential: CredentialNumber
    owner: Literal["caller", "operator"]
    state: Literal["usable", "cooling", "refused"]
    reason: NotRequired[Reason]
    until: NotRequired[Annotated[str, Field(description="When it is used again, in UTC.")]]
    upstreams: NotRequired[
        Annotated[dict[str, Cooldown], Field(description="Where it is not used, of Spaces.")]
    ]


class GpuQuota(TypedDict):
    """GPU time of a Hugging Face token, or why it is not known."""

    credential: CredentialNumber
    gpu_seconds: NotRequired[Annotated[float, Field(description="What a day holds.")]]
    gpu_seconds_left: NotRequired[float]
    resets_at: NotRequired[str | None]
    error: NotRequired[str]


class CredentialCheck(TypedDict):
    """What a provider said of a token that was checked."""

    credential: CredentialNumber
    ok: Annotated[bool | None, Field(description="Whether it takes it; null: it did not say.")]
    status: NotRequired[Annotated[int, Field(description="Of HTTP, where it was no good one.")]]
    error: NotRequired[str]


class FreeNeurons(TypedDict):
    """The part of the operator's binding that is given to callers without a gateway key."""

    a_day: Annotated[int, Field(description="Neurons in a day of UTC; 0: none.")]
    left: Annotated[float | None, Field(description="Today; null: it cannot be told now.")]


class ProviderState(TypedDict):
    """A provider, as far as it concerns this caller."""

    id: str
    name: str
    configured: Annotated[bool, Field(description="Whether it is known where it answers.")]
    usable: Annotated[bool, Field(description="Whether this caller can use it now.")]
    token: TokenNeed
    models: Annotated[int, Field(description="How many image models it serves.")]
    text: Annotated[bool, Field(description="Whether it serves text models.")]
    breakers: ProviderBreakers
    credentials: list[CredentialState]
    free_neurons: NotRequired[FreeNeurons]
    quota: NotRequired[list[GpuQuota]]
    check: NotRequired[
        Annotated[list[CredentialCheck], Field(description="Empty where only a job will tell.")]
    ]


class RecentAttempts(TypedDict):
    """How a model has done of late; each attempt counts half as much every five minutes."""

    successes: float
    failures: float
    seconds: Annotated[float | None, Field(description="What a success took, where there are any.")]


class CandidateState(TypedDict):
    """A model that `auto` may choose."""

    model: str
    provider: str
    state: Annotated[
        Literal["healthy", "unsteady", "resting"],
        Field(description="`unsteady`: it has failed of late. `resting`: it is passed over now."),
    ]
    until: NotRequired[Annotated[str, Field(description="When it is tried again, in UTC.")]]
    recent: RecentAttempts


class AutoOrder(TypedDict, total=False):
    """The models that `auto` tries now for each purpose, in their order."""

    generate: list[CandidateState]
    edit: list[CandidateState]
    mask: list[CandidateState]
    upscale: list[CandidateState]


class ProviderList(TypedDict):
    """Every provider's state."""

    object: Literal["list"]
    data: list[ProviderState]
    auto: Annotated[AutoOrder, Field(description="The order of `auto` for this caller.")]


class CountedIn(TypedDict):
    """The reach of each kind of limit: an isolate, or the deployment."""

    requests: Literal["location", "isolate"]
    painting: Literal["deployment", "isolate"]
    kept: Annotated[
        Literal["deployment", "none"], Field(description="`none`: it is not limited here.")
    ]


class Health(TypedDict):
    """Alive, and with what."""

    status: Literal["ok"]
    version: str
    bindings: Annotated[dict[str, bool], Field(description="Which of the stores are there.")]
    limits: CountedIn
    sharing: Annotated[bool, Field(description="Whether `POST /v1/shares` takes pictures.")]
    breakers: Annotated[dict[str, BreakerState], Field(description="Upstreams left alone now.")]
    tasks: Annotated[int, Field(description="How many this isolate has at work.")]
    pipeline_loaded: Annotated[bool, Field(description="Whether the default model can be used.")]
    encoder_loaded: Annotated[bool, Field(description="Whether prompts can be encoded.")]
    encoder_only_mode: Annotated[bool, Field(description="Whether that is all there is.")]
    vl_available: Annotated[bool, Field(description="Whether pictures condition others.")]
    qwen_image_available: Annotated[bool, Field(description="Whether pictures are taken apart.")]


class Readiness(TypedDict):
    """The readiness to serve requests as configured, binding by binding."""

    status: Literal["ready", "unavailable"]
    configuration: Annotated[str, Field(description="`ok`, or what is wrong with a setting.")]
    bindings: Annotated[
        dict[str, Literal["ok", "failing", "silent"]],
        Field(description="What came of asking each; `silent`: nothing within three seconds."),
    ]


class Share(TypedDict):
    """A picture on a page of its own."""

    object: Literal["share"]
    id: str
    key: Annotated[str, Field(description="Ends it at once; it is told nowhere else.")]
    url: Annotated[str, Field(description="Its page, open to everybody who has the address.")]
    image_url: Annotated[str, Field(description="The picture itself.")]
    expires_at: Annotated[int, Field(description="When both are deleted, in seconds since 1970.")]


class EndedShare(TypedDict):
    """A picture that is shared no more."""

    object: Literal["share.deleted"]
    id: str
    deleted: Literal[True]


class ShareForm(ShareFields):
    """A picture, and what is to be told with it."""

    image: Annotated[
        bytes,
        Field(description="PNG, JPEG, WebP, GIF or AVIF, of up to 16 MiB."),
        WithJsonSchema({"type": "string", "contentMediaType": "image/*"}),
    ]
