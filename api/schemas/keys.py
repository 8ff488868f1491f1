"""Gateway keys and usage, as types."""

from typing import Annotated, Literal

from pydantic import Field
from typing_extensions import TypedDict  # pydantic reads that of `typing` from Python 3.12 on


class GatewayKeyInfo(TypedDict):
    """A gateway key, without its text."""

    object: Literal["gateway_key"]
    id: str
    name: str
    models: list[str]
    providers: list[str]
    images_per_day: int | None
    requests_per_minute: int | None
    expires_at: Annotated[float | None, Field(description="In seconds since 1970.")]
    created_at: float | None
    source: Annotated[
        Literal["database", "settings"], Field(description="Where it is kept, and ended.")
    ]


class NewGatewayKey(GatewayKeyInfo):
    """A key that was just made."""

    key: Annotated[str, Field(description="Its text, which is told this once.")]


class GatewayKeyList(TypedDict):
    """All keys."""

    object: Literal["list"]
    data: list[GatewayKeyInfo]


class EndedKey(TypedDict):
    """A key that opens nothing any more."""

    object: Literal["gateway_key.deleted"]
    id: str
    deleted: Literal[True]


class UsageRow(TypedDict):
    """Pictures of one day."""

    day: str
    key: Annotated[
        str, Field(description="A key's id; `token`: callers with their own; `anonymous`.")
    ]
    name: str | None
    model: str
    provider: str
    images: int


UsageReport = TypedDict(
    "UsageReport",
    {
        "object": Literal["list"],
        "from": str,
        "to": str,
        "images": Annotated[int, Field(description="The sum of what is listed.")],
        "has_more": bool,
        "data": list[UsageRow],
    },
)
