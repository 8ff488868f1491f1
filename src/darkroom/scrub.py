"""Redaction of text from outside for callers."""

import html
import re

from darkroom.error_words import plain_words

MAX_UPSTREAM_TEXT_CHARS = 300
_TAG = re.compile(r"<[^<>]{0,2000}>")
_HUGE_REFERENCE = re.compile(r"&#[0-9]{8,}")  # no character, and too many digits for `int`
_URL = re.compile(r"\b[a-z][a-z0-9+.-]{1,20}://[^\s\"'<>]*[^\s\"'<>.,;:()\]]", re.IGNORECASE)
_SECRET = re.compile(
    r"\bBearer\s+\S+|\b(?:hf|sk|dk|ms|ddc|gsk|api)[_-][\w-]{6,}|\bAIza[\w-]{20,}"
    # A JWT: looked for once in each run of its characters, from the first place that may be one.
    r"|(?<![\w-])(?>[\w-]*?\beyJ)[\w-]++\.[\w.-]+",
    re.IGNORECASE,
)
# The addresses of people and machines. Times (17:25:53), ratios (16:9), ids of models (author/name)
# and routes of APIs (/v1/images) are none.
_ADDRESS = re.compile(
    r"""
    [\w.+%-]{1,64}@[\w-]{1,63}(?:\.[\w-]{1,63}){0,8}
    | (?<![\w.])\[?(?:
        (?=[0-9a-f:]{0,40}::)(?:[0-9a-f]{1,4}:{1,2}|::){1,8}(?:[0-9a-f]{1,4}(?![0-9a-f]))?
        | (?:[0-9a-f]{1,4}:){5,7}[0-9a-f]{1,4}
      )(?:\.[0-9]{1,3}){0,3}(?:%\w{1,16})?(?:\]:[0-9]{1,5}|\])?(?![\w:])
    | (?<![\w.])(?:[0-9]{1,3}\.){3}[0-9]{1,3}(?!\w|\.[0-9])(?::[0-9]{1,5})?(?:/[0-9]{1,2}(?![0-9]))?
    | (?<![\w.-])(?:localhost|ip(?:-[0-9]{1,3}){4})(?::[0-9]{1,5})?(?![\w-])
    | (?<![\w.-])[a-z0-9_-]{1,63}(?:\.[a-z0-9_-]{1,63}){1,8}:[0-9]{2,5}(?!\w|\.\w)
    | (?<![\w.-])(?=[a-z_]{0,62}[0-9-])[a-z][a-z0-9_-]{0,62}:[0-9]{4,5}(?!\w|\.\w)
    | (?<![\w.-])[a-z0-9_-]{1,63}(?:\.[a-z0-9_-]{1,63}){0,8}
      \.(?:internal|intranet|local|localdomain|lan|cluster|corp|svc)(?![\w-])
    | (?<=["'`])(?:[a-z]:\\|~?/(?!v[0-9]|api/|sdapi/))[^"'`\n]{1,400}
    | (?:(?<![\w.-])[a-z]:|(?<![\w\\])\\\\[\w.$-]{1,63})\\[^\s"'<>|,;()]{0,400}[^\s"'<>|,;:.()]
    | (?<![\w./~<-])(?:~|\.{1,2})?/(?!(?:v[0-9]|api/|sdapi/))
      (?:[^\s/"'<>:,;()[\]]{1,255}/){1,40}(?:[^\s/"'<>:,;()[\]]{0,255}[^\s/"'<>:,;()[\].])?
    """,
    re.IGNORECASE | re.VERBOSE,
)


def scrub(text: str, limit: int = MAX_UPSTREAM_TEXT_CHARS) -> str:
    """Make upstream text fit for a caller: words alone, without addresses or tokens, cut short."""
    plain = _URL.sub("[address removed]", _without_markup(plain_words(text), limit))
    plain = _ADDRESS.sub("[address removed]", _SECRET.sub("[removed]", plain))
    return _cut(plain, limit)


def without_tokens(text: str, limit: int = MAX_UPSTREAM_TEXT_CHARS) -> str:
    """Make a host that the caller named fit to be repeated: without tokens, and cut short."""
    return _cut(_SECRET.sub("[removed]", _without_markup(text, limit)), limit)


def _without_markup(text: str, limit: int) -> str:
    return html.unescape(_HUGE_REFERENCE.sub("", _TAG.sub("", text[: limit * 20])))


def _cut(text: str, limit: int) -> str:
    plain = " ".join(text.split())
    return plain if len(plain) <= limit else plain[: limit - 1] + "…"
