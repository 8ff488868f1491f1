"""Credentials of AUTOMATIC1111's clients: Basic, which is all that most of them know."""

import base64
import binascii
import re
from collections.abc import Sequence

from darkroom.access import GATEWAY_KEY
from darkroom.catalog.provider_row import ProviderRow


def bearer_of(header: str | None, providers: Sequence[ProviderRow]) -> str | None:
    """The header `Authorization` as `identify` reads it.

    Of Basic either half may hold what stands behind `Bearer` elsewhere, prefixes and commas
    included, or the halves are a prefix and its token: `anna:dk_…`, `hf_…:x`, `gitee:TOKEN`,
    `gitee:TOKEN:x`, `anna:ms:TOKEN`. Without anything of the kind the password counts, or the user
    where there is none. Any other header stays as it is; an empty one is none.
    """
    scheme, _, rest = (header or "").strip().partition(" ")
    if scheme.lower() != "basic":
        return header
    try:
        text = base64.b64decode(rest.strip(), validate=True).decode()
    except (binascii.Error, UnicodeDecodeError):
        return None
    credentials = _credentials_in(text, providers)
    return f"Bearer {credentials}" if credentials else None


def _credentials_in(text: str, providers: Sequence[ProviderRow]) -> str:
    rows = {provider.token_prefix: provider for provider in providers}
    user, _, password = text.partition(":")
    if user.rpartition(",")[2].strip().lower() in rows:
        return _without_rest(text, rows)  # a colon of a prefix, not the one between the halves
    halves = [half for half in (user, password) if _speaks(half, rows)]
    return ",".join(halves) or password or user


def _without_rest(text: str, rows: dict[str, ProviderRow]) -> str:
    """A list of tokens with prefixes, without the half of a Basic pair that follows it.

    A token has no colon in it, unless it is of a server of the operator's own, which may take
    `user:password`.
    """
    entries, row = [], None
    for entry in text.split(","):
        head, _, token = entry.partition(":")
        prefix, known = "", rows.get(head.strip().lower())
        if known is not None:
            prefix, row = f"{head}:", known
        else:
            token = entry
        if row is None or not row.owned:
            token = token.partition(":")[0]
        entries.append(prefix + token.rstrip(":"))
    return ",".join(entries)


def _speaks(half: str, rows: dict[str, ProviderRow]) -> bool:
    """Whether any entry of a list is known for what it is."""
    return any(
        GATEWAY_KEY.fullmatch(entry)
        or (":" in entry and entry.partition(":")[0].lower() in rows)
        or any(
            row.token_pattern and re.fullmatch(row.token_pattern, entry) for row in rows.values()
        )
        for entry in map(str.strip, half.split(","))
    )
