"""Responses of the history's routes, as types."""

from typing import Annotated, NotRequired

from pydantic import Field
from typing_extensions import TypedDict  # pydantic reads that of `typing` from Python 3.12 on


class HistoryEntry(TypedDict):
    """A picture that this caller was given, and what it was painted by."""

    id: Annotated[int, Field(description="Tells it from the caller's others.")]
    timestamp: Annotated[float, Field(description="Seconds since 1970.")]
    model_type: Annotated[
        str, Field(description="`qwenimage` where a picture was taken apart, else `zimage`.")
    ]
    prompt: Annotated[str, Field(description="As the caller wrote it.")]
    revised_prompt: Annotated[str | None, Field(description="What was made of it.")]
    negative_prompt: str | None
    width: int
    height: int
    steps: int | None
    seed: Annotated[int | None, Field(description="The one that was really used.")]
    guidance_scale: float | None
    gen_time: Annotated[float, Field(description="Seconds.")]
    model: Annotated[str, Field(description="The id of the model that painted.")]
    provider: str
    operation: str
    image_url: Annotated[str | None, Field(description="Where the picture is.")]
    expires_at: NotRequired[
        Annotated[int, Field(description="When the picture goes, in seconds since 1970.")]
    ]
    image_b64: NotRequired[
        Annotated[
            str | None,
            Field(description="The picture's file in base64; null where it cannot be had now."),
        ]
    ]


NotedAs = Annotated[int, Field(description="Names this state of the list to later requests.")]
Note = Annotated[str, Field(description="Why there is no history.")]


class History(TypedDict):
    """Some of this caller's pictures, newest first."""

    history: list[HistoryEntry]
    total: Annotated[int, Field(description="How many there are.")]
    as_of: NotedAs
    note: NotRequired[Note]


class DeletedEntry(TypedDict):
    """What was deleted, and how many are left."""

    deleted: HistoryEntry
    remaining: int


class ClearedHistory(TypedDict):
    """How many there were."""

    cleared: int
    note: NotRequired[Note]
