"""Fields of a body that are not what they should be, told as FastAPI tells it."""

from collections.abc import Mapping, Sequence
from typing import Self

from darkroom.errors import InvalidRequest

Detail = Mapping[str, object]


class Unprocessable(InvalidRequest):
    """Fields are missing or cannot be read; `details` are the `type`, `loc` and `msg` of each."""

    status = 422
    default_code = "unprocessable"
    details: tuple[Detail, ...] = ()

    @classmethod
    def of(cls, details: Sequence[Detail]) -> Self:
        """The failure of at least one detail; the first says which field it is."""
        where = details[0]["loc"]
        names = [str(step) for step in where[1:]] if isinstance(where, list) else []
        param = ".".join(names) or None
        words = "; ".join(str(detail["msg"]) for detail in details)
        failure = cls(f"{param or 'body'}: {words}.", param=param)
        failure.details = tuple(details)
        return failure
