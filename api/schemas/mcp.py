"""Results of the tools of the MCP server, and its messages."""

from typing import Annotated, Any, Literal, NotRequired

from pydantic import BaseModel, ConfigDict, Field
from typing_extensions import TypedDict  # pydantic reads that of `typing` from Python 3.12 on


class PaintedImage(TypedDict):
    """A picture: its address, its resource, and how it came to be."""

    url: NotRequired[str]
    uri: NotRequired[str]
    mime_type: NotRequired[str]
    size: str
    seed: NotRequired[int]


class JobState(TypedDict):
    """A job in the background."""

    job_id: str
    status: Literal["queued", "running", "completed", "failed", "cancelled"]
    message: NotRequired[str]


class Painted(TypedDict):
    """Pictures, or the job that paints them."""

    model: NotRequired[str]
    provider: NotRequired[str]
    seconds: NotRequired[float]
    images: NotRequired[list[PaintedImage]]
    ignored: NotRequired[list[str]]
    adjusted: NotRequired[dict[str, Any]]
    tried: NotRequired[list[str]]
    revised_prompt: NotRequired[str]
    errors: NotRequired[list[str]]
    job: NotRequired[JobState]


class ModelRow(TypedDict):
    """A model that paints."""

    id: str
    name: str
    provider: str
    operations: list[str]
    free: bool
    usable: bool
    sizes: dict[str, Any]
    negative_prompt: bool
    seed: bool
    max_images: int
    mask: bool
    needs: NotRequired[str]
    steps: NotRequired[dict[str, float]]
    guidance_scale: NotRequired[dict[str, float]]


class Models(TypedDict):
    """Models that match."""

    total: int
    models: list[ModelRow]


class Enhanced(TypedDict):
    """A prompt, and the text model that wrote it."""

    prompt: str
    model: str
    provider: str


class RpcMessage(BaseModel):
    """A message of a client's."""

    model_config = ConfigDict(defer_build=True, extra="allow")

    jsonrpc: Annotated[Literal["2.0"], Field(description="The version of JSON-RPC.")]
    method: Annotated[str, Field(description="Such as `tools/call`.")]
    id: Annotated[int | str, Field(description="Of a request; notifications have none.")] = 0
    params: Annotated[dict[str, Any], Field(description="What the method takes.")] = {}


class RpcError(TypedDict):
    """An error of JSON-RPC: a number of its own or of MCP's, and words."""

    code: int
    message: str
    data: NotRequired[dict[str, Any]]


class RpcErrorAnswer(TypedDict):
    """The answer to a message that cannot be carried out."""

    jsonrpc: Literal["2.0"]
    id: str | int | None
    error: RpcError


class RpcAnswer(TypedDict):
    """The answer to a request: its result."""

    jsonrpc: Literal["2.0"]
    id: str | int
    result: dict[str, Any]


class RpcNotification(TypedDict):
    """The progress of a call."""

    jsonrpc: Literal["2.0"]
    method: str
    params: dict[str, Any]


class ProtectedResource(TypedDict):
    """The credentials that `/mcp` takes, in the shape of RFC 9728."""

    resource: str
    resource_name: str
    bearer_methods_supported: list[str]
    resource_documentation: str
