"""Request fields without effect or with another value, as responses and headers list them."""

from collections.abc import Iterable, Mapping

from darkroom.response_headers import header_list

MAX_FIELDS = 50
MAX_NAME_CHARS = 60
MAX_ADJUSTED_CHARS = 240  # a field and what became of it, in which a model may be named


def ignored_fields(names: Iterable[str]) -> list[str]:
    """The first 50 of the names, each cut to 60 characters; the last entry counts those left out.

    Callers choose the names and how many there are, so that an answer must not repeat them all.
    """
    unique = list(dict.fromkeys(names))
    reported = [name[:MAX_NAME_CHARS] for name in unique[:MAX_FIELDS]]
    more = len(unique) - len(reported)
    return [*reported, f"and {more} more"] if more else reported


def ignored_header(names: Iterable[str]) -> Mapping[str, str]:
    """`x-darkroom-ignored` in printable ASCII; no header where every field had an effect."""
    reported = header_list(ignored_fields(names))
    return {"x-darkroom-ignored": reported} if reported else {}


def adjusted_header(adjusted: Mapping[str, object]) -> Mapping[str, str]:
    """`x-darkroom-adjusted`, as `steps=50, size=992x512`; no header where all stayed as it was."""
    reported = header_list(
        (f"{name}={value}" for name, value in adjusted.items()), MAX_ADJUSTED_CHARS
    )
    return {"x-darkroom-adjusted": reported} if reported else {}
