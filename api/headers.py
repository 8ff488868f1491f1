"""Response headers, as OpenAPI has them under `components`."""

from collections.abc import Iterable
from typing import Any

# Of every response: the introduction tells of them once for all.
ALWAYS = ("x-request-id", "server-timing")
LIMITS = tuple(
    f"x-ratelimit-{what}-{kind}"
    for kind in ("requests", "images")
    for what in ("limit", "remaining", "reset")
)
OF_FAILURES = ("x-darkroom-provider", "x-darkroom-attempts", "x-darkroom-tried")
IF_RETRIED = ("retry-after", "x-should-retry")

HEADERS: dict[str, Any] = {
    "mcp-session-id": {
        "description": "After `initialize`: sent back, it lets a client cancel its calls.",
        "schema": {"type": "string"},
    },
    "x-darkroom-provider": {
        "description": "The provider that served, or that failed last.",
        "schema": {"type": "string"},
    },
    "x-darkroom-attempts": {
        "description": "After how many attempts.",
        "schema": {"type": "integer"},
    },
    "x-darkroom-tried": {
        "description": "Each way that was tried or passed over: `provider:upstream#n=result`, "
        "where `n` is the token's place in the list that was sent.",
        "schema": {"type": "string"},
    },
    "x-darkroom-cache": {
        "description": "`hit` where nothing had to be painted, `miss` where it is now remembered.",
        "schema": {"enum": ["hit", "miss"]},
    },
    "x-darkroom-ignored": {
        "description": "The fields of the request without effect: up to 50 names, each cut to 60 "
        "characters, and how many more there are.",
        "schema": {"type": "string"},
    },
    "x-darkroom-adjusted": {
        "description": "Values that were used in place of the request's: `steps=50, size=992x512`.",
        "schema": {"type": "string"},
    },
    "x-darkroom-model": {"description": "The model that served.", "schema": {"type": "string"}},
    "x-darkroom-seed": {"description": "The seed that was used.", "schema": {"type": "integer"}},
    "x-ignored": {
        "description": "The fields without effect, or with another than was sent.",
        "schema": {"type": "string"},
    },
    "x-seed": {"description": "The seed that was used.", "schema": {"type": "integer"}},
    "x-generation-time": {"description": "Seconds.", "schema": {"type": "number"}},
    "x-edit-time": {"description": "Seconds.", "schema": {"type": "number"}},
    "x-inference-time": {"description": "Seconds.", "schema": {"type": "number"}},
    "x-image-count": {"description": "How many were combined.", "schema": {"type": "integer"}},
    "x-history-id": {
        "description": "The picture's `id` in the caller's history, where it goes there.",
        "schema": {"type": "integer"},
    },
    "x-process-time": {"description": "Seconds.", "schema": {"type": "string"}},
    "location": {"description": "Where to ask after the task.", "schema": {"type": "string"}},
    "preference-applied": {
        "description": "`respond-async`, where `Prefer` was heard.",
        "schema": {"const": "respond-async"},
    },
    "idempotency-replayed": {
        "description": "`true` where an earlier request with the same key was answered so.",
        "schema": {"const": "true"},
    },
    "idempotency-ignored": {
        "description": "Why the key had no effect: `anonymous` callers are all alike, and "
        "keys are `unavailable` where nothing can keep them.",
        "schema": {"enum": ["anonymous", "unavailable"]},
    },
    "x-vl-alpha": {"description": "How much the picture counted.", "schema": {"type": "string"}},
    "x-vl-blend-mode": {"description": "As it was sent.", "schema": {"type": "string"}},
    "x-vl-emulated": {
        "description": "Whether the picture was described in words, for want of a studio.",
        "schema": {"enum": ["true", "false"]},
    },
    "content-range": {"description": "Which bytes.", "schema": {"type": "string"}},
    "etag": {"description": "Names the content.", "schema": {"type": "string"}},
    "retry-after": {
        "description": "Seconds until it is worth coming back, where the upstream says so.",
        "schema": {"type": "integer"},
    },
    "x-should-retry": {
        "description": "`false` where repeating would pay twice or help nothing.",
        "schema": {"const": "false"},
    },
    "content-length": {"description": "In bytes.", "schema": {"type": "integer"}},
}


def references(names: Iterable[str]) -> dict[str, Any]:
    """The headers of an answer, each as a reference to its component."""
    return {name: {"$ref": f"#/components/headers/{name}"} for name in names}
