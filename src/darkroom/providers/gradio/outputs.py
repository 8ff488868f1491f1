"""What a finished function hands back: pictures in many wrappings, and the seed.

Wrappings: reference/gradio.md section 7 and reference/image-providers.md 4.1.5.
"""

import base64
import binascii
import re
from collections.abc import Mapping, Sequence
from typing import Any
from urllib.parse import quote, unquote, urlsplit

from darkroom.blob import BytesBlob
from darkroom.events import Picture
from darkroom.job import MAX_SEED

_DATA_URL = re.compile(r"data:image/[\w.+-]+;base64,([A-Za-z0-9+/=\s]+)")
_SEED_TEXT = re.compile(r"seed\D{0,40}?(\d{1,19})", re.IGNORECASE)


class FileAddresses:
    """Where a server's files are fetched, and with which headers.

    `root` is the server's address with its replica's pin, `prefix` the API's path.
    """

    def __init__(self, root: str, prefix: str, headers: Mapping[str, str]) -> None:
        self._root, self._prefix, self._headers = root, prefix, headers

    def of_path(self, path: str) -> Picture:
        """A file of the server, by its path there."""
        return Picture(
            url=f"{self._root}{self._prefix}/file={quote(path, safe='/')}", headers=self._headers
        )

    def of_url(self, url: str) -> Picture | None:
        """A file by an address that the server gave, absolute or relative.

        The caller's token goes along only to the server's own host.
        """
        parts = urlsplit(url)
        encoded = quote(unquote(parts.path), safe="/=@:+,;!$&'()*~")
        query = f"?{parts.query}" if parts.query else ""
        if not parts.scheme and not parts.netloc:
            return Picture(url=f"{self._root}/{encoded.lstrip('/')}{query}", headers=self._headers)
        if parts.scheme not in ("http", "https") or not parts.netloc:
            return None
        own = parts.netloc == urlsplit(self._root).netloc
        return Picture(
            url=f"{parts.scheme}://{parts.netloc}{encoded}{query}",
            headers=self._headers if own else {},
        )


def find_pictures(value: Any, addresses: FileAddresses) -> list[Picture]:
    """The pictures in one output value, in order; none is an empty list.

    Takes file data, galleries and lists of them, `{"image": …}`, component updates, addresses and
    data URLs, bare or inside an `<img>`.
    """
    if isinstance(value, str):
        picture = _from_text(value, addresses)
        return [picture] if picture else []
    if isinstance(value, Mapping):
        return _from_mapping(value, addresses)
    if isinstance(value, Sequence):
        return [picture for item in value for picture in find_pictures(item, addresses)]
    return []


def _from_mapping(value: Mapping[str, Any], addresses: FileAddresses) -> list[Picture]:
    if value.get("__type__") == "update":
        return find_pictures(value.get("value"), addresses)
    if "image" in value:
        return find_pictures(value["image"], addresses)
    path, url = value.get("path"), value.get("url")
    if isinstance(path, str) and path and not urlsplit(path).scheme:
        return [addresses.of_path(path)]
    for text in (url, path):
        if isinstance(text, str) and text:
            return find_pictures(text, addresses)
    return []


def _from_text(text: str, addresses: FileAddresses) -> Picture | None:
    if "data:image/" in text:
        match = _DATA_URL.search(text)
        return _from_base64(match[1]) if match else None
    if text.startswith(("http://", "https://", "/")) and not any(c.isspace() for c in text[:8]):
        return addresses.of_url(text)
    return None


def _from_base64(text: str) -> Picture | None:
    try:
        return Picture(data=BytesBlob(base64.b64decode(text)))
    except (binascii.Error, ValueError):
        return None


def find_seed(values: Sequence[Any]) -> int | None:
    """The seed among the outputs behind the picture: a number, or text as `Seed used: 42`."""
    for value in values:
        if isinstance(value, bool):
            continue
        if isinstance(value, int | float) and value == int(value) and 0 <= value <= MAX_SEED * 2:
            return int(value)
        if isinstance(value, str):
            if value.strip().isdigit():
                return int(value)
            if match := _SEED_TEXT.search(value):
                return int(match[1])
    return None
