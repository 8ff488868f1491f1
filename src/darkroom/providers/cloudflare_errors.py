"""Cloudflare's errors by their numbers (reference/cloudflare-ai.md, "Errors")."""

import re
from collections.abc import Callable, Mapping
from functools import partial

from darkroom.errors import (
    ContentRefused,
    CredentialRefused,
    Failure,
    FreeAllowanceUsed,
    InvalidRequest,
    QueueFull,
    QuotaExhausted,
    UpstreamRefused,
    UpstreamSilent,
)
from darkroom.providers.error_mapping import UpstreamError, map_error
from darkroom.providers.response_images import as_object, as_objects, whole_number
from darkroom.scrub import scrub

THROWN = 500  # the status of what the binding throws, which tells none
INPUT_ERRORS = range(5000, 6000)
# What the binding throws is a text that begins with the number, perhaps behind the error's name.
_NUMBERED = re.compile(r"(?:\w*Error: ){0,3}(?:AiError: )?(\d{4}): ")

_KINDS: Mapping[int, tuple[Callable[..., Failure], str]] = {
    3036: (QuotaExhausted, "{name} has used up the account's neurons of this day"),
    3040: (QueueFull, "{name} has no capacity for this model now"),
    5035: (UpstreamRefused, "{name} serves this model on the Workers Paid plan alone"),
    5007: (UpstreamRefused, "{name} knows no such model"),
    3042: (UpstreamRefused, "{name} knows no such model"),
    5016: (UpstreamRefused, "{name} wants this model's terms to be agreed to by the account first"),
    5004: (partial(InvalidRequest, param="image"), "{name} cannot read the picture"),
    3003: (InvalidRequest, "{name} refused the request"),
    3006: (InvalidRequest, "{name} finds the request too large"),
    3007: (UpstreamSilent, "{name} took too long"),
    3008: (UpstreamSilent, "{name} broke off the work"),
    3023: (CredentialRefused, "{name} does not serve this account"),
    5018: (CredentialRefused, "{name} does not serve this account"),
    3041: (CredentialRefused, "{name} does not serve this account"),
}


def map_cloudflare_error(refusal: UpstreamError, name: str) -> Failure:
    """The failure behind an answer: by its number, else as all do."""
    number, words = numbered(refusal)
    if number in _KINDS:
        kind, said = _KINDS[number]
        reported = f" ({number}): {scrub(words)}" if words else f" ({number})."
        return kind(said.format(name=name) + reported, retry_after_s=refusal.retry_after_s)
    if refusal.status == 402:
        return FreeAllowanceUsed(
            f"The account at {name} has no credits for this model: {scrub(refusal.says)}"
        )
    if refusal.status == THROWN and number:
        as_400 = map_error(UpstreamError(400, refusal.headers, refusal.body), name)
        if number in INPUT_ERRORS or isinstance(as_400, ContentRefused):
            return as_400
    return map_error(refusal, name)


def numbered(refusal: UpstreamError) -> tuple[int, str]:
    """The number of an error and its words; 0 where it has none."""
    for error in as_objects(as_object(refusal.body).get("errors")):
        words = str(error.get("message") or "")
        if found := _NUMBERED.match(words):
            return int(found[1]), words[found.end() :]
        if code := whole_number(error.get("code")):
            return code, words
    return 0, ""
