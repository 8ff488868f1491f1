"""The mapping of HTTP API errors to failures.

APIs word the same thing in many ways; the tables are in reference/image-providers.md section 4 and
reference/wire-formats.md part B.
"""

import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from darkroom.catalog.provider_row import ProviderRow
from darkroom.error_words import codes_of, is_relayed, words_of
from darkroom.errors import (
    LONGEST_WAIT_AN_SDK_OBEYS_S,
    ContentRefused,
    CredentialRefused,
    Failure,
    InvalidRequest,
    JobFailed,
    JobLost,
    QueueFull,
    QuotaExhausted,
    RateLimited,
    UpstreamBroken,
    UpstreamGlitch,
    UpstreamRefused,
    UpstreamSilent,
    UpstreamUnavailable,
)
from darkroom.json_reader import parse_json_bytes
from darkroom.retry_after import QUEUE_WAIT_S, read_wait_s
from darkroom.scrub import scrub

_REFUSED = re.compile(
    r"moderation_blocked|content[ _]polic|content[ _]filter|safety (?:system|filter|checker)"
    r"|data[ _]?inspection[ _]?failed|inappropriate|nsfw|sensitive (?:content|word)"
    r"|prohibited.content|flagged (?:as|by)|image_generation_user_error|敏感|违规|不合规",
    re.IGNORECASE,
)
_QUOTA = re.compile(
    r"insufficient[ _](?:quota|balance|credit|funds)|balance is insufficient|quota"
    r"|out of credits?|credits? (?:exhausted|balance|limit)|not enough (?:credits?|balance|pollen)"
    r"|arrear|overdue|billing|余额|欠费|额度",
    re.IGNORECASE,
)
_QUEUE_FULL = re.compile(
    r"queue[ _](?:is |was |has been )?(?:currently |already |now )?(?:full|at capacity)|full queue"
    r"|(?:requests?|jobs?|tasks?) (?:are |is )?already queued|队列已满|排队已满",
    re.IGNORECASE,
)
_EXPLAINED = frozenset((400, 409, 415, 422))
# What servers and proxies say of the HTTP message, whatever the API behind them thinks of it.
_HTTP_MESSAGE = re.compile(
    r"header fields? too large|too many (?:request |http )?headers"
    r"|(?:request|http) headers? (?:or cookies? )?(?:is |are )?too (?:large|long|big|many)"
    r"|request[- ](?:line|uri|url) (?:is )?too (?:large|long)|uri too long"
    r"|(?:bad|invalid|malformed) http (?:request|version|message|header)|plain http request",
    re.IGNORECASE,
)
_BAD_TOKEN = re.compile(
    r"api[ _]key (?:not valid|is invalid)|api_key_invalid|invalid ?api[ _-]?key|invalid token"
    r"|incorrect api key|unauthorized|token (?:has )?expired",
    re.IGNORECASE,
)


@dataclass(frozen=True, slots=True)
class UpstreamError:
    """An answer that is not what was hoped for. `body` is its JSON, else its text."""

    status: int
    headers: Mapping[str, str]
    body: Any

    @property
    def says(self) -> str:
        """The words meant for people, wherever the answer holds them; empty if there are none."""
        return next(words_of(self.body), "")

    @property
    def codes(self) -> str:
        """The words meant for programs: codes, types, statuses and reasons."""
        return " ".join(codes_of(self.body))

    @property
    def whole(self) -> str:
        """All that it says, to people and to programs."""
        return " ".join((self.codes, *words_of(self.body)))

    @property
    def is_json(self) -> bool:
        """Whether it is an answer in JSON that says more than a text."""
        return isinstance(self.body, Mapping | list)

    @property
    def is_page(self) -> bool:
        """Whether it is a page for people."""
        if "html" in self.headers.get("content-type", ""):
            return True
        return isinstance(self.body, str) and self.body.lstrip()[:1] == "<"

    @property
    def retry_after_s(self) -> float | None:
        """Seconds that the upstream asks to be left alone, where it says so."""
        said = (self.headers.get("retry-after"), *_waits(self.body))
        waits = (read_wait_s(value, self.headers.get("date", "")) for value in said)
        return next((wait_s for wait_s in waits if wait_s is not None), None)


def read_text(body: bytes) -> Any:
    """The body's JSON, else its text."""
    try:
        return parse_json_bytes(body)
    except ValueError:
        return body.decode("utf-8", "replace")


def map_error(refusal: UpstreamError, name: str) -> Failure:
    """The failure behind an answer; `name` is the provider's, for the caller to read."""
    status, says, whole = refusal.status, scrub(refusal.says), refusal.whole
    reported = f": {says}" if says and not refusal.is_page else "."
    if refusal.is_page and status < 500 and status not in (401, 403, 429):
        kind = UpstreamRefused if status >= 400 else UpstreamBroken
        return kind(f"{name} answered with a web page where it should have answered JSON.")
    if full := queue_full(refusal, name):
        return full
    relayed = status in (500, 502) and is_relayed(refusal.body)
    if (relayed or (status < 500 and status != 429)) and _REFUSED.search(whole):
        return ContentRefused(f"{name} refused the prompt or its picture{reported}")
    wait_s = refusal.retry_after_s
    passes_soon = status == 429 and wait_s is not None and wait_s <= LONGEST_WAIT_AN_SDK_OBEYS_S
    if status == 402 or (status in (400, 403, 429) and _QUOTA.search(whole) and not passes_soon):
        return QuotaExhausted(
            f"The allowance of this token at {name} is used up{reported}",
            retry_after_s=wait_s,
        )
    if status in (401, 403) or (status == 400 and _BAD_TOKEN.search(whole)):
        return CredentialRefused(f"{name} does not accept the token{reported}")
    if status == 429:
        return RateLimited(
            f"{name} is getting too many requests{reported}", retry_after_s=refusal.retry_after_s
        )
    if status in (404, 410):
        return UpstreamRefused(f"{name} knows no such model or route{reported}")
    if status in (408, 504, 524):
        return UpstreamSilent(f"{name} took too long{reported}")
    if 400 <= status < 500:
        return _turned_away(refusal, name, reported)
    if status == 503:
        away = UpstreamUnavailable if refusal.retry_after_s else UpstreamGlitch
        return away(f"{name} is not available{reported}", retry_after_s=refusal.retry_after_s)
    if relayed:
        return UpstreamUnavailable(f"{name} is not available{reported}")
    if status == 529:
        return UpstreamUnavailable(f"{name} is overloaded{reported}", retry_after_s=10.0)
    return UpstreamBroken(f"{name} answered {status}{reported}")


def queue_full(refusal: UpstreamError, name: str) -> QueueFull | None:
    """The failure behind an answer that says that a queue is full, whichever status it has."""
    if refusal.status not in (402, 429, 503) or not _QUEUE_FULL.search(refusal.whole):
        return None
    wait_s = refusal.retry_after_s
    full = QueueFull(
        f"{name} takes no more jobs now: {scrub(refusal.says)}",
        retry_after_s=wait_s or QUEUE_WAIT_S,
    )
    full.asked_wait_s = wait_s and full.retry_after_s
    return full


def _turned_away(refusal: UpstreamError, name: str, reported: str) -> Failure:
    """The failure behind a 4xx that is about neither a token, nor a model, nor time.

    It is the caller's where the API says in JSON what is wrong with the request. Without words, or
    with words about the HTTP message around it, some server on the way did not understand ours.
    """
    status, says = refusal.status, refusal.says
    about_message = status == 400 and _HTTP_MESSAGE.search(says)
    explained = status in _EXPLAINED and refusal.is_json and says and not about_message
    if status == 413 or explained:  # what is too large is the caller's anyhow
        return InvalidRequest(f"{name} refused the request{reported}")
    return UpstreamRefused(f"{name} answered {status}{reported}")


def map_generation_error(refusal: UpstreamError, name: str) -> Failure:
    """The same for an API that answers when it has painted: its own 500 is a job that failed."""
    if refusal.status == 500 and refusal.says and not refusal.is_page:
        return JobFailed(f"{name} failed: {scrub(refusal.says)}")
    return map_error(refusal, name)


def advise_token(failure: Failure, provider: ProviderRow) -> None:
    """Note, where those without a token have used up what they share, that a token helps."""
    if isinstance(failure, RateLimited) and provider.token_page:
        failure.token_advice = (
            f"A token of your own has an allowance of its own: {provider.token_advice}"
        )


def mark_keyless(failure: Failure) -> None:
    """Note of a failure at a host for those without a token whether a token would have helped."""
    failure.lacks_token = not isinstance(failure, JobLost) and isinstance(
        failure, InvalidRequest | UpstreamBroken | JobFailed
    )


def _waits(body: Any) -> Iterator[object]:
    """Delays inside the body: Google's `retryDelay`, Hugging Face's `estimated_time`."""
    if isinstance(body, Sequence) and not isinstance(body, str):
        for item in body[:5]:
            yield from _waits(item)
    if isinstance(body, Mapping):
        for key in ("retryDelay", "retry_after", "estimated_time"):
            if isinstance(body.get(key), str | int | float):
                yield body[key]
        for key in ("error", "details"):
            yield from _waits(body.get(key))
