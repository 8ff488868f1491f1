"""The stored request of a task, and the same request rebuilt to be run."""

import json
from collections.abc import Mapping
from dataclasses import dataclass

from darkroom.blob import Blob
from darkroom.errors import BodyTooLarge
from darkroom.http import Request
from darkroom.image import ImageFile
from darkroom.stores.tasks import Submission

# What a handler reads of a request's headers; what else callers send is nobody's business later.
_PLAIN = ("accept", "cache-control", "content-type")
_SECRET = ("authorization", "x-api-key", "x-goog-api-key")


@dataclass(frozen=True, slots=True)
class BufferedBody:
    """A `RequestBody` that was read already, and may be read again."""

    content: Blob

    async def read(self, limit: int) -> Blob:
        """All of it; see `RequestBody.read`."""
        if self.content.size > limit:
            raise BodyTooLarge(f"The request's body is larger than {limit} bytes.")
        return self.content


def plain_headers(request: Request) -> Mapping[str, str]:
    """Those of the headers that matter and hold no secret."""
    return {name: request.headers[name] for name in _PLAIN if name in request.headers}


def credentials_of(request: Request) -> str | None:
    """The caller's credentials as one text, to be sealed; None for a caller without any."""
    found = {name: request.headers[name] for name in _SECRET if request.headers.get(name)}
    return json.dumps(found) if found else None


def split_contents(submission: Submission, content: Blob) -> tuple[Blob, dict[str, ImageFile]]:
    """Split what was stored of a request into its body and its downloads, by their addresses."""
    end = submission.body_size
    body, downloads = content.slice(0, end), {}
    for url, size in submission.downloads.items():
        downloads[url] = ImageFile(data=content.slice(end, end + size))
        end += size
    return body, downloads


def rebuild_request(submission: Submission, credentials: str | None, body: Blob) -> Request:
    """The request as it came, with the credentials that `credentials_of` gave."""
    secret = json.loads(credentials) if credentials else {}
    headers = {**submission.headers, **secret}
    return Request(submission.method, submission.url, headers, BufferedBody(body))
