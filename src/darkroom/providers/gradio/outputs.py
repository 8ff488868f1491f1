"""A parser of a finished function's outputs: images in many wrappings, and the seed.

Wrappings: reference/gradio.md section 7 and reference/image-providers.md 4.1.5.
"""

import re
from collections.abc import Iterator, Mapping, Sequence
from itertools import islice
from typing import Any
from urllib.parse import quote, urlsplit

from darkroom.address import Credential, absolute_url, origin_of
from darkroom.events import Picture
from darkroom.image import read_image_text
from darkroom.providers.response_images import whole_number

MAX_PICTURES = 64  # of one output; what is beyond is not looked for
PAIR = 2

_DATA_URL = re.compile(r"data:image/[\w.+-]{1,80};base64,([A-Za-z0-9+/=\s]+)")
_SEED_TEXT = re.compile(r"seed\D{0,40}?([0-9]{1,19})(?![0-9])", re.IGNORECASE)
# A text is taken for an address only if it leads to a file of Gradio's or to a picture by its name.
_ADDRESS = re.compile(r"(?:https?://[^\s/]+)?(/\S*+)", re.IGNORECASE)
_LEADS_TO_PICTURE = re.compile(r"file=.|\.(?:png|jpe?g|webp|gif|avif)(?:\?|$)", re.IGNORECASE)
MAX_ADDRESS_CHARS = 8192
_NO_PICTURE = re.compile(
    r"\.(?:zip|txt|json|csv|md|html?|pdf|mp[34]|webm|mov|wav|glb|safetensors)(?:\?|$)",
    re.IGNORECASE,
)


class FileAddresses:
    """The addresses of a server's files, and the credential for them.

    `root` is the server's address with its replica's pin, `prefix` the API's path.
    """

    def __init__(self, root: str, prefix: str, credential: Credential | None) -> None:
        self._root, self._prefix, self._credential = root, prefix, credential

    def of_path(self, path: str) -> Picture:
        """A file of the server, by its path there."""
        url = f"{self._root}{self._prefix}/file={quote(path, safe='/', errors='replace')}"
        return Picture(url=url, credential=self._credential)

    def of_url(self, url: str) -> Picture | None:
        """A file by an address that the server gave, absolute or relative.

        The caller's token goes along only to the server's own host.
        """
        try:
            parts = urlsplit(absolute_url(url, self._root) if url.startswith("//") else url)
        except ValueError:
            return None
        path = quote(parts.path, safe="/%=@:+,;!$&'()*~", errors="replace")  # Gradio 4, 5 do not
        query = f"?{parts.query}" if parts.query else ""
        if not parts.scheme and not parts.netloc:
            url = f"{self._root}/{path.lstrip('/')}{query}"
            return Picture(url=url, credential=self._credential)
        if parts.scheme not in ("http", "https") or not parts.netloc:
            return None
        own = origin_of(f"{parts.scheme}://{parts.netloc}") == origin_of(self._root)
        return Picture(
            url=f"{parts.scheme}://{parts.netloc}{path}{query}",
            credential=self._credential if own else None,
        )


def find_pictures(value: Any, addresses: FileAddresses) -> list[Picture]:
    """The pictures in one output value, in order; none is an empty list.

    Takes file data, galleries and lists of them, `{"image": …}`, component updates, addresses and
    data URLs, bare or inside an `<img>`; of more than `MAX_PICTURES` the first. Of the pair of an
    image slider, before and after, it is the latter.
    """
    return list(islice(_find(value, addresses), MAX_PICTURES))


def _find(value: Any, addresses: FileAddresses) -> Iterator[Picture]:
    if isinstance(value, str):
        picture = _from_text(value, addresses)
        if picture is not None:
            yield picture
    elif isinstance(value, Mapping):
        yield from _from_mapping(value, addresses)
    elif isinstance(value, Sequence):
        found = (_find(item, addresses) for item in value)
        if len(value) == PAIR and all(map(_is_bare_file, value)):
            before, after = map(list, found)
            yield from after or before
            return
        for pictures in found:
            yield from pictures


def _is_bare_file(value: Any) -> bool:
    """Whether this may be a picture by itself; the entries of a gallery have captions."""
    return isinstance(value, str) or (
        isinstance(value, Mapping) and "image" not in value and "__type__" not in value
    )


def _from_mapping(value: Mapping[str, Any], addresses: FileAddresses) -> Iterator[Picture]:
    if value.get("__type__") == "update":
        yield from _find(value.get("value"), addresses)
        return
    if "image" in value:
        yield from _find(value["image"], addresses)
        return
    path, url = value.get("path"), value.get("url")
    if isinstance(path, str) and path and "://" not in path:
        if not _NO_PICTURE.search(path):
            yield addresses.of_path(path)
        return
    for text in (url, path):
        if isinstance(text, str) and text and not _NO_PICTURE.search(text):
            picture = addresses.of_url(text)
            if picture is not None:
                yield picture
            return


def _from_text(text: str, addresses: FileAddresses) -> Picture | None:
    if "data:image/" in text:
        match = _DATA_URL.search(text)
        return Picture(file=read_image_text(match[1])) if match else None
    if len(text) > MAX_ADDRESS_CHARS or text.startswith("//"):  # a text may say that as well
        return None
    match = _ADDRESS.fullmatch(text)
    return addresses.of_url(text) if match and _LEADS_TO_PICTURE.search(match[1]) else None


def find_seed(values: Sequence[Any]) -> int | None:
    """The seed among the outputs behind the picture: a number, or text as `Seed used: 42`."""
    for value in values:
        seed = whole_number(value.strip() if isinstance(value, str) else value)
        if seed is None and isinstance(value, str) and (match := _SEED_TEXT.search(value)):
            seed = whole_number(match[1])
        if seed is not None and seed >= 0:
            return seed
    return None
