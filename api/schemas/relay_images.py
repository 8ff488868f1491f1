"""Responses of the relay's image routes, as types made from the table of families.

For `GET /openapi.json` and `GET /v2/models/{name}` alone: the answers themselves are put together
in `painted.py`.
"""

from collections.abc import Mapping
from typing import Annotated, Any, Literal, NotRequired

from pydantic import Field
from typing_extensions import TypedDict  # pydantic reads that of `typing` from Python 3.12 on

from api.schemas.openai import (
    Adjusted,
    Ignored,
    ImageIndex,
    ModelId,
    PaintedSize,
    ProviderId,
    Revised,
    Seed,
    Tried,
    Usage,
)
from api.schemas.relay import RelayComplaint, RelayError
from darkroom.dialects.relay.families import FAMILIES, Family

_MAKE: Any = TypedDict  # of fields that only the table knows

Pictures = Annotated[list[str], Field(description="Base64, or addresses as was asked for.")]
Addresses = Annotated[list[str], Field(description="Where the pictures are.")]

# The metadata of pictures in a response.
TELLING: Mapping[str, Any] = {
    "size": PaintedSize,
    "width": Annotated[int, Field(description="Pixels that were painted.")],
    "height": Annotated[int, Field(description="Pixels that were painted.")],
    "aspect_ratio": Annotated[
        str | None, Field(description="The ratio; null where a source gave it.")
    ],
    "image_size": Annotated[str, Field(description="The class of size that was painted.")],
    "finish_reason": Annotated[str | None, Field(description="Null: the picture is there.")],
    "scale": Annotated[int, Field(description="How many times longer each side has become.")],
    "steps": Annotated[int | None, Field(description="Of a model that takes them.")],
    "cfg_scale": Annotated[float | None, Field(description="Of a model that takes it.")],
}


class RelayPictureFailure(TypedDict):
    """One of several pictures that failed while others did not."""

    image_index: ImageIndex
    detail: str | list[RelayComplaint]
    error: RelayError


_REMARKS: Mapping[str, Any] = {
    "model": ModelId,
    "task_id": None,
    "task_address": None,
    "mode": Literal["direct"],
    "provider": ProviderId,
    "seed": Seed,
    "seeds": NotRequired[Annotated[list[int | None], Field(description="Of several pictures.")]],
    "output_format": NotRequired[
        Annotated[str, Field(description="Where the pictures passed through here.")]
    ],
    "expires_at": NotRequired[
        Annotated[int, Field(description="When addresses die, where known; seconds since 1970.")]
    ],
    "revised_prompt": NotRequired[Revised],
    "usage": NotRequired[Usage],
    "ignored": NotRequired[Ignored],
    "adjusted": NotRequired[Adjusted],
    "tried": NotRequired[Tried],
    "errors": NotRequired[
        Annotated[
            list[RelayPictureFailure],
            Field(description="Which pictures failed, and why, when others did not."),
        ]
    ],
}


def answer_of(family: Family) -> Any:
    """The type of a family's answers."""
    by_name = family.addresses == "images"
    fields = {
        "images": Pictures if by_name else NotRequired[Pictures],
        "urls": NotRequired[Addresses],
        **{name: TELLING[name] for name in family.tells},
        **_REMARKS,
    }
    answer = _MAKE(f"{family.title}Response", fields)
    answer.__doc__ = f"What `{family.path}` answers."
    return answer


ANSWERS = {family.id: answer_of(family) for family in FAMILIES.by_id.values()}
