"""Responses of the relay's routes, as types."""

from typing import Annotated, Any, Literal, NotRequired

from pydantic import ConfigDict, Field
from typing_extensions import TypedDict  # pydantic reads that of `typing` from Python 3.12 on

from api.schemas.openai import Progress


class RelayComplaint(TypedDict):
    """One field that is wrong, as FastAPI tells of it."""

    type: str
    loc: list[str | int]
    msg: str


class RelayError(TypedDict):
    """What went wrong, for programs and for people."""

    code: Annotated[str | None, Field(description="The machine's word, such as `TASK_NOT_FOUND`.")]
    type: Annotated[str | None, Field(description="The kind of failure.")]
    source: Annotated[
        Literal["client", "provider", "relay"] | None, Field(description="Whose it is.")
    ]
    message: str
    request_id: Annotated[str | None, Field(description="As in `x-request-id`.")]
    detail: NotRequired[list[RelayComplaint] | dict[str, Any]]


class RelayErrorAnswer(TypedDict):
    """A failure."""

    detail: str | list[RelayComplaint]
    error: RelayError


class RelayResult(TypedDict):
    """What the request would have been answered with by itself, and `success`."""

    __pydantic_config__ = ConfigDict(extra="allow")  # type: ignore[misc]

    success: Literal[True]


class RelayTaskAnswer(TypedDict):
    """Work in the background. What is not known, or does not apply, is null."""

    task_id: str
    task_address: None
    status: Literal["queued", "running", "completed", "failed"]
    mode: Literal["direct"]
    model: str
    created_at: Annotated[str, Field(description="ISO 8601, in UTC.")]
    elapsed_seconds: Annotated[int, Field(description="Stands still from the end on.")]
    progress: Annotated[Progress | None, Field(description="The latest progress, while it runs.")]
    result: RelayResult | None
    error: Annotated[str | None, Field(description="Why it failed.")]
    error_code: Annotated[str | None, Field(description="`CANCELLED` for one taken back.")]
    error_detail: dict[str, Any] | None


class RelayAccepted(TypedDict):
    """Work that was taken on in the background."""

    task_id: Annotated[str, Field(description="The id to poll it by; nobody can guess it.")]
    task_address: Annotated[str, Field(description="The same, for older clients.")]
    status: Literal["queued"]
    poll_url: Annotated[str, Field(description="Where it is polled: a path.")]
    message: str


class RelayEndpoint(TypedDict):
    """The route that serves a model."""

    method: Literal["POST"]
    path: str
    operation_id: str
    model_in_body: bool
    model_default: str
    async_default: bool
    streams: bool


class RelayModelRow(TypedDict):
    """A model, and how it is called."""

    name: str
    tag: Annotated[str, Field(description="What it does, such as `text-to-image`.")]
    display_name: str
    store_output_supported: Annotated[bool, Field(description="Whether pictures are kept here.")]
    endpoint: RelayEndpoint
    conductable: list[str]


class RelayModels(TypedDict):
    """All models by mode, and there by whose they are."""

    auto: dict[str, list[RelayModelRow]]
    direct: dict[str, list[RelayModelRow]]
    opengpu: Annotated[
        dict[str, list[RelayModelRow]], Field(description="None: no work is done on a chain.")
    ]
    model_restrictions_per_tier: dict[str, list[str]]


class RelayModel(RelayModelRow):
    """A model, and all that its route takes and answers."""

    modes: list[Literal["auto", "direct", "opengpu"]]
    sources: list[str]
    request_schema: Annotated[dict[str, Any], Field(description="JSON Schema of its bodies.")]
    request_schema_url: None
    request_example: dict[str, Any]
    response_schema: Annotated[dict[str, Any], Field(description="JSON Schema of its answers.")]
    response_schema_url: None
    restricted_tiers: list[str]
    pricing: list[dict[str, Any]]
    available: Annotated[bool, Field(description="Whether its provider is set up here.")]
    status: Literal["available", "retired"]
