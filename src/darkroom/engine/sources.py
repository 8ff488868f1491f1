"""Pictures that callers give by address."""

from collections.abc import Sequence

from darkroom.deadline import Deadline
from darkroom.errors import InvalidRequest
from darkroom.http import Http
from darkroom.image import ImageFile


async def fetch_source(
    url: str, http: Http, deadline: Deadline, *, param: str, allowed_origins: Sequence[str]
) -> ImageFile:
    """Refuse every address: which of them may be fetched is not decided yet."""
    raise InvalidRequest(
        f"{param}: send the picture itself, as a file, a data URL or base64.", param=param
    )
