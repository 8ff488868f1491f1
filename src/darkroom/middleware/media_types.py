"""Content types that a route accepts: JSON, forms where it takes them, and image files.

A browser sends text, forms and bytes of no type for any web page without asking; JSON under its
own name is preceded by a preflight. So whatever is not called JSON is not read as such, but for
programs that are no browser: those may forget to say so.
"""

from collections.abc import Mapping
from dataclasses import dataclass

from darkroom.blob import Blob
from darkroom.endpoint import Route
from darkroom.errors import UnsupportedMediaType
from darkroom.http import RequestBody
from darkroom.image_header import FORMAT_BYTES, image_format
from darkroom.request_body import (
    MULTIPART,
    URLENCODED,
    content_coding,
    looks_like_json,
    media_type,
)
from darkroom.response_headers import JSON, header_text

MAX_REPORTED_CHARS = 80


@dataclass(frozen=True, slots=True)
class TypedBody:
    """A `RequestBody` that is read only if its media type is one that the route takes."""

    body: RequestBody
    headers: Mapping[str, str]
    route: Route

    async def read(self, limit: int) -> Blob:
        """All of it; raises `UnsupportedMediaType` beside what `RequestBody.read` raises."""
        content_coding(self.headers)  # raises for one that is not read
        kind = media_type(self.headers)
        settled = self._is_read(kind)
        if not settled and kind != URLENCODED and not self.route.takes_file:
            raise self._unsupported(kind)
        content = await self.body.read(limit)
        if not settled and not self._is_file(kind, content):
            self._check_content(kind, content)
        return content

    def _is_read(self, kind: str) -> bool:
        """Whether the type alone says that the body is read."""
        if kind == MULTIPART:
            return self.route.takes_form
        return kind == JSON or kind.endswith("+json") or (not kind and not self._by_browser())

    def _is_file(self, kind: str, content: Blob) -> bool:
        """Whether the body is the file of a picture, and may be."""
        is_picture = kind.startswith("image/") or image_format(content.head(FORMAT_BYTES))
        return self.route.takes_file and bool(is_picture)

    def _check_content(self, kind: str, content: Blob) -> None:
        """Raise `UnsupportedMediaType` unless the body is a form that is read.

        `curl -d` calls JSON a form where nobody says otherwise.
        """
        if kind != URLENCODED:
            raise self._unsupported(kind)
        if looks_like_json(content):
            if self._by_browser():
                raise UnsupportedMediaType(
                    f"content-type: the body looks like JSON and is called {URLENCODED}; add "
                    f'-H "Content-Type: {JSON}".'
                )
        elif not self.route.takes_form:
            raise self._unsupported(kind)

    def _by_browser(self) -> bool:
        return not {"origin", "sec-fetch-site"}.isdisjoint(self.headers)

    def _unsupported(self, kind: str) -> UnsupportedMediaType:
        reported = header_text(kind, MAX_REPORTED_CHARS)
        known = f"{JSON} or {MULTIPART}" if self.route.takes_form else JSON
        known = f"{JSON} or a picture as image/…" if self.route.takes_file else known
        what = f"{reported} is not read here" if reported else "is missing"
        return UnsupportedMediaType(f"content-type: {what}; send {known}.")
